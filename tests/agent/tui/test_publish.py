"""Publishing from the board and from a patch, key by key, to a real checkout and a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Input, TextArea

from agent.tui.screens.patch.screen import PatchScreen
from agent.tui.screens.publish.dialog import Publish
from agent.tui.screens.publish.sending import Sending
from tests.agent.publish.handed import FIXED, change, head, prices, served, write_run
from tests.agent.sources.githubserver import GitHubServer, github_server
from tests.agent.tui.test_screens import faint, looks_like, size_name
from tests.agent.tui.watched import LARGE, SMALL, AppPilot, app_on, board, shows, text_of, until
from tests.sandboxes.repository.gitrepos import everything_in, git

TOKEN = "ghs_a0b1c2d3e4f5"


@pytest.fixture(autouse=True)
def somebody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody whom git knows, and who has a token."""
    (tmp_path / "gitconfig").write_text("[user]\n\tname = Ada L\n\temail = ada@example.org\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    for name in ("GH_HOST", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", TOKEN)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return prices(tmp_path / "prices")


@pytest.fixture
def server(tmp_path: Path, place: Path) -> Iterator[GitHubServer]:
    with github_server(tmp_path / "repositories") as running:
        running.branches = {"o/r": "trunk"}
        served(tmp_path / "repositories/o/r")
        git(place, "remote", "add", "origin", f"{running.site}/o/r")
        yield running


def resolved(out: Path, place: Path, **about: object) -> Path:
    about = {"repo": str(place), "title": "clamp is wrong", **about}
    return write_run(out, change(place), head(place), **about)  # type: ignore[arg-type]


async def dialog(pilot: AppPilot) -> Publish:
    """The dialog, once it has read the run."""
    await until(pilot, lambda: isinstance(pilot.app.screen, Publish))
    screen = pilot.app.screen
    assert isinstance(screen, Publish)
    await until(pilot, lambda: screen.query_one("#message", TextArea).text)
    return screen


async def from_board(pilot: AppPilot) -> Publish:
    table = await board(pilot)
    await until(pilot, lambda: table.current)
    await pilot.press("p")
    return await dialog(pilot)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=size_name)
async def test_the_dialog_and_what_would_be_sent(
    tmp_path: Path, place: Path, size: tuple[int, int]
) -> None:
    run = resolved(tmp_path / "runs", place)
    async with app_on(tmp_path / "runs", run).run_test(size=size) as pilot:
        await shows(pilot, "resolved")
        await pilot.press("P")
        await shows(pilot, "+     if value > high:")
        await pilot.press("p")
        screen = await dialog(pilot)
        screen.query_one("#checkout", Input).value = "../prices"
        await pilot.pause()
        await looks_like(pilot, "publish", tmp_path)
        text = text_of(pilot)
        assert all(each in text for each in ("Commit", "Pull request", "Esc leave it"))
        pilot.app.push_screen(Sending([f"line {number}" for number in range(100)]))
        await looks_like(pilot, "publish-sending", tmp_path)
        await pilot.press("end")
        await shows(pilot, "line 99")


@pytest.mark.parametrize("theme", ["foretrace-dark", "foretrace-light"])
async def test_every_sign_can_be_read(tmp_path: Path, place: Path, theme: str) -> None:
    resolved(tmp_path / "runs", place)
    async with app_on(tmp_path / "runs").run_test(size=LARGE, notifications=True) as pilot:
        pilot.app.theme = theme
        await from_board(pilot)
        await until(pilot, lambda: not faint(pilot))
        await pilot.press("ctrl+r")
        await shows(pilot, "git@HOST:OWNER/REPO")
        await until(pilot, lambda: not faint(pilot))
        pilot.app.push_screen(Sending(["push     a"]))
        await shows(pilot, "push     a")
        await until(pilot, lambda: not faint(pilot))


async def test_a_commit_is_made_and_the_checkout_stays_as_it_is(
    tmp_path: Path, place: Path
) -> None:
    resolved(tmp_path / "runs", place)
    (place / "prices.py").write_text("half done\n")
    before = everything_in(place)
    async with app_on(tmp_path / "runs").run_test(size=SMALL, notifications=True) as pilot:
        screen = await from_board(pilot)
        assert screen.query_one("#checkout", Input).value == str(place)
        screen.query_one("#branch", Input).value = "fix/clamp"
        area = screen.query_one("#message", TextArea)
        area.text = "In my words\n\nMore of them.\n"
        await pilot.press("ctrl+s")
        await shows(pilot, "on the branch fix/clamp; no file has changed")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, Publish))
    assert git(place, "log", "-1", "--format=%an: %B", "fix/clamp") == (
        "Ada L: In my words\n\nMore of them."
    )
    assert git(place, "show", "fix/clamp:prices.py") == FIXED.strip()
    after = everything_in(place)
    assert {name: after[name] for name in before} == before


