"""The run's side of `agent.tui.control`: a screen, in this process or another, watches over it.

It reads what is appended to ``control.jsonl`` and answers in the trajectory. It imports nothing of
a screen's: this is part of ``foretrace run --steered``.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypeVar

from pydantic import ValidationError

from agent.events import Acted, Steered
from agent.oversight import Allowed, Decision, EndedByUser, Refused, unless_ended
from agent.runfolder import write_json
from agent.trajectory import Trajectory
from agent.tui.control import CONTROL, STEERED, Confirm, Listening, Request
from sandboxes.errors import SandboxError
from sandboxes.sandbox import Sandbox
from tools.registry import Tool, ToolCall

T = TypeVar("T")

_LOOK_SECONDS = 0.1
"""How often a run looks whether somebody said something."""


@dataclass(slots=True)
class _Question:
    """A call that waits for the user's word."""

    step: int
    tool: str
    argument: str
    decision: asyncio.Future[Decision] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class SteeredOversight:
    """Somebody at a screen, for one run. Use as ``async with`` around it."""

    def __init__(self, token: str, *, confirm: Confirm = "none") -> None:
        """Args: token: names the run on the board. confirm: before which calls to ask."""
        self._token = token
        self._confirm: str = confirm
        self._always: set[str] = set()
        self._messages: list[str] = []
        self._sandbox: Sandbox | None = None
        self._trajectory: Trajectory | None = None
        self._requests = _Requests(Path())
        self._free = asyncio.Event()
        self._free.set()
        self._asked: _Question | None = None
        self._interrupting: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Task[None] | None = None
        self._end: asyncio.Future[None]  # only ever fails: with what ends the loop

    async def __aenter__(self) -> Self:
        self._end = asyncio.get_running_loop().create_future()
        return self

    async def __aexit__(self, *exc: object) -> None:
        ours = {*self._interrupting, *([self._listening] if self._listening else [])}
        for task in ours:
            task.cancel()
        if ours:
            await asyncio.wait(ours)
        if self._end.done():
            self._end.exception()  # seen, whether it ended anything or not

    def open(self, trajectory: Trajectory) -> None:
        """The run has a folder: from here on it listens, and says so."""
        folder = trajectory.path.parent
        self._trajectory = trajectory
        self._requests = _Requests(folder / CONTROL)
        said = Listening(token=self._token, confirm=self._confirm)
        write_json(folder / STEERED, said)
        self._listening = asyncio.ensure_future(self._listen())

    # What the loop calls ------------------------------------------------------------------------

    def begin(self, sandbox: Sandbox) -> None:
        """The loop begins; in this sandbox a running command can be interrupted."""
        self._sandbox = sandbox

    async def between_turns(self) -> Sequence[str]:
        """What the user said since the last turn; waits while they have it paused.

        Raises:
            EndedByUser: they end the run.
        """
        self._hear()
        await self._while_paused()
        told, self._messages = self._messages, []
        return told

    async def review(self, call: ToolCall, tool: Tool) -> Decision:
        """What the user makes of a call, where they want to be asked.

        Raises:
            EndedByUser: they end the run.
        """
        self._hear()
        await self._while_paused()
        if not self._asks_before(tool):
            return Allowed(call.argument)
        question = _Question(self._step(), tool.name, call.argument)
        self._asked = question
        self._note("asking", step=question.step, tool=tool.name, argument=call.argument)
        try:
            return await unless_ended(question.decision, self._end)
        finally:
            self._asked = None

    async def attend(self, work: Awaitable[T]) -> T:
        """The result of the work.

        Raises:
            EndedByUser: they end the run while it goes on; the work is cancelled by then.
        """
        return await unless_ended(work, self._end)

    async def _while_paused(self) -> None:
        if self._free.is_set():
            return
        self._note("paused")
        await unless_ended(self._free.wait(), self._end)

    def _asks_before(self, tool: Tool) -> bool:
        if tool.name in self._always:
            return False
        return self._confirm == "all" or (self._confirm == "writes" and tool.writes)

    def _step(self) -> int:
        assert self._trajectory is not None, "the loop runs in a run's folder"
        datas = (event.data for event in reversed(self._trajectory.events))
        return next((data.step for data in datas if isinstance(data, Acted)), 0)

    # What the user does -------------------------------------------------------------------------

    async def _listen(self) -> None:
        while True:
            self._hear()
            await asyncio.sleep(_LOOK_SECONDS)

    def _hear(self) -> None:
        """Do what was said since the last time."""
        for request in self._requests.more():
            _DO[request.do](self, request)

    def _note(
        self,
        what: str,
        request: str = "",
        *,
        step: int = 0,
        tool: str = "",
        argument: str = "",
        text: str = "",
    ) -> None:
        assert self._trajectory is not None, "there is a folder by now"
        self._trajectory.append(
            Steered.model_validate(
                {
                    "what": what,
                    "request": request,
                    "step": step,
                    "tool": tool,
                    "argument": argument,
                    "text": text,
                }
            )
        )

    def _message(self, request: Request) -> None:
        if request.text.strip():
            self._messages.append(request.text)

    def _pause(self, request: Request) -> None:
        if self._free.is_set():
            self._free.clear()
            self._note("pausing", request.id)

    def _resume(self, request: Request) -> None:
        if not self._free.is_set():
            self._free.set()
            self._note("resumed", request.id)

    def _interrupt(self, request: Request) -> None:
        task = asyncio.ensure_future(self._interrupt_command(request))
        self._interrupting.add(task)
        task.add_done_callback(self._interrupting.discard)

    async def _interrupt_command(self, request: Request) -> None:
        """Stop the command; only what has really stopped is called so."""
        if self._sandbox is None:
            self._note("idle", request.id)
            return
        try:
            stopped = await self._sandbox.interrupt()
        except SandboxError as error:
            self._note("unstopped", request.id, text=error.message)
        else:
            self._note("interrupted" if stopped else "idle", request.id)

    def _finish(self, request: Request) -> None:
        if not self._end.done():
            self._end.set_exception(EndedByUser(submit=request.do == "submit"))

    def _set_confirm(self, request: Request) -> None:
        if request.text in ("all", "writes", "none"):
            self._confirm = request.text
            self._note("confirm", request.id, text=request.text)

    def _allow(self, request: Request) -> None:
        asked = self._asked_for(request)
        if asked is None:
            return
        if request.always:
            self._always.add(asked.tool)
            self._note("remembered", request.id, step=asked.step, tool=asked.tool)
        self._note("allowed", request.id, step=asked.step, tool=asked.tool)
        argument = asked.argument if request.argument is None else request.argument
        asked.decision.set_result(Allowed(argument))

    def _refuse(self, request: Request) -> None:
        if asked := self._asked_for(request):
            asked.decision.set_result(Refused(request.text.strip()))

    def _asked_for(self, request: Request) -> _Question | None:
        """The call that waits, if the request means it: another screen may have answered before."""
        asked = self._asked
        waits = asked is not None and asked.step == request.step and not asked.decision.done()
        return asked if waits else None


_DO: dict[str, Callable[[SteeredOversight, Request], None]] = {
    "message": SteeredOversight._message,
    "pause": SteeredOversight._pause,
    "resume": SteeredOversight._resume,
    "interrupt": SteeredOversight._interrupt,
    "submit": SteeredOversight._finish,
    "stop": SteeredOversight._finish,
    "confirm": SteeredOversight._set_confirm,
    "allow": SteeredOversight._allow,
    "refuse": SteeredOversight._refuse,
}


class _Requests:
    """What is appended to the file; lines that are no requests are passed over."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def more(self) -> list[Request]:
        """The requests since the last call."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except OSError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        requests = []
        for line in whole.splitlines():
            with contextlib.suppress(ValidationError):
                requests.append(Request.model_validate_json(line))
        return requests
