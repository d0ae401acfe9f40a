"""Where the screen is served, and what a request must look like to be answered there.

Whoever reaches the screen can start runs and write files as the user. So a web page that the user
visits must not reach it: its address holds a secret, and a request must be made to this machine by
the name it has here (another name that leads here is DNS rebinding), and a connection from no page
but its own.
"""

import ipaddress
import secrets
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from agent.errors import WrongUse

_SECRET_BYTES = 18


@dataclass(frozen=True, slots=True)
class Address:
    """Where the screen is served.

    Attributes:
        host: that was named: a name or an IP address.
        port: never 0.
        local: whether only this machine reaches it.
        secret: the first part of every path; who does not know it is refused.
    """

    host: str
    port: int
    local: bool
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(_SECRET_BYTES), repr=False)

    @property
    def url(self) -> str:
        """What the user opens."""
        host = "127.0.0.1" if _is_any(self.host) else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/{self.secret}/"

    def knows(self, host: str) -> bool:
        """Whether a request's ``Host`` is a name of this server.

        Args:
            host: the header's value, with its port.
        """
        name, port = _split(host)
        if port != self.port:
            return False
        if name in (self.host.lower(), "localhost") or _is_loopback(name):
            return True
        if self.local:
            return False
        # No attacker can have an address or our own name lead elsewhere first.
        return _is_address(name) or name in (socket.gethostname().lower(), socket.getfqdn().lower())

    def allows(self, origin: str, host: str) -> bool:
        """Whether a connection comes from a page of this server.

        Args:
            origin: the header's value; empty where there is none.
            host: the header ``Host``.
        """
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def listen(host: str, port: int, *, others: bool) -> tuple[socket.socket, Address]:
    """Take hold of a port.

    Args:
        host: where to listen.
        port: 0 takes a free one.
        others: whether other machines may reach it.

    Raises:
        WrongUse: the host is none, or one that other machines reach and may not; the port is taken.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise WrongUse(f"there is no host {host}", "--host 127.0.0.1 is this machine") from None
    family, _, _, _, place = found[0]
    local = all(_is_loopback(str(each[4][0])) for each in found)
    if not local and not others:
        hint = "add --open-to-network if that is what you want; it is not encrypted"
        raise WrongUse(f"other machines may reach {host}", hint)
    taken = socket.socket(family, socket.SOCK_STREAM)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(place)
        taken.listen()
    except OSError as error:
        taken.close()
        reason = error.strerror or str(error)
        hint = "--port names another, --port 0 takes a free one"
        raise WrongUse(f"cannot listen on {host}, port {port}: {reason}", hint) from None
    return taken, Address(host, taken.getsockname()[1], local)


def _split(host: str) -> tuple[str, int]:
    """The name and the port of a ``Host``, which has none for port 80."""
    try:
        parts = urlsplit(f"//{host}")
        return (parts.hostname or "").lower(), parts.port or 80
    except ValueError:
        return "", 0


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(name: str) -> bool:
    return _is_address(name) and ipaddress.ip_address(name).is_loopback


def _is_any(name: str) -> bool:
    return _is_address(name) and ipaddress.ip_address(name).is_unspecified
