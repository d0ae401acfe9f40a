"""Who watches over a run: may say something, look at an action before it runs, or end the run.

The loop lets them in at three places: between two turns, before a call runs, and, to end the run
at once, while anything is awaited. What a terminal or a screen makes of it is their own business.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sandboxes.sandbox import Sandbox
from tools.registry import Tool, ToolCall

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Allowed:
    """The call may run.

    Attributes:
        argument: what it runs with; what the policy asked for, or what the user made of it.
    """

    argument: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The call must not run.

    Attributes:
        reason: what the policy is told; may be empty.
    """

    reason: str = ""


Decision = Allowed | Refused


class EndedByUser(Exception):
    """The user ends the run.

    Attributes:
        submit: whether what has changed in the tree is to be taken as a candidate and verified.
    """

    def __init__(self, *, submit: bool) -> None:
        super().__init__("the user ended the run")
        self.submit = submit


async def unless_ended(work: Awaitable[T], end: "asyncio.Future[None]") -> T:
    """The result of the work; or what ends the loop as soon as the user wants that.

    Args:
        work: cancelled when they do.
        end: fails with what ends the loop.

    Raises:
        EndedByUser: or whatever else `end` fails with.
    """
    task = asyncio.ensure_future(work)
    either: set[asyncio.Future[T] | asyncio.Future[None]] = {task, end}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        failure = None if task.cancelled() else task.exception()
    if end.done() and (reason := end.exception()):
        raise reason from (None if failure is reason else failure)
    return task.result()


class Oversight(Protocol):
    """Somebody who watches over one run."""

    def begin(self, sandbox: Sandbox) -> None:
        """The loop begins; in this sandbox a running command can be interrupted."""
        ...

    async def between_turns(self) -> Sequence[str]:
        """What the user has to say to the policy before its next turn; waits while paused.

        Raises:
            EndedByUser: they end the run.
        """
        ...

    async def review(self, call: ToolCall, tool: Tool) -> Decision:
        """What becomes of a call; waits for the user where they want to be asked.

        Raises:
            EndedByUser: they end the run.
        """
        ...

    async def attend(self, work: Awaitable[T]) -> T:
        """The result of the work.

        Raises:
            EndedByUser: they end the run while it goes on; the work is cancelled by then.
        """
        ...


class Unattended:
    """Nobody watches: everything may run."""

    def begin(self, sandbox: Sandbox) -> None:
        """Nothing follows from it."""

    async def between_turns(self) -> Sequence[str]:
        """Nothing."""
        return ()

    async def review(self, call: ToolCall, tool: Tool) -> Decision:
        """It may run."""
        return Allowed(call.argument)

    async def attend(self, work: Awaitable[T]) -> T:
        """Its result."""
        return await work
