"""What `model.predict.tokens` needs of a model: a server's client has it, `model.nano` too."""

from collections.abc import Sequence
from typing import Protocol

from model.answer import Completion, Sampling
from model.client import OnText
from model.wire import Prompt


class Completes(Protocol):
    """Goes on where a prompt of token ids ends."""

    @property
    def model(self) -> str:
        """The model's name."""
        ...

    @property
    def draws_several(self) -> bool:
        """Whether asking for several answers at once is of use."""
        ...

    async def complete(
        self, ids: Sequence[int] | Prompt, sampling: Sampling, on_text: OnText | None = None
    ) -> Completion:
        """What the model writes.

        Args:
            ids: the prompt, special tokens included.
            sampling: how.
            on_text: gets text as it comes.

        Raises:
            ContextExceeded: prompt and answer are too long together.
            ModelError: there is no answer.
        """
        ...

    async def complete_several(
        self, ids: Sequence[int] | Prompt, sampling: Sampling, count: int
    ) -> list[Completion]:
        """Several answers, or as many of them as can be had at once, one at least.

        Args:
            ids, sampling: as for `complete`; the seed is the first answer's.
            count: answers asked for.

        Raises:
            ContextExceeded, ModelError: as for `complete`.
        """
        ...
