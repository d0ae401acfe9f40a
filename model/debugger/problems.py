"""What a user of the debugger is told when a command cannot be done."""

from collections.abc import Sequence

from model.trace.reading import Problem


class DebuggerProblem(ValueError):
    """A command cannot be done here; the message is one line."""


class NoFrame(DebuggerProblem):
    """What the model wrote is no frame; the session stands where it stood.

    Attributes:
        problems: of the model's text.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        why = f": {problems[0].detail}" if problems else ""
        super().__init__(f"the model wrote no frame{why}")
        self.problems = tuple(problems)
