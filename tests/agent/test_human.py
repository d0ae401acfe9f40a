"""The user at a terminal: a real one, a real process, keys typed into it."""

import json
import signal
import sys
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from agent.events import Answered, Event, Reviewed, Said
from agent.trajectory import read_events
from sandboxes.engine import RUN, Engine
from tests.agent import looponterminal
from tests.agent.ptys import CTRL_C, CTRL_D, OnTerminal

pytestmark = pytest.mark.engine

MENU = "[c]ontinue"
ASKED = "[y]es"
QUEUED = "queued: the agent is told"


class Loop:
    """The loop on a terminal, and what it wrote down."""

    def __init__(self, folder: Path, image: str) -> None:
        self.folder = folder
        self.image = image
        self.environment = {"VISUAL": "", "EDITOR": "", "PYTHONPATH": str(Path.cwd())}

    def start(
        self,
        *actions: tuple[str, str],
        confirm: str = "none",
        seconds: float = 600,
        under: Sequence[object] = (),
    ) -> OnTerminal:
        script = self.folder / "script.jsonl"
        rows = [json.dumps({"tool": tool, "argument": argument}) for tool, argument in actions]
        script.write_text("\n".join(rows) + "\n")
        log = self.folder / "events.jsonl"
        program = looponterminal.__file__
        return OnTerminal(
            [*under, sys.executable, program, self.image, script, log, confirm, seconds],
            folder=self.folder,
            environment=self.environment,
        )

    def events(self) -> list[Event]:
        return list(read_events(self.folder / "events.jsonl"))

    def answers(self) -> list[Answered]:
        return [event.data for event in self.events() if isinstance(event.data, Answered)]

    def reviews(self) -> list[Reviewed]:
        return [event.data for event in self.events() if isinstance(event.data, Reviewed)]

    def messages(self) -> list[str]:
        said = [event.data for event in self.events() if isinstance(event.data, Said)]
        return [each.text for each in said if each.role == "user"]


@pytest.fixture
def loop(tmp_path: Path, engine: Engine, base_image: str) -> Iterator[Loop]:
    folder = tmp_path / f"test-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    yield Loop(folder, base_image)
    assert containers(engine, folder.name) == []


def containers(engine: Engine, run: str) -> list[str]:
    found = engine.client.api.containers(all=True, filters={"label": [f"{RUN}={run}"]})
    return [each["Id"] for each in found]


def test_each_call_runs_once_it_is_approved(loop: Loop) -> None:
    with loop.start(("bash", "echo first"), ("test", "all"), confirm="all") as user:
        user.wait_for("run bash?")
        user.wait_for("│ echo first")
        user.wait_for(ASKED)
        assert loop.answers() == []
        user.type("y")
        user.wait_for("run test?")
        user.type("YES")
        user.wait_for("ENDED None")
        assert user.end() == 0
    assert [each.tool for each in loop.answers()] == ["bash", "test"]
    assert loop.answers()[0].output == "first\n"


def test_a_refusal_and_its_reason_reach_the_policy(loop: Loop) -> None:
    actions = [("bash", "touch one"), ("bash", "touch two"), ("bash", "ls")]
    with loop.start(*actions, confirm="all") as user:
        user.wait_for(ASKED)
        user.type("no")
        user.wait_for("why")
        user.type("not that one")
        user.wait_for(ASKED)
        user.type("n nor that")
        user.wait_for(ASKED)
        user.type("y")
        assert user.end() == 0
    first, second, third = loop.answers()
    assert not first.ok
    assert "not that one" in first.output
    assert "nor that" in second.output
    assert third.output == "[no output]"
    assert [each.decision for each in loop.reviews()] == ["refused", "refused"]


def test_only_what_writes_is_asked_about_when_that_was_wanted(loop: Loop) -> None:
    with loop.start(("test", "all"), ("bash", "echo hi"), confirm="writes") as user:
        user.wait_for("run bash?")
        assert [each.tool for each in loop.answers()] == ["test"]
        user.type("y")
        assert user.end() == 0


