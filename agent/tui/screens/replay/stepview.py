"""One step in full: what was thought, called, answered, and what doing it again gave."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import ClassVar

from textual.binding import Binding, BindingType

from agent.events import Event
from agent.replay.execute import Repeated
from agent.replay.steps import Step, before_the_first
from agent.replay.telling import Section, sections
from agent.tui.screens.run.side import patch_style
from agent.tui.widgets.lines import Lines, Row
from agent.tui.widgets.safetext import filled, one_line, wrapped

_ROWS = 300
"""Of one section; the pager has them all."""


def sections_of(
    step: Step | None, events: Iterable[Event], again: Repeated | None
) -> list[Section]:
    """What there is to say of a step.

    Args:
        step: None for the run's beginning.
        events: of the run.
        again: what doing the step again gave.
    """
    if step is None:
        return sections(before_the_first(events))
    return [*sections(step.events), *_again(again)]


def _again(again: Repeated | None) -> list[Section]:
    if again is None:
        return []
    if again.why_not:
        return [Section(f"not done again: {again.why_not}")]
    if again.same:
        return [Section("done again: the same result")]
    return [Section("done again: another result, which is now", again.again or "", "verbatim")]


def whole_text(told: Sequence[Section]) -> str:
    """Sections as one text."""
    return "\n\n".join(f"{each.title}\n{each.text}".strip("\n") for each in told)


class StepView(Lines):
    """Draws sections."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_rows(1)", "Down", show=False),
        Binding("up,k", "scroll_rows(-1)", "Up", show=False),
    ]

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._told: Sequence[Section] = ()
        self._rows: list[Row] = []
        self._width = -1

    def show(self, told: Sequence[Section]) -> None:
        """Show sections from the first on."""
        self._told = told
        self._make()
        self.scroll_to(y=0, animate=False, immediate=True)

    def on_resize(self) -> None:
        """Another width."""
        if self.columns != self._width:
            self._make()

    def _make(self) -> None:
        self._width = self.columns
        self._rows = [row for section in self._told for row in _section(section, self._width)]
        self.lines_changed()
        self.redraw()

    def count(self) -> int:
        """Rows of all sections."""
        return len(self._rows)

    def row(self, y: int) -> Row:
        """One of them."""
        return self._rows[y]

    def action_scroll_rows(self, rows: int) -> None:
        """Some rows further."""
        self.scroll_relative(y=rows, animate=False)


def _section(section: Section, width: int) -> list[Row]:
    rows: list[Row] = [((_title_style(section.title), one_line(section.title, width)),)]
    text = section.text.strip("\n")
    if text:
        short = text[: _ROWS * max(width, 20)]
        broken = (filled if section.form == "words" else wrapped)(short, max(width - 2, 10))
        lines = list(islice(broken, _ROWS))
        rows += [((_style(section, line), f"  {line}"),) for line in lines]
        if len(short) < len(text) or next(broken, None) is not None:
            rows.append((("dim", "  … and more: o shows all of it"),))
    return [*rows, ()]


def _title_style(title: str) -> str:
    if title.startswith(("done again: another", "result: not", "no valid")):
        return "bad"
    return "accent" if title.startswith("call: ") else "strong"


def _style(section: Section, line: str) -> str:
    if section.form == "patch":
        return patch_style(line)
    return "dim" if section.title == "reasoning" else "plain"
