"""A tab and the process whose screen it shows, joined until one of them leaves.

textual-serve speaks with the process in Textual's own protocol; what a tab says is read here.
"""

import asyncio
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from aiohttp import WSCloseCode, web
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

_SMALL = (80, 24)
_ALIVE_SECONDS = 15.0

_Cells = Annotated[int, Field(ge=1, le=1000)]


class _Size(BaseModel):
    width: _Cells
    height: _Cells


_Said = (
    tuple[Literal["stdin"], str]
    | tuple[Literal["resize"], _Size]
    | tuple[Literal["ping"], str]
    | tuple[Literal["focus", "blur"]]
)
_SAID: TypeAdapter[_Said] = TypeAdapter(_Said)


class _Screen(AppService):
    """A process with a screen; the tab hears of its end, however it comes."""

    async def run(self) -> None:
        await super().run()
        await self.remote_close()


class Screens:
    """The screens that are open, one process each."""

    def __init__(self, words: Sequence[str], log: Path) -> None:
        """Args: words: the command of a screen. log: for what it says beside its screen."""
        # What it says there would otherwise reach our terminal as it is.
        self._command = f"exec {shlex.join(words)} 2>> {shlex.quote(str(log))}"
        self._downloads = DownloadManager()
        self._open: set[web.WebSocketResponse] = set()

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """Show a screen in a tab until either ends; runs go on."""
        socket = web.WebSocketResponse(heartbeat=_ALIVE_SECONDS)
        await socket.prepare(request)
        screen = _Screen(
            self._command,
            write_bytes=socket.send_bytes,
            write_str=socket.send_str,
            close=lambda: _close(socket),
            download_manager=self._downloads,
        )
        self._open.add(socket)
        try:
            await screen.start(*_size_asked(request))
            await _hear(socket, screen)
        finally:
            self._open.discard(socket)
            await asyncio.shield(screen.stop())
        return socket

    async def close(self, app: web.Application) -> None:
        """Close every tab's connection, which ends its process."""
        closing = (socket.close(code=WSCloseCode.GOING_AWAY) for socket in list(self._open))
        await asyncio.gather(*closing)


async def _hear(socket: web.WebSocketResponse, screen: AppService) -> None:
    """Hand on what the tab says, until it leaves or speaks nonsense."""
    async for message in socket:
        try:
            said = _SAID.validate_json(message.data)
        except ValidationError:
            await socket.close(code=WSCloseCode.UNSUPPORTED_DATA)
            return
        if said[0] == "stdin":
            await screen.send_bytes(said[1].encode("utf-8", "replace"))
        elif said[0] == "resize":
            await screen.set_terminal_size(said[1].width, said[1].height)
        elif said[0] == "ping":
            await socket.send_json(["pong", said[1]])
        elif said[0] == "focus":
            await screen.focus()
        else:
            await screen.blur()


async def _close(socket: web.WebSocketResponse) -> None:
    await socket.close()


def _size_asked(request: web.Request) -> tuple[int, int]:
    """The size that the tab has room for; it says so again when that changes."""
    try:
        size = _Size.model_validate(dict(request.query))
    except ValidationError:
        return _SMALL
    return size.width, size.height
