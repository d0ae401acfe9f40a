"""Every key of every screen, as the screens and the widgets on them declare them."""

from collections.abc import Iterator
from dataclasses import dataclass

from textual.app import App
from textual.binding import Binding, BindingsMap
from textual.dom import DOMNode

from agent.tui.screens.board.adding import AddIssues
from agent.tui.screens.board.assigning import Assign
from agent.tui.screens.board.screen import BoardScreen
from agent.tui.screens.board.table import BoardTable
from agent.tui.screens.compare.screen import CompareScreen
from agent.tui.screens.compare.table import CompareTable
from agent.tui.screens.dialogs.confirm import Confirm
from agent.tui.screens.dialogs.text import AskText
from agent.tui.screens.doctor.page import Page
from agent.tui.screens.help.screen import HelpScreen
from agent.tui.screens.pager.screen import PagerScreen
from agent.tui.screens.patch.diffview import DiffView
from agent.tui.screens.patch.filetree import FileTree
from agent.tui.screens.patch.folder import AskFolder
from agent.tui.screens.patch.screen import PatchScreen
from agent.tui.screens.replay.forkdialog import ForkDialog
from agent.tui.screens.replay.pick import Pick
from agent.tui.screens.replay.screen import ReplayScreen
from agent.tui.screens.replay.steplist import StepList
from agent.tui.screens.replay.stepview import StepView
from agent.tui.screens.run.eventlist import EventList
from agent.tui.screens.run.screen import RunScreen
from agent.tui.screens.trace.asking import AskCall
from agent.tui.screens.trace.choosing import ChoosePrediction
from agent.tui.screens.trace.framelist import FrameList
from agent.tui.screens.trace.screen import TraceScreen
from agent.tui.screens.trace.sourceview import SourceView
from agent.tui.screens.trace.variablelist import VariableList
from agent.tui.widgets.choice import Choice
from agent.tui.widgets.textlines import TextLines

OURS = "agent.tui."
"""Where our own classes are."""

PLACES: tuple[tuple[str, type[DOMNode]], ...] = (
    ("Board", BoardScreen),
    ("Board, in the table", BoardTable),
    ("Board, adding issues", AddIssues),
    ("Board, assigning", Assign),
    ("Run", RunScreen),
    ("Run, in the list", EventList),
    ("Patch", PatchScreen),
    ("Patch, in the diff", DiffView),
    ("Patch, in the files", FileTree),
    ("Patch, naming a folder", AskFolder),
    ("Replay", ReplayScreen),
    ("Replay, in the steps", StepList),
    ("Replay, in the step", StepView),
    ("Replay, forking", ForkDialog),
    ("Replay, choosing", Pick),
    ("Compare", CompareScreen),
    ("Compare, in the table", CompareTable),
    ("Trace", TraceScreen),
    ("Trace, in the frames", FrameList),
    ("Trace, in the source", SourceView),
    ("Trace, in the variables", VariableList),
    ("Trace, opening a call", AskCall),
    ("Trace, choosing a prediction", ChoosePrediction),
    ("Doctor, in the list", Page),
    ("Pager", PagerScreen),
    ("A text to read", TextLines),
    ("One of a few values", Choice),
    ("A question", Confirm),
    ("A text to write", AskText),
    ("Help", HelpScreen),
)
"""The screens, the lists on them and their dialogs; the doctor's own comes from the screen."""


@dataclass(frozen=True, slots=True)
class Key:
    """What one key does, or several that do the same.

    Attributes:
        keys: as they are shown.
        words: what they do.
    """

    keys: str
    words: str


def keys_of(app: App[None], kind: type[DOMNode]) -> list[Key]:
    """The keys that a class of ours and those above it declare."""
    found: dict[str, tuple[list[str], Binding]] = {}
    for binding in _declared(kind):
        keys, _ = found.setdefault(binding.action, ([], binding))
        keys.append(app.get_key_display(binding))
    return [
        Key(" ".join(dict.fromkeys(keys)), binding.tooltip or binding.description)
        for keys, binding in found.values()
    ]


def _declared(kind: type[DOMNode]) -> Iterator[Binding]:
    for each in kind.__mro__:
        if each.__module__.startswith(OURS) and "BINDINGS" in vars(each):
            for bindings in BindingsMap(vars(each)["BINDINGS"]).key_to_bindings.values():
                yield from (binding for binding in bindings if binding.description)