async def test_a_pull_request_is_sent_for_y_alone(
    tmp_path: Path, place: Path, server: GitHubServer
) -> None:
    resolved(tmp_path / "runs", place, url=f"{server.site}/o/r/issues/7")
    async with app_on(tmp_path / "runs").run_test(size=LARGE, notifications=True) as pilot:
        await from_board(pilot)
        for keys in (["n"], ["escape"], ["enter", "space", "n"]):
            await pilot.press("ctrl+r")
            await until(pilot, lambda: isinstance(pilot.app.screen, Sending))
            await pilot.press(*keys)
            await until(pilot, lambda: isinstance(pilot.app.screen, Publish))
            await shows(pilot, "nothing was sent")
        assert server.sent == []
        await pilot.click("#pull-request")
        await until(pilot, lambda: isinstance(pilot.app.screen, Sending))
        await shows(
            pilot,
            f"to       {server.site}/o/r",
            "into     o/r on 127.0.0.1, branch trunk",
            "title    clamp is wrong",
            "prices.py | 2 +-",
        )
        assert TOKEN not in text_of(pilot)
        await pilot.press("y")
        await shows(pilot, f"pull request 1: {server.site}/o/r/pull/1")
    assert server.sent[0][2]["head"] == "foretrace/clamp"
    assert server.sent[0][2]["draft"] is True
    assert git(place, "branch", "--list", "foretrace/*") == "foretrace/clamp"


async def test_what_is_wrong_is_said_in_the_dialog(tmp_path: Path, place: Path) -> None:
    resolved(tmp_path / "runs", place, title="[bold]clamp[/] \x1b[31m")
    async with app_on(tmp_path / "runs").run_test(size=LARGE, notifications=True) as pilot:
        screen = await from_board(pilot)
        assert screen.query_one("#message", TextArea).text.startswith("[bold]clamp[/] \\x1b[31m")
        branch, checkout = (screen.query_one(f"#{each}", Input) for each in ("branch", "checkout"))
        branch.value = "trunk"
        await pilot.click("#commit")
        await shows(pilot, "there is a branch trunk already")
        branch.value = ""
        checkout.value = str(tmp_path / "gone")
        await pilot.press("ctrl+s")
        await shows(pilot, "there is no folder")
        checkout.value = str(place)
        screen.query_one("#message", TextArea).text = " "
        await pilot.press("ctrl+s")
        await shows(pilot, "the message is empty")
        screen.query_one("#message", TextArea).text = "fine"
        await pilot.press("ctrl+r")
        await shows(pilot, "git@HOST:OWNER/REPO")
    assert git(place, "log", "-1", "--format=%B", "foretrace/clamp") == "fine"


async def test_what_is_not_verified_needs_one_more_word(tmp_path: Path, place: Path) -> None:
    patch, base, repo = change(place), head(place), str(place)
    folder = write_run(tmp_path / "runs", patch, base, status="unresolved", repo=repo)
    async with app_on(tmp_path / "runs").run_test(size=SMALL, notifications=True) as pilot:
        await board(pilot)
        await shows(pilot, "unresolved")
        await pilot.press("p")
        await shows(pilot, "only a resolved run can be published")
        await pilot.press("P")
        await until(pilot, lambda: isinstance(pilot.app.screen, PatchScreen))
        await shows(pilot, "p Publish")
        await pilot.press("p")
        screen = await dialog(pilot)
        await shows(pilot, "✗ not verified: test_above still fails", "[leave it]")
        await pilot.press("ctrl+s")
        await shows(pilot, "the patch is not verified")
        screen.query_one("#anyway").focus()
        await pilot.press("right", "ctrl+s")
        await shows(pilot, "on the branch foretrace/clamp")
    assert folder.is_dir()
    assert "It is NOT verified" in git(place, "log", "-1", "--format=%B", "foretrace/clamp")
