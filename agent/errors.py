"""What can go wrong in what decides, and what each error means to whoever called us.

Errors carry one line for the user and, where there is one, a hint. `exit_status` is the one place
that says which status a failure ends with; `agent.cli` is the one place that prints it.
"""

from model.budget import BudgetSpent
from model.errors import FOR_THE_USER, ModelError
from sandboxes.errors import CheckoutFailed, ConfigurationProblem, SandboxError, UnsuitableImage

DONE = 0
NOT_VERIFIED = 1
WRONG_USE = 2
INFRASTRUCTURE = 3


class AgentError(Exception):
    """Something above the sandboxes failed.

    Attributes:
        message: one line, for the user.
        hint: what to do about it, one line; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class WrongUse(AgentError):
    """The command line, a settings file or an issue is wrong."""


class IssueProblem(WrongUse):
    """An issue cannot be read."""


class SourceUnavailable(AgentError):
    """What an issue is read from does not answer, or not now."""


class ConfigProblem(WrongUse):
    """A settings file, an environment variable or a flag has a bad value."""


class TrajectoryCorrupt(AgentError):
    """A line in the middle of a trajectory is not an event."""


_WRONG_USE = (
    WrongUse,
    ConfigurationProblem,
    CheckoutFailed,
    UnsuitableImage,
    *FOR_THE_USER,
)


def exit_status(error: BaseException) -> int:
    """The exit status of a command that ends with this error."""
    if isinstance(error, _WRONG_USE):
        return WRONG_USE
    if isinstance(error, BudgetSpent):
        return NOT_VERIFIED
    if isinstance(error, SandboxError | ModelError | SourceUnavailable):
        return INFRASTRUCTURE
    return NOT_VERIFIED
