"""The board screen: what there is to do, what is being done, what came of it."""

import asyncio
import dataclasses
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Input, Static

from agent.errors import AgentError
from agent.issue import Issue
from agent.tui.runs import Row
from agent.tui.screens.board.adding import AddIssues
from agent.tui.screens.board.assigning import Assign
from agent.tui.screens.board.assignments import assignment_of
from agent.tui.screens.board.order import FILTERS, SORTS, Order
from agent.tui.screens.board.processes import AT_ONCE, RESUME, Processes
from agent.tui.screens.board.summary import details, heading
from agent.tui.screens.board.table import BoardTable
from agent.tui.screens.dialogs.confirm import Confirm
from agent.tui.screens.publish.dialog import Publish
from agent.tui.starting import Assignment
from agent.tui.widgets.keyhints import KeyHints
from agent.tui.widgets.safetext import one_line
from agent.tui.words import title
from agent.tui.workspace import Workspace

_LOOK_SECONDS = 1.0
_MANY = 8
"""Runs; more are not started together without a question."""


class BoardScreen(Processes):
    """Issues and runs of one folder, as they are on disk; looked at anew every second."""

    TITLE = "Board"
    CSS_PATH = "board.tcss"
    HELP = (
        "Issues that wait and the runs there are, also those that other processes started. Add an"
        " issue, assign it, open its run to watch. Runs are processes of their own: leaving this"
        " program leaves them alone. Mark several with Space and assign or cancel them together."
        " Only so many are at work at once, the others are queued; w changes how many. A run whose"
        " process was killed is lost; u goes on with it where it was, r starts anew."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "add", "Add", tooltip="Add issues"),
        Binding("a", "assign", "Assign"),
        Binding("r", "retry", "Retry", tooltip="Once more, with the settings of the run"),
        RESUME,
        Binding("c", "cancel", "Cancel", tooltip="Stop the marked runs; they clean up"),
        AT_ONCE,
        Binding("space", "mark", "Mark"),
        Binding(
            "A", "mark_all", "Mark all", show=False, tooltip="Mark all that are shown, or none"
        ),
        Binding("slash", "search", "Search", key_display="/"),
        Binding("f", "filter", "Filter", tooltip="Show the next kind of rows"),
        Binding("s", "sort", "Sort", tooltip="Sort by the next column"),
        Binding("S", "backwards", "Turn the order", show=False),
        Binding("x", "remove", "Remove", tooltip="Take issues off the board; runs stay on disk"),
        Binding("p", "publish", "Publish", show=False, tooltip="Make a branch and a commit of it"),
        Binding("y", "copy", "Copy", show=False, tooltip="Copy the id, or the run's folder"),
        Binding("escape", "reset", "All rows", show=False, tooltip="End search, filter and marks"),
        Binding("q", "app.quit", "Leave", tooltip="Leave; runs go on"),
    ]

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._rows_there: list[Row] = []
        self._order = Order()
        self._looking = False
        self._last = Assignment()

    def compose(self) -> ComposeResult:
        """A heading, the table, what is under the cursor in full, the keys."""
        yield Static("", id="heading", markup=False)
        yield BoardTable()
        yield Static("", id="empty", markup=False)
        yield Input(placeholder="words that a row must hold", id="search", compact=True)
        yield Static("", id="details", markup=False)
        yield KeyHints()

    async def on_mount(self) -> None:
        """Look at once, and again and again."""
        self.query_one(BoardTable).focus()
        self.query_one("#search").display = False
        await self.look()
        self.set_interval(_LOOK_SECONDS, self._look_if_seen)

    async def on_screen_resume(self) -> None:
        """It is on top again."""
        self.run_worker(self.look())

    def runs_in_question(self) -> tuple[Path, ...]:
        """The chosen rows' runs."""
        return tuple(row.folder for row in self._table.chosen if row.folder is not None)

    # What is there ------------------------------------------------------------------------------

    async def _look_if_seen(self) -> None:
        if self.is_current:
            await self.look()

    async def look(self) -> None:
        """See what there is now."""
        if self._looking:
            return
        self._looking = True
        try:
            self._place.starter.reap()
            self._rows_there = await asyncio.to_thread(self._place.store.look)
        except AgentError as error:
            self.tell(error)
        finally:
            self._looking = False
        if self.is_attached:
            self._show()

    def _show(self) -> None:
        rows = self._order.apply(self._rows_there)
        self._table.show(rows)
        self._table.display = bool(rows)
        empty = self.query_one("#empty", Static)
        empty.display = not rows
        empty.update(
            "No row is like that. Esc shows all."
            if self._rows_there
            else "Nothing here yet.\n\nn adds an issue: a file, a list, an address on GitHub, or"
            " text.\na assigns it, and a run begins."
        )
        self.query_one("#heading", Static).update(
            heading(self._place.out, self._rows_there, self._order, self.size.width - 2)
        )
        self._show_details()
        self.keep_keys_up()

    def _show_details(self) -> None:
        row, marked = self._table.current, len(self._table.marked)
        self.query_one("#details", Static).update(details(row, marked, self.size.width))

    def on_data_table_row_highlighted(self) -> None:
        """The cursor moved."""
        self._show_details()
        self.refresh_bindings()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Enter, or a click on the row under the cursor."""
        self.action_open()

    def on_data_table_header_selected(self, event: DataTable.HeaderSelected) -> None:
        """A click on a column's heading sorts by it; one more turns the order."""
        name = str(event.column_key.value)
        if name in SORTS:
            again = self._order.sort == name
            backwards = not self._order.backwards if again else False
            self._reorder(sort=name, backwards=backwards)

    # Keys ---------------------------------------------------------------------------------------

    def action_open(self) -> None:
        """Open the run under the cursor; an issue without one is assigned."""
        row = self._table.current
        if row is None:
            return
        if row.folder is not None:
            self.post_message(self.Open("run", (row.folder,)))
        elif row.state == "new":
            self.action_assign()
        else:
            self.tell(f"{row.verdict or 'the run is starting'}")

    def action_add(self) -> None:
        """Add issues."""

        def added(issues: list[Issue] | None) -> None:
            if issues:
                try:
                    new = self._place.store.board.add(issues)
                except AgentError as error:
                    self.tell(error)
                    return
                self.tell(f"{new} issue(s) added" if new else "known already; read anew")
                self.run_worker(self.look())

        self.app.push_screen(AddIssues(), added)

    def action_assign(self) -> None:
        """Have the chosen issues worked on."""
        self._assign(self._table.chosen, self._last)

    def action_retry(self) -> None:
        """Once more, the way it was."""
        rows = self._table.chosen
        before = next((each for each in map(assignment_of, rows) if each is not None), self._last)
        self._assign(rows, before)

    def _assign(self, rows: list[Row], before: Assignment) -> None:
        issues = list({(each.id, each.repo): each for row in rows if (each := row.issue)}.values())
        if not issues:
            return
        from agent.policies.registry import POLICIES

        one = one_line(title(issues[0]), 60)
        what = one if len(issues) == 1 else f"{len(issues)} issues"

        def assigned(assignment: Assignment | None) -> None:
            if assignment is not None:
                self._last = assignment
                self._start_if_sure(issues, assignment)

        self.app.push_screen(Assign(what, tuple(POLICIES), before), assigned)

    def _start_if_sure(self, issues: list[Issue], assignment: Assignment) -> None:
        count = len(issues) * assignment.attempts
        if count <= _MANY:
            self._start(issues, assignment)
            return
        try:
            most = self._place.starter.at_once
        except AgentError as error:
            self.tell(error)
            return

        def sure(yes: bool | None) -> None:
            if yes:
                self._start(issues, assignment)

        details = f"{most} are at work at once, the others are queued; w changes that."
        self.app.push_screen(Confirm(f"Start {count} runs?", details), sure)

    def _start(self, issues: list[Issue], assignment: Assignment) -> None:
        started = 0
        try:
            for issue in issues:
                started += len(self._place.starter.start(issue, assignment))
        except AgentError as error:
            self.tell(error)
        if started:
            self.tell(f"{started} run(s) started")
        self._table.mark(set())
        self.run_worker(self.look())

    def action_cancel(self) -> None:
        """Stop the chosen runs that are going on, once the user has said so again."""
        rows = [row for row in self._table.chosen if row.pid]
        if not rows:
            self.tell("nothing is running there, or a process that is not yours")
            return

        def sure(yes: bool | None) -> None:
            if not yes:
                return
            try:
                for row in rows:
                    self._place.starter.stop(row.pid)
            except AgentError as error:
                self.tell(error)
            self._table.mark(set())

        names = "\n".join(
            one_line(title(row.issue) if row.issue else row.key, 68) for row in rows[:8]
        )
        self.app.push_screen(Confirm(f"Stop {len(rows)} run(s)?", names), sure)

    def action_remove(self) -> None:
        """Take issues without a run, and processes that ended without one, off the board."""
        rows = [row for row in self._table.chosen if row.folder is None and not row.pid]
        if not rows:
            self.tell("runs stay: they are on disk; only issues that wait can be removed")
            return
        issues = {(row.issue.id, row.issue.repo) for row in rows if row.issue and not row.started}
        tokens = {row.started.token for row in rows if row.started}
        try:
            self._place.store.board.remove(issues, tokens)
        except AgentError as error:
            self.tell(error)
        self.run_worker(self.look())

    def action_publish(self) -> None:
        """Make a branch and a commit of the run under the cursor, and a pull request."""
        row = self._table.current
        if row is None or row.folder is None or row.state != "resolved":
            self.tell("only a resolved run can be published from here; P shows other patches")
            return
        self.app.push_screen(Publish(row.folder))

    def action_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away."""
        self._table.toggle_mark()
        self._show_details()
        self.refresh_bindings()

    def action_mark_all(self) -> None:
        """Mark all that are shown; none where all are."""
        keys = {row.key for row in self._order.apply(self._rows_there)}
        self._table.mark(set() if self._table.marked >= keys else keys)
        self._show_details()

    def action_copy(self) -> None:
        """Copy where the chosen runs are, or what the issues are called."""
        texts = [
            str(row.folder.absolute()) if row.folder else row.issue.id if row.issue else row.key
            for row in self._table.chosen
        ]
        self.app.copy_to_clipboard("\n".join(texts))
        self.tell(f"copied: {', '.join(texts)}")

    # Order --------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """The next kind of rows."""
        names = list(FILTERS)
        self._reorder(filter=names[(names.index(self._order.filter) + 1) % len(names)])

    def action_sort(self) -> None:
        """The next column."""
        there = SORTS[(SORTS.index(self._order.sort) + 1) % len(SORTS)]
        self._reorder(sort=there, backwards=False)

    def action_backwards(self) -> None:
        """The other way round."""
        self._reorder(backwards=not self._order.backwards)

    def action_search(self) -> None:
        """Type words to look for."""
        search = self.query_one("#search", Input)
        search.display = True
        search.focus()

    def action_reset(self) -> None:
        """Show all, and mark none."""
        self._leave_search()
        self.query_one("#search", Input).value = ""
        self._table.mark(set())
        self._reorder(filter="all", search="")

    def on_input_changed(self, event: Input.Changed) -> None:
        """What was typed is looked for at once."""
        self._reorder(search=event.value)

    def on_input_submitted(self) -> None:
        """Back to the table; what was found stays."""
        self._leave_search()

    def _leave_search(self) -> None:
        search = self.query_one("#search", Input)
        search.display = bool(search.value)
        self._table.focus()

    def _reorder(self, **changes: object) -> None:
        self._order = dataclasses.replace(self._order, **changes)  # type: ignore[arg-type]
        self._show()
