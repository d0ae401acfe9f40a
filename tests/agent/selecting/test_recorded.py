"""Attempts read back from their runs' folders, and chosen from again."""

import json
from pathlib import Path

import pytest

from agent.config import Settings
from agent.events import EventData, Forecasted, Submitted, Verified
from agent.issue import Issue
from agent.runfolder import RunResult
from agent.selecting.again import by_issue
from agent.selecting.candidate import Foretold
from agent.selecting.recorded import BaseFiles, in_normal_form, recorded
from tests.agent.conftest import CODE, CommandLine, Project
from tests.agent.replay.recorded import run_folder
from tests.agent.selecting.gitpatches import git_patch

REPAIRED = CODE.replace("value < high", "value > high")


def forecast(test: str, verdict: str, confidence: float = 0.9) -> Forecasted:
    return Forecasted(
        step=1,
        test=test,
        predictor="chat",
        model="m",
        verdict=verdict,
        confidence=confidence,
        reason="so it seems",
        seconds=1.0,
    )


def verified(*lost: str, resolved: bool = True) -> Verified:
    kept = [{"test": each, "before": "passed", "after": "failed"} for each in lost]
    named = {"test": "t", "before": "failed", "after": "passed" if resolved else "failed"}
    tests = {"fail_to_pass": [named], "pass_to_pass": kept}
    return Verified.model_validate({"applied": True, "resolved": resolved, **tests})


def ended(status: str, verification: Verified | None = None, **usage: int) -> RunResult:
    return RunResult.model_validate(
        {
            "id": "x",
            "issue": "clamp",
            "policy": "cwm",
            "status": status,
            "reason": "so it was",
            "verification": verification,
            "usage": usage,
        }
    )


def attempt_at(
    out: Path, number: int, text: str, status: str = "unresolved", **issue: object
) -> Path:
    """A run that changed ``prices.py`` into that text."""
    patch = git_patch({"prices.py": CODE}, {"prices.py": text})
    result = ended(status, verified(resolved=status == "resolved"), output_tokens=number)
    about = {"id": "clamp", **issue}
    name = f"20260101-00000{number}-{about['id']}"
    events: list[EventData] = [Submitted(patch=patch)]
    return run_folder(out, *events, name=name, result=result, **about)


# One run --------------------------------------------------------------------------------------


def test_a_run_says_what_there_is_to_know(tmp_path: Path) -> None:
    folder = run_folder(
        tmp_path,
        forecast("t", "fail"),
        Submitted(patch="the first"),
        forecast("t", "pass", 0.7),
        forecast("u", "unsure"),
        Submitted(patch="the second"),
        Submitted(patch="nonsense", applies=False),
        forecast("t", "error"),
        result=ended("unresolved", verified("old"), input_tokens=70, output_tokens=5),
        tests=("t",),
    )
    candidate = recorded(folder, 3).candidate
    assert (candidate.attempt, candidate.patch, candidate.tokens) == (3, "the second", 75)
    assert candidate.verdicts == {"t": Foretold("pass", 0.7), "u": Foretold("unsure", 0.9)}
    assert candidate.lost == ("old",)
    assert candidate.resolved is False


def test_what_is_held_back_says_nothing_of_what_is_lost(tmp_path: Path) -> None:
    folder = run_folder(
        tmp_path,
        Submitted(patch="a patch"),
        result=ended("resolved", verified("old")),
        tests=("t",),
        tests_from={"patch": "tests"},
    )
    candidate = recorded(folder, 1).candidate
    assert candidate.lost is None
    assert candidate.resolved is True


@pytest.mark.parametrize("result", [None, ended("failed")])
def test_runs_that_came_to_no_end_of_their_own_have_no_patch(
    tmp_path: Path, result: RunResult | None
) -> None:
    folder = run_folder(tmp_path, Submitted(patch="a patch"), result=result)
    attempt = recorded(folder, 1)
    assert not attempt.ended
    assert (attempt.candidate.patch, attempt.candidate.resolved) == ("", None)


# Their normal forms ---------------------------------------------------------------------------


async def test_patches_are_compared_over_the_base(project: Project, tmp_path: Path) -> None:
    texts = (REPAIRED, REPAIRED.replace('"""Prices."""', "# Prices"), CODE + "x = 1\n")
    folders = [attempt_at(tmp_path / "runs", n, text) for n, text in enumerate(texts)]
    issue = Issue(id="clamp", text="It is wrong.", repo=str(project.path))
    base = BaseFiles()
    made = [recorded(folder, n).candidate for n, folder in enumerate(folders)]
    settings = Settings(cache=tmp_path / "cache")
    one, same, other = await in_normal_form(made, issue, settings, base)
    assert base.problem == ""
    assert base.texts == {"prices.py": CODE}
    assert one.form == same.form != other.form
    assert one.form is not None
    assert one.form.fits


