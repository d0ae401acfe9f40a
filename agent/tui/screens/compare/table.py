"""Columns drawn side by side, as many as fit, under a cursor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from agent.replay.steps import Step
from agent.tui.screens.compare.columns import Column, parting
from agent.tui.screens.replay.kinds import sign_of
from agent.tui.widgets.lines import Lines, Row
from agent.tui.widgets.safetext import one_line

_LABEL = 15
_NARROWEST = 28


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a fact by its name, a step by its number from 1, a heading, or nothing."""

    fact: str = ""
    step: int = 0
    heading: str = ""


class CompareTable(Lines):
    """Facts first, then the steps by their numbers.

    Attributes:
        column: the one the cursor is in, from 0.
        cursor: the line it is on.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "down(1)", "Down", show=False),
        Binding("up,k", "down(-1)", "Up", show=False),
        Binding("pagedown,space", "page(1)", "Page down", show=False),
        Binding("pageup,b", "page(-1)", "Page up", show=False),
        Binding("home,g", "down(-1000000)", "Top", show=False),
        Binding("end,G", "down(1000000)", "End", show=False),
    ]

    class Moved(Message):
        """The cursor is elsewhere."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._columns: Sequence[Column] = ()
        self._lines: list[Line] = []
        self._parting = 0
        self._first = 0  # the column at the left
        self.column = 0
        self.cursor = 0

    # What is shown ------------------------------------------------------------------------------

    def show(self, columns: Sequence[Column]) -> None:
        """Show runs; the cursor stays where it is."""
        self._columns = columns
        self._parting = parting(columns)
        names = list(columns[0].facts) if columns else []
        facts = [name for name in names if any(column.facts[name] for column in columns)]
        longest = max((len(column.steps) for column in columns), default=0)
        self._lines = [Line(fact=name) for name in facts]
        self._lines += [Line(), Line(heading=self._heading(longest))]
        self._lines += [Line(step=number) for number in range(1, longest + 1)]
        self.lines_changed()
        self.redraw()
        self.post_message(self.Moved())

    def _heading(self, longest: int) -> str:
        if not longest:
            return "no step yet"
        if len(self._columns) == 1:
            return "Steps"
        if not self._parting:
            return "Steps: all runs call the same"
        return f"Steps: the runs part at step {self._parting}"

    @property
    def current(self) -> Column | None:
        """The run that the cursor is in."""
        return self._columns[self.column] if self.column < len(self._columns) else None

    @property
    def step(self) -> int:
        """The step that the cursor is on; 0 for none."""
        return self._lines[self.cursor].step if self.cursor < len(self._lines) else 0

    @property
    def parting(self) -> int:
        """The line of the step at which the runs part; -1 where they do not."""
        found = (
            at for at, line in enumerate(self._lines) if line.step and line.step == self._parting
        )
        return next(found, -1)

    def in_view(self) -> tuple[Sequence[Column], int]:
        """The columns in view, and the cells that each has."""
        room = max(self.columns - _LABEL, 1)
        fit = max(min(room // _NARROWEST, len(self._columns)), 1)
        return self._columns[self._first : self._first + fit], room // fit

    # Rows ---------------------------------------------------------------------------------------

    def count(self) -> int:
        """Facts, a heading, steps."""
        return len(self._lines)

    def highlighted(self, y: int) -> bool:
        """The line that the cursor is on."""
        return y == self.cursor

    def key(self, y: int) -> object:
        """The line, the columns in view, and the one that the cursor is in."""
        return y, self._first, self.column

    def row(self, y: int) -> Row:
        """One line of every run in view."""
        line = self._lines[y]
        mark = ("accent", "▌" if y == self.cursor else " ")
        if not (line.fact or line.step):
            return (mark, ("strong", one_line(line.heading, self.columns - 1)))
        columns, width = self.in_view()
        cells = [_cell(line, column, width) for column in columns]
        parts = line.step and line.step == self._parting
        label = line.fact or f"{line.step:>4}"
        sign = "≠" if parts or (line.fact and self._differ(line.fact)) else " "
        pieces = [("dim", f"{label:<{_LABEL - 3}}"), ("warn", f"{sign} ")]
        return (mark, *pieces, *(piece for cell in cells for piece in cell))

    def _differ(self, fact: str) -> bool:
        return len({column.facts[fact] for column in self._columns}) > 1

    def letters(self) -> Row:
        """A line above the others: which run is which; the cursor's is in brackets."""
        columns, width = self.in_view()
        pieces: list[tuple[str, str]] = [("dim", " " * _LABEL)]
        for column in columns:
            here = column is self.current
            name = f"[{column.letter}]" if here else f" {column.letter} "
            text = f"{name} {one_line(column.folder.name, max(width - 5, 1))}"
            pieces.append(("strong" if here else "dim", _padded(text, width)))
        return tuple(pieces)

    # Moving -------------------------------------------------------------------------------------

    def go_to(self, y: int) -> None:
        """Put the cursor on a line and bring it into view."""
        self.cursor = min(max(y, 0), max(len(self._lines) - 1, 0))
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, immediate=True)
        self.refresh()
        self.post_message(self.Moved())

    def action_down(self, by: int) -> None:
        """Some lines further."""
        self.go_to(self.cursor + by)

    def action_page(self, pages: int) -> None:
        """A screen further."""
        self.go_to(self.cursor + pages * max(self.size.height - 1, 1))

    def across(self, by: int) -> None:
        """The next run, or the one before."""
        self.column = min(max(self.column + by, 0), max(len(self._columns) - 1, 0))
        fit = len(self.in_view()[0])
        self._first = min(max(self._first, self.column - fit + 1), self.column)
        self.refresh()
        self.post_message(self.Moved())

    def on_click(self, event: events.Click) -> None:
        """Go to the line and the run under the pointer."""
        at = self._first + max(event.x - _LABEL, 0) // self.in_view()[1]
        self.column = min(at, max(len(self._columns) - 1, 0))
        self.go_to(event.y + self.scroll_offset.y)

    def on_resize(self) -> None:
        """Other columns fit."""
        self._first = 0
        self.across(0)
        self.redraw()


def _cell(line: Line, column: Column, width: int) -> list[tuple[str, str]]:
    if line.fact:
        return [("plain", _padded(one_line(column.facts[line.fact], width - 2), width))]
    if line.step > len(column.steps):
        return [("dim", " " * width)]
    return _step(column.steps[line.step - 1], width)


def _step(step: Step, width: int) -> list[tuple[str, str]]:
    sign, style = sign_of(step)
    action = step.action
    tool = one_line((action.tool or "the end") if action else "no valid action", 14)
    first = one_line(action.argument, width - cell_len(tool) - 5) if action and action.tool else ""
    carried = "dim" if step.carried else "plain"
    name = "dim" if step.carried else "strong"
    rest = _padded(first, width - cell_len(tool) - 3)
    return [(style, f"{sign} "), (name, f"{tool} "), (carried, rest)]


def _padded(text: str, width: int) -> str:
    return set_cell_size(text, max(width, 0))
