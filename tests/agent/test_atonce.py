"""Several pieces of work at once: never more than said, all stopped by the first error."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from functools import partial

import pytest

from agent.atonce import at_once


class Bench:
    """Pieces of work that say when they are at it."""

    def __init__(self) -> None:
        self.running = 0
        self.most = 0
        self.stopped = 0

    async def piece(self, number: int) -> int:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            for _ in range(3):
                await asyncio.sleep(0)
            if number < 0:
                raise ValueError(str(number))
            return number
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        finally:
            self.running -= 1

    def pieces(self, *numbers: int) -> list[Callable[[], Coroutine[object, object, int]]]:
        return [partial(self.piece, number) for number in numbers]


@pytest.mark.parametrize("most", [1, 2, 5, 20])
async def test_all_is_done_and_never_more_at_once(most: int) -> None:
    bench = Bench()
    assert sorted(await everything(at_once(bench.pieces(*range(10)), most))) == list(range(10))
    assert bench.most == min(most, 10)
    assert bench.running == 0


async def test_the_first_error_ends_all() -> None:
    bench = Bench()
    with pytest.raises(ValueError, match="-1"):
        await everything(at_once(bench.pieces(1, -1, 2, 3, 4, 5), 3))
    assert bench.running == 0


async def everything(results: AsyncGenerator[int, None]) -> list[int]:
    async with aclosing(results):
        return [each async for each in results]


async def test_whoever_leaves_early_leaves_nothing_running() -> None:
    bench = Bench()
    async with aclosing(at_once(bench.pieces(*range(10)), 4)) as results:
        async for _ in results:
            break
    assert bench.running == 0
    assert await anext(at_once([], 3), None) is None
