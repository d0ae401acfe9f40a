"""From a number to the examples of one program: generated, called, recorded, mutated, tested."""

import random
from dataclasses import dataclass

from agent.nano.recording import Recorder
from model.nano.programs.arguments import calls
from model.nano.programs.asserting import with_test
from model.nano.programs.constructs import constructs
from model.nano.programs.generate import generate, is_sound
from model.nano.programs.mix import Mix, Size
from model.nano.programs.mutation import mutated
from model.nano.programs.program import Generated
from model.nano.programs.suites import with_suite
from model.nano.record import Record
from model.predict.predictor import Program
from model.trace.frame import Frame, Trace
from model.trace.recording import Recording
from model.trace.states import compress
from model.trace.writing import write_frames

MOST_FRAMES: dict[Size, int] = {"short": 40, "medium": 60, "long": 120}
"""Of an example; a program that goes on longer is left out, unless it is one that does not end."""

_CANDIDATES = 7
_MOST_CALLS = 4
_TRIES = 3
_CUT = (16, 40)
_FAILS = {"program": 0.45, "mutant": 0.1}
"""Probability that a suite expects what is wrong; a mutant's mostly fails by itself."""

_OF_LIMITS = ("MemoryError", "RecursionError")
"""Raised because of the limits here; elsewhere the program would do something else."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What examples are made.

    Attributes:
        seed: of everything.
        mix: of the programs.
        sizes: weights of the sizes.
    """

    seed: int
    mix: Mix
    sizes: tuple[tuple[Size, float], ...] = (("short", 5.0), ("medium", 4.0), ("long", 1.0))


@dataclass(frozen=True, slots=True)
class _Called:
    """A call that was recorded."""

    call: str
    program: Program
    recording: Recording


def examples(plan: Plan, number: int, recorder: Recorder) -> list[tuple[Generated, list[Record]]]:
    """The examples of one program, and those of a mutant of it; deterministic by seed and number.

    Args:
        plan: what is made.
        number: of the program.
        recorder: runs it; a program with comprehensions is left out where these are no frames.

    Returns:
        The program and its examples, and perhaps a mutant and its examples.
    """
    rng = random.Random(f"{plan.seed} {number}")
    sizes = [size for size, _ in plan.sizes]
    size = rng.choices(sizes, [weight for _, weight in plan.sizes])[0]
    origin = f"{plan.seed}-{number}"
    for _ in range(_TRIES):
        program = generate(rng, plan.mix, size)
        if not recorder.frames and "comprehension" in constructs(program.source):
            continue
        called = _chosen(_called(program, calls(rng, program, _CANDIDATES), recorder, size), rng)
        if called:
            break
    else:
        return []
    known = _known(called)
    made = [(program, _records(_Making(rng, program, size, recorder, plan.mix), called, known))]
    wrong = mutated(rng, program) if rng.random() < plan.mix.mutants else None
    if wrong is not None and is_sound(wrong.source):
        # The same calls, and a test that the program itself passes.
        again = _called(wrong, [one.call for one in called], recorder, size)
        made.append((wrong, _records(_Making(rng, wrong, size, recorder, plan.mix), again, known)))
    numbers = iter(range(99))
    return [
        (one, [_numbered(record, origin, next(numbers)) for record in found]) for one, found in made
    ]


@dataclass(frozen=True, slots=True)
class _Making:
    """What the examples of a program are made with."""

    rng: random.Random
    program: Generated
    size: Size
    recorder: Recorder
    mix: Mix


def _records(making: _Making, called: list[_Called], known: list[tuple[str, str]]) -> list[Record]:
    """The examples of one program: its calls, and perhaps tests in place of some."""
    found: list[Record | None] = []
    tested = with_test(making.rng, making.program, known) if known else None
    if tested is not None and making.rng.random() < making.mix.tests:
        source, name = tested
        shown = Program.of_function(source, name, (Frame("call", f"def {name}():\n", {}),))
        recording = making.recorder.record(shown, name)
        if recording.end.why in ("left", "events"):
            found.append(_record(making, _Called(name, shown, recording), "test"))
            called = called[:-1]
    if known and making.rng.random() < making.mix.suites:
        suite = _suite(making, known)
        if suite is not None:
            found.append(suite)
            called = called[:-1]
    found += [_record(making, one, "call") for one in called]
    return [record for record in found if record is not None]


