"""Which requests are answered: those that name this machine, from its own page."""

import socket
from collections.abc import Iterator

import pytest

from agent.errors import WrongUse
from agent.tui.web.address import Address, listen

HERE = Address("127.0.0.1", 8765, local=True)
OPEN = Address("0.0.0.0", 8765, local=False)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8765", "localhost:8765", "LOCALHOST:8765", "[::1]:8765"]
)
def test_names_of_this_machine_are_known(host: str) -> None:
    assert HERE.knows(host)
    assert OPEN.knows(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "127.0.0.1",
        "127.0.0.1:8766",
        "evil.example:8765",
        "127.0.0.1.evil.example:8765",
        "localhost.evil.example:8765",
        "evil.example:8765@127.0.0.1",
        "127.0.0.1:x",
        "[::1",
    ],
)
def test_other_names_are_not(host: str) -> None:
    assert not HERE.knows(host)
    assert not OPEN.knows(host)


def test_only_an_open_one_is_known_by_other_addresses() -> None:
    for host in ("10.1.2.3:8765", f"{socket.gethostname()}:8765"):
        assert OPEN.knows(host)
        assert not HERE.knows(host)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://127.0.0.1:8765", True),
        ("https://127.0.0.1:8765", True),  # behind something that encrypts
        ("http://127.0.0.1:9000", False),
        ("http://localhost:8765", False),
        ("http://evil.example", False),
        ("file://127.0.0.1:8765", False),
        ("null", False),
        ("", False),
    ],
)
def test_a_connection_comes_from_the_page_itself(origin: str, allowed: bool) -> None:
    assert HERE.allows(origin, "127.0.0.1:8765") == allowed


def test_the_address_holds_a_secret_that_its_picture_does_not() -> None:
    one, other = Address("::1", 1, local=True), Address("::1", 1, local=True)
    assert one.url == f"http://[::1]:1/{one.secret}/"
    assert len(one.secret) >= 24
    assert one.secret != other.secret
    assert one.secret not in repr(one)
    assert OPEN.url.startswith("http://127.0.0.1:8765/")  # 0.0.0.0 is no place to go to


def test_a_free_port_is_taken_where_none_is_named() -> None:
    listening, address = listen("localhost", 0, others=False)
    with listening:
        assert address.local
        assert address.port == listening.getsockname()[1] != 0


def test_a_port_in_use_is_refused(taken: int) -> None:
    with pytest.raises(WrongUse, match=f"cannot listen on 127.0.0.1, port {taken}: Address"):
        listen("127.0.0.1", taken, others=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_a_host_that_others_reach_must_be_meant(host: str) -> None:
    with pytest.raises(WrongUse, match=f"other machines may reach {host}") as refused:
        listen(host, 0, others=False)
    assert "--open-to-network" in refused.value.hint


def test_a_host_that_is_none_is_refused() -> None:
    for host in ("no such host", "nowhere.invalid", "a" * 300, "a..b"):
        with pytest.raises(WrongUse, match="there is no host"):
            listen(host, 0, others=False)


def test_an_open_one_listens_everywhere() -> None:
    listening, address = listen("0.0.0.0", 0, others=True)
    with listening:
        assert not address.local
        assert listening.getsockname()[0] == "0.0.0.0"
