"""The whole of it in a real browser: an issue is added, assigned, watched, its patch opened.

``FORETRACE_KEEP_SCREENSHOTS=FOLDER`` keeps what the browser showed in the end.
"""

import asyncio
import os
import struct
from pathlib import Path

import pytest

from tests.agent.conftest import CommandLine
from tests.agent.scriptedmodel import prices_repository, until
from tests.agent.scriptedmodel import serving as model_serving
from tests.agent.tui.listed import TITLE, Held, listed_issue, use
from tests.agent.tui.samples import beginning, ending, issue, work, write_run
from tests.agent.tui.web.browser import CHROMIUM, WITHOUT, browser
from tests.agent.tui.web.serving import serving

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=WITHOUT)


def pixels(picture: bytes) -> tuple[int, int]:
    """Width and height of a PNG picture."""
    assert picture.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


@pytest.mark.engine
async def test_from_an_issue_to_its_patch(
    foretrace: CommandLine, tmp_path: Path, engine: object
) -> None:
    listed = listed_issue(tmp_path, prices_repository(tmp_path / "prices"))
    held = Held()
    with model_serving(*held.resolution()) as model:
        use(model, foretrace)
        with serving(foretrace) as served:
            async with browser(tmp_path / "profile") as tab:
                await tab.open(served.url)
                await tab.shows("Nothing here yet.")
                await tab.type("n")
                await tab.shows("Add issues", "Repository")
                await tab.type(str(listed))
                await tab.press("Enter")
                await tab.shows("· new", TITLE)
                await tab.type("a")
                await tab.shows("Work on", "Policy")
                await tab.press("Enter")
                await tab.shows("▸ working")
                await tab.press("Enter")
                await tab.shows("scripted", "▸ working", "p Pause")
                held.let_go()
                await tab.shows("the patch resolves", "+    if value > high:")
                await tab.type("P")
                await tab.shows("n Next hunk", "prices.py", "if value > high:")
                picture = await tab.screenshot()
                assert tab.trouble == []
                assert tab.hosts() == {"127.0.0.1"}
    assert pixels(picture)[0] == 1600
    if folder := os.environ.get("FORETRACE_KEEP_SCREENSHOTS"):
        await asyncio.to_thread((Path(folder) / "browser.png").write_bytes, picture)
    assert len(list(foretrace.runs.glob("*/patch.diff"))) == 1


async def test_a_closed_screen_is_opened_again_and_no_process_stays(
    foretrace: CommandLine, tmp_path: Path
) -> None:
    events = [*beginning(issue()), *work(), *ending()]
    folder = write_run(foretrace.runs, issue(), events, name="20260101-a")
    with serving(foretrace, str(folder)) as served:
        async with browser(tmp_path / "profile") as tab:
            await tab.open(served.url)
            await tab.shows("the patch resolves")
            await asyncio.to_thread(until, lambda: len(served.screens()) == 1)
            await tab.press("^q")
            await asyncio.to_thread(until, lambda: not served.screens())
            await tab.comes_true(
                "getComputedStyle(document.querySelector('.left')).display == 'flex'"
            )
            await tab.evaluate("document.querySelector('#again').click()")
            await asyncio.to_thread(until, lambda: len(served.screens()) == 1)
            await tab.shows("the patch resolves")
        # The browser is gone, and with it its screen.
        await asyncio.to_thread(until, lambda: not served.screens())


async def test_a_screen_that_cannot_open_says_so(foretrace: CommandLine, tmp_path: Path) -> None:
    with serving(foretrace) as served:
        (foretrace.folder / "foretrace.toml").write_text("nonsense")
        async with browser(tmp_path / "profile") as tab:
            await tab.open(served.url)
            await tab.comes_true("document.body?.classList.contains('-closed')")
    assert "foretrace.toml" in (foretrace.runs / "started" / "web.log").read_text()


async def test_other_pages_do_not_reach_it(foretrace: CommandLine, tmp_path: Path) -> None:
    with serving(foretrace) as served, serving(foretrace) as other:
        connect = f"""new Promise(told => {{
            const socket = new WebSocket("{served.url.replace("http", "ws")}ws");
            socket.onopen = () => told("open");
            socket.onerror = () => told("refused");
        }})"""
        read = f"fetch('{served.url}').then(a => a.text()).catch(() => 'refused')"
        async with browser(tmp_path / "profile") as tab:
            await tab.open(served.url)
            await tab.shows("Nothing here yet.")
            assert await tab.evaluate(connect) == "open"
            # Another page on this machine, without a policy of its own that would forbid it.
            await tab.do("Page.setBypassCSP", enabled=True)
            await tab.do("Page.navigate", url=other.url)
            await tab.shows("Nothing here yet.")
            assert await tab.evaluate("location.href") == other.url
            assert await tab.evaluate(connect) == "refused"
            assert await tab.evaluate(read) == "refused"
