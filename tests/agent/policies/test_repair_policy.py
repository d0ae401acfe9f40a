"""The whole policy on real sandboxes: small projects with a planted bug, run as a user would."""

from pathlib import Path

import pytest

from agent.events import Acted, Event, Localised, Said, Submitted, Tried
from agent.trajectory import read_events
from tests.agent.conftest import CODE, FAILING, CommandLine, Project

pytestmark = pytest.mark.engine


def events_of(foretrace: CommandLine) -> list[Event]:
    return list(read_events(foretrace.run_folder() / "events.jsonl"))


def trials_of(events: list[Event]) -> list[Tried]:
    trials = [event.data for event in events if isinstance(event.data, Tried)]
    return sorted(trials, key=lambda trial: trial.number)


def test_a_failing_test_is_repaired_and_the_same_again_for_the_same_seed(
    foretrace: CommandLine, project: Project, issue_file: Path, tmp_path: Path
) -> None:
    flags = [word for test in FAILING for word in ("--test", test)]
    ended = foretrace("run", issue_file, "--repo", project.path, "--policy", "repair", *flags)
    assert ended.status == 0, ended
    assert "+    if value > high:" in ended.out

    events = events_of(foretrace)
    (localised,) = [event.data for event in events if isinstance(event.data, Localised)]
    assert (localised.failing, localised.passing) == (2, 2)
    # What only an import ran, as the line of a def, follows with less.
    tested = [line for line in localised.lines if line.line in range(5, 11)]
    assert list(localised.lines[: len(tested)]) == tested
    assert [event.data.tool for event in events if isinstance(event.data, Acted)] == [
        "test",
        "edit",
        "test",
        "bash",
        "submit",
        None,
    ]
    trials = trials_of(events)
    won = [trial for trial in trials if (trial.failing, trial.kept) == ("pass", "pass")]
    assert "    if value > high:\n" in {trial.after for trial in won}
    assert any(trial.failing == "fail" and trial.kept is None for trial in trials)
    (submitted,) = [event.data for event in events if isinstance(event.data, Submitted)]
    assert submitted.patch.count("diff --git") == 1
    assert project.git("status", "--porcelain") == ""

    again = CommandLine(tmp_path / "again")
    again.folder.mkdir()
    assert (
        again("run", issue_file, "--repo", project.path, "--policy", "repair", *flags).status == 0
    )
    others = trials_of(events_of(again))
    assert [(t.number, t.after, t.failing) for t in others] == [
        (t.number, t.after, t.failing) for t in trials
    ]


def test_a_script_in_the_issue_stands_in_for_a_failing_test(
    foretrace: CommandLine, project: Project, tmp_path: Path
) -> None:
    issue = tmp_path / "script.txt"
    issue.write_text(
        "Values are not cut off:\n\n```python\nfrom prices import clamp\n"
        "assert clamp(11, 0, 9) == 9\nassert clamp(5, 0, 9) == 5\n```\n"
    )
    ended = foretrace("run", issue, "--repo", project.path, "--policy", "repair")
    assert "+    if value > high:" in ended.out, ended
    (submitted,) = [e.data for e in events_of(foretrace) if isinstance(e.data, Submitted)]
    assert "reproduction" not in submitted.patch


def test_a_session_with_a_wrong_value_is_repaired_to_the_one_the_issue_wants(
    foretrace: CommandLine, project: Project, tmp_path: Path
) -> None:
    issue = tmp_path / "session.txt"
    issue.write_text(
        "Values are not cut off.\n\n>>> from prices import clamp\n>>> clamp(11, 0, 9)\n11\n\n"
        "This should be 9.\n"
    )
    ended = foretrace("run", issue, "--repo", project.path, "--policy", "repair")
    events = events_of(foretrace)
    (submitted,) = [e.data for e in events if isinstance(e.data, Submitted)]
    assert submitted.patch.count("diff --git") == 1, ended
    # What importing runs tells nothing: the function comes first.
    (localised,) = [event.data for event in events if isinstance(event.data, Localised)]
    assert localised.lines[0].line in range(5, 11)


def test_without_a_test_or_a_script_the_policy_says_what_it_needs(
    foretrace: CommandLine, project: Project, issue_file: Path
) -> None:
    ended = foretrace("run", issue_file, "--repo", project.path, "--policy", "repair")
    assert ended.status == 1
    assert "needs a failing test" in ended.out


def test_what_cannot_be_repaired_is_said_with_what_was_tried(
    foretrace: CommandLine, project: Project, issue_file: Path
) -> None:
    project.put("prices.py", CODE.replace("value < high", "value > high"))
    project.put(
        "tests/test_new.py",
        "from prices import clamp\n\n\ndef test_new():\n"
        "    assert [clamp(x, 'a', 'c') for x in 'azc'] == ['q', 'w', object]\n",
    )
    project.commit()
    foretrace.environment["FORETRACE_REPAIR__TRIALS"] = "60"
    ended = foretrace(
        "run",
        issue_file,
        "--repo",
        project.path,
        "--policy",
        "repair",
        "--test",
        "tests/test_new.py",
    )
    assert ended.status == 1, ended
    events = events_of(foretrace)
    assert len(trials_of(events)) == 60
    (last,) = [event.data for event in events if isinstance(event.data, Said)]
    assert "No single edit among 60" in last.text
    assert "prices.py:" in last.text
    assert "prices.py::clamp" in last.text
