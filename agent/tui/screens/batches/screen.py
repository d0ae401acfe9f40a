"""The batches screen: those of the folder, how each stands, and the way to a new one."""

import asyncio
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from agent.batch.comparing import compare_batches
from agent.batch.finding import batches_in
from agent.batch.folder import BatchFolder
from agent.batch.store import BatchStore
from agent.errors import AgentError
from agent.tui.batches import Wanted, start
from agent.tui.screens.base import OurScreen
from agent.tui.screens.batch.screen import BatchScreen
from agent.tui.screens.batches.beginning import BeginBatch
from agent.tui.screens.batches.compared import WonAndLost
from agent.tui.screens.batches.table import BatchTable, Entry
from agent.tui.widgets.keyhints import KeyHints
from agent.tui.widgets.safetext import one_line
from agent.tui.workspace import Workspace

_LOOK_SECONDS = 2.0
_NONE = (
    "No batch here yet.\n\nn begins one: a list of issues, or a search on GitHub, several at once."
    "\n`foretrace batch` does the same from a shell."
)


class BatchesScreen(OurScreen):
    """The batches there are, whoever began them."""

    TITLE = "Batches"
    CSS_PATH = "batches.tcss"
    HELP = (
        "Batches: lists of issues that are worked on several at once. n begins one, which goes on"
        " when this program ends; Enter opens one. Mark two with Space, and c tells which issues"
        " one of them resolved that the other did not."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", key_display="esc"),
        Binding("enter", "open", "Open"),
        Binding("n", "begin", "New", tooltip="Begin a batch"),
        Binding("space", "mark", "Mark"),
        Binding("c", "compare", "Compare", tooltip="The two marked ones, issue by issue"),
    ]

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._place = workspace
        self._stores: dict[str, BatchStore] = {}
        self._last = Wanted("")
        self._looking = self._any = False

    def compose(self) -> ComposeResult:
        """The columns' names, the table, the keys."""
        yield Static("Batches: reading", id="batches-heading", markup=False)
        yield Static("", id="batches-columns", markup=False)
        yield BatchTable("batches-table")
        yield Static(_NONE, id="batches-none", markup=False)
        yield KeyHints()

    def on_mount(self) -> None:
        """Look at once, and again and again."""
        self.query_one("#batches-none").display = False
        self.table.focus()
        self.run_worker(self.look())
        self.set_interval(_LOOK_SECONDS, self._look_if_seen)

    @property
    def table(self) -> BatchTable:
        """The table."""
        return self.query_one(BatchTable)

    async def on_screen_resume(self) -> None:
        """It is on top again."""
        self.run_worker(self.look())

    # What is shown ------------------------------------------------------------------------------

    async def _look_if_seen(self) -> None:
        if self.is_current:
            await self.look()

    async def look(self) -> None:
        """See what there is."""
        if self._looking:
            return
        self._looking = True
        try:
            self._place.starter.reap()  # coordinators that were started here and killed
            entries = await asyncio.to_thread(self._entries)
        finally:
            self._looking = False
        if self.is_attached:
            self.table.show(entries)
            self.table.display = bool(entries)
            self.query_one("#batches-none").display = not entries
            columns = self.query_one("#batches-columns", Static)
            columns.update(self.table.heading() if entries else "")
            where = one_line(f"Batches in {self._place.out}", max(self.size.width - 2, 10))
            self.query_one("#batches-heading", Static).update(where)
            if bool(entries) != self._any:
                self._any = not self._any
                self.refresh_bindings()

    def _entries(self) -> list[Entry]:
        found = []
        folders = {folder.path.name: folder for folder in batches_in(self._place.out)}
        for gone in self._stores.keys() - folders.keys():
            del self._stores[gone]
        for name, folder in folders.items():
            try:
                if name not in self._stores:
                    self._stores[name] = BatchStore(folder)
            except AgentError:
                continue  # it is being made, or is none
            found.append(Entry(self._stores[name], self._stores[name].look()))
        return found

    def on_cursor_lines_chosen(self) -> None:
        """A click on the line under the cursor."""
        self.action_open()

    def on_resize(self) -> None:
        """Another width."""
        self.run_worker(self.look())

    # Keys ---------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where there is no batch, none can be opened."""
        if action in ("open", "mark", "compare"):
            return (self.is_mounted and self.table.current is not None) or None
        return True

    def action_leave(self) -> None:
        """Back; batches go on."""
        self.dismiss()

    def action_open(self) -> None:
        """Open the batch under the cursor."""
        if (current := self.table.current) is not None:
            self._open(current.store.folder)

    def _open(self, folder: BatchFolder) -> None:
        try:
            self.app.push_screen(BatchScreen(self._place, folder))
        except AgentError as error:
            self.tell(error)

    def action_mark(self) -> None:
        """Mark the batch under the cursor."""
        self.table.mark()

    def action_begin(self) -> None:
        """Begin a batch, and open it."""
        from agent.policies.registry import POLICIES

        def wanted(batch: Wanted | None) -> None:
            if batch is not None:
                self._last = batch
                self.tell("reading the list")
                self.run_worker(self._begin(batch))

        self.app.push_screen(BeginBatch(tuple(POLICIES), self._last), wanted)

    async def _begin(self, batch: Wanted) -> None:
        try:
            folder = await asyncio.to_thread(start, batch, self._place)
        except AgentError as error:
            self.tell(error)
            return
        if self.is_attached:
            self._open(folder)

    def action_compare(self) -> None:
        """Lay the two marked batches side by side; the one that began first is the first."""
        if len(self.table.marked) != 2:
            self.tell("mark two batches with Space")
            return
        self.run_worker(self._compare(list(self.table.marked)))

    async def _compare(self, names: list[str]) -> None:
        stores = sorted(
            (self._stores[name] for name in names), key=lambda each: each.record.started
        )
        first, second = await asyncio.gather(*(asyncio.to_thread(each.look) for each in stores))
        if self.is_attached:
            self.app.push_screen(WonAndLost(self._place, compare_batches(first, second)))
