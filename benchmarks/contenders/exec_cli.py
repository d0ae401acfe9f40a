"""One ``docker exec`` per command, through the command line."""

# ruff: noqa: ASYNC221 - it has its process to itself, and waiting is what it is measured by

import subprocess

from benchmarks.contenders.contender import Answer, Place


class ExecCli:
    """A sleeping container, and a ``docker exec`` process for every command."""

    async def start(self, place: Place) -> None:
        """Run ``sleep`` in a container."""
        command = ["docker", "run", "--detach", "--init", "--workdir=/testbed"]
        command += [*place.docker_arguments, place.image, "sleep", "7200"]
        done = subprocess.run(command, capture_output=True, check=True)
        self._container = done.stdout.decode().strip()

    async def run(self, command: str, timeout: float) -> Answer:
        """Run the process and kill it when the time is over."""
        try:
            done = subprocess.run(
                ["docker", "exec", self._container, "bash", "-c", command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            return Answer(None, error.output or b"", timed_out=True)
        return Answer(done.returncode, done.stdout)

    async def new_shell(self) -> None:
        """Every command has its own."""

    async def stop(self) -> None:
        """Remove the container."""
        subprocess.run(["docker", "rm", "-f", self._container], capture_output=True, check=True)
