"""A few hundred recorded programs of one kind: enough for a network to learn something from."""

import random
from functools import cache

from model.nano.record import Record
from model.nano.training.examples import Examples, Text, texts
from model.nano.training.vocabulary import make_vocabulary
from model.predict.predictor import Program
from model.trace.writing import write_frames
from tests.model.predict.running import ran

_SOURCE = """\
def add_up({n}):
    {total} = {start}
    for i in range({n}):
        {total} {op}= half(i)
    return {total}


def half(value):
    return value // 2
"""


def record(number: int) -> Record:
    """One of them; the same for the same number."""
    chance = random.Random(number)
    names = chance.sample(("total", "count", "result", "size", "limit"), 2)
    source = _SOURCE.format(
        n=names[0], total=names[1], start=chance.randint(0, 9), op=chance.choice("+-")
    )
    call = f"add_up({chance.randint(0, 3)})"
    program = Program.of_call(source, call)
    prediction, _ = ran(program.source)
    frames = prediction.frames[len(program.begun) :]
    return Record(
        id=str(number),
        program=str(number),
        source=program.source,
        begun=write_frames(program.begun, False),
        trace=write_frames(frames),
        frames=len(frames),
        ended=True,
        constructs=("for",),
        family="test",
        call=call,
        form="call",
        size="short",
    )


@cache
def records(count: int = 300) -> tuple[Record, ...]:
    """So many of them."""
    return tuple(map(record, range(count)))


@cache
def vocabulary() -> str:
    """A tokenizer made of them."""
    found = records()
    return make_vocabulary([r.source for r in found], [r.trace for r in found], 512)


def forms(count: int = 300) -> list[Text]:
    """All their forms."""
    chance = random.Random(0)
    return [text for each in records(count) for text in texts(each, chance, 1, 1)]


def examples(count: int = 300) -> Examples:
    """All their forms, encoded."""
    import tokenizers

    return Examples.encoded(forms(count), tokenizers.Tokenizer.from_str(vocabulary()), 512)
