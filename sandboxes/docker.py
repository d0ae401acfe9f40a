"""A sandbox as a container of the Docker Engine.

The container is shut off by default: no network, no mounts, no capability but the three its shell
server needs, limits on memory, processors, processes and disk. Its main process does nothing; all
work comes through the session. The container is removed whatever happens, and so are the images
of its snapshots, with the last sandbox that came from the same one.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Awaitable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Self

from sandboxes import containers
from sandboxes.engine import uncancelled
from sandboxes.errors import (
    EngineRefused,
    EngineUnavailable,
    FileProblem,
    SandboxDied,
    SandboxError,
    UnsuitableImage,
)
from sandboxes.results import SIGNAL_KILLED, broken_off, refused, result_of
from sandboxes.sandbox import AGENT_STATE, CommandResult, SandboxLimits, Snapshot
from sandboxes.session import Answer, ConnectionLost, Session

if TYPE_CHECKING:
    from sandboxes.engine import Engine

_PATIENCE_SECONDS = 60.0
"""A server that is so much later than a command's time-out is stuck."""
_RESTART_SECONDS = 20.0
"""An engine that keeps containers while it restarts may take that long."""
_GONE_SECONDS = 3.0
_CLEANING_ROOM = 64 * 1024**2
"""When the disk's limit is passed, commands may still write that much, to clean up."""
_SETTLING = (0.05, 0.1, 0.2, 0.4, 0.0)
"""Pauses in which an engine may note that a container has ended."""
_MOST_RECOVERIES = 3


class _Family:
    """Sandboxes that came from one another, and the snapshots they made for each other."""

    def __init__(self) -> None:
        self.members: set[int] = set()
        self.images: list[str] = []


