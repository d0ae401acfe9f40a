"""The dialog that adds issues: from lists, searches, addresses, or text that is pasted."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static, TextArea

from agent.issue import Issue
from agent.sources.source import Skipped, slug
from agent.tui.reading import Reading
from agent.tui.screens.board.readreport import ReadReport, issues
from agent.tui.widgets.safetext import one_line

_HINT = "FILE, OWNER/REPO?label=bug, or an address"
_EXAMPLES = (
    "a list   issues.jsonl  swe-bench.json  test.parquet",
    "GitHub   OWNER/REPO?label=bug&search=words&limit=50",
    "one      bug.txt  LIST.jsonl#ID  OWNER/REPO#N  a URL",
)
_LOOK_SECONDS = 0.1
_MOST_SAID = 300


class AddIssues(ModalScreen[list[Issue] | None]):
    """Answers with the issues that were read; None where the user thinks better of it."""

    CSS_PATH = "adding.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "add", "Add", priority=True),
        Binding("escape", "leave", "Leave it", priority=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._reading: Reading | None = None

    def compose(self) -> ComposeResult:
        """Where from, or the text itself, and what belongs to it."""
        with Vertical(classes="dialog"):
            yield Static("Add issues", classes="title", markup=False)
            yield from _field("From", "source", _HINT, classes="field close")
            yield Static("\n".join(_EXAMPLES), id="examples", markup=False)
            with Horizontal(classes="field"):
                yield Static("or its text", classes="label", markup=False)
                yield TextArea(id="text", compact=True, tab_behavior="focus")
            yield from _field("Repository", "repo", "a path, a git URL, or pypi:NAME==VERSION")
            yield from _field("Revision", "base", "where to start; the newest without one")
            hint = "that fail now and must pass, with blanks between"
            yield from _field("Tests", "tests", hint, classes="field close")
            yield Static("", id="problem", classes="problem", markup=False)
            yield Static(
                "Ctrl+S, Enter add    Tab next field    Esc leave it",
                classes="hint",
                markup=False,
            )

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one("#source", Input).focus()
        self.set_interval(_LOOK_SECONDS, self._look)

    def on_unmount(self) -> None:
        """Nobody waits for what is being read."""
        if self._reading is not None:
            self._reading.give_up()

    def on_input_submitted(self) -> None:
        """Enter adds."""
        self.action_add()

    def action_leave(self) -> None:
        """Close without; while something is read, stop that instead."""
        if self._reading is None:
            self.dismiss(None)
            return
        self._reading.give_up()
        self._reading = None
        self._say("stopped; nothing was added")

    def action_add(self) -> None:
        """Read them; GitHub may take a while."""
        if self._reading is not None:
            return
        source, text = self._value("source"), self.query_one("#text", TextArea).text.strip()
        if bool(source) == bool(text):
            self._say("say where the issues are, or write the text of one: one of the two")
        elif text:
            self._take([_written(text)], [], "")
        else:
            self._reading = Reading(source)
            self._reading.start()
            self._look()

    def _look(self) -> None:
        """See how far the reading has come."""
        reading = self._reading
        if reading is None:
            return
        if not reading.done:
            skipped = f", {len(reading.skipped)} skipped" if reading.skipped else ""
            said = f"  {reading.line}" if reading.line else ""
            self._say(f"reading: {issues(len(reading.issues))}{skipped}. Esc stops.{said}")
            return
        self._reading = None
        error = reading.problem
        problem = f"{error.message}{f' ({error.hint})' if error.hint else ''}" if error else ""
        if reading.line and not error:
            self.notify(one_line(reading.line, _MOST_SAID), markup=False)
        self._take(reading.issues, reading.skipped, problem)

    def _take(self, read: list[Issue], skipped: Sequence[Skipped], problem: str) -> None:
        """Close with what was read; ask first where that is not all there was."""
        tests = tuple(self._value("tests").split())
        told = [
            each.told(repo=self._value("repo"), base=self._value("base"), tests=tests)
            for each in read
        ]
        homeless = [
            Skipped("", "it names no repository: fill in Repository", each.id)
            for each in told
            if not each.repo
        ]
        told = [each for each in told if each.repo]
        skipped = [*homeless, *skipped]
        if not told and len(skipped) <= 1:
            self._say(problem or str(skipped[0]))
        elif not skipped and not problem:
            self.dismiss(told)
        else:
            self._say(problem)
            self._ask(told, skipped, problem)

    def _ask(self, told: list[Issue], skipped: Sequence[Skipped], problem: str) -> None:
        def answered(add: bool | None) -> None:
            if add:
                self.dismiss(told)

        self.app.push_screen(ReadReport(len(told), skipped, problem), answered)

    def _say(self, text: str) -> None:
        self.query_one("#problem", Static).update(one_line(text, _MOST_SAID))

    def _value(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value.strip()


def _written(text: str) -> Issue:
    first = text.splitlines()[0]
    return Issue(id=slug(first.lower())[:40].strip("-.") or "issue", title=first[:200], text=text)


def _field(label: str, name: str, hint: str, classes: str = "field") -> ComposeResult:
    with Horizontal(classes=classes):
        yield Static(label, classes="label", markup=False)
        yield Input(id=name, placeholder=hint, compact=True)
