"""A real browser without a window, and a user who reads its page and types.

Chromium is spoken to in its own debugging protocol.
"""

import asyncio
import base64
import contextlib
import itertools
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
WITHOUT = "there is no chromium; apt-get install chromium"

_PATIENCE_SECONDS = 90.0
_FLAGS = (
    "--headless",
    "--no-sandbox",  # tests run as root
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-sync",
    "--enable-unsafe-swiftshader",
    "--no-first-run",
    "--remote-debugging-port=0",
)
# The page's terminal keeps itself to itself; this is how a test gets to read it.
_KEEP_TERMINAL = """
Object.defineProperty(Object.prototype, "terminal", {
  configurable: true,
  set(value) {
    if (value && value.buffer) window.shownTerminal = value;
    Object.defineProperty(this, "terminal", {value, writable: true, configurable: true});
  },
});
"""
_READ = """
(() => {
  const shown = window.shownTerminal, lines = [];
  for (let y = 0; shown && y < shown.rows; y++)
    lines.push(shown.buffer.active.getLine(y).translateToString(true));
  return lines.join("\\n");
})()
"""
_KEYS = {"Enter": ("Enter", 13, "\r"), "Escape": ("Escape", 27, ""), "Tab": ("Tab", 9, "")}
_KEYS |= {"Right": ("ArrowRight", 39, ""), "Down": ("ArrowDown", 40, ""), "Up": ("ArrowUp", 38, "")}
_CTRL = 2

Answer = dict[str, object]


class Tab:
    """One page. Everything it asks for is written down.

    Attributes:
        asked: addresses of requests and connections.
        trouble: what the page's console complained about.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.asked: list[str] = []
        self.trouble: list[str] = []
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Answer]] = {}

    async def listen(self) -> None:
        """Hear what the browser says, until it says no more."""
        async for message in self._socket:
            said = message.json()
            if "id" in said:
                self._waiting.pop(said["id"]).set_result(said)
            else:
                self._note(said["method"], said["params"])

    def _note(self, method: str, about: dict[str, dict[str, str]]) -> None:
        match method:
            case "Network.requestWillBeSent":
                self.asked.append(about["request"]["url"])
            case "Network.webSocketCreated":
                self.asked.append(str(about["url"]))
            case "Runtime.exceptionThrown":
                self.trouble.append(str(about["exceptionDetails"]))
            case "Log.entryAdded" if about["entry"]["level"] == "error":
                self.trouble.append(about["entry"]["text"])

    async def do(self, method: str, **parameters: object) -> dict[str, object]:
        """Have the browser do something; returns its result."""
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        said = await asyncio.wait_for(answer, _PATIENCE_SECONDS)
        assert "error" not in said, said
        result = said["result"]
        assert isinstance(result, dict)
        return result

    async def open(self, url: str) -> None:
        """Go to an address."""
        for domain in ("Network", "Page", "Runtime", "Log"):
            await self.do(f"{domain}.enable")
        await self.do("Page.addScriptToEvaluateOnNewDocument", source=_KEEP_TERMINAL)
        await self.do("Page.navigate", url=url)

    async def evaluate(self, expression: str) -> object:
        """What an expression of JavaScript is; a promise is waited for."""
        result = await self.do(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in result, result
        value = result["result"]
        assert isinstance(value, dict)
        return value.get("value")

    async def comes_true(self, expression: str) -> None:
        """Wait for an expression of JavaScript."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not await self.evaluate(expression):
            assert time.monotonic() < deadline, f"{expression} does not come true: {self.trouble}"
            await asyncio.sleep(0.1)

    async def text(self) -> str:
        """What the terminal on the page shows."""
        return str(await self.evaluate(_READ))

    async def shows(self, *texts: str) -> str:
        """Wait until the terminal shows texts; returns all that it shows."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        shown = await self.text()
        while missing := [each for each in texts if each not in shown]:
            late = time.monotonic() > deadline
            assert not late, f"{missing} do not appear:\n{shown}\n{self.trouble}"
            await asyncio.sleep(0.1)
            shown = await self.text()
        return shown

    async def type(self, text: str) -> None:
        """Type letters."""
        for letter in text:
            await self.do("Input.dispatchKeyEvent", type="char", text=letter)

    async def press(self, *names: str) -> None:
        """Press keys that are no letters; ``^x`` is Ctrl and x."""
        for name in names:
            if name.startswith("^"):
                code, text, held = ord(name[1].upper()), "", _CTRL
                key = name[1]
            else:
                (key, code, text), held = _KEYS[name], 0
            about = {"key": key, "windowsVirtualKeyCode": code, "modifiers": held}
            kind = "keyDown" if text else "rawKeyDown"
            await self.do("Input.dispatchKeyEvent", type=kind, text=text, **about)
            await self.do("Input.dispatchKeyEvent", type="keyUp", **about)

    async def screenshot(self) -> bytes:
        """The page as a PNG picture."""
        return base64.b64decode(str((await self.do("Page.captureScreenshot"))["data"]))

    def hosts(self) -> set[str | None]:
        """Of everything that was asked for over a network."""
        parts = [urlsplit(url) for url in self.asked]
        return {part.hostname for part in parts if part.scheme not in ("data", "about")}


@asynccontextmanager
async def browser(folder: Path, size: tuple[int, int] = (1600, 900)) -> AsyncIterator[Tab]:
    """A browser with one empty tab.

    Args:
        folder: for the browser's profile.
        size: of the window, in pixels.
    """
    assert CHROMIUM is not None
    width, height = size
    flags = (*_FLAGS, f"--user-data-dir={folder}", f"--window-size={width},{height}")
    process = await asyncio.create_subprocess_exec(
        CHROMIUM,
        *flags,
        "about:blank",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        port = await _port(folder / "DevToolsActivePort")
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as response:
                pages = [each for each in await response.json() if each["type"] == "page"]
            where = pages[0]["webSocketDebuggerUrl"]
            async with session.ws_connect(where, max_msg_size=0) as socket:
                tab = Tab(socket)
                listening = asyncio.create_task(tab.listen())
                yield tab
                listening.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await listening
    finally:
        process.terminate()
        await process.wait()


async def _port(path: Path) -> str:
    """Where the browser listens, once it has said so."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not (said := _said(path)):
        assert time.monotonic() < deadline, "the browser does not start"
        await asyncio.sleep(0.05)
    return said[0]


def _said(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []
