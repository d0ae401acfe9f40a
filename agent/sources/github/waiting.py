"""How long to wait before GitHub is asked again: rate limits, and servers that stumble.

GitHub says how long in one of three ways: ``Retry-After``; no requests left until
``X-RateLimit-Reset``; or only that a secondary limit was hit, which means a minute at least.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from agent.errors import SourceUnavailable
from agent.sources.source import Progress

_MINUTE = 60.0


@dataclass(slots=True)
class Patience:
    """What is left of the time we wait for an answer.

    Attributes:
        host: who is waited for, as the user knows it.
        progress: gets a line before each wait.
        seconds: what rate limits may take, all together.
        pauses: before each new try after a failure of the server or the connection, in seconds.
    """

    host: str
    progress: Progress
    seconds: float = 15 * _MINUTE
    pauses: tuple[float, ...] = (1, 2, 4)
    _failures: int = field(default=0, init=False)

    def limited(self, seconds: float, hint: str) -> None:
        """Wait for a rate limit to end.

        Raises:
            SourceUnavailable: that would take longer than we wait.
        """
        if seconds > self.seconds:
            raise SourceUnavailable(f"{self.host} wants us to wait for {_human(seconds)}", hint)
        self.seconds -= seconds
        self.progress(f"rate limit of {self.host}: waiting {_human(seconds)} (Ctrl-C stops)")
        time.sleep(seconds)

    def failed(self, what: str, hint: str = "") -> None:
        """Wait after a failure that may pass.

        Raises:
            SourceUnavailable: it was tried often enough.
        """
        if self._failures >= len(self.pauses):
            raise SourceUnavailable(what, hint)
        pause = self.pauses[self._failures]
        self._failures += 1
        self.progress(f"{what}: trying again in {_human(pause)}")
        time.sleep(pause)


def wait_asked(status: int, headers: Mapping[str, str], message: str) -> float | None:
    """The seconds that an answer asks us to wait; None when it is no rate limit.

    Args:
        status: of the answer.
        headers: of the answer, their names in lower case.
        message: what the server says about it.
    """
    if status not in (403, 429):
        return None
    if (after := headers.get("retry-after", "")).isdecimal():
        return max(1.0, float(after))
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        # A second more: the limit ends somewhen within the second named.
        return max(1.0, float(reset) - _server_time(headers) + 1)
    if status == 429 or "rate limit" in message.lower():
        return _MINUTE
    return None


def _server_time(headers: Mapping[str, str]) -> float:
    """The server's clock, by which it counts; ours may be wrong."""
    try:
        return parsedate_to_datetime(headers.get("date", "")).timestamp()
    except ValueError:
        return time.time()


def _human(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < 100 * _MINUTE else f"{seconds / 3600:.0f} h"
