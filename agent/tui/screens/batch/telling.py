"""What a batch can be told from its screen, and what somebody who runs none can do about one."""

import asyncio
import time

from textual.binding import Binding

from agent.batch.control import Command, Do, ctl
from agent.batch.folder import BatchFolder
from agent.batch.summary import AttemptRow, BatchStatus
from agent.errors import AgentError
from agent.tui.batches import go_on
from agent.tui.screens.base import OurScreen
from agent.tui.screens.dialogs.confirm import Confirm
from agent.tui.widgets.safetext import one_line
from agent.tui.workspace import Workspace

_HEARD_SECONDS = 3.0
"""After which a batch has heard what it was told, or never will."""


TELLING = (
    Binding("p", "hold", "Pause", tooltip="Start nothing new, or go on"),
    Binding("plus,equals_sign", "more(1)", "More at once", key_display="+"),
    Binding("minus", "more(-1)", "Fewer", key_display="-"),
    Binding("r", "requeue", "Again", tooltip="Do the issue under the cursor from the start"),
    Binding("e", "end", "End", tooltip="End once those at work are done"),
    Binding("u", "go_on", "Go on", tooltip="With what is missing, lost or failed"),
)
"""The keys for it, which take their place among the screen's own."""


class Telling(OurScreen):
    """Carries out the keys that change what a batch does."""

    def __init__(self, workspace: Workspace, folder: BatchFolder) -> None:
        super().__init__()
        self.place = workspace
        self.batch_folder = folder
        self.status: BatchStatus | None = None
        self._at_once, self._told = 0, 0.0
        self._going_on = False

    @property
    def chosen(self) -> AttemptRow | None:
        """The attempt that a key is about."""
        return None

    async def look(self) -> None:
        """See how the batch stands."""

    def action_hold(self) -> None:
        """Start nothing new; or go on, where that was said before."""
        paused = self.status is not None and self.status.stage == "paused"
        self._tell_it("resume" if paused else "pause", "it goes on" if paused else "held")

    def action_more(self, by: int) -> None:
        """More or fewer runs at once. Pressed again, it counts from what was said last."""
        if self.status is not None:
            heard = time.monotonic() - self._told > _HEARD_SECONDS
            wanted = max((self.status.concurrency if heard else self._at_once) + by, 1)
            self._at_once, self._told = wanted, time.monotonic()
            self._tell_it("concurrency", f"{wanted} at once", number=wanted)

    def action_requeue(self) -> None:
        """Have the issue under the cursor done from the start, once the user has said so again."""
        if (current := self.chosen) is None:
            return
        issue = current.attempt.issue

        def sure(yes: bool | None) -> None:
            if yes:
                alone = self.status is not None and not self.status.pid
                told = "it is done again when the batch goes on" if alone else "it is done again"
                self._tell_it("requeue", told, issue=issue)

        name = one_line(issue, 60)
        self.app.push_screen(Confirm(f"Do {name} again?", "What it did so far stays."), sure)

    def action_end(self) -> None:
        """End the batch after what is at work, once the user has said so again."""

        def sure(yes: bool | None) -> None:
            if yes:
                self._tell_it("stop", "it ends when those at work are done")

        self.app.push_screen(Confirm("End the batch?", "Those at work are waited for."), sure)

    def _tell_it(self, do: Do, told: str, number: int = 0, issue: str = "") -> None:
        try:
            ctl(self.batch_folder, Command(do=do, number=number, issue=issue))
        except AgentError as error:
            self.tell(error)
            return
        self.tell(told)
        self.run_worker(self.look())

    def action_go_on(self) -> None:
        """Run the batch on: what is missing, lost, or failed for want of engine or model."""
        if not self._going_on:
            self._going_on = True
            self.run_worker(self._go_on())

    async def _go_on(self) -> None:
        try:
            await asyncio.to_thread(go_on, self.batch_folder, self.place)
        except AgentError as error:
            self.tell(error)
        else:
            self.tell("it goes on")
        finally:
            self._going_on = False
        await self.look()
