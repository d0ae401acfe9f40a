"""A thread with an event loop of its own, for what computes or waits while the screen is drawn.

The built-in model computes between two keys, a sandbox takes its time: neither is to hold up a
screen. What is opened here stays open until the end, and is closed here.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from typing import Any, TypeVar

T = TypeVar("T")

_LOOK_SECONDS = 1.0
"""Between two looks whether the program is over: one that crashed closes nothing."""


class Backstage:
    """Runs coroutines, one after the other or side by side.

    Attributes:
        opened: what is to be closed when all is over; to be used by what runs here alone.
    """

    opened: AsyncExitStack

    def __init__(self) -> None:
        """It begins at once."""
        self._started = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),), name="backstage")
        self._thread.start()
        self._started.wait()

    # Any: what coroutines send and take is of no account.
    async def call(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What comes of a coroutine, which runs there. Cancelling this cancels it there as well.

        Raises whatever it raises.
        """
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(), self._loop))

    def close(self) -> None:
        """Stop what runs and close what is open; does not wait until that is done.

        A program that ends waits for it, so that no sandbox is left over.
        """
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        async with AsyncExitStack() as self.opened:
            self._started.set()
            while not self._over.is_set() and threading.main_thread().is_alive():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._over.wait(), _LOOK_SECONDS)
            # First what runs: it may use what is open.
            mine = asyncio.current_task()
            tasks = [task for task in asyncio.all_tasks() if task is not mine]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