class DockerSandbox:
    """A sandbox in a container.

    Args:
        engine: where it runs.
        image: id or name of the image it starts from.
        limits: what it may use of the machine.
        network: the engine's network to connect it to; none by default.
        run: the id of the run it belongs to, for its label.
        states: shell states to begin with, from a snapshot.
    """

    def __init__(
        self,
        engine: "Engine",
        image: str,
        *,
        limits: SandboxLimits | None = None,
        network: str = "none",
        run: str = "",
        states: Mapping[str, bytes] | None = None,
    ) -> None:
        self._engine = engine
        self._image = image
        self._limits = limits or SandboxLimits()
        self._network = network
        self._run = run
        self._states = dict(states or {})
        self._family = _Family()
        self._container = ""
        self._name = ""
        self._session: Session | None = None
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._disk_ceiling = self._limits.disk
        self._recoveries = 0
        self._running = 0

    @property
    def id(self) -> str:
        """The engine's id of the container."""
        return self._container

    @property
    def facts(self) -> dict[str, object]:
        """What the shell server found inside: versions of bash and Python, the user's name."""
        return self._session.facts if self._session else {}

    async def __aenter__(self) -> Self:
        self._family.members.add(id(self))
        try:
            await self._bring_up(self._image)
        except BaseException:
            await self._leave_family()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await uncancelled(self._take_down())

    # Commands and files -------------------------------------------------------------------------

    async def run(
        self,
        command: str,
        *,
        state: str | None = AGENT_STATE,
        timeout: float = 120.0,
        output_limit: int = 480 * 1024,
        environment: dict[str, str] | None = None,
        stdin: bytes = b"",
    ) -> CommandResult:
        """Run a command with bash and wait for it; see `sandboxes.sandbox.Sandbox.run`.

        When the call is cancelled, the command is interrupted; the next one waits for its end.
        """
        if "\0" in command or any("\0" in f"{k}{v}" for k, v in (environment or {}).items()):
            return refused("the command contains a NUL byte, which bash cannot take")
        async with self._lock:
            session, notes = await self._live_session()
            request: dict[str, object] = {
                "do": "run",
                "state": state,
                "timeout": timeout,
                "limit": max(output_limit, 2),
                "environment": environment or {},
            }
            future = session.post(request, _bytes_of(command), stdin)
            self._running = session.number
            future.add_done_callback(partial(self._keep_state, state))
            try:
                done, _ = await asyncio.wait({future}, timeout=timeout + _PATIENCE_SECONDS)
            except asyncio.CancelledError:
                session.post({"do": "interrupt", "of": self._running})
                raise
            try:
                if not done:
                    raise ConnectionLost("it did not answer")
                facts, (head, tail, _) = future.result()
            except ConnectionLost as lost:
                return broken_off(*notes, await self._recover(str(lost)))
            self._recoveries = 0
            if facts["status"] == "disk":
                await self._allow_cleaning(session)
            return result_of(facts, head, tail, limits=self._limits, notes=notes)

    async def interrupt(self) -> bool:
        """Stop the running command; True once it has really stopped, False when none ran."""
        if self._session is None:
            return False
        try:
            answer, _ = await self._session.post({"do": "interrupt", "of": self._running})
        except ConnectionLost:
            return False
        return bool(answer["stopped"])

    async def read_file(self, path: str, *, limit: int = 64 * 1024**2) -> bytes:
        """A file's bytes; see `sandboxes.sandbox.Sandbox.read_file`."""
        return (await self._file_work({"do": "read", "path": path, "limit": limit}))[0]

    async def write_file(
        self, path: str, data: bytes, *, new: bool = False, parents: bool = False
    ) -> None:
        """Write a file whole; see `sandboxes.sandbox.Sandbox.write_file`."""
        await self._file_work({"do": "write", "path": path, "new": new, "parents": parents}, data)

    async def _file_work(self, request: dict[str, object], *blobs: bytes) -> list[bytes]:
        path = str(request["path"])
        if "\0" in path:
            raise FileProblem(f"{path!r}: a path cannot hold a NUL byte", "other")
        async with self._lock:
            session, _ = await self._live_session()
            try:
                answer, pieces = await session.post(request, *blobs)
            except ConnectionLost as lost:
                await self._recover(str(lost))
                raise SandboxError(f"{path}: the shell server went away meanwhile") from None
        if "kind" in answer:
            raise FileProblem(f"{path}: {answer['error']}", str(answer["kind"]))
        return pieces

    def _keep_state(self, name: str | None, future: "asyncio.Future[Answer]") -> None:
        """Keep a copy of what a command left: it outlives the server."""
        if name is None or future.cancelled() or future.exception() is not None:
            return
        _, pieces = future.result()
        if pieces[2]:
            self._states[name] = pieces[2]

    # Snapshots ----------------------------------------------------------------------------------

    async def snapshot(self) -> Snapshot:
        """Keep files and shell states as they are now. Processes are not kept.

        The snapshot can be used until the last sandbox of this family is left, or `discard`.
        """
        async with self._lock:
            session, _ = await self._live_session()
            # A command whose call was cancelled may be ending still: its turn is before this.
            with contextlib.suppress(ConnectionLost):
                await session.post({"do": "nothing"})
            commit = self._engine.call(containers.commit, self._engine, self._container, self._run)
            image = await uncancelled(self._keep_image(commit))
            return Snapshot(image, dict(self._states))

    async def _keep_image(self, commit: Awaitable[str]) -> str:
        image = await commit
        self._family.images.append(image)
        return image

    async def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot; what happened since is gone, running processes too."""
        async with self._lock:
            old_name, old_session = self._name, self._session
            old_states, self._states = self._states, dict(snapshot.states)
            try:
                await self._bring_up(snapshot.image)
            except BaseException:
                self._states = old_states
                raise
            if old_session is not None:
                old_session.close()
            await uncancelled(self._engine.remove_container(old_name))

    async def fork(self, snapshot: Snapshot | None = None) -> "DockerSandbox":
        """A second sandbox, not yet entered, from a snapshot or from this one as it is now."""
        snapshot = snapshot or await self.snapshot()
        other = DockerSandbox(
            self._engine,
            snapshot.image,
            limits=self._limits,
            network=self._network,
            run=self._run,
            states=snapshot.states,
        )
        other._family = self._family
        self._family.members.add(id(other))
        return other

    async def discard(self, snapshot: Snapshot) -> None:
        """Remove a snapshot's image before its time, or later what something still rests on."""
        try:
            await uncancelled(self._engine.remove_image(snapshot.image))
        except EngineRefused as error:
            if error.status != 409:
                raise
            return
        if snapshot.image in self._family.images:
            self._family.images.remove(snapshot.image)

    # The container ------------------------------------------------------------------------------

    async def _bring_up(self, image: str) -> None:
        """Start a container and a session in it, or leave nothing behind."""
        name = f"foretrace-{uuid.uuid4().hex[:16]}"
        self._engine.keep_track(container=name)
        try:
            container = await uncancelled(
                self._engine.call(
                    containers.create,
                    self._engine,
                    name,
                    image,
                    limits=self._limits,
                    network=self._network,
                    run=self._run,
                )
            )
            try:
                session = await self._open_session(container, 0, self._states)
            except (UnsuitableImage, EngineRefused):
                await self._check_main_process(container, image)
                raise
        except BaseException:
            with contextlib.suppress(SandboxError):
                await uncancelled(self._engine.remove_container(name))
            raise
        self._name, self._container, self._session = name, container, session
        self._disk_ceiling = self._limits.disk

    async def _open_session(
        self, container: str, previous: int, states: Mapping[str, bytes]
    ) -> Session:
        session = await Session.open(
            self._engine,
            container,
            disk=self._limits.disk,
            previous=previous,
            on_event=self._on_event,
        )
        try:
            for lacking in ("bash", "git"):
                if not session.facts[lacking]:
                    raise UnsuitableImage(
                        f"the image has no working {lacking}",
                        "a sandbox needs bash, git and Python 3.6 or later in its image",
                    )
            for name, blob in states.items():
                await session.post({"do": "load", "state": name}, blob)
        except ConnectionLost as lost:
            raise SandboxDied(f"the shell server ended at once: {lost}") from None
        except BaseException:
            session.close()
            raise
        return session

    async def _check_main_process(self, container: str, image: str) -> None:
        """Say it plainly when the container did not even keep running."""
        for pause in _SETTLING:
            # The stream of a killed container ends before its engine has noted that it was killed.
            state = await self._engine.call(containers.state, self._engine, container)
            if state is None or not state.get("Running"):
                break
            await asyncio.sleep(pause)
        if state is None or state.get("ExitCode") == SIGNAL_KILLED:
            raise SandboxDied("the container was ended from outside while it started")
        if not state.get("Running"):
            raise UnsuitableImage(
                f"the image {image} has no /bin/sleep that runs"
                f" (exit code {state.get('ExitCode')})",
                "a sandbox needs bash, git and Python 3.6 or later in its image",
            )

    async def _take_down(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._session is not None:
            self._session.close()
            self._session = None
        try:
            if self._name:
                await self._engine.remove_container(self._name)
        finally:
            await self._leave_family()

    async def _leave_family(self) -> None:
        """The last to leave removes the snapshots, the newest first: they rest on each other."""
        family = self._family
        family.members.discard(id(self))
        if family.members:
            return
        while family.images:
            image = family.images.pop()
            with contextlib.suppress(SandboxError):
                await self._engine.remove_image(image)

    # When something breaks ----------------------------------------------------------------------

    async def _live_session(self) -> tuple[Session, tuple[str, ...]]:
        """The session, started anew if its server went away; and a note then."""
        if self._session is None:
            raise SandboxError("the sandbox is not running", "use it as `async with`")
        if not self._session.fell_silent:
            return self._session, ()
        note = await self._recover("it ended")
        return self._session, (note,)

    async def _recover(self, why: str) -> str:
        """After the connection broke: start a new server in the container, if there still is one.

        Returns:
            A note for the user of the shell.

        Raises:
            SandboxDied: there is none.
        """
        assert self._session is not None
        self._session.close()
        previous = int(str(self._session.facts["pid"]))
        while True:
            await self._find_running()
            self._recoveries += 1
            if self._recoveries > _MOST_RECOVERIES:
                raise SandboxDied(f"the shell server could not be kept running: {why}")
            try:
                self._session = await self._open_session(self._container, previous, self._states)
            except SandboxError as error:
                # A container that is just ending still counts as running for a moment.
                why = error.message
                await asyncio.sleep(0.1)
            else:
                return (
                    "The connection to the shell was lost and a new shell started: directory,"
                    " variables and functions are as before, processes in the background ended."
                )

    async def _find_running(self) -> None:
        """Make sure the container runs, waiting a while for an engine that restarts."""
        patient = bool(self._engine.about().get("LiveRestoreEnabled"))
        limit = time.monotonic() + (_RESTART_SECONDS if patient else _GONE_SECONDS)
        while True:
            try:
                state = await self._engine.call(containers.state, self._engine, self._container)
                break
            except EngineUnavailable as error:
                if time.monotonic() > limit:
                    raise SandboxDied("the container engine went away", error.hint) from error
                await asyncio.sleep(0.1)
        if state is None:
            raise SandboxDied("the sandbox's container was removed from outside")
        if not state.get("Running"):
            cause = ", out of memory" if state.get("OOMKilled") else ""
            raise SandboxDied(
                f"the sandbox's container ended (exit code {state.get('ExitCode')}{cause})"
            )

    # The disk -----------------------------------------------------------------------------------

    def _on_event(self, event: dict[str, object]) -> None:
        """The server says something unasked: that much may have been written."""
        if event.get("event") == "disk" and self._session is not None:
            task = asyncio.ensure_future(self._judge_disk(self._session))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _judge_disk(self, session: Session) -> None:
        used = await self._disk_used()
        if used < self._limits.disk:
            self._disk_ceiling = self._limits.disk
        session.tell({"do": "disk", "budget": self._disk_ceiling - used})

    async def _allow_cleaning(self, session: Session) -> None:
        self._disk_ceiling = await self._disk_used() + _CLEANING_ROOM
        session.tell({"do": "disk", "budget": _CLEANING_ROOM})

    async def _disk_used(self) -> int:
        """Bytes in the container's own layer; 0 when the engine does not say."""
        try:
            return await self._engine.call(containers.layer_size, self._engine, self._container)
        except SandboxError:
            return 0


def _bytes_of(command: str) -> bytes:
    """The command as bash gets it."""
    try:
        text = command.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        text = command.encode("utf-8", "replace")
    if text.count(b"\n") == text.count(b"\r\n"):  # written where lines end like that
        text = text.replace(b"\r\n", b"\n")
    return text
