"""What an issue says of its tests, beside what they did."""

import pytest

from agent.environments.checking import problems_of
from agent.events import TestReport as Report
from agent.events import Verified
from agent.issue import Issue

FAIL, KEEP = "fails", "kept"


def problems(fail: str, keep: str, *, reference: bool, named: bool = True) -> list[str]:
    """Of an issue with a test of each kind; both given as ``before after``."""
    issue = Issue(
        id="i",
        text="x",
        tests=(FAIL,),
        keep=(KEEP,) if named else None,
        reference="diff" if reference else None,
    )
    verified = Verified(
        applied=True,
        resolved=False,
        fail_to_pass=(report(FAIL, fail),),
        pass_to_pass=(report(KEEP, keep),),
    )
    return [str(each) for each in problems_of(issue, verified)]


def report(test: str, words: str) -> Report:
    before, after, *flaky = words.split()
    return Report(test=test, before=before, after=after, flaky=bool(flaky))


@pytest.mark.parametrize(
    ("fail", "keep", "reference", "wrong"),
    [
        ("failed passed", "passed passed", True, []),
        ("missing passed", "passed passed", True, []),
        ("error failed", "passed passed", False, []),
        ("passed passed", "passed passed", True, ["fails passes before anything is done"]),
        (
            "failed failed",
            "passed passed",
            True,
            ["fails does not pass with the reference: failed"],
        ),
        ("missing missing", "passed passed", False, ["fails is not found"]),
        ("failed passed", "failed passed", True, ["kept does not pass before: failed"]),
        ("failed passed", "passed failed", True, ["kept is lost to the reference: failed"]),
        ("failed passed", "passed failed flaky", True, []),
        ("failed failed", "passed failed", False, []),
    ],
)
def test_what_is_not_so_is_named(fail: str, keep: str, reference: bool, wrong: list[str]) -> None:
    assert problems(fail, keep, reference=reference) == wrong


def test_tests_that_nobody_named_need_not_pass_before() -> None:
    assert problems("failed passed", "failed failed", reference=True, named=False) == []


def test_a_reference_that_does_not_fit_says_all() -> None:
    issue = Issue(id="i", text="x", tests=(FAIL,), reference="diff")
    misfit = Verified(applied=False, resolved=False, notes=("the patch does not apply",))
    (problem,) = problems_of(issue, misfit)
    assert str(problem) == "the reference does not fit: the patch does not apply"


def test_a_suite_of_which_nothing_passes_is_no_good() -> None:
    (problem,) = problems_of(Issue(id="i", text="x"), Verified(applied=True, resolved=False))
    assert "no test" in str(problem)
