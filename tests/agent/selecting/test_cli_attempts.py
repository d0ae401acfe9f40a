"""Several attempts on the command line: made, tried, one of them chosen, and chosen anew."""

import json
import signal
from pathlib import Path

import pytest

from agent.selecting.selection import Selection
from sandboxes.engine import Engine
from tests.agent.conftest import CommandLine
from tests.agent.scriptedmodel import CHAT, Runs, containers, finish, serving, until
from tests.model.http import Request
from tests.model.replies import Reply, by_request, say, silent
from tests.model.server import ModelServer

pytestmark = pytest.mark.engine

SHOWS = """\
```python
from prices import clamp

print("Issue resolved" if clamp(11, 0, 9) == 9 else "Issue reproduced")
```
"""
FRUITLESS = "```python\nimport nowhere\n```\n"

RIGHT = ("    if value < high:", "    if value > high:")
"""The repair, and below it in other words."""
ALSO_RIGHT = ("    if value < high:", "    # Not above high.\n    if (value > high):")
WRONG = ("    return sum(prices)", "    return sum(prices) + 0")
CHEATING = ("    if value < low:\n        return low", "    return 9")
"""Shows nothing of the issue any more, and breaks what passed before."""


@pytest.fixture
def runs(foretrace: CommandLine, tmp_path: Path) -> Runs:
    return Runs(foretrace, tmp_path)


