"""nano on many programs that it was not trained on: measured in parallel, then summed up."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from agent.nano.measuring import Measurement, measure
from agent.preflight.calibration import Bin, brier, reliability
from model.errors import ContextExceeded
from model.nano.reach import calibrated
from model.nano.record import Record
from model.trace.score import Count, Rate, summarise

SHORT = 30
"""Frames of the traces that nano is meant for."""

_LENGTHS = (10, 20, SHORT, 45, 60, 10_000)
_CHUNK = 20
_FEWEST = 20
"""Traces above a threshold, for it to be believed in."""

_EDGES = (0.0, 0.1, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0)


@dataclass(frozen=True, slots=True)
class Line:
    """One share of the table."""

    name: str
    count: Count


@dataclass(frozen=True, slots=True)
class Construct:
    """What programs with a construct come to.

    Attributes:
        name: of it.
        wholes: traces right as a whole.
        singles: frames right, each told from the right ones.
        outputs: of those that are left, the entry points left as they should be.
        halts: programs of which it is told rightly whether they halt; see `Measurement.told`.
        endless: of these, those that do not.
    """

    name: str
    wholes: Count
    singles: Count
    outputs: Count
    halts: Count
    endless: Count


@dataclass(frozen=True, slots=True)
class Certainty:
    """How far a certainty says what is right.

    Attributes:
        found: traces that say something.
        brier: the mean squared error of their certainties; None of none.
        bins: by certainty.
    """

    found: int
    brier: float | None
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """What is left where nano may be unsure.

    Attributes:
        sure: the probability that a trace's least likely frame must have.
        beyond: programs of which the model says beforehand that it does not know their like.
        said: traces from which something is concluded, of all.
        right: of these, those that are right.
        tests: tests of which a verdict is given, of all.
        verdicts: of these, the right ones.
    """

    sure: float
    beyond: Count
    said: Count
    right: Count
    tests: Count
    verdicts: Count


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is told of an evaluation.

    Attributes:
        programs: measured.
        left_out: programs longer than the model's context.
        published: the measures of `model.trace.score` over the programs that end.
        lines: other shares, in the order of the table.
        lengths: traces right as a whole, by the number of their frames.
        constructs: by construct, those of most programs first.
        traces: the least likely frame's probability, beside whether what the trace says is so.
        verdicts: the verdict's confidence beside whether a test passes.
        said: what is left where nano may be unsure.
        tokens: written in whole traces.
        speed: of these, tokens in a second of one core's time, reading the programs included.
    """

    programs: int
    left_out: int
    published: dict[str, Rate]
    lines: tuple[Line, ...]
    lengths: tuple[Line, ...]
    constructs: tuple[Construct, ...]
    traces: Certainty
    verdicts: Certainty
    said: Said
    tokens: int
    speed: float


def measured(
    records: Sequence[Record], weights: Path, jobs: int, told: Callable[[int], None]
) -> list[Measurement]:
    """Measure programs, some at a time in processes of their own.

    Args:
        records: the programs.
        weights: the model's folder.
        jobs: processes; 1 for none but this.
        told: gets the number of programs done, now and then.

    Returns:
        One for each program that fits into the model's context, in their order.

    Raises:
        CheckpointProblem: the folder holds no such model.
    """
    chunks = [records[first : first + _CHUNK] for first in range(0, len(records), _CHUNK)]
    tasks = [(weights, chunk) for chunk in chunks]
    found: list[Measurement] = []
    for chunk, done in zip(chunks, _done(tasks, jobs), strict=True):
        found += done
        told(len(chunk))
    return found


def _done(tasks: Sequence[tuple[Path, Sequence[Record]]], jobs: int) -> Iterator[list[Measurement]]:
    if jobs == 1 or len(tasks) < 2:
        yield from map(_measured, tasks)
        return
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        yield from pool.map(_measured, tasks)


def _measured(task: tuple[Path, Sequence[Record]]) -> list[Measurement]:
    from model.nano.engine import Engine

    weights, records = task
    engine = Engine.load(weights)

    async def all_() -> list[Measurement]:
        found = []
        for record in records:
            try:
                one = await measure(record, engine, engine.tokenizer)
            except ContextExceeded:
                continue
            found.append(replace(one, beyond=bool(engine.reach.beyond(record.source))))
        return found

    return asyncio.run(all_())


