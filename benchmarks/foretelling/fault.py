"""A fault: a small program with one thing wrong, and tests of which one at least fails."""

import ast
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from agent.nano.recording import Recorder
from model.nano.programs.values import written
from model.predict.predictor import Program
from model.trace.recording import Recording

VISIBLE = 3
"""Tests of a fault; what else is known of the program is held back, to judge repairs by."""

_LONGEST = 60
"""Frames of a call."""


class Known(BaseModel):
    """A call and the `repr` of what it is to return."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    call: str
    value: str


class Fault(BaseModel):
    """A program with one thing wrong.

    Attributes:
        id: of it.
        origin: ``generated`` or ``written``.
        source: with the fault.
        right: without it.
        tests: calls that it is tested with.
        held: others that are held back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    origin: str
    source: str
    right: str
    tests: tuple[Known, ...]
    held: tuple[Known, ...]


@dataclass(frozen=True, slots=True)
class Test:
    """A test as it stands in its file, and what became of it."""

    name: str
    source: str
    recording: Recording

    @property
    def passes(self) -> bool:
        """Whether it does."""
        end = self.recording.end
        return end.why == "left" and end.error is None


def run_tests(source: str, known: Sequence[Known], recorder: Recorder) -> list[Test]:
    """Run the tests of a program, each by itself."""
    texts = [test_source(number, each) for number, each in enumerate(known, 1)]
    names = [f"test_{number}" for number in range(1, len(known) + 1)]
    below = "\n\n".join(texts)
    programs = [Program.of_call(f"{source}\n\n{below}", f"{name}()") for name in names]
    recordings = recorder.record_calls(programs)
    return [Test(*each) for each in zip(names, texts, recordings, strict=True)]


def test_source(number: int, known: Known) -> str:
    """A test as a user would write it."""
    expected = written(ast.literal_eval(known.value))
    sign = "is" if expected in ("None", "True", "False") else "=="
    return f"def test_{number}():\n    assert {known.call} {sign} {expected}\n"


def fault_of(
    rng: random.Random,
    name: str,
    origin: str,
    right: str,
    wrong: str,
    calls: Sequence[str],
    recorder: Recorder,
) -> Fault | None:
    """A fault, with tests of which some fail.

    Args:
        rng: draws which calls become tests.
        name: of the fault.
        origin: where it is from.
        right: the program without it.
        wrong: with it.
        calls: of the program.
        recorder: runs both.

    Returns:
        None where no call tells the two apart, or too few have a value that can be written down.
    """
    known = [each for each in _known(right, calls, recorder) if each is not None]
    if len(known) < VISIBLE:
        return None
    outcomes = run_tests(wrong, known, recorder)
    failing = [each for each, test in zip(known, outcomes, strict=True) if not test.passes]
    passing = [each for each, test in zip(known, outcomes, strict=True) if test.passes]
    if not failing:
        return None
    rng.shuffle(failing)
    rng.shuffle(passing)
    tests = failing[:1] + passing[: VISIBLE - 1]
    tests += failing[1 : 1 + VISIBLE - len(tests)]
    held = tuple(each for each in known if each not in tests)
    return Fault(id=name, origin=origin, source=wrong, right=right, tests=tuple(tests), held=held)


def _known(source: str, calls: Sequence[str], recorder: Recorder) -> list[Known | None]:
    recordings = recorder.record_calls([Program.of_call(source, call) for call in calls])
    return [_value(call, each) for call, each in zip(calls, recordings, strict=True)]


def _value(call: str, recording: Recording) -> Known | None:
    frames = recording.trace.frames
    ended = recording.end.why == "left" and recording.end.error is None
    if not ended or len(frames) > _LONGEST or frames[-1].value is None:
        return None
    try:
        ast.literal_eval(frames[-1].value)
    except (ValueError, SyntaxError):
        return None
    return Known(call=call, value=frames[-1].value)


def read_faults(path: Path) -> list[Fault]:
    """The faults of a file, one a line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Fault.model_validate_json(line) for line in lines if line]
