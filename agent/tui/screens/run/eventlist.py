"""The list of what happened: entries that unfold, drawn only where they are on the screen.

Rows are counted, not made: an entry that is folded has as many as its text's lines allow, whatever
the width. Only what is unfolded is broken to the width, and is few.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, islice
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.message import Message

from agent.tui.screens.run.entries import Entry
from agent.tui.screens.run.side import patch_style
from agent.tui.widgets.lines import Lines, Row
from agent.tui.widgets.safetext import cut, filled, one_line, wrapped

_UNFOLDED = 300
"""Rows of an unfolded entry; the pager has them all."""
_GUTTER = 7
"""Cells before a head: the cursor, the step's number, the sign."""


class EventList(Lines):
    """Entries under a cursor. Follows the newest until the reader goes elsewhere.

    Attributes:
        entries: all of them, oldest first.
        cursor: which one the cursor is on.
        following: whether new entries are scrolled to.
        whole: finds all of an entry that was lightened.
        may_hold: whether all of such an entry can hold a text, in lower case.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "down", "Down", show=False),
        Binding("up,k", "up", "Up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("home,g", "first", "First", show=False),
        Binding("end,G", "last", "Last; follow", show=False),
        Binding(
            "enter,space", "fold", "Unfold", tooltip="Unfold what the cursor is on, or fold it"
        ),
        Binding("E", "fold_all", "Fold all", show=False, tooltip="Fold everything again"),
        Binding("right_square_bracket", "step(1)", "Next step", show=False, key_display="]"),
        Binding("left_square_bracket", "step(-1)", "Step before", show=False, key_display="["),
    ]

    class Moved(Message):
        """The cursor, the view or what is followed changed."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id)
        self.entries: list[Entry] = []
        self.cursor = 0
        self.following = True
        self.whole: Callable[[Entry], Entry] = lambda entry: entry
        self.may_hold: Callable[[Entry, str], bool] = lambda entry, text: True
        self._unfolded: set[int] = set()
        self._tops: list[int] = [0]  # the first row of each entry, and the end of the last
        self._made: LRUCache[tuple[int, bool, int], list[Row]] = LRUCache(512)
        self._width = self._height = 0

    # Entries ------------------------------------------------------------------------------------

    def extend(self, entries: Sequence[Entry]) -> None:
        """Append entries; who reads elsewhere sees nothing of it but the scrollbar."""
        if not entries:
            return
        heights = (self._folded_height(entry) for entry in entries)
        self._tops.extend(islice(accumulate(heights, initial=self._tops[-1]), 1, None))
        self.entries.extend(entries)
        self.lines_changed()
        if self.following:
            self._show_last()
        self.post_message(self.Moved())

    @property
    def current(self) -> Entry | None:
        """The entry under the cursor."""
        return self.entries[self.cursor] if self.entries else None

    @property
    def below(self) -> int:
        """How many entries lie below what is on the screen."""
        last_row = self.scroll_offset.y + self.size.height
        return max(len(self.entries) - bisect_right(self._tops, last_row - 1), 0)

    def find(self, text: str, step: int) -> bool:
        """Go to the next entry that holds a text, or the one before; around the end if need be."""
        wanted, count = text.lower(), len(self.entries)
        for away in range(1, count + 1):
            at = (self.cursor + step * away) % count
            if self._holds(self.entries[at], wanted):
                self.go_to(at)
                return True
        return False

    def _holds(self, entry: Entry, wanted: str) -> bool:
        if wanted in entry.head.lower() or wanted in entry.body.lower():
            return True
        if not entry.light or not self.may_hold(entry, wanted):
            return False
        whole = self.whole(entry)
        return wanted in whole.head.lower() or wanted in whole.body.lower()

    # Rows ---------------------------------------------------------------------------------------

    def count(self) -> int:
        """Rows of all entries."""
        return self._tops[-1]

    def row(self, y: int) -> Row:
        """One row of an entry, the cursor's mark before it."""
        at = self._entry_at(y)
        rows, place = self._rows(at), y - self._tops[at]
        row = rows[place] if place < len(rows) else ()
        return (("accent", "▌" if at == self.cursor else " "), *row)

    def highlighted(self, y: int) -> bool:
        """Whether the row is of the entry under the cursor."""
        return self._entry_at(y) == self.cursor

    def _entry_at(self, y: int) -> int:
        return min(bisect_right(self._tops, y) - 1, len(self.entries) - 1)

    def _folded_height(self, entry: Entry) -> int:
        shown = min(entry.lines, entry.preview)
        return 1 + shown + (entry.preview > 0 and entry.lines > entry.preview)

    def _rows(self, at: int) -> list[Row]:
        unfolded = at in self._unfolded
        key = (at, unfolded, self.columns)
        if (rows := self._made.get(key)) is None:
            entry = self.entries[at]
            body = self._whole(self.whole(entry)) if unfolded else self._preview(entry)
            rows = self._made[key] = [self._head(entry, unfolded), *body]
        return rows

    def _head(self, entry: Entry, unfolded: bool) -> Row:
        aside = entry.aside
        if not entry.preview and entry.lines and not unfolded and not entry.prose:
            aside = f"{aside}  {entry.lines} line{'s' if entry.lines > 1 else ''} ↵".strip()
        room = self.columns - _GUTTER - (len(aside) + 2 if aside else 0) - 1
        number = f"{entry.step:>3} " if entry.numbered else "    "
        head = one_line(entry.head, room) if not unfolded or not entry.prose else "thinks"
        gap = " " * max(room - cell_len(head) + 1, 1)
        tail = (("dim", f"{gap} {aside}"),) if aside else ()
        return (("dim", number), (entry.style, f"{entry.sign} {head}"), *tail)

    def _preview(self, entry: Entry) -> list[Row]:
        room = self.columns - _GUTTER - 3
        lines = entry.body.split("\n", entry.preview)[: min(entry.lines, entry.preview)]
        rows = [_body(entry, cut(line.removesuffix("\r"), room)) for line in lines]
        if entry.preview and entry.lines > entry.preview:
            left = entry.lines - entry.preview
            rows.append(_body(entry, f"… {left} more line{'s' if left > 1 else ''} ↵", "dim"))
        return rows

    def _whole(self, entry: Entry) -> list[Row]:
        room = self.columns - _GUTTER - 3
        broken = filled(entry.body, room) if entry.prose else wrapped(entry.body, room)
        rows = [_body(entry, line) for line in islice(broken, _UNFOLDED)]
        if next(broken, None) is not None:
            rows.append(_body(entry, "… and more: o shows all of it", "dim"))
        return rows if entry.body else []

    # Moving -------------------------------------------------------------------------------------

    def go_to(self, at: int) -> None:
        """Put the cursor on an entry and bring it into view."""
        if not self.entries:
            return
        self.cursor = min(max(at, 0), len(self.entries) - 1)
        self.following = self.cursor == len(self.entries) - 1
        top, bottom = self._tops[self.cursor], self._tops[self.cursor + 1]
        height, y = self.size.height, self.scroll_offset.y
        if top < y or bottom - top >= height:
            self._scroll(top)
        elif bottom > y + height:
            self._scroll(bottom - height)
        self.refresh()
        self.post_message(self.Moved())

    def action_down(self) -> None:
        """The next entry; within one that is longer than the screen, further down."""
        bottom = self.scroll_offset.y + self.size.height
        if self.entries and self._tops[self.cursor + 1] > bottom and self._in_view():
            self._scroll(min(self.scroll_offset.y + 3, self._tops[self.cursor + 1]))
        else:
            self.go_to(self.cursor + 1)

    def action_up(self) -> None:
        """The entry before; within one that is longer than the screen, further up."""
        if self.entries and self._tops[self.cursor] < self.scroll_offset.y and self._in_view():
            self._scroll(max(self.scroll_offset.y - 3, self._tops[self.cursor]))
        else:
            self.go_to(self.cursor - 1)

    def action_page(self, pages: int) -> None:
        """A screen further; the cursor comes along."""
        height = max(self.size.height - 1, 1)
        y = min(max(self.scroll_offset.y + pages * height, 0), max(self.count() - 1, 0))
        at = self._entry_at(y if pages < 0 else min(y + height, self.count() - 1))
        self._scroll(y)
        self.go_to(at)

    def action_first(self) -> None:
        """The beginning."""
        self.go_to(0)

    def action_last(self) -> None:
        """The end, and what comes after it."""
        self._show_last()
        self.post_message(self.Moved())

    def action_step(self, by: int) -> None:
        """The next action, or the one before."""
        places = range(self.cursor + by, len(self.entries) if by > 0 else -1, by)
        found = next((at for at in places if self.entries[at].numbered), None)
        if found is not None:
            self.go_to(found)

    def _show_last(self) -> None:
        self.cursor = max(len(self.entries) - 1, 0)
        self.following = True
        self._scroll(self.count() - self.size.height)
        self.refresh()

    def _scroll(self, y: int) -> None:
        # Forced: of a list that has just become longer than the screen the bar is not there yet.
        self.scroll_to(y=max(y, 0), animate=False, force=True)

    def _in_view(self) -> bool:
        """Whether some of the entry under the cursor is on the screen."""
        y = self.scroll_offset.y
        return self._tops[self.cursor] < y + self.size.height and y < self._tops[self.cursor + 1]

    def watch_scroll_y(self, old: float, new: float) -> None:
        """Who scrolls up stays there; who comes back to the end follows again."""
        super().watch_scroll_y(old, new)
        if self.size.height != self._height:
            return  # the screen is being laid out; nobody scrolled
        at_end = round(new) >= self.count() - self.size.height
        if round(new) < round(old) and not at_end:
            self.following = False
        elif round(new) > round(old) and at_end and self.entries:
            self.following = True
        self.post_message(self.Moved())

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there; a second one unfolds."""
        y = event.y + self.scroll_offset.y
        if 0 <= y < self.count():
            self.go_to(self._entry_at(y))
            if event.chain == 2:
                self.action_fold()

    # Folding ------------------------------------------------------------------------------------

    def action_fold(self) -> None:
        """Unfold the entry under the cursor, or fold it."""
        if self.current is not None and self.current.lines:
            self._unfolded ^= {self.cursor}
            following = self.following
            self._count_again(self.cursor)
            self.go_to(self.cursor)
            self.following = following and self.cursor not in self._unfolded

    def action_fold_all(self) -> None:
        """Fold everything."""
        self._unfolded.clear()
        self._count_again(0)
        self.go_to(self.cursor)

    def _count_again(self, start: int) -> None:
        """The rows of the entries from one on, once it has others than before."""
        heights: Iterable[int] = (
            len(self._rows(at)) if at in self._unfolded else self._folded_height(self.entries[at])
            for at in range(start, len(self.entries))
        )
        self._tops[start:] = accumulate(heights, initial=self._tops[start])
        self.lines_changed()
        self.redraw()

    def key(self, y: int) -> object:
        """The row's number, and how its entry is folded."""
        return y, self._entry_at(y) in self._unfolded

    def on_resize(self) -> None:
        """What is unfolded has other rows at another width; the reader stays where they are."""
        top = self._entry_at(self.scroll_offset.y) if self.entries else 0
        broken_anew = self.columns != self._width
        self._width, self._height = self.columns, self.size.height
        if broken_anew:
            self._count_again(0)
        if self.following:
            self.call_after_refresh(self._show_last)
        elif self.entries and broken_anew:
            self.call_after_refresh(self._scroll, self._tops[top])


def _body(entry: Entry, line: str, style: str = "") -> Row:
    if not style:
        style = patch_style(line) if entry.patch else "dim" if entry.sign == "~" else "plain"
    return (("dim", " " * (_GUTTER - 3) + "  │ "), (style, line))
