"""Running a command's coroutine so that being told to stop still cleans up."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import TypeVar

from agent.cli import Terminated

T = TypeVar("T")


def run_async(main: Coroutine[object, object, T]) -> T:
    """Run to the end. Ctrl-C, SIGTERM and SIGHUP cancel it, and it gets to clean up.

    Raises:
        KeyboardInterrupt: it was Ctrl-C.
        Terminated: it was one of the others.
    """
    stopped: list[int] = []

    async def guarded() -> T:
        task = asyncio.current_task()
        assert task is not None

        def stop(number: int) -> None:
            stopped.append(number)
            task.cancel()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop, number)
        return await main

    try:
        return asyncio.run(guarded())
    except asyncio.CancelledError:
        if stopped:
            raise Terminated(stopped[0]) from None
        raise