def spread(records: Iterable[Record], most: int) -> list[Record]:
    """So many at most, spread over all."""
    every = list(records)
    if len(every) <= most:
        return every
    return [every[number * len(every) // most] for number in range(most)]


def summed_up(found: Sequence[Measurement], of: int, sure: float) -> Report:
    """The report.

    Args:
        found: what was measured.
        of: programs that were to be measured.
        sure: the model's threshold.
    """
    ended = [each for each in found if each.ended]
    seconds = sum(each.seconds for each in found)
    tokens = sum(each.tokens for each in found)
    saying = [(each.lowest, each.right) for each in found if each.right is not None]
    tests = [each for each in found if each.form != "call" and each.verdict != "unsure"]
    return Report(
        programs=len(found),
        left_out=of - len(found),
        published=summarise(each.scores for each in ended),
        lines=tuple(_lines(found)),
        lengths=tuple(_by_length(ended)),
        constructs=tuple(_by_construct(found)),
        traces=_certainty(saying),
        verdicts=_certainty([(each.confidence, _is_verdict_right(each)) for each in tests]),
        said=_said(found, sure),
        tokens=tokens,
        speed=tokens / seconds if seconds else 0.0,
    )


def _lines(found: Sequence[Measurement]) -> Iterator[Line]:
    ended = [each for each in found if each.ended]
    short = [each for each in ended if each.frames <= SHORT]
    yield Line(f"whole traces, up to {SHORT} frames", _share(each.whole for each in short))
    yield Line("whole traces, all that end", _share(each.whole for each in ended))
    yield Line("single frames, told from the right ones", _singles(found))
    yield Line(f"the same, traces up to {SHORT} frames", _singles(short))
    yield Line("output", _share(each.output for each in ended))
    yield Line("output at once, without a trace", _share(each.value for each in ended))
    yield Line("whether it ends", _share(each.halting for each in found))
    endless = [each for each in found if not each.ended]
    yield Line("of those without an end, told so", _share(each.right for each in endless))
    yield Line("asked whether it halts: it does", _share(e.told for e in found if e.halts))
    yield Line("asked whether it halts: it does not", _told_endless(found))
    tests = [each for each in found if each.form != "call"]
    yield Line("verdicts of tests", _share(_is_verdict_right(each) for each in tests))


def _by_length(ended: Sequence[Measurement]) -> Iterator[Line]:
    low = 1
    for high in _LENGTHS:
        inside = [each.whole for each in ended if low <= each.frames <= high]
        name = f"{low} to {high} frames" if high != _LENGTHS[-1] else f"{low} frames or more"
        yield Line(name, _share(inside))
        low = high + 1


def _by_construct(found: Sequence[Measurement]) -> Iterator[Construct]:
    names = {name for each in found for name in each.constructs}
    mine = {name: [each for each in found if name in each.constructs] for name in names}
    for name in sorted(mine, key=lambda name: (-len(mine[name]), name)):
        ended = [each for each in mine[name] if each.ended]
        yield Construct(
            name,
            _share(each.whole for each in ended),
            _singles(mine[name]),
            _share(each.output for each in ended),
            _share(each.told for each in mine[name]),
            _told_endless(mine[name]),
        )


def _told_endless(found: Iterable[Measurement]) -> Count:
    return _share(each.told for each in found if each.halts is False)


def _said(found: Sequence[Measurement], sure: float) -> Said:
    believed = [each for each in found if not each.beyond and each.lowest >= sure]
    said = [each.right for each in believed if each.right is not None]
    tests = [each for each in found if each.form != "call"]
    verdicts = [each for each in believed if each.form != "call" and each.verdict != "unsure"]
    return Said(
        sure=sure,
        beyond=_share(each.beyond for each in found),
        said=Count(len(said), len(found)),
        right=_share(said),
        tests=Count(len(verdicts), len(tests)),
        verdicts=_share(_is_verdict_right(each) for each in verdicts),
    )


def threshold(found: Sequence[Measurement], right: float) -> float:
    """From where on traces are to be believed, so that this share of them is right.

    A threshold above which there are only a few traces is chance's rather than the model's: it has
    to have some on its side, or nothing is believed.
    """
    known = [(e.lowest, e.right) for e in found if not e.beyond and e.right is not None]
    chosen = calibrated(known, right)
    return chosen if sum(lowest >= chosen for lowest, _ in known) >= _FEWEST else 1.0


def _is_verdict_right(each: Measurement) -> bool:
    """Whether a verdict says rightly that a test passes, or does not; ``unsure`` is never right."""
    return each.verdict != "unsure" and (each.verdict == "pass") == each.passes


def _certainty(pairs: Sequence[tuple[float, bool]]) -> Certainty:
    return Certainty(len(pairs), brier(pairs), tuple(reliability(pairs, _EDGES)))


def _singles(found: Iterable[Measurement]) -> Count:
    return sum((each.singles for each in found if each.singles is not None), Count(0, 0))


def _share(rights: Iterable[bool | None]) -> Count:
    """Those that are right among those that say so or not."""
    known = [each for each in rights if each is not None]
    return Count(sum(known), len(known))
