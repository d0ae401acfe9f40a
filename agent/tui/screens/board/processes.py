"""What the board does about processes: goes on where one was lost, says how many there may be."""

import asyncio
from abc import abstractmethod
from pathlib import Path

from textual.binding import Binding

from agent.errors import AgentError
from agent.tui.screens.base import OurScreen
from agent.tui.screens.board.resuming import lost_run, start_resumption
from agent.tui.screens.board.table import BoardTable
from agent.tui.screens.dialogs.text import AskText
from agent.tui.workspace import Workspace

RESUME = Binding("u", "resume", "Resume", tooltip="Go on with a run that was lost, where it was")
AT_ONCE = Binding(
    "w", "at_once", "At once", show=False, tooltip="How many runs are at work at once"
)


class Processes(OurScreen):
    """The keys that start processes anew, and let them wait."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._place = workspace
        self._could_resume = False

    @abstractmethod
    async def look(self) -> None:
        """See what there is now."""

    @property
    def _table(self) -> BoardTable:
        return self.query_one(BoardTable)

    def keep_keys_up(self) -> None:
        """Show the keys that the rows call for now."""
        if (now := self._can_resume()) != self._could_resume:
            self._could_resume = now
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what was lost can be resumed; elsewhere the key is named in the help alone."""
        if action == "resume" and self.is_mounted and not self._can_resume():
            return None
        return True

    def _can_resume(self) -> bool:
        return any(row.resumable for row in self._table.chosen)

    def action_resume(self) -> None:
        """Go on with the chosen runs that were lost."""
        lost = [row.folder for row in self._table.chosen if row.resumable and row.folder]
        self.run_worker(self._resume(lost))

    async def _resume(self, lost: list[Path]) -> None:
        started = 0
        for folder in lost:
            try:
                run = await asyncio.to_thread(lost_run, folder)
                start_resumption(run, self._place.starter)
                started += 1
            except AgentError as error:
                self.tell(error)
        if started:
            self.tell(f"{started} run(s) resumed")
        self._table.mark(set())
        await self.look()

    def action_at_once(self) -> None:
        """Ask how many runs may be at work at once."""
        starter = self._place.starter

        def said(text: str | None) -> None:
            if text is None:
                return
            try:
                starter.set_at_once(text)
            except AgentError as error:
                self.tell(error)
            else:
                self.tell(f"at most {text.strip()} run(s) at once")

        try:
            now = str(starter.at_once)
        except AgentError as error:
            self.tell(error)
            return
        hint = "of those that are started here; the others wait, and those at work stay"
        self.app.push_screen(AskText("How many runs at once?", now, hint=hint), said)