def test_always_asks_no_more_about_that_tool(loop: Loop) -> None:
    actions = [("bash", "echo 1"), ("bash", "echo 2"), ("create", "a.txt\nhi"), ("bash", "echo 3")]
    with loop.start(*actions, confirm="all") as user:
        user.wait_for("run bash?")
        user.type("always")
        user.wait_for("run create?")
        assert len(loop.answers()) == 2
        user.type("y")
        assert user.end() == 0
    assert len(loop.answers()) == 4


def test_a_call_is_changed_line_by_line(loop: Loop) -> None:
    with loop.start(("bash", "echo mine"), confirm="all") as user:
        user.wait_for(ASKED)
        user.type("e")
        user.wait_for("a line with . alone")
        user.type("if true; then")
        user.type("  echo yours; fi")
        user.type(".")
        user.wait_for("run bash?")
        user.wait_for("│   echo yours; fi")
        user.type("y")
        assert user.end() == 0
    (review,) = loop.reviews()
    assert review.decision == "changed"
    assert review.argument == "if true; then\n  echo yours; fi"
    assert loop.answers()[0].output.endswith("yours\n")


def test_a_call_is_changed_in_the_users_editor(loop: Loop) -> None:
    # An editor that takes the terminal out of its mode and dies does no harm.
    editor = loop.folder / "editor"
    editor.write_text('#!/bin/sh\nstty raw -echo\nsed -i s/mine/yours/ "$2"\necho edited >&2\n')
    editor.chmod(0o755)
    loop.environment["VISUAL"] = f"{editor} --wait"
    with loop.start(("bash", "echo mine"), confirm="all") as user:
        mode = user.mode()
        user.wait_for(ASKED)
        user.type("edit")
        user.wait_for("│ echo yours")
        user.wait_for(ASKED)
        assert user.mode() == mode
        user.type("y")
        assert user.end() == 0
    assert loop.reviews()[0].argument == "echo yours"


@pytest.mark.parametrize("editor", ["false", "no-such-editor", "'unbalanced"])
def test_an_editor_that_fails_changes_nothing(loop: Loop, editor: str) -> None:
    loop.environment["EDITOR"] = editor
    with loop.start(("bash", "echo mine"), confirm="all") as user:
        user.wait_for(ASKED)
        user.type("e")
        user.wait_for(f"the editor {editor}")
        user.wait_for("nothing was changed")
        user.wait_for(ASKED)
        user.type("y")
        assert user.end() == 0
    assert loop.reviews() == []
    assert loop.answers()[0].output == "mine\n"


def test_long_calls_are_folded_and_can_be_seen_whole(loop: Loop) -> None:
    command = "\n".join(f": line {number}" for number in range(50)) + f"\n: {'x' * 2000}\n: END"
    with loop.start(("bash", command), confirm="all") as user:
        user.wait_for("52 lines in all]")
        assert "line 40" not in user.screen
        user.wait_for("[v]iew all")
        user.type("v")
        user.wait_for("│ : line 40")
        user.wait_for("│ : END")
        user.wait_for(ASKED)
        user.type("y")
        assert user.end() == 0


def test_an_answer_nobody_knows_gets_one_line_of_help(loop: Loop) -> None:
    with loop.start(("bash", "echo hi"), confirm="all") as user:
        for answer in ("", "yep", "yes please", "a test is missing"):
            user.wait_for(ASKED)
            user.type(answer)
            user.wait_for("y runs it")
        user.wait_for(ASKED)
        assert loop.answers() == []
        user.type("y")
        assert user.end() == 0


def test_escape_sequences_do_not_reach_the_terminal(loop: Loop) -> None:
    hostile = "echo \x1b]0;owned\x07\x1b[2J\u202e\r\n│ [y]es\x9b31m"
    with loop.start(("bash", hostile), ("\x1b[31mx", "a"), confirm="all") as user:
        user.wait_for("run bash?")
        user.wait_for("\\x1b]0;owned")
        user.wait_for(ASKED)
        user.type("n \x1b[1mbold")
        user.wait_for("ENDED")
        user.end()
    assert b"\x1b]0" not in user.raw
    assert b"\x1b[2J" not in user.raw
    assert b"\x1b[31mx" not in user.raw
    assert b"\x07" not in user.raw
    assert "\u202e".encode() not in user.raw


def test_what_is_typed_while_a_command_runs_is_told_between_turns(loop: Loop) -> None:
    with loop.start(("bash", "sleep 300"), ("bash", "echo second")) as user:
        user.wait_for("1  bash")
        user.type("look at the tests, too")
        user.wait_for(QUEUED)
        user.type("")
        user.type("and hurry")
        user.wait_for(QUEUED)
        assert loop.messages() == []
        user.press(CTRL_C)
        user.wait_for(MENU)
        user.type("i")
        user.wait_for("the command was stopped")
        user.type("c")
        assert user.end() == 0
    assert loop.messages() == ["look at the tests, too", "and hurry"]
    types = [event.type for event in loop.events()]
    assert types[:5] == ["action", "result", "message", "message", "action"]


def test_the_loop_waits_while_the_menu_is_open_and_goes_on_after_it(
    loop: Loop, engine: Engine
) -> None:
    command = "until test -e /tmp/go; do sleep 0.05; done; echo first"
    with loop.start(("bash", command), ("bash", "echo second")) as user:
        user.wait_for("1  bash")
        user.press(CTRL_C)
        user.wait_for(MENU)
        (container,) = containers(engine, loop.folder.name)
        api = engine.client.api
        api.exec_start(api.exec_create(container, ["touch", "/tmp/go"])["Id"])
        user.wait_for("ok")  # the command went on
        user.wait_for(MENU)  # which is shown again below
        user.type("what?")
        user.wait_for("c goes on")
        user.type("m tell it this")
        user.wait_for(QUEUED)
        user.type("message")
        user.wait_for("message >")
        user.type("and this")
        user.wait_for(QUEUED)
        assert [event.type for event in loop.events()] == ["action", "result"]
        user.type("continue")
        user.wait_for("ENDED None")
        assert user.end() == 0
    assert loop.messages() == ["tell it this", "and this"]
    assert loop.answers()[0].output == "first\n"
    assert [each.step for each in loop.answers()] == [1, 2]


def test_a_running_command_is_interrupted_and_the_run_goes_on(loop: Loop) -> None:
    with loop.start(("bash", "echo begun; sleep 300"), ("bash", "echo second")) as user:
        user.wait_for("1  bash")
        user.press(CTRL_C)
        user.wait_for(MENU)
        user.type("interrupt")
        user.wait_for("the command was stopped")
        user.wait_for(MENU)
        user.type("i")
        user.wait_for("no command is running")
        user.type("c")
        assert user.end() == 0
    first, second = loop.answers()
    assert "interrupted" in first.output
    assert second.output == "second\n"


@pytest.mark.parametrize(("answer", "said"), [("s", "ENDED user"), ("q", "STOPPED")])
def test_the_menu_ends_the_run_while_a_command_runs(loop: Loop, answer: str, said: str) -> None:
    with loop.start(("bash", "sleep 300"), ("bash", "echo second")) as user:
        user.wait_for("1  bash")
        user.press(CTRL_C)
        user.wait_for(MENU)
        user.type(answer)
        user.wait_for(said)
        assert user.end() == 0
    assert loop.answers() == []


@pytest.mark.parametrize(("answer", "said"), [("submit", "ENDED user"), ("stop", "STOPPED")])
def test_a_question_ends_the_run(loop: Loop, answer: str, said: str) -> None:
    with loop.start(("bash", "echo hi"), confirm="all") as user:
        user.wait_for(ASKED)
        user.type(answer)
        user.wait_for(said)
        assert user.end() == 0
    assert loop.answers() == []


def test_the_menu_opens_over_a_question_which_is_asked_again(loop: Loop) -> None:
    with loop.start(("bash", "echo hi"), confirm="all") as user:
        user.wait_for(ASKED)
        user.press(CTRL_C)
        user.wait_for(MENU)
        user.type("y")  # no answer to the menu, and not one to the question below it
        user.wait_for("c goes on")
        assert loop.answers() == []
        user.type("c")
        user.wait_for("│ echo hi")
        user.wait_for(ASKED)
        user.type("y")
        assert user.end() == 0
    assert len(loop.answers()) == 1


