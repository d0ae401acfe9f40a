"""mini-swe-agent's Docker environment, with its defaults."""

# The peers are installed in an environment of their own.
# mypy: disable-error-code="import-not-found"

import os

from benchmarks.contenders.contender import Answer, Place


class MiniSweAgent:
    """A `DockerEnvironment`."""

    def __init__(self) -> None:
        os.environ["MSWEA_SILENT_STARTUP"] = "1"
        from minisweagent.environments.docker import DockerEnvironment

        self._class = DockerEnvironment

    async def start(self, place: Place) -> None:
        """Make the environment: that starts its container."""
        self._environment = self._class(
            image=place.image, cwd="/testbed", run_args=["--rm", *place.docker_arguments]
        )

    async def run(self, command: str, timeout: float) -> Answer:
        """Execute one action."""
        # A whole number of seconds is what its interface takes.
        answer = self._environment.execute({"command": command}, timeout=max(1, round(timeout)))
        kind = answer.get("extra", {}).get("exception_type", "")
        code = None if answer["exception_info"] else answer["returncode"]
        return Answer(code, answer["output"].encode(), timed_out=kind == "TimeoutExpired")

    async def new_shell(self) -> None:
        """Every command has its own."""

    async def stop(self) -> None:
        """Clean up, which it does in the background."""
        self._environment.cleanup()
