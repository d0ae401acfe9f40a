"""What every sandbox offers, whichever engine is behind it.

A sandbox is one container with one repository in it. Commands run in named *shell states*: the
working directory, variables, functions and aliases one command leaves are what the next command of
the same state finds. The agent's own shell is the state ``"agent"``; work that must not disturb it
passes ``state=None`` and gets a fresh shell at the repository's root.

Options set with ``set`` and ``shopt`` and the umask carry over as well, but not errexit and noexec,
which end with their command; nor what belongs to a process: jobs, ``$!``, traps, limits, open
files, positional parameters. Processes in the background live on; their later output is discarded.
"""

from dataclasses import dataclass, field
from typing import Literal, Protocol

REPOSITORY = "/testbed"
"""Where the repository lies inside every sandbox."""

AGENT_STATE = "agent"
"""The shell state that belongs to the policy."""

CommandStatus = Literal["exited", "timeout", "interrupted", "disk"]


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """What one sandbox may use of the machine.

    Attributes:
        memory: bytes, swap included.
        cpus: processors, fractions allowed.
        pids: processes and threads.
        disk: bytes that may be written to the container's own layer; a command that passes it is
            stopped.
    """

    memory: int = 4 * 1024**3
    cpus: float = 2.0
    pids: int = 512
    disk: int = 10 * 1024**3


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What one command did.

    Attributes:
        status: how it ended; ``exited`` covers death by a signal of its own.
        exit_code: as a shell gives it (128 + n for signal n); None unless ``status`` is
            ``exited``.
        head: the first bytes of stdout and stderr together, in the order they were written.
        tail: the last bytes, when the output was over the limit; else empty.
        omitted: bytes cut out between head and tail.
        seconds: wall time inside the sandbox.
        notes: what the user of the shell should know (the working directory was deleted and the
            shell is back at the repository, processes left in the background, memory ran out),
            one sentence each.
    """

    status: CommandStatus
    exit_code: int | None
    head: bytes
    tail: bytes = b""
    omitted: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True when the command ended by itself with exit code 0."""
        return self.status == "exited" and self.exit_code == 0

    @property
    def text(self) -> str:
        """The output as text, undecodable bytes replaced, with a line that says what was cut."""
        head = self.head.decode("utf-8", "replace")
        if not self.omitted:
            return head
        tail = self.tail.decode("utf-8", "replace")
        return f"{head}\n[... {self.omitted} bytes of output left out ...]\n{tail}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A sandbox's state at one moment, from which others can be started.

    Attributes:
        image: the engine's id of the image that holds the files.
        states: shell states by name, opaque to the host.
    """

    image: str
    states: dict[str, bytes] = field(default_factory=dict)


class Sandbox(Protocol):
    """One container with one repository. Use as ``async with``: leaving it removes the container.

    Every method raises `SandboxDied` when the container or its engine is gone. One command runs at
    a time; a second `run` waits for the first.
    """

    @property
    def id(self) -> str:
        """The engine's id of the container."""
        ...

    async def __aenter__(self) -> "Sandbox": ...

    async def __aexit__(self, *exc: object) -> None: ...

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
        """Run a command with bash and wait for it.

        Args:
            command: bash source, any number of lines.
            state: the shell state to start from and to write back, or None for a fresh shell.
            timeout: seconds; then every process the command started is killed.
            output_limit: bytes kept of the output, half from its head and half from its tail.
            environment: variables for this command only; not carried over.
            stdin: what the command reads; empty by default.
        """
        ...

    async def interrupt(self) -> bool:
        """Stop the running command; True once it has really stopped, False when none ran."""
        ...

    async def read_file(self, path: str, *, limit: int = 64 * 1024**2) -> bytes:
        """A file's bytes; relative paths start at the repository.

        Raises:
            FileProblem: it is missing, a directory, unreadable, or larger than ``limit`` bytes.
        """
        ...

    async def write_file(
        self, path: str, data: bytes, *, new: bool = False, parents: bool = False
    ) -> None:
        """Write a file whole, as the unprivileged user; an existing file keeps its mode.

        Args:
            path: relative paths start at the repository.
            data: the new content.
            new: refuse when the path exists.
            parents: make missing parent directories.

        Raises:
            FileProblem: the parent is missing, it exists and ``new``, no permission, disk full.
        """
        ...

    async def snapshot(self) -> Snapshot:
        """Keep files and shell states as they are now. Processes are not kept.

        What is kept can be used for as long as this sandbox, or one forked from it, is entered.
        """
        ...

    async def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot; what happened since is gone, running processes too."""
        ...

    async def fork(self, snapshot: Snapshot | None = None) -> "Sandbox":
        """A second sandbox, not yet entered, from a snapshot or from this one as it is now."""
        ...
