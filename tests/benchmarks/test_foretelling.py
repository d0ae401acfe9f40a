"""The benchmark of orders: faults that are faults, orders that are what they are called."""

import random
from collections.abc import Iterator

import pytest

from agent.nano.recording import Recorder
from agent.policies.repair.candidates import Candidate
from benchmarks.foretelling.classics import CLASSICS, Classic
from benchmarks.foretelling.fault import Fault, Known, fault_of, run_tests, test_source
from benchmarks.foretelling.repairing import Trial, executions, in_waves, ordered, shown, trials
from model.predict.verdict import Judged, Verdict

test_source.__test__ = False  # type: ignore[attr-defined]  # no test of ours, in spite of its name


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    with Recorder() as made:
        yield made


def fault(classic: Classic, recorder: Recorder) -> Fault:
    wrong = classic.right.replace(classic.old, classic.new)
    assert wrong != classic.right
    made = fault_of(
        random.Random(0), classic.name, "written", classic.right, wrong, classic.calls, recorder
    )
    assert made is not None
    return made


@pytest.mark.parametrize("classic", CLASSICS, ids=[each.name for each in CLASSICS])
def test_a_classic_is_wrong_and_its_repair_is_right(classic: Classic, recorder: Recorder) -> None:
    made = fault(classic, recorder)
    assert len(made.tests) == 3
    assert not all(test.passes for test in run_tests(made.source, made.tests, recorder))
    for known in (made.tests, made.held):
        assert all(test.passes for test in run_tests(made.right, known, recorder))


def test_a_repair_is_among_the_edits(recorder: Recorder) -> None:
    search = next(each for each in CLASSICS if each.name == "binary search")
    made = fault(search, recorder)
    failing, tried = trials(made, recorder)
    first = executions(tried)
    assert first is not None
    assert tried[first - 1].passes
    assert not any(trial.passes for trial in tried[: first - 1])
    assert all(trial.repairs for trial in tried if trial.passes)
    assert any(trial.right for trial in tried)
    program = shown(made.source, failing)
    assert program.source.startswith("# subject.py\ndef position_of(")
    assert f"    return {failing.name}()\n" in program.source


def test_no_fault_is_made_of_what_no_call_tells_apart(recorder: Recorder) -> None:
    source = "def double(number):\n    return number * 2\n"
    other = "def double(number):\n    return number + number\n"
    calls = [f"double({n})" for n in range(5)]
    assert fault_of(random.Random(0), "x", "written", source, other, calls, recorder) is None


def test_a_test_is_written_as_people_write_it() -> None:
    assert test_source(1, Known(call="f('a')", value="['b']")) == (
        "def test_1():\n    assert f('a') == [\"b\"]\n"
    )
    assert test_source(2, Known(call="f(1)", value="True")).endswith("assert f(1) is True\n")


def trial(number: int, *, passes: bool = False) -> Trial:
    edit = Candidate(number, "a.py", 1, "o", 1.0, (), "a", "b", hot=True)
    return Trial(edit, "", repairs=passes, passes=passes, right=passes)


def said(verdict: Verdict, confidence: float = 0.5) -> Judged:
    return Judged(verdict, confidence, None, "", {})


def test_edits_that_are_believed_in_come_first_and_those_that_are_not_last() -> None:
    tried = [trial(number) for number in range(1, 7)]
    verdicts = {
        1: said("fail"),
        2: said("unsure", 0),
        3: said("pass", 0.4),
        4: said("pass", 0.6),
        5: said("error"),
        6: said("pass"),
    }
    numbers = [each.candidate.number for each in ordered(tried, verdicts, most=5)]
    assert numbers == [4, 3, 2, 1, 5, 6]
    assert [each.candidate.number for each in ordered(tried, verdicts, most=0)] == [*range(1, 7)]


@pytest.mark.parametrize(
    ("passing", "believed", "tried"),
    [(1, 0, 4), (5, 0, 8), (10, 0, 10), (0, 0, 10), (2, 3, 3), (4, 3, 7), (9, 3, 10)],
)
def test_a_wave_is_tried_to_its_end(passing: int, believed: int, tried: int) -> None:
    order = [trial(number, passes=number == passing) for number in range(1, 11)]
    assert in_waves(order, believed, 4) == tried
    assert executions(order) == (passing or None)
