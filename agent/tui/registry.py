"""The screens by name. A new one is its folder and a line here."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from textual.binding import Binding
from textual.screen import Screen

from agent.tui.screens.batches.screen import BatchesScreen
from agent.tui.screens.board.screen import BoardScreen
from agent.tui.screens.compare.screen import CompareScreen
from agent.tui.screens.doctor.screen import DoctorScreen
from agent.tui.screens.patch.screen import PatchScreen
from agent.tui.screens.replay.screen import ReplayScreen
from agent.tui.screens.run.screen import RunScreen
from agent.tui.screens.trace.screen import TraceScreen
from agent.tui.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ScreenEntry:
    """One screen.

    Attributes:
        name: in the code.
        title: in the command palette.
        about: what it shows: everything in the folder, one run, or several.
        make: builds it for a workspace and the folders of the runs in question.
        key: opens it from any screen where such runs are in question; empty for none.
    """

    name: str
    title: str
    about: Literal["all", "run", "runs"]
    make: Callable[[Workspace, tuple[Path, ...]], Screen[None]]
    key: str = ""

    @property
    def short(self) -> str:
        """The title in one word, which is the screen's own title too."""
        return self.title.partition(":")[0]

    @property
    def binding(self) -> Binding:
        """The key, as the app binds it; it is shown where there is a run that it would be about."""
        shown, action = self.about != "all", f"show('{self.name}')"
        return Binding(self.key, action, self.short, show=shown, tooltip=self.title)


SCREENS: tuple[ScreenEntry, ...] = (
    ScreenEntry("board", "Board: issues and runs", "all", lambda place, runs: BoardScreen(place)),
    ScreenEntry("run", "Run: what it does", "run", lambda place, runs: RunScreen(place, runs[0])),
    ScreenEntry(
        "patch", "Patch: what it changed", "run", lambda place, runs: PatchScreen(runs[0]), "P"
    ),
    ScreenEntry(
        "replay",
        "Replay: step by step",
        "run",
        lambda place, runs: ReplayScreen(place, runs[0]),
        "R",
    ),
    ScreenEntry(
        "compare",
        "Compare: runs of one issue side by side",
        "runs",
        CompareScreen,
        "C",
    ),
    ScreenEntry(
        "trace",
        "Trace: what was predicted and what happened",
        "run",
        lambda place, runs: TraceScreen(place, runs[0]),
        "T",
    ),
    ScreenEntry(
        "call",
        "Debugger: a call or a test, predicted and recorded",
        "all",
        lambda place, runs: TraceScreen(place),
        "ctrl+o",
    ),
    ScreenEntry(
        "batches",
        "Batches: lists of issues, several at once",
        "all",
        lambda place, runs: BatchesScreen(place),
        "B",
    ),
    ScreenEntry(
        "doctor",
        "Doctor: this machine, settings, keys, themes",
        "all",
        lambda place, runs: DoctorScreen(place),
        "comma",
    ),
)
"""The first is what opens."""
