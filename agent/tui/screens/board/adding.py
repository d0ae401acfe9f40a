"""The dialog that adds issues: from a file, a list, GitHub, or text that is pasted."""

import asyncio
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static, TextArea

from agent.errors import AgentError, IssueProblem
from agent.issue import Issue
from agent.sources.source import slug
from agent.tui.widgets.safetext import one_line

_HINT = "FILE, LIST.jsonl, LIST.jsonl#ID, OWNER/REPO#N or URL"


class AddIssues(ModalScreen[list[Issue] | None]):
    """Answers with the issues that were read; None where the user thinks better of it."""

    CSS_PATH = "adding.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "add", "Add", priority=True),
        Binding("escape", "leave", "Leave it", priority=True),
    ]

    def compose(self) -> ComposeResult:
        """Where from, or the text itself, and what belongs to it."""
        with Vertical(classes="dialog"):
            yield Static("Add issues", classes="title", markup=False)
            yield from _field("From", "source", _HINT)
            with Horizontal(classes="field"):
                yield Static("or its text", classes="label", markup=False)
                yield TextArea(id="text", compact=True, tab_behavior="focus")
            yield from _field("Repository", "repo", "a path, a git URL, or pypi:NAME==VERSION")
            yield from _field("Revision", "base", "where to start; the newest without one")
            yield from _field("Tests", "tests", "that fail now and must pass, with blanks between")
            yield Static("", id="problem", classes="problem", markup=False)
            yield Static(
                "Ctrl+S, Enter add    Tab next field    Esc leave it",
                classes="hint",
                markup=False,
            )

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one("#source", Input).focus()

    def on_input_submitted(self) -> None:
        """Enter adds."""
        self.action_add()

    def action_leave(self) -> None:
        """Close without."""
        self.dismiss(None)

    def action_add(self) -> None:
        """Read them; GitHub may take a while."""
        self.run_worker(self._add(), exclusive=True)

    async def _add(self) -> None:
        source, text = self._value("source"), self.query_one("#text", TextArea).text.strip()
        self._say("reading ...")
        try:
            if bool(source) == bool(text):
                raise IssueProblem("say where the issue is, or write its text: one of the two")
            issues = await asyncio.to_thread(read_from, source) if source else [_written(text)]
            tests = tuple(self._value("tests").split())
            told = [
                issue.told(repo=self._value("repo"), base=self._value("base"), tests=tests)
                for issue in issues
            ]
            lacking = next((issue for issue in told if not issue.repo), None)
            if lacking is not None:
                raise IssueProblem(f"{lacking.id} names no repository", "fill in Repository")
        except AgentError as error:
            self._say(f"{error.message}{f' ({error.hint})' if error.hint else ''}")
            return
        self.dismiss(told)

    def _say(self, text: str) -> None:
        self.query_one("#problem", Static).update(one_line(text, 300))

    def _value(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value.strip()


def read_from(source: str) -> list[Issue]:
    """The issues that the user named; all of a list whose name ends in ``.jsonl``.

    Raises:
        AgentError: there are none, or they cannot be read.
    """
    from agent.sources.registry import read_issue
    from agent.sources.rows import read_issues

    path = Path(source).expanduser()
    if path.suffix == ".jsonl" and path.exists():
        issues = list(read_issues(path))
        if not issues:
            raise IssueProblem(f"{source} holds no issue")
        return issues
    if source == "-":
        raise IssueProblem("there is no standard input here", "write the text below")
    return [read_issue(str(path) if path.exists() else source)]


def _written(text: str) -> Issue:
    first = text.splitlines()[0]
    return Issue(id=slug(first.lower())[:40].strip("-.") or "issue", title=first[:200], text=text)


def _field(label: str, name: str, hint: str) -> ComposeResult:
    with Horizontal(classes="field"):
        yield Static(label, classes="label", markup=False)
        yield Input(id=name, placeholder=hint, compact=True)
