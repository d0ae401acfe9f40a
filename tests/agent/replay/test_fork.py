"""Going on from a step: the place is reached again, and who goes on knows what was known."""

import json
import re
import shutil
from pathlib import Path

import pytest

from agent.events import Forked, Said
from agent.replay.reading import RecordedRun, open_run
from agent.replay.tree import forks_of
from agent.runfolder import RunResult
from tests.agent.conftest import FAILING, CommandLine
from tests.agent.replay.recorded import HAND_IN, Recorded, write_script
from tests.agent.scriptedmodel import CHAT, Runs, Voice, serving
from tests.model.server import MODEL, ModelServer
from tests.model.tokenizers import small_tokenizer_file

pytestmark = pytest.mark.engine


def newest(recorded: Recorded) -> RecordedRun:
    return open_run(recorded.newest())


def result(run: RecordedRun) -> RunResult:
    assert run.result is not None
    return run.result


def messages(server: ModelServer, number: int) -> list[dict[str, object]]:
    told: list[dict[str, object]] = server.asked[number].json["messages"]
    return told


def uncounted(told: object) -> object:
    """Without the tokens left: where no tokenizer is at hand, they are the server's to count."""
    return re.sub(r"Remaining tokens: \d+", "", json.dumps(told))


def test_a_fork_goes_on_where_its_parent_was(recorded: Recorded, tmp_path: Path) -> None:
    script = write_script(tmp_path / "rest.jsonl", [("bash", "git diff --stat"), *HAND_IN])
    ended = recorded.foretrace(
        *("replay", recorded.id, "--fork", 3, "--script", script, "--message", "hand it in")
    )
    assert ended.status == 0, ended
    assert "told by you: hand it in" in ended.err
    fork, parent = newest(recorded), open_run(recorded.folder)
    assert fork.record.parent is not None
    assert (fork.record.parent.run, fork.record.parent.step) == (recorded.id, 3)
    # The parent's first three steps, as they were, noise and all.
    own = ("started", "prepared", "fork")
    before = [each.data for each in parent.events if getattr(each.data, "step", 9) <= 3]
    at = next(n for n, each in enumerate(fork.events) if isinstance(each.data, Forked))
    carried = [each.data for each in fork.events[:at] if each.type not in own]
    assert carried == before
    assert fork.events[at].data == Forked(
        run=recorded.id,
        step=3,
        seconds=fork.events[at].data.seconds,  # type: ignore[union-attr]
    )
    assert fork.events[at + 1].data == Said(role="user", text="hand it in")
    # And the sandbox is as the parent's was: the edit is there.
    looked = next(e.data for e in fork.events[at:] if e.type == "result")
    assert looked.step == 4  # type: ignore[union-attr]
    assert "prices.py | 2 +-" in looked.output  # type: ignore[union-attr]
    assert result(fork).status == "resolved"
    assert (fork.folder / "patch.diff").read_bytes() == (
        recorded.folder / "patch.diff"
    ).read_bytes()
    assert fork.record.id in [node.record.id for node in forks_of(recorded.folder)]


def test_a_fork_of_a_fork_carries_both(recorded: Recorded, tmp_path: Path) -> None:
    first = write_script(tmp_path / "first.jsonl", [("bash", "echo between")])
    assert recorded.foretrace("replay", recorded.id, "--fork", 3, "--script", first).status == 1
    middle = recorded.newest().name
    second = write_script(tmp_path / "second.jsonl", HAND_IN)
    assert recorded.foretrace("replay", middle, "--fork", 4, "--script", second).status == 0
    fork = newest(recorded)
    assert [e.data.argument for e in fork.events if e.type == "action"][3] == "echo between"  # type: ignore[union-attr]
    assert [e.data.run for e in fork.events if isinstance(e.data, Forked)] == [middle]
    (grandchild,) = forks_of(fork.folder.parent / middle)
    assert grandchild.record.id == fork.record.id


