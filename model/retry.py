"""When a model server is asked again, and after how long.

Only failures of the server or the connection are worth another try (`errors.Infrastructure`), and
only here: the openai package's own retries are switched off.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeVar

from model.errors import Infrastructure

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patient we are.

    Attributes:
        retries: tries after the first; by default those of about six minutes, in which a server
            that was started anew has loaded its model.
        base: seconds before the first retry; doubled for each further one.
        most: seconds a pause of ours grows to.
        most_asked: seconds we wait at most when the server says how long (``Retry-After``).
    """

    retries: int = 24
    base: float = 0.5
    most: float = 30.0
    most_asked: float = 120.0

    def pause(self, retry: int, after: float | None, chance: random.Random) -> float:
        """Seconds before a retry.

        Args:
            retry: which one, from 0.
            after: what the server asked for.
            chance: spreads clients that failed together.
        """
        grown = min(self.most, self.base * 2.0 ** min(retry, 32))
        if after is None:
            return grown * chance.uniform(0.5, 1.0)
        return min(max(after, 0.0), self.most_asked) + self.base * chance.random()


@dataclass(frozen=True, slots=True)
class Retry:
    """A try that failed and will be made again; what it streamed until then is void.

    Attributes:
        number: of the retry to come, from 1.
        of: retries there are.
        seconds: until then.
        reason: one line.
    """

    number: int
    of: int
    seconds: float
    reason: str


async def retrying(
    attempt: Callable[[], Awaitable[Answer]],
    policy: RetryPolicy,
    chance: random.Random,
    on_retry: Callable[[Retry], None] | None = None,
) -> tuple[Answer, int]:
    """What ``attempt`` gives, and how many retries it took.

    Raises:
        Infrastructure: the last try's error, which then says how often we tried.
    """
    number = 0
    while True:
        try:
            return await attempt(), number
        except Infrastructure as error:
            if not error.passing or number >= policy.retries:
                if number:
                    error.message += f" (tried {number + 1} times)"
                    error.args = (error.message,)
                raise
            pause = policy.pause(number, error.after, chance)
            number += 1
            if on_retry is not None:
                on_retry(Retry(number, policy.retries, pause, error.message))
        await asyncio.sleep(pause)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds a server asks us to wait (RFC 9110, 10.2.3); None when it does not, or absurdly.

    Args:
        headers: with a ``get`` that knows lower-case names.
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = (headers.get(name) or "").strip()
        if value.replace(".", "", 1).isdecimal() and len(value) < 20:
            return float(value) / unit
    try:
        when = parsedate_to_datetime(headers.get("retry-after") or "")
        return max(when.timestamp() - time.time(), 0.0)
    except (TypeError, ValueError, OverflowError):
        return None
