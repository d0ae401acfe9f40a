"""The web server: one page, and behind every tab that shows it a screen of its own."""

import asyncio
import contextlib
import html
import logging
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from socket import socket
from string import Template

import textual_serve
from aiohttp import web
from aiohttp.typedefs import Handler

from agent.tui.web.address import Address
from agent.tui.web.connection import Screens

_STATICS = Path(textual_serve.__file__).parent / "static"
_PAGES = resources.files("agent.tui.web") / "page"
_FROM_HERE_ONLY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; img-src 'self' data:;"
    " style-src 'self' 'unsafe-inline'; font-src 'self'; connect-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_REFUSED = "Open the address that foretrace printed: it has a secret in it.\n"
_LAST_SECONDS = 5.0
"""For the screens to end once the server is told to."""


class ScreenServer:
    """Serves one command that shows a terminal UI."""

    def __init__(self, words: Sequence[str], address: Address, log: Path) -> None:
        """Args: words: the command. address: where it is served. log: for what goes wrong."""
        self._address = address
        self._log = log
        self._screens = Screens(words, log)

    async def serve_until_cancelled(self, listening: socket) -> None:
        """Serve; once cancelled, every tab's process is told to end first."""
        for name in ("textual-serve", "aiohttp"):
            # A browser's mistakes are nothing that the terminal has to hear of.
            logging.getLogger(name).addHandler(logging.FileHandler(self._log, delay=True))
            logging.getLogger(name).propagate = False
        runner = web.AppRunner(self.application(), access_log=None, shutdown_timeout=_LAST_SECONDS)
        await runner.setup()
        try:
            await web.SockSite(runner, listening).start()
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    def application(self) -> web.Application:
        """What answers requests."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._guarded(request, handler)

        secret = f"/{self._address.secret}"
        app = web.Application(middlewares=[guard])
        app.add_routes(
            [
                web.get(f"{secret}/", self._page),
                web.get(f"{secret}/page.js", self._script),
                web.get(f"{secret}/ws", self._screens.connect),
                web.static("/static", _STATICS),
            ]
        )
        app.on_shutdown.append(self._screens.close)
        return app

    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        host, origin = request.headers.get("Host", ""), request.headers.get("Origin", "")
        connects = "upgrade" in request.headers.get("Connection", "").lower()
        foreign = (origin or connects) and not self._address.allows(origin, host)
        response: web.StreamResponse = web.Response(status=403, text=_REFUSED)
        if self._address.knows(host) and not foreign:
            # What is not there is refused as a wrong secret is: nobody learns what there is.
            with contextlib.suppress(web.HTTPNotFound):
                response = await handler(request)
        if not response.prepared:
            response.headers.update(_FROM_HERE_ONLY)
        return response

    async def _page(self, request: web.Request) -> web.Response:
        # Named as the browser names us, or the connection would be to another host.
        where = f"ws://{request.host}/{self._address.secret}/ws"
        page = Template(_read("index.html")).substitute(websocket=html.escape(where))
        return web.Response(text=page, content_type="text/html")

    async def _script(self, request: web.Request) -> web.Response:
        return web.Response(text=_read("page.js"), content_type="text/javascript")


def _read(name: str) -> str:
    return (_PAGES / name).read_text(encoding="utf-8")
