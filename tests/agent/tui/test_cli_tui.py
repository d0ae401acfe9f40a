"""The command: needs a terminal, opens on one, leaves when told to."""

import sys
from pathlib import Path

import pytest

from tests.agent.conftest import CommandLine
from tests.agent.ptys import OnTerminal
from tests.agent.tui.samples import beginning, ending, issue, work, write_run


@pytest.mark.parametrize("arguments", [(), ("tui",), ("tui", "--out", "elsewhere")])
def test_without_a_terminal_it_says_so(foretrace: CommandLine, arguments: tuple[str, ...]) -> None:
    ended = foretrace(*arguments)
    assert ended.status == 2
    assert ended.err.startswith("foretrace: the UI needs a terminal\n")
    assert ended.out == ""


@pytest.mark.parametrize("arguments", [(), ("tui", "--out", "runs")])
def test_on_a_terminal_it_opens_the_board_and_q_leaves(
    foretrace: CommandLine, arguments: tuple[str, ...]
) -> None:
    write_run(foretrace.runs, issue(), [*beginning(issue()), *work(), *ending()], name="20260101-a")
    command = [sys.executable, "-m", "agent.cli", *arguments]
    with OnTerminal(command, folder=foretrace.folder) as screen:
        screen.wait_for("resolved")
        screen.press("q")
        assert screen.end() == 0
    assert b"\x1b[?1049l" in screen.raw  # the terminal is as it was


def test_a_run_can_be_named(foretrace: CommandLine, tmp_path: Path) -> None:
    events = [*beginning(issue()), *work(), *ending()]
    folder = write_run(foretrace.runs, issue(), events, name="20260101-a")
    command = [sys.executable, "-m", "agent.cli", "tui", str(folder)]
    with OnTerminal(command, folder=foretrace.folder) as screen:
        screen.wait_for("patch resolves")
        screen.press("\x11")
        assert screen.end() == 0
    with OnTerminal([*command[:-1], "nowhere"], folder=foretrace.folder) as screen:
        screen.wait_for("there is no run in nowhere")
        assert screen.end() == 2