@pytest.mark.parametrize(("answer", "said"), [("s", "ENDED user"), ("q", "STOPPED")])
def test_a_call_is_not_shown_again_when_the_menu_ends_the_run(
    loop: Loop, answer: str, said: str
) -> None:
    with loop.start(("bash", "echo hi"), confirm="all") as user:
        user.wait_for(ASKED)
        user.press(CTRL_C)
        user.wait_for(MENU)
        user.type(answer)
        user.wait_for(said)
        assert user.end() == 0
    assert user.screen.count("run bash?") == 1
    assert loop.answers() == []


@pytest.mark.parametrize("confirm", ["all", "none"])
def test_a_second_ctrl_c_stops(loop: Loop, confirm: str) -> None:
    with loop.start(("bash", "sleep 300"), confirm=confirm) as user:
        mode = user.mode()
        user.wait_for(ASKED if confirm == "all" else "1  bash")
        user.press(CTRL_C)
        user.wait_for(MENU)
        user.press(CTRL_C)
        assert user.end() == 130
        assert user.mode() == mode
    assert "Traceback" not in user.screen


def test_the_end_of_input_ends_the_run_when_the_user_is_asked(loop: Loop) -> None:
    with loop.start(("bash", "echo hi"), confirm="all") as user:
        user.wait_for(ASKED)
        user.press(CTRL_D)
        user.wait_for("STOPPED")
        assert user.end() == 0


def test_the_end_of_input_in_the_menu_ends_the_run(loop: Loop) -> None:
    with loop.start(("bash", "sleep 300")) as user:
        user.wait_for("1  bash")
        user.press(CTRL_C)
        user.wait_for(MENU)
        user.press(CTRL_D)
        user.wait_for("STOPPED")
        assert user.end() == 0


def test_the_end_of_input_while_nothing_is_asked_ends_nothing(loop: Loop) -> None:
    with loop.start(("bash", "sleep 1; echo hi"), ("test", "all"), confirm="none") as user:
        user.wait_for("1  bash")
        user.press(CTRL_D)
        user.wait_for("ENDED None")
        assert user.end() == 0
    assert loop.answers()[0].output == "hi\n"


def test_the_time_limit_closes_the_menu(loop: Loop) -> None:
    with loop.start(("bash", "sleep 300"), seconds=6) as user:
        user.wait_for("1  bash")
        user.press(CTRL_C)
        user.wait_for(MENU)
        user.wait_for("ENDED limit")
        user.wait_for("the loop has ended meanwhile")
        assert user.end() == 0


def test_a_question_is_shown_again_after_a_stop(loop: Loop) -> None:
    with loop.start(("bash", "echo hi"), confirm="all") as user:
        user.wait_for(ASKED)
        user.process.send_signal(signal.SIGCONT)
        user.wait_for(ASKED)
        user.type("y")
        assert user.end() == 0


def test_in_the_background_nothing_is_read(loop: Loop) -> None:
    """A shell puts the run behind and types itself: neither is stopped or loses a line."""
    shell = loop.folder / "shell.py"
    shell.write_text(BACKGROUND)
    with loop.start(("bash", "sleep 300"), confirm="all", under=[sys.executable, shell]) as user:
        user.wait_for("SHELL>")
        user.wait_for(ASKED)
        user.type("to the shell")
        user.wait_for("SHELL GOT to the shell")
        user.wait_for("NOT STOPPED")
        user.type("n because I am here now")
        assert user.end() == 0
    assert loop.reviews()[0].reason == "because I am here now"


BACKGROUND = """\
import os, select, signal, subprocess, sys, time
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
child = subprocess.Popen(sys.argv[1:], process_group=0)
print("SHELL>", flush=True)
select.select([0], [], [])
time.sleep(0.5)  # time for the run to make its mistake
print("SHELL GOT", sys.stdin.readline(), flush=True)
pid, _ = os.waitpid(child.pid, os.WNOHANG | os.WUNTRACED)
print("NOT STOPPED" if pid == 0 else "STOPPED", flush=True)
os.tcsetpgrp(0, child.pid)
status = child.wait()
os.tcsetpgrp(0, os.getpgrp())
sys.exit(status)
"""
