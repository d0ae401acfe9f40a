"""Several pieces of work at once, so many and no more."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def at_once(work: Iterable[Callable[[], Awaitable[T]]], most: int) -> AsyncGenerator[T, None]:
    """Results as they come about, in any order; wrap it in ``aclosing``.

    Args:
        work: each is called when its turn comes; its first error ends all of them.
        most: at once.
    """
    waiting = iter(work)
    running: set[asyncio.Future[T]] = set()
    try:
        while True:
            while len(running) < most and (begin := next(waiting, None)) is not None:
                running.add(asyncio.ensure_future(begin()))
            if not running:
                return
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                running.discard(each)
                yield each.result()
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
