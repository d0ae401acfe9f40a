"""Whole stories in a real terminal: `foretrace` in an empty folder, until there is a patch.

The program, the engine, the sandbox and the runs are real; the model is a script behind real HTTP.
"""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.tui.runs import Row, RunStore
from tests.agent.conftest import CommandLine, Project
from tests.agent.scriptedmodel import prices_repository, serving, until
from tests.agent.tui.listed import TITLE, Held, listed_issue, use
from tests.agent.tui.tmux import TMUX, WITHOUT, Terminal, terminal

pytestmark = [pytest.mark.engine, pytest.mark.skipif(TMUX is None, reason=WITHOUT)]


@pytest.fixture
def held(foretrace: CommandLine, engine: object) -> Iterator[Held]:
    """A model that everything started here takes."""
    held = Held()
    with serving(*held.resolution()) as model:
        use(model, foretrace)
        yield held
        held.let_go()


@pytest.fixture
def prices(tmp_path: Path) -> Project:
    return prices_repository(tmp_path / "prices")


def assigned(screen: Terminal, listed: Path) -> None:
    """Add the issue of a list and assign it, on an empty board."""
    screen.shows("Nothing here yet.", "n Add")
    screen.type("n")
    screen.shows("Add issues", "Repository")
    screen.type(str(listed))
    screen.press("Enter")
    screen.shows("· new", TITLE[:20])
    screen.type("a")
    screen.shows("Work on", "Policy")
    screen.press("Enter")
    screen.shows("▸ working")


def row(foretrace: CommandLine) -> Row:
    """The one run there is."""
    (found,) = RunStore(foretrace.runs).look()
    return found


def ended(foretrace: CommandLine) -> None:
    """Wait for the end of the one run."""
    until(lambda: not row(foretrace).live)
    folder = row(foretrace).folder
    assert folder is not None
    assert (folder / "result.json").exists()


def test_from_an_empty_folder_to_the_patch(
    foretrace: CommandLine, held: Held, prices: Project, tmp_path: Path
) -> None:
    listed = listed_issue(tmp_path, prices)
    with terminal(folder=foretrace.folder, environment=foretrace.environment) as screen:
        assigned(screen, listed)
        screen.press("Enter")
        screen.shows("▸ working", "Pause", "Help")
        held.let_go()
        screen.shows("✓ resolved", "the patch resolves")
        screen.type("P")
        shown = screen.shows("prices.py", "if value > high:")
        assert max(map(len, shown.splitlines())) <= 80
        screen.type("s")
        screen.shows("saved as")
        screen.press("Escape")
        screen.shows("the patch resolves")
        screen.press("Escape")
        screen.shows("✓ resolved", "2/2 fixed", "q Leave")
        screen.type("q")
        assert screen.status() == 0
    (saved,) = foretrace.folder.glob("*.diff")
    prices.git("apply", str(saved))
    assert "    if value > high:" in (prices.path / "prices.py").read_text()


def test_a_run_goes_on_without_the_screen_and_is_found_again(
    foretrace: CommandLine, held: Held, prices: Project, tmp_path: Path
) -> None:
    where = {"folder": foretrace.folder, "environment": foretrace.environment}
    with terminal(**where) as screen:
        assigned(screen, listed_issue(tmp_path, prices))
        screen.type("q")
        assert screen.status() == 0
    assert row(foretrace).live
    with terminal(**where) as screen:
        screen.shows("▸ working", "1 running")
        held.let_go()
        screen.shows("✓ resolved", "2/2 fixed")
        screen.press("Enter")
        screen.shows("the patch resolves")
    ended(foretrace)


def test_a_killed_screen_loses_nothing(
    foretrace: CommandLine, held: Held, prices: Project, tmp_path: Path
) -> None:
    where = {"folder": foretrace.folder, "environment": foretrace.environment}
    with terminal(**where) as screen:
        assigned(screen, listed_issue(tmp_path, prices))
        screen.type("n")
        screen.shows("Add issues")
        os.kill(screen.pid, signal.SIGKILL)
    assert row(foretrace).live
    held.let_go()
    ended(foretrace)
    with terminal(**where) as screen:
        screen.shows("✓ resolved", "2/2 fixed", TITLE[:20])
        assert screen.text().count(TITLE[:20]) == 2  # its row, and what is said below


def test_a_closed_terminal_does_not_take_the_run_with_it(
    foretrace: CommandLine, held: Held, prices: Project, tmp_path: Path
) -> None:
    with terminal(folder=foretrace.folder, environment=foretrace.environment) as screen:
        assigned(screen, listed_issue(tmp_path, prices))
    assert row(foretrace).live
    held.let_go()
    ended(foretrace)
    assert row(foretrace).state == "resolved"


def test_a_window_that_changes_its_size_is_filled(
    foretrace: CommandLine, held: Held, prices: Project, tmp_path: Path
) -> None:
    with terminal(folder=foretrace.folder, environment=foretrace.environment) as screen:
        assigned(screen, listed_issue(tmp_path, prices))
        for width, height in ((200, 60), (40, 10), (80, 24)):
            screen.resize(width, height)
            time.sleep(0.2)
            screen.shows("▸ working")
            assert max(map(len, screen.text().splitlines())) <= width
        screen.press("Enter")
        screen.shows("▸ working", "Pause")
        held.let_go()
        screen.shows("the patch resolves")