def test_a_fork_from_the_beginning_is_the_issue_anew(recorded: Recorded, tmp_path: Path) -> None:
    script = write_script(tmp_path / "look.jsonl", [("bash", "git diff")])
    recorded.foretrace("replay", recorded.id, "--fork", 0, "--script", script)
    fork = newest(recorded)
    answer = next(each.data for each in fork.events if each.type == "result")
    assert answer.output == "[no output]"  # type: ignore[union-attr]
    assert fork.record.parent is not None
    assert fork.record.parent.step == 0


def test_a_result_that_is_another_one_is_told_and_named(recorded: Recorded, tmp_path: Path) -> None:
    other = recorded.folder.parent / "other"
    shutil.copytree(recorded.folder, other)
    events = (other / "events.jsonl").read_text()
    (other / "events.jsonl").write_text(events.replace("1 failed (in", "7 failed (in", 1))
    script = write_script(tmp_path / "none.jsonl", [])
    ended = recorded.foretrace("replay", other, "--fork", 2, "--script", script)
    shutil.rmtree(other)
    assert ended.status == 1, ended
    assert "step 1 (test) has another result here" in ended.err
    forked = next(e.data for e in newest(recorded).events if isinstance(e.data, Forked))
    assert forked.differing == (1,)


def test_a_model_goes_on_from_what_a_script_did(recorded: Recorded) -> None:
    with serving(*CHAT.hand_in()) as server:
        ended = recorded.foretrace(
            *("replay", recorded.id, "--fork", 3, "--message", "You are nearly there."),
            *("--model-url", server.url, "--model", MODEL, "--profile", "chat"),
        )
    assert ended.status == 0, ended
    fork = newest(recorded)
    assert fork.record.policy == "cwm"
    told = messages(server, 0)
    assert [each["role"] for each in told] == [
        *("system", "user"),
        *["assistant", "user"] * 3,
    ]
    assert FAILING[0] in str(told[2]["content"])
    assert "if value > high:" in str(told[7]["content"])
    assert str(told[7]["content"]).endswith("You are nearly there.")
    used = result(fork).usage
    own = [e.data.usage for e in fork.events if e.type == "action"][3:]  # type: ignore[union-attr]
    assert used["output_tokens"] == sum(each["output_tokens"] for each in own) > 0


@pytest.mark.parametrize("profile", ["cwm", "tools"])
def test_a_fork_of_a_model_s_run_knows_what_the_model_knew(profile: str, tmp_path: Path) -> None:
    voice = Voice(profile, small_tokenizer_file(tmp_path) if profile == "cwm" else None)
    home = tmp_path / "here"
    home.mkdir()
    runs = Runs(CommandLine(home), tmp_path)
    with serving(*voice.resolution(), *voice.hand_in(), voice=voice) as server:
        assert runs(server, *voice.flags, "--model", MODEL).status == 0
        parent = runs.folder
        ended = runs.foretrace("replay", parent.name, "--fork", 1)
        assert ended.status == 0, ended
        key = "prompt" if profile == "cwm" else "messages"
        before, after = server.asked[1].json[key], server.asked[4].json[key]
    assert uncounted(after) == uncounted(before)
    usage = json.loads((parent / "result.json").read_text())["usage"]
    (fork,) = forks_of(parent)
    own = json.loads((fork.folder / "result.json").read_text())["usage"]
    assert 0 < own["output_tokens"] < usage["output_tokens"]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (8, "where the policy ended the run"),
        (9, "no step 9"),
        (-1, "no step -1"),
    ],
)
def test_where_nothing_can_follow_it_is_said(recorded: Recorded, step: int, words: str) -> None:
    runs = len(list(recorded.folder.parent.iterdir()))
    ended = recorded.foretrace("replay", recorded.id, f"--fork={step}", "--policy", "repair")
    assert ended.status == 2
    assert words in ended.err
    assert re.search(r"fork an earlier one|steps are counted", ended.err)
    assert len(list(recorded.folder.parent.iterdir())) == runs
