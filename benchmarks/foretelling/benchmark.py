"""Test executions until a repair, in the repairer's own order and in that of nano's verdicts."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TypeVar

from agent.nano.recording import Recorder
from benchmarks.benchmark import Bench, Table
from benchmarks.foretelling.classics import CLASSICS
from benchmarks.foretelling.fault import Fault, fault_of, read_faults
from benchmarks.foretelling.repairing import (
    TRIED,
    Trial,
    executions,
    foretold,
    in_waves,
    ordered,
    trials,
)
from model.predict.predictor import Predictor
from model.predict.verdict import Judged

FAULTS = Path(__file__).with_name("faults.jsonl")
ASKED = (16,)
"""Edits put to nano: as many as in a run that is not told otherwise."""

WAVE = 48
_CHUNK = 2
_QUICK = 6
_PROCESSES = 2
RESAMPLED = 2000
ORIGINS = {"written": "known programs", "generated": "generated programs"}

T = TypeVar("T")
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Way:
    """One order of a fault's edits.

    Attributes:
        executions: edits tried until the first that passes.
        waves: the same where they are tried in waves.
        right: whether that first edit is right in what is held back too.
    """

    executions: int
    waves: int
    right: bool


@dataclass(frozen=True, slots=True)
class Repaired:
    """A fault that some edit repairs.

    Attributes:
        origin: of the fault.
        plain: the repairer's order.
        told: nano's, by what is said of each in the table.
    """

    origin: str
    plain: Way
    told: dict[str, Way]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What nano says with its doubts and without them, and whether the failing test passes."""

    origin: str
    said: str
    anyway: str
    passes: bool


@dataclass
class Tally:
    """Everything that was found."""

    faults: dict[str, int]
    repaired: list[Repaired]
    verdicts: list[Verdict]
    predicting: float = 0.0
    trying: float = 0.0
    predicted: int = 0
    tried: int = 0

    def add(self, other: "Tally") -> None:
        """Take another's over."""
        for origin, count in other.faults.items():
            self.faults[origin] = self.faults.get(origin, 0) + count
        self.repaired += other.repaired
        self.verdicts += other.verdicts
        self.predicting += other.predicting
        self.trying += other.trying
        self.predicted += other.predicted
        self.tried += other.tried


class Foretelling:
    """Orders edits by nano's verdicts, and counts what that saves."""

    name = "foretelling"
    goal = "test executions that nano's verdicts save the repairer"

    async def run(self, bench: Bench) -> list[Table]:
        """Measure."""
        return await measured(_QUICK if bench.quick else None, bench.progress)


