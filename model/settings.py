"""Where a model answers, and how patient we are with it."""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit, urlunsplit

from pydantic import SecretStr

from model.errors import ModelMisconfigured
from model.prices import Prices
from model.retry import RetryPolicy

_ENDPOINTS = ("/chat/completions", "/completions", "/models")


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """What a `ModelClient` needs to know.

    Attributes:
        url: the server's address; ``/v1`` is added where it has no path.
        model: the model's name on that server.
        key: sent as a bearer token; None for servers that want none.
        prices: of tokens; None when unknown.
        in_flight: requests at a time; others wait for their turn.
        connect_seconds: until a connection stands.
        first_seconds: until the first event, which comes after queueing and reading the prompt.
        idle_seconds: between two pieces of a stream.
        answer_seconds: a whole answer may take; what streams on without an end is cut off here.
        answer_bytes: a whole answer may have on the wire.
        retry: what is tried again, and when.
        seed: of the pauses between tries.
    """

    url: str
    model: str
    key: SecretStr | None = None
    prices: Prices | None = None
    in_flight: int = 16
    connect_seconds: float = 10.0
    first_seconds: float = 600.0
    idle_seconds: float = 120.0
    answer_seconds: float = 3600.0
    answer_bytes: int = 256 * 1024 * 1024
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    seed: int | None = None


def base_url(address: str) -> str:
    """The address as requests are made to it.

    Without a scheme, one's own machine is spoken to in plain HTTP, any other over TLS. The name of
    an endpoint at the end is taken off, and ``/v1`` put on where there is no path.

    Raises:
        ModelMisconfigured: it is no HTTP address, or it carries a password or a query.
    """
    text = address.strip()
    if "://" not in text:
        text = f"{'http' if is_loopback(f'http://{text}') else 'https'}://{text}"
    parts = _split(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ModelMisconfigured(
            "the model's address is not an HTTP address", "it looks like http://127.0.0.1:8000/v1"
        )
    if parts.username or parts.password or parts.query:
        raise ModelMisconfigured(
            "the model's address must not hold a user, a password or a query",
            "a key belongs into the environment or a file",
        )
    path = parts.path.rstrip("/")
    for endpoint in _ENDPOINTS:
        path = path.removesuffix(endpoint)
    return urlunsplit((parts.scheme, parts.netloc, path or "/v1", "", ""))


def is_loopback(address: str) -> bool:
    """Whether an address is on one's own machine, where no proxy belongs in between."""
    host = _split(address).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return False
    return ip.is_loopback or ip.is_unspecified


def _split(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018  # raises for a port that is none
    except ValueError:
        raise ModelMisconfigured("the model's address is not an HTTP address") from None
    return parts
