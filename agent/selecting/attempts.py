"""Making several attempts at one issue, as many at once as there is room for, and no more than are
needed.
"""

import asyncio
from collections.abc import Awaitable, Callable

from agent.selecting.candidate import Candidate, Strategy


async def until_decided(
    count: int,
    at_once: int,
    make: Callable[[int], Awaitable[Candidate]],
    strategy: Strategy,
) -> list[Candidate]:
    """Candidates, by their numbers; fewer where more could not change what is chosen.

    What has begun when that becomes clear is let come to its end.

    Args:
        count: attempts at most.
        at_once: of them.
        make: makes the attempt of a number, from 1 on.
        strategy: says when the choice is decided.
    """
    made: list[Candidate] = []
    begun = 0
    working: set[asyncio.Future[Candidate]] = set()
    try:
        while True:
            decided = bool(made) and strategy.decided(made, count - len(made))
            while not decided and begun < count and len(working) < at_once:
                begun += 1
                working.add(asyncio.ensure_future(make(begun)))
            if not working:
                return sorted(made, key=lambda each: each.attempt)
            done, working = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
            made += [each.result() for each in done]
    finally:
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
