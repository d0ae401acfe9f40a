"""The steps of a run, one line each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from agent.replay.steps import Step
from agent.tui.screens.replay.kinds import sign_of
from agent.tui.widgets.lines import Lines, Row
from agent.tui.widgets.safetext import one_line

AGAIN = {
    "same": ("=", "good"),
    "other": ("≠", "bad"),
    "over": ("-", "dim"),
}
"""What doing a step again gave: the same, another result, or it was passed over."""


class StepList(Lines):
    """Shows where the reader is; the keys that move are the screen's too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "go(1)", "Next step", show=False),
        Binding("up,k", "go(-1)", "Step before", show=False),
        Binding("home,g", "go(-1000000)", "Beginning", show=False),
        Binding("end,G", "go(1000000)", "Last step", show=False),
    ]

    @dataclass
    class Chosen(Message):
        """The reader goes to a place."""

        at: int

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._steps: Sequence[Step] = ()
        self._again: Mapping[int, str] = {}
        self.at = 0

    def show(self, steps: Sequence[Step], again: Mapping[int, str]) -> None:
        """Show steps, and what doing them again gave by their numbers; see `AGAIN`."""
        self._steps, self._again = steps, again
        self.lines_changed()
        self.redraw()

    def go_to(self, at: int) -> None:
        """Put the cursor on a place, and bring it into view."""
        self.at = at
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        if not top <= at < top + height:
            y = at - height // 2 if abs(at - top) > height + 1 else at - (at > top) * (height - 1)
            self.scroll_to(y=max(y, 0), animate=False, immediate=True)
        self.refresh()

    def count(self) -> int:
        """The beginning, and every step."""
        return 1 + len(self._steps)

    def highlighted(self, y: int) -> bool:
        """The place where the reader is."""
        return y == self.at

    def row(self, y: int) -> Row:
        """Mark, number, how it ended, what was called."""
        mark = ("accent", "▌" if y == self.at else " ")
        if y == 0:
            return (mark, ("dim", "  0   the beginning"))
        step = self._steps[y - 1]
        sign, style = sign_of(step)
        again, how = AGAIN.get(self._again.get(step.number, ""), (" ", "dim"))
        action = step.action
        tool = one_line((action.tool or "the end") if action else "no valid action", 16)
        room = max(self.columns - 11 - len(tool), 4)
        first = one_line(action.argument, room) if action and action.tool else ""
        carried = "dim" if step.carried else "plain"
        return (
            mark,
            ("dim", f"{step.number:>3} "),
            (how, again),
            (style, f"{sign} "),
            ("dim" if step.carried else "strong", f"{tool} "),
            (carried if first else "dim", first),
        )

    def action_go(self, by: int) -> None:
        """Some places further."""
        self.post_message(self.Chosen(self.at + by))

    def on_click(self, event: events.Click) -> None:
        """Go to the step under the pointer."""
        y = event.y + self.scroll_offset.y
        if 0 <= y < self.count():
            self.post_message(self.Chosen(y))
