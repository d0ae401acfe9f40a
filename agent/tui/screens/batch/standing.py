"""Three lines above a batch's table: the counts, the bar, the figures."""

from agent.batch.summary import BatchStatus
from agent.tui.screens.batch.heading import bar, counts_line, figures_line
from agent.tui.screens.batch.order import Quiet
from agent.tui.widgets.lines import Lines, Row


class Standing(Lines, can_focus=False):
    """How a batch stands."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._status: BatchStatus | None = None
        self._quiet: Quiet = {}

    def show(self, status: BatchStatus, quiet: Quiet) -> None:
        """Show how it stands now."""
        self._status, self._quiet = status, quiet
        self.lines_changed()
        self.redraw()

    def count(self) -> int:
        """Three, once anything is known."""
        return 3 if self._status else 0

    def row(self, y: int) -> Row:
        """One of them."""
        status, width = self._status, max(self.columns - 2, 10)
        if status is None:
            return ()
        margin = ("plain", " ")
        match y:
            case 0:
                return (margin, *counts_line(status, self._quiet, width))
            case 1:
                return (margin, *bar(status, width))
            case _:
                return (margin, ("dim", figures_line(status, width)))
