"""The doctor screen: what works on this machine, how things are set, every key, the colours."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Static

from agent.config import Settings, load_settings
from agent.errors import AgentError
from agent.origins import settings_file, told
from agent.tui.remembered import Remembered, remember
from agent.tui.screens.base import OurScreen
from agent.tui.screens.doctor.entries import of_findings, of_keys, of_settings, of_themes
from agent.tui.screens.doctor.page import Entry, Heading, Page
from agent.tui.widgets.choice import Choice
from agent.tui.widgets.keyhints import KeyHints
from agent.tui.widgets.safetext import one_line
from agent.tui.workspace import Workspace

if TYPE_CHECKING:
    from agent.doctor import Finding

_PAGES = (
    ("checks", "1 Checks"),
    ("settings", "2 Settings"),
    ("keys", "3 Keys"),
    ("themes", "4 Themes"),
)


CHECKING = "foretrace-doctor"
"""The thread that makes the checks."""


class DoctorScreen(OurScreen):
    """Four pages. The checks are made off the thread that draws, and shown as they come."""

    TITLE = "Doctor"
    CSS_PATH = "doctor.tcss"
    HELP = (
        "What works on this machine, as foretrace doctor finds it, and the command that mends what"
        " does not; every setting with its value and where that came from; every key there is; the"
        " colours. 1 to 4, → and ← go from page to page."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", key_display="esc"),
        Binding("right,l", "turn(1)", "Next page", key_display="→"),
        Binding("left,h", "turn(-1)", "Page before", key_display="←", show=False),
        *(
            Binding(str(n), f"page('{name}')", word[2:], show=False)
            for n, (name, word) in enumerate(_PAGES, start=1)
        ),
        Binding("r", "again", "Check again", tooltip="Make all checks again, read settings anew"),
        Binding("y", "copy", "Copy", tooltip="Copy the command that mends it, or the setting"),
        Binding("enter", "choose", "Choose", tooltip="Take the theme under the cursor"),
    ]

    @dataclass
    class Found(Message):
        """Something was found by the round of checks of that number; None once all are made."""

        round: int
        finding: "Finding | None"

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._place = workspace
        self._findings: list[Finding] = []
        self._settings: Settings | None = None
        self._wrong = ""
        self._round = 0
        self._checking = False

    def compose(self) -> ComposeResult:
        """The pages' names, the page, what is to be said of it, the keys."""
        with Horizontal(id="doctor-heading"):
            yield Static("Doctor", id="doctor-title", markup=False)
            pages = Choice(_PAGES, _PAGES[0][0], id="doctor-pages")
            pages.can_focus = False
            yield pages
        yield Page("doctor-page")
        yield Static("", id="doctor-status", markup=False)
        yield KeyHints()

    def on_mount(self) -> None:
        """Begin to check."""
        self._page.focus()
        self.watch(self._pages, "value", self._turned, init=False)
        self.action_again()

    def on_unmount(self) -> None:
        """Nobody waits for the checks any more."""
        self._round += 1

    @property
    def _page(self) -> Page:
        return self.query_one(Page)

    @property
    def _pages(self) -> Choice:
        return self.query_one(Choice)

    # Checking -----------------------------------------------------------------------------------

    def action_again(self) -> None:
        """Read the settings anew and make all checks again."""
        if self._checking:
            self.tell("the checks are being made")
            return
        try:
            self._settings = load_settings(self._place.config, {"out": self._place.out})
        except AgentError as error:
            self._settings, self._findings = None, []
            self._wrong = f"{error.message}; r reads it again"
            self._show()
            return
        self._findings = []
        self._round += 1
        self._checking = True
        arguments = (self._settings, self._round)
        # Not one of the app's workers: those are waited for when the app is left.
        threading.Thread(target=self._check, args=arguments, name=CHECKING, daemon=True).start()
        self._show()

    def _check(self, settings: Settings, number: int) -> None:
        from agent.doctor import examine

        for finding in examine(settings):
            if number != self._round:
                return
            self.post_message(self.Found(number, finding))
        self.post_message(self.Found(number, None))

    def on_doctor_screen_found(self, message: Found) -> None:
        """One more is known, or all are."""
        if message.round != self._round:
            return
        if message.finding is None:
            self._checking = False
        else:
            self._findings.append(message.finding)
        if self._pages.value == "checks":
            self._show()

    # Showing ------------------------------------------------------------------------------------

    def _turned(self) -> None:
        self._show(anew=True)

    def _show(self, *, anew: bool = False) -> None:
        entries, words = self._pages_by_name()[self._pages.value]()
        self._page.show(entries, anew=anew)
        width = max(self.size.width - 2, 10)
        self.query_one("#doctor-status", Static).update(one_line(words, width), layout=False)
        self.refresh_bindings()

    def _pages_by_name(self) -> dict[str, Callable[[], tuple[list[Entry | Heading], str]]]:
        return {
            "checks": lambda: (of_findings(self._findings), self._of_checks()),
            "settings": self._of_settings,
            "keys": lambda: (of_keys(self.app), "every key of every screen"),
            "themes": self._of_themes,
        }

    def _of_checks(self) -> str:
        if self._settings is None:
            return self._wrong
        if self._checking:
            return "checking…"
        missing = sum(finding.state == "missing" for finding in self._findings)
        if missing:
            return f"{missing} missing: runs will fail until that is mended; y copies the command"
        return "all that is needed is there"

    def _of_settings(self) -> tuple[list[Entry | Heading], str]:
        file = settings_file(self._place.config)
        words = f"the file is {file}" if file else "there is no file foretrace.toml here"
        if self._settings is None:
            return [], self._wrong
        try:
            settings = told(self._settings, self._place.config)
        except AgentError as error:
            return [], error.message
        return of_settings(settings), f"flag > environment > file > default; {words}"

    def _of_themes(self) -> tuple[list[Entry | Heading], str]:
        return of_themes(self.app.theme), "Enter takes one, this time and the next"

    def on_resize(self) -> None:
        """Another width has room for other words."""
        self.call_after_refresh(self._show)

    # Keys ---------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is something to choose among the themes alone."""
        if action == "choose":
            return self.is_mounted and self._pages.value == "themes"
        return True

    def action_leave(self) -> None:
        """Back."""
        self.dismiss()

    def action_turn(self, by: int) -> None:
        """The next page, or the one before."""
        self._pages.action_move(by)

    def action_page(self, name: str) -> None:
        """A page by its name."""
        self._pages.value = name

    def action_copy(self) -> None:
        """Hand what is under the cursor to the terminal's clipboard."""
        current = self._page.current
        if current is not None and current.copied:
            self.app.copy_to_clipboard(current.copied)
            self.tell(f"copied: {current.copied}")

    def action_choose(self) -> None:
        """Take the theme under the cursor, this time and the next."""
        current = self._page.current
        if current is None or not current.name:
            return
        self.app.theme = current.name
        try:
            remember(Remembered(theme=current.name))
        except AgentError as error:
            self.tell(error)
        self._show()
