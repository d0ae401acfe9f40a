"""The model's context: what fits into it, and what gives way when it is full."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from agent.policies.cwm.counting import Counter
from agent.policies.cwm.profiles.profile import Conversation
from agent.policies.cwm.turns import Answer, Result, Turn

_RESERVE = 16_384
"""Tokens kept back for handing in; of a small context its eighth part."""

_LEAST_ANSWER = 64
"""An answer of fewer tokens is not worth asking for."""

_RESULT_SHARE = 4
"""A tool's answer takes no more than this part of the context, as in what CWM was trained with:
in a small one, a single long answer would leave no room to work in."""

_KEPT_RESULTS = (4, 1)
"""So many of the latest tool answers stay when older ones are left out; the fewer where the context
is still nearly full without the others, as after a few that were very long."""


class Context:
    """A conversation within its limits.

    Attributes:
        turns: of the conversation, oldest first.
        conversation: with the model.
        size: tokens the context holds.
        told: whether the model was told that it is nearly full.

    Args:
        open_conversation: makes an empty one.
        size: as above.
        result_tokens: one tool's answer may have.
        action_tokens: one answer of the model may have.
    """

    def __init__(
        self,
        *,
        open_conversation: Callable[[], Conversation],
        size: int,
        result_tokens: int,
        action_tokens: int,
    ) -> None:
        self.turns: list[Turn] = []
        self.conversation = open_conversation()
        self.size = size
        self.told = False
        self._open = open_conversation
        self._result_tokens = result_tokens
        self._action_tokens = action_tokens

    @property
    def counter(self) -> Counter:
        """Counts as the model does, or nearly."""
        return self.conversation.counter

    @property
    def used(self) -> int:
        """Tokens taken."""
        return self.conversation.used

    @property
    def room(self) -> int:
        """Tokens left; never below 0."""
        return max(self.size - self.used, 0)

    @property
    def reserve(self) -> int:
        """Tokens kept back for handing in."""
        return min(_RESERVE, self.size // 8)

    @property
    def nearly_full(self) -> bool:
        """Whether what was kept back is being used."""
        return self.room < 2 * self.reserve

    @property
    def unanswered(self) -> bool:
        """Whether the model spoke last."""
        return bool(self.turns) and isinstance(self.turns[-1], Answer)

    def add(self, turn: Turn) -> None:
        """The next turn."""
        self.turns.append(turn)
        self.conversation.add(turn)

    def most_of_a_result(self) -> int:
        """Tokens that a tool's answer may have now: the reserve is not for it."""
        small = self.reserve // 4
        most = min(self._result_tokens, self.size // _RESULT_SHARE)
        return min(most, max(self.room - self.reserve, small))

    def most_of_an_answer(self) -> int | None:
        """Tokens that the model's answer may have now; None when there is no room for one."""
        most = min(self._action_tokens, self.room)
        return most if most >= _LEAST_ANSWER else None

    def shrink(self, limit: int | None) -> bool:
        """The server says that the context is exceeded; whether asking for less may help.

        Args:
            limit: tokens the context holds, as the server says.
        """
        if limit is not None and limit < self.size:
            self.size = limit
        else:  # we counted too few tokens, as we do without a tokenizer
            self.size -= max(self.room // 2, _LEAST_ANSWER)
        return self.most_of_an_answer() is not None

    def leave_out(self, steps: Sequence[int], stub: str) -> None:
        """Take the output of these steps out; the conversation begins anew without it.

        Args:
            steps: whose output.
            stub: what stands in its place.
        """
        gone = set(steps)
        turns, self.turns = self.turns, []
        self.conversation = self._open()
        for turn in turns:
            if isinstance(turn, Result) and turn.step in gone:
                turn = replace(turn, text=f"<output>\n{stub}\n</output>")
            self.add(turn)
        self.told = self.told and self.nearly_full


def old_results(turns: Iterable[Turn]) -> tuple[int, ...]:
    """Steps whose output may be left out, and has not been yet."""
    results = [turn for turn in turns if isinstance(turn, Result)]
    for kept in _KEPT_RESULTS:
        if steps := tuple(turn.step for turn in results[:-kept] if "<budget>" in turn.text):
            return steps
    return ()