async def test_what_lies_outside_of_the_repository_is_not_read(
    project: Project, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret\n")
    (project.path / "link.txt").symlink_to(secret)
    (project.path / "folder").symlink_to(tmp_path)
    project.commit()
    issue = Issue(id="clamp", text="It is wrong.", repo=str(project.path))
    base = BaseFiles()
    paths = ("link.txt", "folder/secret.txt", "../secret.txt", str(secret), "nowhere", "folder")
    patches = [f"diff --git a/{each} b/{each}\n--- a/{each}\n+++ b/{each}\n" for each in paths]
    await base.read(issue, Settings(cache=tmp_path / "cache"), patches)
    assert base.texts == {}
    assert base.problem == ""


async def test_without_the_repository_patches_are_compared_as_text(tmp_path: Path) -> None:
    folders = [attempt_at(tmp_path, n, REPAIRED) for n in (1, 2)]
    issue = Issue(id="clamp", text="It is wrong.", repo=str(tmp_path / "nowhere"))
    base = BaseFiles()
    made = [recorded(folder, n).candidate for n, folder in enumerate(folders)]
    one, same = await in_normal_form(made, issue, Settings(cache=tmp_path / "cache"), base)
    assert base.problem.startswith("patches are compared as text: ")
    assert one.form == same.form
    assert one.form is not None
    assert not one.form.fits


def test_runs_are_numbered_as_they_were_made(tmp_path: Path) -> None:
    made = {
        # A batch: the second attempt failed at first, the third is still at work.
        "batch": [(1, "resolved"), (2, "failed"), (2, "unresolved"), (3, None)],
        "by hand": [(0, "resolved"), (0, "failed"), (0, "unresolved")],
        "two batches": [(1, "resolved"), (2, "unresolved"), (1, "unresolved")],
    }
    for issue, runs in made.items():
        for order, (attempt, status) in enumerate(runs):
            name = f"2026010{order}-{issue}"
            folder = run_folder(
                tmp_path, name=name, id=issue, result=ended(status) if status else None
            )
            record = json.loads((folder / "run.json").read_text())
            record |= {"attempt": attempt, "started": f"2026-01-01T00:00:0{order}Z"}
            (folder / "run.json").write_text(json.dumps(record))
    found = by_issue(sorted(tmp_path.iterdir(), reverse=True))
    told = {
        next(iter(runs.values())).name[9:]: {n: int(each.name[7]) for n, each in runs.items()}
        for runs in found
    }
    assert told == {
        "batch": {1: 0, 2: 2, 3: 3},
        "by hand": {1: 0, 2: 1, 3: 2},
        "two batches": {1: 0, 2: 2, 3: 1},
    }


# On the command line --------------------------------------------------------------------------


def test_runs_of_several_issues_are_told_apart_and_estimated_together(
    foretrace: CommandLine, project: Project
) -> None:
    out = foretrace.runs
    about = {"repo": str(project.path), "tests": ("t",)}
    for number, (text, status) in enumerate(
        [(REPAIRED, "resolved"), (REPAIRED + "\n", "resolved"), (CODE + "x = 1\n", "unresolved")]
    ):
        attempt_at(out, number, text, status, **about)
    for number in range(2):
        attempt_at(out, number, CODE + f"y = {number}\n", id="other", **about)
    attempt_at(out, 2, REPAIRED, "failed", id="other", **about)
    ended = foretrace("select", out, "--select", "majority", "--json")
    assert ended.status == 0, ended
    told = json.loads(ended.out)
    first, second = told["issues"]
    assert (first["issue"], first["chosen"]) == ("clamp", 1)
    assert [each["patch"] for each in first["attempts"]] == ["A", "A", "B"]
    assert (second["issue"], second["chosen"]) == ("other", 1)
    assert [each["patch"] for each in second["attempts"]] == ["A", "B", ""]
    found = {(each["name"], each["k"]): each for each in told["estimates"]}
    assert found["pass", 1]["value"] == pytest.approx(1 / 3)
    assert found["pass", 2]["value"] == pytest.approx(1 / 2)
    # Of the first issue's pairs each has a right patch, and the cheapest is always one.
    assert found["majority", 2]["value"] == pytest.approx(1 / 2)
    assert {name for name, _ in found} == {"pass", "best", "majority"}
    assert found["pass", 3]["issues"] == 1
    ended = foretrace("select", out, "--select", "majority")
    assert "clamp: attempt 1 chosen by majority, of 3 of 3 attempts" in ended.out
    assert "over 2 issues" in ended.out
    assert "pass@k" in ended.out


def test_what_is_no_run_is_said(foretrace: CommandLine) -> None:
    ended = foretrace("select", "nothing")
    assert ended.status == 2, ended
    assert "there is no run nothing" in ended.err
