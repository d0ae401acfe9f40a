"""SWE-ReX's Docker deployment, with one bash session."""

# The peers are installed in an environment of their own.
# mypy: disable-error-code="import-not-found"

import logging

from benchmarks.contenders.contender import Answer, Place


class SweRex:
    """A `DockerDeployment` whose server is installed in the image already."""

    def __init__(self) -> None:
        from swerex import exceptions
        from swerex.deployment.docker import DockerDeployment
        from swerex.runtime import abstract

        self._class = DockerDeployment
        self._words = abstract
        self._errors = exceptions
        self._logger = logging.getLogger("quiet")
        self._logger.addHandler(logging.NullHandler())
        self._logger.propagate = False

    async def start(self, place: Place) -> None:
        """Deploy, and open a session."""
        self._deployment = self._class(
            image=place.image,
            pull="never",
            docker_args=place.docker_arguments,
            logger=self._logger,
        )
        await self._deployment.start()
        await self._deployment.runtime.create_session(self._words.CreateBashSessionRequest())

    async def run(self, command: str, timeout: float) -> Answer:
        """Run one action in the session; on a time-out interrupt it."""
        runtime = self._deployment.runtime
        action = self._words.BashAction(command=command, timeout=timeout, check="silent")
        try:
            seen = await runtime.run_in_session(action)
        except self._errors.CommandTimeoutError:
            seen = await runtime.run_in_session(self._words.BashInterruptAction())
            return Answer(None, seen.output.encode(), timed_out=True)
        return Answer(seen.exit_code, seen.output.encode())

    async def stop(self) -> None:
        """Stop the deployment."""
        await self._deployment.stop()
