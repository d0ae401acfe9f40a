"""One ``docker exec`` per command, through the docker SDK."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from benchmarks.contenders.contender import LIMITS, Answer, Place


class ExecSdk:
    """A sleeping container, and ``exec_run`` for every command."""

    def __init__(self) -> None:
        import docker

        self._docker = docker
        self._threads = ThreadPoolExecutor(8)

    async def start(self, place: Place) -> None:
        """Connect and run ``sleep`` in a container."""
        self._container = self._docker.from_env().containers.run(
            place.image,
            ["sleep", "7200"],
            detach=True,
            init=True,
            labels=place.labels,
            working_dir="/testbed",
            pids_limit=int(LIMITS["pids"]),
            mem_limit=int(LIMITS["memory"]),
            memswap_limit=int(LIMITS["memory"]),
            nano_cpus=int(LIMITS["cpus"] * 1e9),
        )

    async def run(self, command: str, timeout: float) -> Answer:
        """Wait for ``exec_run`` as long as the caller wants to wait."""
        waiting = asyncio.get_running_loop().run_in_executor(
            self._threads, self._container.exec_run, ["bash", "-c", command]
        )
        try:
            result = await asyncio.wait_for(waiting, timeout)
        except TimeoutError:
            return Answer(None, b"", timed_out=True)
        assert isinstance(result.output, bytes)
        return Answer(result.exit_code, result.output)

    async def new_shell(self) -> None:
        """Every command has its own."""

    async def stop(self) -> None:
        """Remove the container."""
        self._container.remove(force=True)
