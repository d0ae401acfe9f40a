"""What runs beside the screen: results, errors, being stopped, and being closed."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from agent.tui.screens.trace.backstage import Backstage


@pytest.fixture
def backstage() -> Iterator[Backstage]:
    made = Backstage()
    yield made
    made.close()
    made._thread.join()


async def test_it_runs_in_a_thread_of_its_own(backstage: Backstage) -> None:
    async def work() -> int:
        return threading.get_ident()

    first, second = await backstage.call(work), await backstage.call(work)
    assert first == second != threading.get_ident()


async def test_what_goes_wrong_there_goes_wrong_here(backstage: Backstage) -> None:
    async def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await backstage.call(work)


async def test_what_computes_there_holds_nothing_up_here(backstage: Backstage) -> None:
    here, there = threading.Event(), threading.Event()

    async def work() -> bool:
        there.set()
        return here.wait(20)  # the loop there is blocked

    task = asyncio.create_task(backstage.call(work))
    assert await asyncio.to_thread(there.wait, 20)
    here.set()
    assert await task


async def test_stopping_here_stops_there(backstage: Backstage) -> None:
    began, stopped = threading.Event(), threading.Event()

    async def work() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopped.set()
            raise

    task = asyncio.create_task(backstage.call(work))
    assert await asyncio.to_thread(began.wait, 20)
    task.cancel()
    assert await asyncio.to_thread(stopped.wait, 20)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_closing_stops_what_runs_and_then_closes_what_is_open() -> None:
    backstage = Backstage()
    happened: list[str] = []

    @asynccontextmanager
    async def opened() -> AsyncIterator[None]:
        yield
        happened.append("closed")

    began = threading.Event()

    async def work() -> None:
        await backstage.opened.enter_async_context(opened())
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            happened.append("stopped")

    task = asyncio.create_task(backstage.call(work))
    assert await asyncio.to_thread(began.wait, 20)
    backstage.close()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(backstage._thread.join)
    assert happened == ["stopped", "closed"]
    backstage.close()  # once more is no harm
