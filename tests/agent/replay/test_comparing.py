"""Results that are the same but for what never is, and results that are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.events import Answered
from agent.replay.comparing import own_output, same
from tools.registry import ToolResult


def then(output: str, **data: object) -> Answered:
    return Answered(step=1, tool="bash", ok=True, output=output, data=data)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("1 failed (in 0.2 s).", "1 failed (in 1.1 s)."),
        ("== 3 passed in 0.04s ==", "== 3 passed in 12.31s =="),
        ("Tue Nov 24 21:53:14 UTC 2026", "Wed Nov 25 01:03:59 UTC 2026"),
        ("Date:   Tue Nov 3 21:53:14 2026 +0000", "Date:   Wed Nov 25 1:03:59 2026 +0100"),
        ("2026-11-24T21:53:14.123Z ready", "2027-01-01T00:00:00.9Z ready"),
        ("-rw-r--r-- 1 a a 12 Nov 24 21:53 x", "-rw-r--r-- 1 a a 12 Jan  1 00:00 x"),
        ("<object object at 0x7f070edb0180>", "<object object at 0x7fbbcc12fe40>"),
        ("real\t0m0.101s", "real\t1m2.998s"),
        ("/tmp/tmp.xzotlVPr6l/a", "/tmp/tmp.ABCDEFGHIJ/a"),
        ("/tmp/tmpab12_x9z", "/tmp/tmpzzzzzzzz"),
        ("/tmp/pytest-of-agent/pytest-0/test_a0", "/tmp/pytest-of-agent/pytest-17/test_a0"),
        ("server with pid 17", "server with pid 2011"),
        ("[1] 17", "[1] 912"),
        ("[main 1a2b3c4] A change", "[main fedcba9] A change"),
        ("commit 1a2b3c4d5e6f", "commit ffffffffffff"),
        ("agent@0123456789ab:/testbed$", "agent@ba9876543210:/testbed$"),
        ("a  \nb\n\n", "a\nb"),
    ],
)
def test_what_is_never_the_same_twice_makes_no_difference(before: str, now: str) -> None:
    assert same(then(before), ToolResult(now))


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("1 failed (in 0.2 s).", "2 failed (in 0.2 s)."),
        ("0x1f", "0x2f"),
        ("/tmp/fix.diff", "/tmp/other.diff"),
        ("line 12", "line 13"),
        ("version 1.2.3", "version 1.2.4"),
        ("a\nb", "b\na"),
        ("    indented", "indented"),
        ("", "x"),
    ],
)
def test_anything_else_does(before: str, now: str) -> None:
    assert not same(then(before), ToolResult(now))


def test_how_it_ended_counts_as_well_as_what_it_said() -> None:
    assert same(
        then("", status="exited", exit_code=0),
        ToolResult("", data={"status": "exited", "exit_code": 0}),
    )
    assert not same(then("", exit_code=0), ToolResult("", data={"exit_code": 1}))
    assert not same(then("", status="exited"), ToolResult("", data={"status": "timeout"}))
    assert not same(then(""), ToolResult("", ok=False))


def test_tests_that_are_not_named_in_the_text_count_too() -> None:
    def ran(status: str) -> dict[str, object]:
        return {"outcomes": [{"id": "a", "status": status, "seconds": 0.1}]}

    assert same(then("50 passed", **ran("passed")), ToolResult("50 passed", data=ran("passed")))
    assert not same(
        then("50 passed", **ran("passed")), ToolResult("50 passed", data=ran("xfailed"))
    )


def test_what_the_run_told_around_a_result_is_no_part_of_it() -> None:
    changed = "[Before it ran, the user changed the call to:]\nls -a\n\n.git\na.py"
    assert own_output(then(changed), "ls -a") == ".git\na.py"
    told = "1 passed\n\nPredicted before it ran:\n* a::b: pass (confidence 0.90): fine; it passed"
    assert own_output(then(told)) == "1 passed"
    assert same(then(told), ToolResult("1 passed"))


@given(st.text())
def test_a_result_is_the_same_as_itself(text: str) -> None:
    assert same(then(text), ToolResult(text))
    assert same(then(text), ToolResult(f"{text}\n"))
