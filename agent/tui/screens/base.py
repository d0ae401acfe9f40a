"""What every screen of ours has."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual.message import Message
from textual.screen import Screen

from agent.errors import AgentError
from agent.tui.widgets.safetext import one_line

_MOST_TOLD = 300
"""Signs of one line in the corner."""


class OurScreen(Screen[None]):
    """A screen that says what it is for, and which runs a key pressed on it is about."""

    HELP: ClassVar[str | None] = ""
    """A few sentences for the help."""
    AUTO_FOCUS = ""

    @dataclass
    class Open(Message):
        """Asks the app for another screen: its name in the registry, and on which runs."""

        name: str
        runs: tuple[Path, ...]

    def runs_in_question(self) -> tuple[Path, ...]:
        """Folders of the runs that another screen would be opened on."""
        return ()

    def tell(self, what: AgentError | str) -> None:
        """Say in the corner what was done, or why not; never as markup."""
        text = what if isinstance(what, str) else f"{what.message}\n{what.hint}".strip()
        lines = "\n".join(one_line(line, _MOST_TOLD) for line in text.splitlines())
        bad = not isinstance(what, str)
        self.notify(lines, severity="error" if bad else "information", markup=False)
