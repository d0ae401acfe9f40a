"""What can go wrong below the agent, as types that carry what the user needs to mend it."""

from pathlib import Path


class SandboxError(Exception):
    """Something about an engine, an image, a checkout or a session failed.

    Attributes:
        message: one line, for the user.
        hint: what to do about it, one line; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class EngineUnavailable(SandboxError):
    """No container engine answers, or it refused us."""


class EngineRefused(SandboxError):
    """The container engine answered a call with an error.

    Attributes:
        status: the HTTP status it answered with; 0 when unknown.
    """

    def __init__(self, message: str, status: int | None = None, hint: str = "") -> None:
        super().__init__(message, hint)
        self.status = status or 0


class SandboxDied(SandboxError):
    """The container, its engine or the connection to it went away while it was in use."""


class UnsuitableImage(SandboxError):
    """The image lacks something every sandbox needs: bash, git or a Python."""


class BaseImageFailed(SandboxError):
    """A base image could neither be pulled nor bootstrapped."""


class BuildFailed(SandboxError):
    """A step of an environment's build failed.

    Attributes:
        step: the step's command, as it ran.
        tail: the last lines it printed.
        log: the whole build log on the host, when one was kept.
    """

    def __init__(
        self, message: str, *, step: str, tail: str, log: Path | None = None, hint: str = ""
    ) -> None:
        super().__init__(message, hint)
        self.step = step
        self.tail = tail
        self.log = log


class CheckoutFailed(SandboxError):
    """A repository, a revision or a source archive could not be brought in: the user's to mend."""


class ConfigurationProblem(SandboxError):
    """A setting of an environment, or of a repository's own settings file, is wrong."""


class FileProblem(SandboxError):
    """A file operation inside the sandbox was refused.

    Attributes:
        kind: ``missing``, ``exists``, ``is_directory``, ``not_a_directory``, ``denied``,
            ``too_large``, ``full`` (no space left) or ``other``.
    """

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind
