"""Runs on disk, written with what real runs are written with: records, trajectories, results."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from agent.config import Settings
from agent.events import (
    Acted,
    Answered,
    Ended,
    EventData,
    ModelChosen,
    ModelReply,
    Prepared,
    Said,
    Started,
    Submitted,
    TestReport,
    Verified,
)
from agent.issue import Issue
from agent.runfolder import RunResult, Status, record_of, steps_of, usage_of, write_json
from agent.trajectory import Trajectory

PATCH = """\
diff --git a/prices.py b/prices.py
--- a/prices.py
+++ b/prices.py
@@ -3,6 +3,6 @@
 def clamp(value, low, high):
     if value < low:
         return low
-    if value < high:
+    if value > high:
         return high
     return value
"""

EDIT = (
    "prices.py\n<<<<<<< SEARCH\n    if value < high:\n=======\n"
    "    if value > high:\n>>>>>>> REPLACE"
)

HOSTILE = (
    "[bold red]not markup[/] [link=x]y[/link] [@click=app.quit]z[/]\n"
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b5n \x00 \u202egnp.exe\u202c\n"
    "wide: 漢字かな 👩‍👩‍👧 é́́́ \ttab\r\nover\rwritten\n" + "x" * 1_000_000 + "\nthe end"
)

TESTS = {
    "tests/test_prices.py::test_above": "failed",
    "tests/test_prices.py::test_within": "failed",
    "tests/test_prices.py::test_below": "passed",
}


def issue(number: int = 1, title: str = "clamp() lets values above the highest through") -> Issue:
    return Issue(
        id=f"prices-{number}",
        repo="https://github.com/shop/prices",
        title=title,
        text=f"{title}\n\nclamp(11, 0, 9) gives 11, it should give 9.",
        tests=("tests/test_prices.py::test_above",),
    )


def outcomes(**changed: str) -> dict[str, object]:
    """A test tool's data; names are those of the tests' functions."""
    statuses = {test: changed.get(test.rpartition("::")[2], how) for test, how in TESTS.items()}
    counts: dict[str, int] = {}
    for how in statuses.values():
        counts[how] = counts.get(how, 0) + 1
    rows = [{"id": test, "status": how, "message": ""} for test, how in statuses.items()]
    return {"outcomes": rows, "counts": counts, "complete": True, "problem": ""}


USAGE: dict[str, int | float | None] = {
    "input_tokens": 4200,
    "cached_tokens": 0,
    "output_tokens": 310,
    "cost": 0.012,
}


REPLY = ModelReply(
    text="<think>\nThe comparison is the wrong way round.\n</think>\n",
    reasoning="The second comparison is the wrong way round: value < high returns high for every"
    " value between low and high, and a value above high falls through to the last line.\n\n"
    "So the fix is to turn it round. I should run the failing tests first to see that they fail"
    " for this reason and no other.",
)


def beginning(issue: Issue, policy: str = "cwm") -> list[EventData]:
    return [
        Started(run="r", issue=issue.id, policy=policy),
        Prepared(base_commit="8be3b8d10a3e", image="sha256:2cd3", seconds=3.7),
        ModelChosen(
            model="facebook/cwm", url="http://127.0.0.1:8000/v1", profile="cwm", context=131072
        ),
    ]


def work() -> list[EventData]:
    listing = "\n".join(f"tests/test_prices.py:{n}: assert clamp({n}, 0, 9)" for n in range(40))
    return [
        Acted(step=1, tool="bash", argument="grep -rn clamp .\nls tests", reply=REPLY, usage=USAGE),
        Answered(
            step=1,
            tool="bash",
            ok=True,
            output=listing,
            data={"status": "exited", "exit_code": 0},
            seconds=0.03,
        ),
        Acted(step=2, tool="test", argument="tests", thought="See them fail first.", usage=USAGE),
        Answered(
            step=2,
            tool="test",
            ok=True,
            output="2 failed, 1 passed (in 0.4 s).\n\nFAILED tests/test_prices.py::test_above\n"
            "    E       assert 11 == 9",
            data=outcomes(),
            seconds=0.61,
        ),
        Acted(step=3, tool="edit", argument=EDIT, thought="Turn it round.", usage=USAGE),
        Answered(step=3, tool="edit", ok=True, output="edited prices.py", seconds=0.01),
        Acted(step=4, tool="test", argument="tests", usage=USAGE),
        Answered(
            step=4,
            tool="test",
            ok=True,
            output="3 passed (in 0.4 s).",
            data=outcomes(test_above="passed", test_within="passed"),
            seconds=0.58,
        ),
    ]


def ending(patch: str = PATCH, *, resolved: bool = True) -> list[EventData]:
    after = "passed" if resolved else "failed"
    status: Status = "resolved" if resolved else "unresolved"
    reason = (
        "2 failing test(s) pass now, 1 that passed still do"
        if resolved
        else "2 test(s) still do not pass, first tests/test_prices.py::test_above"
    )
    reports = [
        TestReport(test=test, before=how, after=after if how == "failed" else how)
        for test, how in TESTS.items()
    ]
    return [
        Submitted(patch=patch),
        Said(role="policy", text="The comparison was the wrong way round."),
        Verified(
            applied=True,
            resolved=resolved,
            fail_to_pass=tuple(each for each in reports if each.before == "failed"),
            pass_to_pass=tuple(each for each in reports if each.before == "passed"),
            seconds=2.5,
        ),
        Ended(status=status, reason=reason),
    ]


def write_run(
    out: Path,
    about: Issue,
    events: Sequence[EventData],
    *,
    name: str,
    policy: str = "cwm",
    ago: float = 60.0,
) -> Path:
    """A run's folder; with a result where the events end with one."""
    folder = out / name
    folder.mkdir(parents=True)
    record = record_of(name, about, Settings(out=out), policy)
    started = datetime.fromtimestamp(time.time() - ago, UTC)
    write_json(folder / "run.json", record.model_copy(update={"started": started}))
    with Trajectory(folder / "events.jsonl") as log:
        for data in events:
            log.append(data)
        last = events[-1] if events else None
        if isinstance(last, Ended):
            verified = next((e for e in events if isinstance(e, Verified)), None)
            result = RunResult(
                id=name,
                issue=about.id,
                policy=policy,
                status=last.status,  # type: ignore[arg-type]
                reason=last.reason,
                verification=verified,
                steps=steps_of(log),
                usage=usage_of(log),
                timings={"prepare": 3.7, "loop": 41.0, "verify": 2.5},
            )
            write_json(folder / "result.json", result)
    return folder
