"""The repairer's edits for a fault, in its own order and in that of a world model's verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from agent.nano.recording import Recorder
from agent.policies.repair.candidates import Candidate, Candidates
from agent.policies.repair.foretelling import rank
from agent.policies.repair.hints import gather_hints
from agent.policies.repair.localise import Recorded, Spectrum, ochiai
from agent.policies.repair.source import apply_edits
from benchmarks.foretelling.fault import Fault, Test, run_tests
from model.predict.predictor import Predictor, Program
from model.predict.verdict import Judged, judge

_SUBJECT, _TESTS = "subject.py", "tests/test_subject.py"
TRIED = 96
"""Edits tried for a fault: the first wave of a search on two processors."""


@dataclass(frozen=True, slots=True)
class Trial:
    """An edit, tried.

    Attributes:
        candidate: itself.
        source: the program with it.
        repairs: whether the first of the failing tests passes.
        passes: whether all tests pass.
        right: whether what is held back is right as well.
    """

    candidate: Candidate
    source: str
    repairs: bool
    passes: bool
    right: bool


def trials(fault: Fault, recorder: Recorder) -> tuple[Test, list[Trial]]:
    """The first failing test; all edits that are tried, in the repairer's order, and what becomes
    of each."""
    before = run_tests(fault.source, fault.tests, recorder)
    number = next(n for n, test in enumerate(before) if not test.passes)
    found = []
    for candidate, source in _edits(fault, before):
        tests = run_tests(source, fault.tests, recorder)
        passes = all(test.passes for test in tests)
        right = passes and all(t.passes for t in run_tests(source, fault.held, recorder))
        found.append(Trial(candidate, source, tests[number].passes, passes, right))
    return before[number], found


def _edits(fault: Fault, tests: Sequence[Test]) -> list[tuple[Candidate, str]]:
    lines = len(fault.source.splitlines())
    spectrum = Spectrum(
        {f"{_TESTS}::{each.name}": _recorded(each, lines) for each in tests},
        {_SUBJECT: _heads(fault.source)},
    )
    failing = [f"{_TESTS}::{each.name}" for each in tests if not each.passes]
    below = "\n\n".join(each.source for each in tests).encode()
    hints = gather_hints("", [spectrum.tests[name] for name in failing], {_TESTS: below})
    sources = {_SUBJECT: fault.source.encode()}
    candidates = Candidates(
        ochiai(spectrum, failing), spectrum.imported, hints, sources.__getitem__
    )
    text = candidates.files[_SUBJECT].text
    return [(each, apply_edits(text, each.edits)) for each in islice(candidates, TRIED)]


def _recorded(test: Test, lines: int) -> Recorded:
    """A test as the repairer's own recorder has it."""
    places = [
        frame.place
        for frame in test.recording.trace.frames
        if frame.place and frame.kind == "line" and frame.place.line <= lines
    ]
    error = test.recording.end.error
    raised = [
        (_SUBJECT, frame.place.line, frame.place.function)
        for frame in test.recording.trace.frames
        if frame.place and frame.kind == "exception" and frame.place.line <= lines
    ]
    return Recorded(
        test=f"{_TESTS}::{test.name}",
        outcome="passed" if test.passes else "failed",
        lines={_SUBJECT: frozenset(place.line for place in places)},
        frames=tuple(raised[:1]) if error else (),
        error=error if error is None or error[0] != "AssertionError" else _asserted(test),
    )


def _asserted(test: Test) -> tuple[str, str]:
    """What pytest says of an assertion: the two values."""
    values = [f.value for f in test.recording.trace.frames if f.kind == "return" and f.value]
    actual = values[-3] if len(values) > 2 else "None"
    return "AssertionError", f"assert {actual} == {test.source.rpartition(' == ')[2].strip()}"


def _heads(source: str) -> frozenset[int]:
    lines = source.splitlines()
    return frozenset(n for n, line in enumerate(lines, 1) if line.startswith("def "))


@dataclass(frozen=True, slots=True)
class Said:
    """What a model says of a failing test with an edit.

    Attributes:
        judged: with its doubts, as a run takes it.
        anyway: as if it had none.
    """

    judged: Judged
    anyway: Judged


async def foretold(tried: Sequence[Trial], test: Test, predictor: Predictor) -> dict[int, Said]:
    """What a model says of a failing test with each of some edits, by their numbers."""
    said: dict[int, Said] = {}
    for trial in tried:
        (prediction,) = await predictor.traces(shown(trial.source, test))
        anyway = judge([replace(prediction, doubt="")])
        said[trial.candidate.number] = Said(judge([prediction]), anyway)
    return said


def ordered(tried: Sequence[Trial], said: Mapping[int, Judged], most: int) -> list[Trial]:
    """The edits, the first so many in the order of what was said of them."""

    def key(trial: Trial) -> tuple[int, float, int]:
        number = trial.candidate.number
        return rank(said.get(number), number)

    return [*sorted(tried[:most], key=key), *tried[most:]]


def shown(source: str, test: Test) -> Program:
    """A test as a run shows it to a model: each file's part below its name."""
    text = f"# {_SUBJECT}\n{source}\n# {_TESTS}\n{test.source}\n\n"
    return Program.of_call(text, f"{test.name}()")


def executions(order: Sequence[Trial]) -> int | None:
    """Edits tried until the first that passes, one by one; None where none does."""
    return next((number for number, trial in enumerate(order, 1) if trial.passes), None)


def in_waves(order: Sequence[Trial], believed: int, size: int) -> int:
    """Edits tried as a search tries them: those believed in first, then a wave after the other."""
    ends = [believed] if believed else []
    ends += range(believed + size, len(order) + size, size)
    for end in ends:
        if any(trial.passes for trial in order[:end]):
            return min(end, len(order))
    return len(order)