async def measured(
    most: int | None, progress: Progress, weights: Path | None = None
) -> list[Table]:
    """The tables.

    Args:
        most: faults, spread over all; None for all.
        progress: gets a line now and then.
        weights: of another model than the one that comes with the package.
    """
    with Recorder() as recorder:
        faults = _faults(recorder)
    if most is not None and most < len(faults):
        faults = [faults[number * len(faults) // most] for number in range(most)]
    chunks = [(weights, faults[first : first + _CHUNK]) for first in range(0, len(faults), _CHUNK)]
    tally = Tally({}, [], [])
    with ProcessPoolExecutor(max_workers=_PROCESSES) as pool:
        for number, found in enumerate(pool.map(_measured, chunks), 1):
            tally.add(found)
            progress(f"foretelling: {min(number * _CHUNK, len(faults))} of {len(faults)} faults")
    return [_saved(tally), _said(tally)]


def _measured(chunk: tuple[Path | None, list[Fault]]) -> Tally:
    """Some faults, in a process of their own."""
    from model.nano.engine import Engine
    from model.nano.predictor import NanoPredictor

    weights, faults = chunk
    predictor = NanoPredictor(Engine.load(weights))
    tally = Tally({}, [], [])

    async def all_() -> None:
        for fault in faults:
            await _one(fault, predictor, recorder, tally)

    with Recorder() as recorder:
        asyncio.run(all_())
    return tally


def _faults(recorder: Recorder) -> list[Fault]:
    rng = random.Random(0)
    found = []
    for each in CLASSICS:
        wrong = each.right.replace(each.old, each.new)
        fault = fault_of(rng, each.name, "written", each.right, wrong, each.calls, recorder)
        assert fault is not None, each.name
        found.append(fault)
    return found + (read_faults(FAULTS) if FAULTS.exists() else [])


async def _one(fault: Fault, predictor: Predictor, recorder: Recorder, tally: Tally) -> None:
    started = time.monotonic()
    test, tried = trials(fault, recorder)
    tally.trying += time.monotonic() - started
    tally.tried += len(tried)
    tally.faults[fault.origin] = tally.faults.get(fault.origin, 0) + 1
    plain = executions(tried)
    if plain is None:
        return
    # The processor's time: what else the machine does is no matter of the model's.
    started = time.process_time()
    said = await foretold(tried[: max(ASKED)], test, predictor)
    tally.predicting += time.process_time() - started
    tally.predicted += len(said)
    for trial in tried[: max(ASKED)]:
        mine = said[trial.candidate.number]
        verdict = mine.judged.verdict, mine.anyway.verdict
        tally.verdicts.append(Verdict(fault.origin, *verdict, trial.repairs))
    believed = {number: each.judged for number, each in said.items()}
    anyway = {number: each.anyway for number, each in said.items()}
    told = {f"nano's, of the first {most}": _way(tried, believed, most) for most in ASKED}
    told[f"nano's, of the first {ASKED[0]}, its doubts left out"] = _way(tried, anyway, ASKED[0])
    waves = in_waves(tried, 0, WAVE)
    tally.repaired.append(Repaired(fault.origin, Way(plain, waves, tried[plain - 1].right), told))


def _way(tried: Sequence[Trial], said: Mapping[int, Judged], most: int) -> Way:
    order = ordered(tried, said, most)
    believed = sum(said[each.candidate.number].verdict == "pass" for each in tried[:most])
    first = executions(order) or len(order)
    return Way(first, in_waves(order, believed, WAVE), order[first - 1].right)


def _saved(tally: Tally) -> Table:
    """Executions, by the origin of the faults and the number of edits asked about."""
    rows = []
    for origin in (*ORIGINS, None):
        mine = [each for each in tally.repaired if origin in (None, each.origin)]
        if mine:
            of = sum(n for name, n in tally.faults.items() if origin in (None, name))
            rows += _rows(ORIGINS.get(origin or "", "all"), mine, of)
    seconds = tally.predicting / max(tally.predicted, 1)
    return Table(
        "Test executions that nano's verdicts save the repairer",
        ["", "repaired", "order", "executions one by one", "saved", "executions in waves", "saved",
         "right in held-back tests"],
        rows,
        notes=[
            "An execution is one run of a fault's tests with one edit. The order of the edits is "
            "all that differs, so that the same faults are repaired. One by one counts the edits "
            f"up to the first that passes; in waves those of whole waves of {WAVE}, as a search "
            "with one worker tries them, the ones that nano believes in being a wave of their own. "
            f"At most {TRIED} edits are tried for a fault. In brackets: 95 % intervals, from "
            f"{RESAMPLED:,} resamples of the faults. Only the generated programs are held out: of "
            "most known ones nano learns a variant as an idiom.",
            f"A prediction took {1000 * seconds:.0f} ms of a core, an execution in the recorder "
            f"{1000 * tally.trying / max(tally.tried, 1):.1f} ms: for tests as small as these it "
            "is cheaper to run them than to predict them. What is saved are executions.",
        ],
    )  # fmt: skip


def _rows(name: str, mine: Sequence[Repaired], of: int) -> list[list[str]]:
    ways: dict[str, list[Way]] = {"the repairer's own": [each.plain for each in mine]}
    for name_of_order in mine[0].told:
        ways[name_of_order] = [each.told[name_of_order] for each in mine]
    plain = ways["the repairer's own"]
    rows: list[list[str]] = []
    for order, found in ways.items():
        same = found is plain
        rows.append(
            [
                "" if rows else name,
                "" if rows else f"{len(mine)} of {of}",
                order,
                _mean([way.executions for way in found]),
                ""
                if same
                else _saving(
                    [(p.executions, w.executions) for p, w in zip(plain, found, strict=True)]
                ),
                _mean([way.waves for way in found]),
                ""
                if same
                else _saving([(p.waves, w.waves) for p, w in zip(plain, found, strict=True)]),
                f"{sum(way.right for way in found)}",
            ]
        )
    return rows


def _said(tally: Tally) -> Table:
    """How far the verdicts are right."""
    rows = []
    for said in ("pass", "fail", "error", "endless", "unsure"):
        mine = [each.passes for each in tally.verdicts if each.said == said]
        anyway = [each.passes for each in tally.verdicts if each.anyway == said]
        if mine or anyway:
            rows.append([said, *_passing(mine), *_passing(anyway)])
    return Table(
        "What nano says of a failing test with an edit",
        ["verdict", "edits", "the test passes", "its doubts left out", "the test passes"],
        rows,
    )


def _passing(found: Sequence[bool]) -> list[str]:
    return [str(len(found)), f"{sum(found)} ({fmean(found):.0%})" if found else ""]


def _mean(values: Sequence[int]) -> str:
    low, high = _interval(values, fmean)
    return f"{fmean(values):.1f} ({low:.1f} to {high:.1f})"


def _saving(pairs: Sequence[tuple[int, int]]) -> str:
    def share(some: Sequence[tuple[int, int]]) -> float:
        return 1 - sum(told for _, told in some) / sum(plain for plain, _ in some)

    low, high = _interval(pairs, share)
    return f"{share(pairs):.0%} ({low:.0%} to {high:.0%})"


def _interval(found: Sequence[T], measure: Callable[[Sequence[T]], float]) -> tuple[float, float]:
    """Of a measure, by drawing as many of what was found, again and again."""
    rng = random.Random(0)
    drawn = sorted(measure(rng.choices(found, k=len(found))) for _ in range(RESAMPLED))
    return drawn[int(0.025 * RESAMPLED)], drawn[int(0.975 * RESAMPLED)]
