"""The terminal UI as a program: themes, keys that hold everywhere, the command palette."""

import gc
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingsMap, BindingType
from textual.screen import Screen

from agent.tui.registry import SCREENS, ScreenEntry
from agent.tui.remembered import recall
from agent.tui.screens.base import OurScreen
from agent.tui.screens.help.screen import HelpScreen
from agent.tui.themes import THEMES, other_of, theme_named
from agent.tui.workspace import Workspace

_COLLECT_AFTER = 20_000
"""New objects after which the garbage collector looks at the youngest."""


class ForetraceApp(App[None]):
    """Opens the first of the screens; leaving it leaves the runs alone."""

    TITLE = "Foretrace"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("ctrl+p", "command_palette", "Commands", show=False, priority=True),
        Binding("ctrl+t", "other_theme", "Light or dark", show=False),
        Binding("ctrl+q", "quit", "Leave; runs go on", show=False, priority=True),
        # Before the field that has the focus gets them: what is typed right after is the next's.
        Binding("tab", "app.focus_next", "Next field", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", "Field before", show=False, priority=True),
    ]

    def __init__(self, workspace: Workspace, run: Path | None = None) -> None:
        """Args: workspace: the folder of runs. run: to be opened at once, on top of the board."""
        super().__init__()
        self.workspace = workspace
        self._run = run
        self.animation_level = "none"
        keys = [entry.binding for entry in SCREENS if entry.key]
        self._bindings = BindingsMap.merge([self._bindings, BindingsMap(keys)])

    def on_mount(self) -> None:
        """Open the first screen."""
        # Events of long runs are many objects that stay, and hold no circles: looking through them
        # at every 700th new one would take most of the time of opening a run.
        gc.set_threshold(_COLLECT_AFTER, 10, 50)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = theme_named(recall().theme).name
        self.push_screen(SCREENS[0].make(self.workspace, ()))
        if self._run is not None:
            self.open("run", (self._run,))

    # Screens ------------------------------------------------------------------------------------

    def open(self, name: str, runs: tuple[Path, ...]) -> None:
        """Open a screen on some runs; the first screen is gone back to rather than opened anew."""
        entry = next(each for each in SCREENS if each.name == name)
        if entry is SCREENS[0]:
            while len(self.screen_stack) > 2:
                self.pop_screen()
            return
        self.push_screen(entry.make(self.workspace, runs))

    def on_our_screen_open(self, message: OurScreen.Open) -> None:
        """A screen asks for another."""
        self.open(message.name, message.runs)

    def action_show(self, name: str) -> None:
        """Open a screen on the runs in question."""
        self.open(name, self._in_question())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A screen about runs needs some."""
        if action == "show":
            entry = next((each for each in SCREENS if each.name == parameters[0]), None)
            return entry is not None and self._can_show(entry)
        return True

    def _can_show(self, entry: ScreenEntry) -> bool:
        if self._seen is not None and self._seen.title == entry.short:
            return False  # it is open
        return entry.about == "all" or bool(self._in_question())

    def _in_question(self) -> tuple[Path, ...]:
        screen = self._seen
        return screen.runs_in_question() if screen else ()

    @property
    def _seen(self) -> OurScreen | None:
        """The screen that is looked at; dialogs and the command palette are over one."""
        return next(
            (each for each in reversed(self.screen_stack) if isinstance(each, OurScreen)), None
        )

    # Help and commands --------------------------------------------------------------------------

    def action_help(self) -> None:
        """Explain the current screen."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def action_other_theme(self) -> None:
        """From dark to light, or back."""
        self.theme = other_of(self.theme).name

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Everything a key does here, and every screen that can be opened from here."""
        for entry in SCREENS:
            if self._can_show(entry) and not isinstance(screen, HelpScreen):
                runs = self._in_question()
                key = f"Key: {self.get_key_display(entry.binding)}" if entry.key else "A screen"
                yield SystemCommand(entry.title, key, lambda e=entry, r=runs: self.open(e.name, r))
        for node, binding, enabled, _ in screen.active_bindings.values():
            ours = node is screen or (node is self and not binding.action.startswith("show("))
            if enabled and binding.description and ours:
                key = self.get_key_display(binding)
                owner = "app" if node is self else "screen"

                async def run(action: str = f"{owner}.{binding.action}") -> None:
                    await self.run_action(action)

                yield SystemCommand(binding.description, f"Key: {key}", run)