def deciding(*edits: tuple[str, str], tests: tuple[str, ...] = (SHOWS, FRUITLESS)) -> Reply:
    """A model whose n-th attempt makes the n-th edit, and which writes these tests."""

    def choose(request: Request) -> Reply:
        messages, seed = request.json["messages"], request.json["seed"]
        if "Issue reproduced" in messages[1]["content"]:
            return say(tests[seed % len(tests)])
        search, replace = edits[seed // 1_000_003]
        edit = CHAT.act("edit", path="prices.py", search=search, replace=replace)
        answers = sum(message["role"] == "assistant" for message in messages)
        return [edit, *CHAT.hand_in()][answers]

    return by_request(choose)


def serve(*edits: tuple[str, str], **settings: object):
    return serving(fallback=deciding(*edits), **settings)


def attempt(runs: Runs, server: ModelServer, *flags: object) -> tuple[int, Selection, str]:
    """The exit status, the choice, and what was said on the way."""
    hidden = ["run", runs.issue, "--repo", runs.project.path, "--model-url", server.url]
    ended = runs.foretrace(*hidden, "--json", *flags)
    assert "Traceback" not in ended.err, ended.err
    assert ended.out, ended.err
    return ended.status, Selection.model_validate_json(ended.out), ended.err


def test_the_patch_that_passes_most_is_chosen_against_the_majority(
    runs: Runs, foretrace: CommandLine
) -> None:
    with serve(WRONG, RIGHT, WRONG) as server:
        status, selection, _ = attempt(runs, server, "--attempts", 3, "--tests", 2, "--at-once", 2)
    assert status == 1  # the issue names no tests, so that nothing verifies it
    assert (selection.strategy, selection.wanted, selection.chosen) == ("best", 3, 2)
    assert [row.patch for row in selection.attempts] == ["A", "B", "A"]
    assert (selection.tests.asked, selection.tests.kept) == (2, 1)
    assert selection.tests.tokens > 0
    assert [list(row.outcomes.values()) for row in selection.attempts] == [
        ["Issue reproduced"],
        ["Issue resolved"],
        ["Issue reproduced"],
    ]
    assert [row.lost for row in selection.attempts] == [(), (), ()]
    assert selection.reasons[0] == (
        "1 of 1 generated tests count; passed by attempt: 1: 0, 2: 1, 3: 0"
    )
    assert selection.others == {"majority": 1}
    assert selection.estimates == ()
    # What is on the disk says the same: three runs with their seeds, and the choice beside them.
    (folder,) = (path.parent for path in foretrace.runs.glob("*/selection.json"))
    assert Selection.model_validate_json((folder / "selection.json").read_bytes()) == selection
    assert "+    if value > high:" in (folder / "patch.diff").read_text()
    assert [path.name for path in (folder / "tests").iterdir()] == ["test-1.py"]
    records = [json.loads(path.read_text()) for path in foretrace.runs.glob("*/run.json")]
    assert sorted((each["attempt"], each["seed"]) for each in records) == [(1, 0), (2, 1), (3, 2)]
    # The runs can be chosen from again, without running anything.
    ended = foretrace("select", foretrace.runs)
    assert ended.status == 0, ended
    assert "attempt 2 chosen by best, of 3 of 3 attempts" in ended.out
    other = json.loads(foretrace("select", foretrace.runs, "--select", "majority", "--json").out)
    assert other["issues"][0]["chosen"] == 1
    assert "by attempt" not in other["issues"][0]["reasons"][0]


def test_what_breaks_what_passed_before_is_not_chosen(runs: Runs) -> None:
    with serve(CHEATING, CHEATING, ALSO_RIGHT) as server:
        _, selection, _ = attempt(runs, server, "--attempts", 3, "--tests", 1)
    assert selection.chosen == 3
    assert [row.lost for row in selection.attempts] == [
        *[("tests/test_prices.py::test_below",)] * 2,
        (),
    ]
    assert {row.outcomes["test 1"] for row in selection.attempts} == {"Issue resolved"}
    assert selection.reasons[1] == (
        "attempt 3: fewest tests lost that passed before, of attempts 1, 2 and 3"
    )


def test_no_more_attempts_than_are_needed_and_estimates_where_outcomes_are_known(
    runs: Runs,
) -> None:
    tests = [word for test in _FAILING for word in ("--test", test)]
    flags = ("--attempts", 5, "--at-once", 1, "--select", "majority", *tests)
    with serve(RIGHT, WRONG, ALSO_RIGHT, RIGHT, WRONG) as server:
        status, selection, _ = attempt(runs, server, *flags)
        # The same runs once more, now with tests.
        asked = ("select", runs.foretrace.runs, "--tests", 1, "--model-url", server.url, "--json")
        ended = runs.foretrace(*asked)
    again = Selection.model_validate(json.loads(ended.out)["issues"][0])
    assert (again.strategy, again.chosen, again.tests.kept) == ("best", 1, 1)
    assert [each.outcomes["test 1"] for each in again.attempts] == [
        *("Issue resolved", "Issue reproduced", "Issue resolved", "Issue resolved")
    ]
    assert [len(each.lost or ()) for each in again.attempts] == [0, 2, 0, 0]
    assert len(list(runs.foretrace.runs.glob("*/selection.json"))) == 2
    assert status == 0
    assert [row.patch for row in selection.attempts] == ["A", "B", "A", "A"]
    assert [row.resolved for row in selection.attempts] == [True, False, True, True]
    assert selection.chosen == 1
    assert selection.notes == ("4 of 5 attempts were made: more could not have changed the choice",)
    assert selection.others["oracle"] in (1, 3, 4)
    found = {(each.name, each.k): each for each in selection.estimates}
    assert found["pass", 1].value == found["majority", 1].value == 0.75
    assert found["pass", 2].value == found["pass", 4].value == 1.0
    assert found["majority", 4].value == 1.0
    assert {k for _, k in found} == {1, 2, 4}


def test_a_policy_that_does_the_same_each_time_makes_one_attempt(
    runs: Runs, foretrace: CommandLine
) -> None:
    script = foretrace.folder / "script.jsonl"
    rows = [("edit", "prices.py\n<<<<<<< SEARCH\n" + RIGHT[0] + "\n=======\n" + RIGHT[1])]
    rows = [(tool, argument + "\n>>>>>>> REPLACE") for tool, argument in rows]
    rows += [("bash", "git diff > /tmp/x.diff"), ("submit", "/tmp/x.diff")]
    script.write_text("".join(json.dumps({"tool": a, "argument": b}) + "\n" for a, b in rows))
    ended = foretrace(*runs.arguments("--script", script, "--attempts", 4))
    assert ended.status == 0, ended
    assert "does the same each time: one attempt stands for all 4" in ended.err
    assert "attempt 1 is the only one with a patch" in ended.out
    assert "attempt 1 chosen by best, of 1 of 1 attempts" in ended.out
    assert "note: no model is there to write tests" in ended.out
    assert "+    if value > high:" in ended.out


def test_ctrl_c_stops_all_attempts_and_their_folders_say_so(
    runs: Runs, foretrace: CommandLine, engine: Engine
) -> None:
    with serving(fallback=silent()) as server:
        child = runs.start(server, "--attempts", 3, "--at-once", 2, "--select", "majority")
        until(lambda: len(server.asked) == 2, child)
        child.send_signal(signal.SIGINT)
        ended = finish(child)
    assert ended.status == 130, ended
    results = [json.loads(path.read_text()) for path in foretrace.runs.glob("*/result.json")]
    assert [each["reason"] for each in results] == ["stopped by the user"] * 2
    assert not any(containers(engine, each["id"]) for each in results)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--select", "verdicts"), "add --simulate advise"),
        (("--confirm", "all"), "not with several attempts"),
        (("--select", "oracle"), "is not one of"),
    ],
)
def test_what_makes_no_sense_with_several_attempts_is_said(
    runs: Runs, flags: tuple[str, ...], says: str
) -> None:
    ended = runs.foretrace(*runs.arguments("--attempts", 2, *flags))
    assert ended.status == 2, ended
    assert says in ended.err


_FAILING = ("tests/test_prices.py::test_above", "tests/test_prices.py::test_within")
