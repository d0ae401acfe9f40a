"""SWE-ReX's Docker deployment, with one bash session."""

# The peers are installed in an environment of their own.
# mypy: disable-error-code="import-not-found"

import logging
import secrets

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
        await self.new_shell()

    async def run(self, command: str, timeout: float) -> Answer:
        """Run one action in the session; on a time-out interrupt it."""
        runtime = self._deployment.runtime
        words, session = self._words, self._session
        action = words.BashAction(command=command, session=session, timeout=timeout, check="silent")
        try:
            seen = await runtime.run_in_session(action)
        except self._errors.CommandTimeoutError:
            seen = await runtime.run_in_session(words.BashInterruptAction(session=session))
            return Answer(None, seen.output.encode(), timed_out=True)
        return Answer(seen.exit_code, seen.output.encode())

    async def new_shell(self) -> None:
        """Open another session; the old one may be in no state to be closed."""
        self._session = f"session-{secrets.token_hex(4)}"
        request = self._words.CreateBashSessionRequest(session=self._session)
        await self._deployment.runtime.create_session(request)

    async def stop(self) -> None:
        """Stop the deployment."""
        await self._deployment.stop()
