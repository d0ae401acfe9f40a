"""From recorded traces to the token ids that nano is trained on, in the forms that it is asked in.

- ``whole``: the trace, frame by frame.
- ``stepped``: some calls are stepped over: their frame is followed by that of their return, as
  `model.predict.predictor.Predictor.step` asks for it.
- ``value``: what the entry point returns, at once.

Every form has the same beginning, the source; the model is graded on what follows it.
"""

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from model.nano.record import Record
from model.trace.writing import EVENTS
from model.wire import BEGIN_OF_TEXT, END_OF_TEXT

if TYPE_CHECKING:
    import numpy
    import tokenizers
    from numpy.typing import NDArray

RETURN_SEP = EVENTS["return"]

_FRAME = re.compile(r"(<\|(call|line|return|exception)_sep\|>.*?<\|frame_sep\|>)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Text:
    """An example in wire form.

    Attributes:
        prompt: what is given.
        answer: what is to be written.
    """

    prompt: str
    answer: str


def texts(record: Record, chance: random.Random, stepped: float, value: float) -> list[Text]:
    """The examples that a record gives: its trace, and now and then another form of it.

    Args:
        record: of one program.
        chance: draws which forms, and which calls are stepped over.
        stepped: how likely there is one with calls stepped over, where there are calls.
        value: how likely there is one of the value alone.
    """
    start = BEGIN_OF_TEXT + record.prompt
    found = [Text(start, record.trace)]
    frames = [(kind, text) for text, kind in _FRAME.findall(record.trace)]
    if record.ended and chance.random() < stepped:
        over = "".join(_stepped_over(frames, chance)) + END_OF_TEXT
        if over != record.trace:
            found.append(Text(start, over))
    if record.ended and record.begun and _returns(frames) and chance.random() < value:
        last = frames[-1][1].removeprefix(RETURN_SEP)
        found.append(Text(start + RETURN_SEP, last + END_OF_TEXT))
    return found


def _stepped_over(frames: Sequence[tuple[str, str]], chance: random.Random) -> Iterator[str]:
    """The frames without the bodies of some of the calls."""
    depth, hidden = 0, 0
    for number, (kind, text) in enumerate(frames):
        if kind == "call":
            depth += 1
            if not hidden and chance.random() < 0.5 and _comes_back(frames, number):
                hidden = depth
                yield text
                continue
        if kind == "return":
            if hidden == depth:
                hidden = 0
            depth -= 1
        if not hidden:
            yield text


def _returns(frames: Sequence[tuple[str, str]]) -> bool:
    """Whether the last frame returns a value; after an exception's frame it returns none."""
    kinds = [kind for kind, _ in frames[-2:]]
    return kinds[-1:] == ["return"] and "exception" not in kinds


def _comes_back(frames: Sequence[tuple[str, str]], call: int) -> bool:
    """Whether a call comes back with a value, as far as the trace goes."""
    depth = 0
    for number in range(call, len(frames)):
        kind = frames[number][0]
        depth += (kind == "call") - (kind == "return")
        if depth == 0:
            return _returns(frames[number - 1 : number + 1])
    return False


@dataclass(frozen=True, slots=True)
class Examples:
    """Encoded examples, one after the other.

    Attributes:
        ids: of all of them.
        starts: where each begins; one more than there are, the last being the end.
        prompts: how many ids of each are given.
    """

    ids: "NDArray[numpy.uint16]"
    starts: "NDArray[numpy.int64]"
    prompts: "NDArray[numpy.int32]"

    def __len__(self) -> int:
        return len(self.prompts)

    @classmethod
    def encoded(
        cls, examples: Iterable[Text], tokenizer: "tokenizers.Tokenizer", most: int
    ) -> Self:
        """Encode examples; their ends are left off beyond `most` tokens.

        An example of which nothing would be left to write is left out.
        """
        import numpy

        ids: list[NDArray[numpy.uint16]] = []
        prompts: list[int] = []
        for batch in _batches(examples, 512):
            # Special tokens stand in the text of the wire; our own programs do not spell them.
            given = tokenizer.encode_batch([e.prompt for e in batch], add_special_tokens=False)
            wanted = tokenizer.encode_batch([e.answer for e in batch], add_special_tokens=False)
            for left, right in zip(given, wanted, strict=True):
                if len(left.ids) < most:
                    ids.append(numpy.array((left.ids + right.ids)[:most], numpy.uint16))
                    prompts.append(len(left.ids))
        lengths = numpy.array([0, *map(len, ids)], numpy.int64)
        joined = numpy.concatenate(ids) if ids else numpy.zeros(0, numpy.uint16)
        return cls(joined, lengths.cumsum(), numpy.array(prompts, numpy.int32))

    def save(self, path: Path) -> None:
        """Write them, so that they need not be encoded again."""
        import numpy

        with path.open("wb") as file:
            numpy.savez(file, ids=self.ids, starts=self.starts, prompts=self.prompts)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        import numpy

        with numpy.load(path) as found:
            return cls(found["ids"], found["starts"], found["prompts"])


def _batches(examples: Iterable[Text], size: int) -> Iterator[list[Text]]:
    batch: list[Text] = []
    for example in examples:
        batch.append(example)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