def _suite(making: _Making, known: list[tuple[str, str]]) -> Record | None:
    """A test in a file of its own, with fewer assertions where many take too long."""
    fails = _FAILS["mutant" if making.program.family.startswith("~") else "program"]
    for asked in (known, known[:1]):
        made = with_suite(making.rng, making.program, asked, fails)
        if made is None:
            return None
        source, call = made
        shown = Program.of_call(f"{source}\n\n", call)
        recording = making.recorder.record(shown)
        if recording.end.why in ("left", "events"):
            found = _record(making, _Called(call, shown, recording), "suite")
            if found is not None:
                return found
    return None


def _numbered(record: Record, origin: str, number: int) -> Record:
    return record.model_copy(update={"program": origin, "id": f"{origin}-{number}"})


def _called(program: Generated, drawn: list[str], recorder: Recorder, size: Size) -> list[_Called]:
    programs = [Program.of_call(program.source, call) for call in drawn]
    found: list[_Called] = []
    recordings = recorder.record_calls(programs)
    for call, shown, recording in zip(drawn, programs, recordings, strict=True):
        error = recording.end.error
        whole = recording.end.why in ("left", "events") and not (error and error[0] in _OF_LIMITS)
        if whole and (not recording.trace.ended or _fits(recording.trace, size)):
            found.append(_Called(call, shown, recording))
    return found


def _chosen(waiting: list[_Called], rng: random.Random) -> list[_Called]:
    """A few: first those that reach new lines, then those that take another way."""
    count = rng.randint(1, _MOST_CALLS)
    chosen: list[_Called] = []
    reached: set[tuple[str, int]] = set()
    ways: set[tuple[int, ...]] = set()
    while waiting and len(chosen) < _MOST_CALLS:
        new = [(len(_lines(one) - reached), _way(one) not in ways) for one in waiting]
        best = max(range(len(waiting)), key=lambda index: (*new[index], -index))
        if len(chosen) >= count and not new[best][0]:
            break
        one = waiting.pop(best)
        chosen.append(one)
        reached |= _lines(one)
        ways.add(_way(one))
    return chosen


def _known(called: list[_Called]) -> list[tuple[str, str]]:
    """The calls that return, with what they do."""
    return [
        (one.call, one.recording.trace.frames[-1].value or "")
        for one in called
        if one.recording.trace.ended and one.recording.end.error is None
    ]


def _lines(one: _Called) -> set[tuple[str, int]]:
    return {(f.place.path, f.place.line) for f in one.recording.trace.frames if f.place}


def _way(one: _Called) -> tuple[int, ...]:
    return tuple(frame.place.line for frame in one.recording.trace.frames if frame.place)


def _record(making: _Making, one: _Called, form: str) -> Record | None:
    rng, program, size = making.rng, making.program, making.size
    trace = one.recording.trace
    if not _fits(trace, size) and trace.ended:
        return None
    frames = compress(trace.frames)
    if not trace.ended:
        if not making.mix.held and program.family not in _endless() and rng.random() < 0.7:
            return None
        frames = frames[: rng.randint(*_CUT)]
    happened = [
        name
        for name, holds in (
            ("exception", any(frame.kind == "exception" for frame in frames)),
            ("escaping exception", one.recording.end.error is not None),
            ("cut", not trace.ended),
            ("assert", form != "call"),
        )
        if holds
    ]
    source = one.program.source
    halts: bool | None = True if trace.ended else None
    if making.mix.held and not trace.ended:
        halts = making.recorder.halts(one.program, one.call if form == "test" else None)
    return Record.model_validate(
        {
            "id": "",
            "program": "",
            "source": source,
            "begun": write_frames(frames[:1], ended=False),
            "trace": write_frames(frames[1:], ended=trace.ended),
            "frames": len(frames) - 1,
            "ended": trace.ended,
            "constructs": tuple(sorted({*constructs(program.source), *happened})),
            "family": program.family,
            "call": one.call,
            "form": form,
            "size": size,
            "halts": halts,
        }
    )


def _fits(trace: Trace, size: Size) -> bool:
    return 2 < len(trace.frames) <= MOST_FRAMES[size]


def _endless() -> frozenset[str]:
    from model.nano.programs.idioms import TEMPLATES

    return frozenset(template.family for template in TEMPLATES["endless"])
