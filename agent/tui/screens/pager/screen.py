"""The pager: one text, to be read, searched, copied and saved."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from agent.sources.source import slug
from agent.tui.screens.base import OurScreen
from agent.tui.widgets.keyhints import KeyHints
from agent.tui.widgets.safetext import line_count, one_line
from agent.tui.widgets.textlines import TextLines

_TERMINALS_TAKE = 74_000
"""Bytes that every terminal with OSC 52 takes at once."""


class PagerScreen(OurScreen):
    """Shows a text whole. The text is as it was written; nothing in it steers the terminal."""

    TITLE = "Pager"
    CSS_PATH = "pager.tcss"
    HELP = "One text in full. Its control characters are shown as \\xNN, nothing is left out."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape", "leave", "Back", key_display="q"),
        Binding("slash", "search", "Search", key_display="/"),
        Binding("n", "again(1)", "Next"),
        Binding("N", "again(-1)", "Before"),
        Binding("w", "wrap", "Wrap", tooltip="Break long lines, or cut them"),
        Binding("y", "copy", "Copy", tooltip="Copy all of it"),
        Binding("s", "save", "Save", tooltip="Save it as a file in the current folder"),
    ]

    def __init__(
        self, title: str, text: str, *, style: Callable[[str], str] = lambda line: "plain"
    ) -> None:
        """Args: title: of it. text: itself. style: the style's name for each line."""
        super().__init__()
        self._heading = title
        self._text = text
        self._style_of = style

    def compose(self) -> ComposeResult:
        """A heading, the text, a place to type what is looked for."""
        yield Static("", id="pager-heading", markup=False)
        yield TextLines(self._text, style=self._style_of, id="text")
        yield Input(placeholder="text to look for; Enter finds the next", id="sought", compact=True)
        yield KeyHints()

    def on_mount(self) -> None:
        """Read at once."""
        self.query_one("#sought").display = False
        self._lines.focus()
        self._say()

    @property
    def _lines(self) -> TextLines:
        return self.query_one(TextLines)

    def _say(self, more: str = "") -> None:
        count = line_count(self._text)
        words = f"{one_line(self._heading, max(self.size.width - 30, 20))}  {count:,} lines{more}"
        self.query_one("#pager-heading", Static).update(words)

    def action_leave(self) -> None:
        """Back; a search is left first."""
        sought = self.query_one("#sought", Input)
        if sought.has_focus:
            sought.display = False
            self._lines.focus()
        else:
            self.dismiss()

    def action_search(self) -> None:
        """Type what to look for."""
        sought = self.query_one("#sought", Input)
        sought.display = True
        sought.focus()

    def on_input_submitted(self) -> None:
        """Find it; the keys are the text's again."""
        self.query_one("#sought").display = False
        self._lines.focus()
        self.action_again(1)

    def action_again(self, step: int) -> None:
        """The next place, or the one before."""
        sought = self.query_one("#sought", Input).value
        if sought:
            self._say("" if self._lines.seek(sought, step) else "  not found")

    def action_wrap(self) -> None:
        """Break long lines, or cut them."""
        self._lines.wrap = not self._lines.wrap
        self._lines.break_again()

    def action_copy(self) -> None:
        """Hand all of it to the terminal's clipboard."""
        self.app.copy_to_clipboard(self._text)
        long = len(self._text) > _TERMINALS_TAKE
        self.tell("copied; not every terminal takes so much: s saves it" if long else "copied")

    def action_save(self) -> None:
        """Save it where no other file is."""
        stem = slug(self._heading)[:60]
        paths = (Path(f"{stem}{n or ''}.txt") for n in range(1000))
        path = next(each for each in paths if not each.exists())
        try:
            path.write_bytes(self._text.encode("utf-8", "replace"))
        except OSError as error:
            self.tell(f"cannot write {path}: {error.strerror}")
        else:
            self.tell(f"saved as {path.absolute()}")
