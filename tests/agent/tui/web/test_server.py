"""The server lets in who knows its address, and no page of another's."""

import json
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.agent.conftest import CommandLine
from tests.agent.tui.web.serving import Served, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("served")
    with serving(CommandLine(folder)) as served:
        yield served


async def status(served: Served, path: str, **headers: str) -> int:
    url = f"http://127.0.0.1:{served.port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        assert "Foretrace</title>" not in await response.text() or response.status == 200
        return response.status


async def connected(served: Served, path: str, **headers: str) -> int:
    """The status of an attempt to connect a screen; 101 for success."""
    url = f"http://127.0.0.1:{served.port}{path}"
    async with aiohttp.ClientSession() as session:
        try:
            async with session.ws_connect(url, headers=headers):
                return 101
        except aiohttp.WSServerHandshakeError as refused:
            return refused.status


async def test_the_page_loads_nothing_from_elsewhere(served: Served) -> None:
    async with aiohttp.ClientSession() as session, session.get(served.url) as response:
        page = await response.text()
        policy = response.headers["Content-Security-Policy"]
    assert response.status == 200
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in page.replace('src="', "").lower()
    assert page.count("://") == 1  # the connection
    assert f"ws://127.0.0.1:{served.port}{served.path}ws" in page


async def test_without_the_secret_nothing_is_shown(served: Served) -> None:
    for path in ("/", "/ws", "/x/", "/x/ws", served.path[:-2], f"{served.path[:-2]}/ws"):
        assert await status(served, path) == 403
    assert await connected(served, "/ws", Origin=f"http://127.0.0.1:{served.port}") == 403
    assert await status(served, served.path) == 200
    assert await status(served, "/static/") in (403, 404)


async def test_by_another_name_it_does_not_answer(served: Served) -> None:
    rebound = f"evil.example:{served.port}"
    own = {"Host": rebound, "Origin": f"http://{rebound}"}
    assert await status(served, served.path, Host=rebound) == 403
    assert await status(served, "/static/js/textual.js", Host=rebound) == 403
    assert await connected(served, f"{served.path}ws", **own) == 403


async def test_a_page_of_another_cannot_connect(served: Served) -> None:
    place = f"{served.path}ws"
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{served.port + 1}"):
        assert await connected(served, place, Origin=origin) == 403
    assert await connected(served, place) == 403
    assert await status(served, served.path, Origin="http://evil.example") == 403


async def test_what_a_connection_says_amiss_ends_it_alone(served: Served) -> None:
    url = f"http://127.0.0.1:{served.port}{served.path}ws"
    origin = {"Origin": f"http://127.0.0.1:{served.port}"}
    async with aiohttp.ClientSession() as session:
        for words in ("{", "[]", "5", json.dumps(["resize", {}]), json.dumps(["stdin", 5])):
            async with session.ws_connect(url, headers=origin) as socket:
                await socket.send_str(words)
                while (await socket.receive()).type is aiohttp.WSMsgType.BINARY:
                    pass
                assert socket.closed
        async with session.ws_connect(url, headers=origin) as socket:
            seen = b""
            while b"Nothing here yet." not in seen:
                message = await socket.receive()
                seen += message.data if message.type is aiohttp.WSMsgType.BINARY else b""
                assert not socket.closed, seen
