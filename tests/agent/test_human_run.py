"""Whole runs with somebody at the terminal: what their word makes of a run and its folder."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.trajectory import read_events
from sandboxes.engine import RUN, Engine
from tests.agent.conftest import FAILING, REPAIR, CommandLine, Project
from tests.agent.ptys import CTRL_C, OnTerminal

pytestmark = pytest.mark.engine

MENU = "[c]ontinue"
ASKED = "[y]es"
Script = Callable[..., Path]


class Runs:
    """Starts ``foretrace run`` of one project on a terminal."""

    def __init__(self, foretrace: CommandLine, project: Project, issue: Path) -> None:
        self.foretrace = foretrace
        self.arguments = [sys.executable, "-m", "agent.cli", "run", issue, "--repo", project.path]
        for test in FAILING:
            self.arguments += ["--test", test]

    def __call__(self, *arguments: object, stdout: int | None = None) -> OnTerminal:
        return OnTerminal(
            [*self.arguments, *arguments],
            folder=self.foretrace.folder,
            environment={"PYTHONPATH": str(Path.cwd())},
            stdout=stdout,
        )


@pytest.fixture
def runs(foretrace: CommandLine, project: Project, issue_file: Path) -> Runs:
    return Runs(foretrace, project, issue_file)


def containers(engine: Engine, foretrace: CommandLine) -> list[object]:
    mine = {"label": [f"{RUN}={foretrace.run_folder().name}"]}
    found: list[object] = engine.client.api.containers(all=True, filters=mine)
    return found


def test_what_there_is_is_taken_and_verified_when_the_user_submits(
    runs: Runs, foretrace: CommandLine, write_script: Script, engine: Engine
) -> None:
    script = write_script(("edit", REPAIR), ("bash", "sleep 300"))
    with runs("--script", script, "--confirm", "writes") as user:
        user.wait_for("run edit?")
        user.wait_for(ASKED)
        user.type("y")
        user.wait_for("run bash?")
        user.wait_for(ASKED)
        user.type("y")
        user.press(CTRL_C)
        user.wait_for(MENU)
        user.type("s")
        user.wait_for("taken as it stands at your word: +1 -1 lines in 1 file(s)")
        user.wait_for("resolved")
        assert user.end() == 0
    result = foretrace.result()
    assert result["status"] == "resolved"
    assert result["submitted_by"] == "user"
    assert "+    if value > high:" in (foretrace.run_folder() / "patch.diff").read_text()
    assert containers(engine, foretrace) == []


@pytest.mark.parametrize("stop", [CTRL_C, "q\r"])
def test_stopping_leaves_nothing_but_the_folder(
    runs: Runs, foretrace: CommandLine, write_script: Script, engine: Engine, stop: str
) -> None:
    with runs("--script", write_script(("bash", "sleep 300"))) as user:
        mode = user.mode()
        user.wait_for("1  bash")
        assert len(containers(engine, foretrace)) == 1
        user.press(CTRL_C)
        user.wait_for(MENU)
        user.press(stop)
        assert user.end() == 130
        assert user.mode() == mode
    assert "Traceback" not in user.screen
    assert containers(engine, foretrace) == []
    assert foretrace.result()["status"] == "failed"
    assert "stopped" in str(foretrace.result()["reason"])


def test_after_the_loop_ctrl_c_stops_at_once(
    runs: Runs, foretrace: CommandLine, project: Project, write_script: Script, engine: Engine
) -> None:
    project.put("tests/test_slow.py", "import time\n\n\ndef test():\n    time.sleep(300)\n")
    project.commit("A slow test")
    hand_in = (("bash", "git diff > /tmp/fix.diff"), ("submit", "/tmp/fix.diff"))
    with runs("--script", write_script(("edit", REPAIR), *hand_in)) as user:
        user.wait_for("verifying the patch")
        user.press(CTRL_C)
        assert user.end() == 130
    assert MENU not in user.screen
    assert containers(engine, foretrace) == []
    assert foretrace.result()["status"] == "failed"


def test_a_search_goes_on_under_the_menu_and_resolves(runs: Runs, foretrace: CommandLine) -> None:
    with runs("--policy", "repair") as user:
        user.wait_for("suspicious lines")
        user.press(CTRL_C)
        user.wait_for(MENU)
        user.type("m be careful")
        user.wait_for("queued")
        user.wait_for(MENU)
        user.type("c")
        user.wait_for("resolved")
        assert user.end() == 0
    assert foretrace.result()["status"] == "resolved"


def test_a_search_is_stopped_with_all_its_sandboxes(
    runs: Runs, foretrace: CommandLine, engine: Engine
) -> None:
    with runs("--policy", "repair") as user:
        user.wait_for("suspicious lines")
        user.press(CTRL_C)
        user.wait_for(MENU)
        user.type("q")
        assert user.end() == 130
    assert "Traceback" not in user.screen
    assert containers(engine, foretrace) == []


def test_with_json_the_user_is_asked_beside_it(
    runs: Runs, foretrace: CommandLine, write_script: Script, tmp_path: Path
) -> None:
    script = write_script(("bash", "echo hello"))
    out = tmp_path / "out.json"
    with (
        out.open("wb") as file,
        runs("--script", script, "--confirm", "all", "--json", stdout=file.fileno()) as user,
    ):
        user.wait_for("│ echo hello")
        user.wait_for(ASKED)
        user.type("n")
        user.wait_for("why")
        user.type("I say so")
        assert user.end() == 1
    assert json.loads(out.read_text())["status"] == "unresolved"
    events = read_events(foretrace.run_folder() / "events.jsonl")
    reasons = [event.data.reason for event in events if event.data.type == "review"]
    assert reasons == ["I say so"]


@pytest.mark.parametrize("confirm", ["all", "writes"])
def test_nobody_can_be_asked_without_a_terminal(
    foretrace: CommandLine, project: Project, issue_file: Path, confirm: str
) -> None:
    ended = foretrace("run", issue_file, "--repo", project.path, "--confirm", confirm)
    assert ended.status == 2
    assert "terminal" in ended.err
    assert not foretrace.runs.exists()
