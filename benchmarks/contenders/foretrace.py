"""Ours: the sandbox that a run uses."""

from typing import TYPE_CHECKING

from benchmarks.contenders.contender import LIMITS, Answer, Place

if TYPE_CHECKING:
    from sandboxes.docker import DockerSandbox
    from sandboxes.engine import Engine


class Foretrace:
    """One `DockerSandbox`."""

    def __init__(self) -> None:
        # What a program has imported before its first sandbox is not part of starting one.
        import sandboxes.docker
        import sandboxes.engine  # noqa: F401

        self._engine: Engine | None = None
        self._sandbox: DockerSandbox | None = None
        self._shells = 0

    async def start(self, place: Place) -> None:
        """Connect to the engine and enter a sandbox."""
        from sandboxes.docker import DockerSandbox
        from sandboxes.engine import Engine
        from sandboxes.sandbox import SandboxLimits

        self._engine = Engine.connect()
        limits = SandboxLimits(
            memory=int(LIMITS["memory"]), cpus=LIMITS["cpus"], pids=int(LIMITS["pids"])
        )
        self._sandbox = DockerSandbox(self._engine, place.image, limits=limits, run=place.run)
        await self._sandbox.__aenter__()

    async def run(self, command: str, timeout: float) -> Answer:
        """Run in a shell state, as the agent's commands do."""
        assert self._sandbox is not None
        state = f"shell-{self._shells}"
        result = await self._sandbox.run(command, state=state, timeout=timeout)
        output = result.head + result.tail
        return Answer(result.exit_code, output, result.status == "timeout", result.omitted)

    async def new_shell(self) -> None:
        """Begin another shell state."""
        self._shells += 1

    async def stop(self) -> None:
        """Remove the container and hang up."""
        if self._sandbox is not None:
            await self._sandbox.__aexit__(None, None, None)
        if self._engine is not None:
            self._engine.close()
        self._sandbox = self._engine = None
