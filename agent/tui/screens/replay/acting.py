"""What the replay screen does beside looking: acting again, and going on differently."""

import asyncio
from abc import abstractmethod
from pathlib import Path

from textual.binding import Binding, BindingType
from textual.worker import Worker

from agent.errors import AgentError
from agent.replay.execute import Execution, Repeated
from agent.replay.reading import RecordedRun
from agent.replay.steps import Step
from agent.tui.screens.base import OurScreen
from agent.tui.screens.patch.screen import PatchScreen
from agent.tui.screens.patch.source import patched
from agent.tui.screens.replay.again import Found, act_again, in_words
from agent.tui.screens.replay.forkdialog import ForkDialog
from agent.tui.screens.replay.forking import Fork, start_fork
from agent.tui.screens.replay.forks import fork_rows
from agent.tui.screens.replay.pick import Pick
from agent.tui.widgets.safetext import one_line
from agent.tui.workspace import Workspace
from sandboxes.errors import SandboxError

_ENDS = "; x ends it"

ACTING: tuple[BindingType, ...] = (
    Binding("x", "execute", "Do again", tooltip="Do its actions again, up to here; or end that"),
    Binding("D", "then", "Files then", tooltip="How the repository was changed by this step"),
    Binding("F", "fork", "Fork", tooltip="Go on from this step with something else"),
    Binding("f", "tree", "Forks", tooltip="The runs that go on from one another"),
)
"""Keys of what a screen that can act does with the step; it names them after its own."""


class Acting(OurScreen):
    """The keys that do something with the step that the reader is at.

    Attributes:
        folder: of the run.
        run: as it was read; None before that.
        found: what doing it again has given.
        again: how that stands, in a line that is safe to draw.
    """

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.run: RecordedRun | None = None
        self.found = Found()
        self.again = ""
        self._place = workspace
        self._acting: Worker[None] | None = None

    @property
    @abstractmethod
    def step(self) -> Step | None:
        """The step that the reader is at; None at the beginning."""

    @abstractmethod
    def show_again(self) -> None:
        """Show what doing steps again has given."""

    @abstractmethod
    def show_status(self) -> None:
        """Show how it stands."""

    def runs_in_question(self) -> tuple[Path, ...]:
        """This one."""
        return (self.folder,)

    # Acting again -------------------------------------------------------------------------------

    def action_execute(self) -> None:
        """Do the actions again, up to here; where they are being done, end that."""
        if self._acting is not None:
            self._acting.cancel()
        elif self.step is not None:
            self._execute(self.step.number, then=False)
        else:
            self.tell("nothing was done by then")

    def action_then(self) -> None:
        """How the repository was changed by this step; its actions are done again for it."""
        step = self.step
        if step is None:
            self.tell("nothing was changed by then")
        elif (done := self.found.executions.get(step.number)) is not None:
            self._show_then(done)
        elif self._acting is not None:
            self.tell("its actions are being done again already; x ends that")
        else:
            self._execute(step.number, then=True)

    def _execute(self, until: int, *, then: bool) -> None:
        self.found.begin()
        self._acting = self.run_worker(self._act_again(until, then=then))
        self._stands(f"doing it again, up to step {until}")

    async def _act_again(self, until: int, *, then: bool) -> None:
        assert self.run is not None
        config = self._place.config

        def watch(each: Repeated) -> None:
            self.found.repeated[each.number] = each
            self._stands(f"done again: step {each.number} of {until}")

        def progress(line: str) -> None:
            self.app.call_later(self._goes_on, one_line(line, 60))  # maybe from another thread

        try:
            done = await act_again(self.run, config, until, progress, watch)
        except (AgentError, SandboxError) as error:
            self._stands("it could not be done again")
            self.tell(error if isinstance(error, AgentError) else f"{error.message}\n{error.hint}")
        except asyncio.CancelledError:
            self._stands("doing it again was ended")
            raise
        else:
            self.found.executions[until] = done
            self._stands(in_words(done))
            for note in done.notes:
                self.tell(note)
            if then:
                self._show_then(done)
        finally:
            self._acting = None
            self._stands(self.again.removesuffix(_ENDS))

    def _goes_on(self, words: str) -> None:
        if self._acting is not None:
            self._stands(words)

    def _stands(self, words: str) -> None:
        self.again = f"{words}{_ENDS}" if self._acting is not None else words
        if self.is_attached and self.run is not None:
            self.show_again()

    def _show_then(self, done: Execution) -> None:
        run, last = self.run, done.repeated[-1].number
        assert run is not None
        where = f"as of step {last}, when its actions were done again"
        if not done.diff:
            self.tell(f"nothing was changed, {where}")
            return
        self.app.push_screen(
            PatchScreen(
                self.folder, lambda: patched(run, done.diff, about=where, suffix=f"-step-{last}")
            )
        )

    # Going on differently -----------------------------------------------------------------------

    def action_fork(self) -> None:
        """Ask how to go on from this step, and start it as a run of its own."""
        if self.run is None:
            return
        from agent.policies.registry import POLICIES

        run = self.run

        def asked(fork: Fork | None) -> None:
            if fork is not None:
                try:
                    start_fork(run, fork, self._place.starter)
                except AgentError as error:
                    self.tell(error)
                else:
                    self.tell("the fork is started: the board has it, and f once it has begun")

        after = self.step.number if self.step else 0
        self.app.push_screen(ForkDialog(after, tuple(POLICIES)), asked)

    async def action_tree(self) -> None:
        """The runs that go on from one another; the chosen one is looked at."""
        rows = await asyncio.to_thread(fork_rows, self.folder)
        if len(rows) < 2:
            self.tell("no run goes on from this one, and it goes on from none")
            return

        def chosen(place: int | None) -> None:
            if place is not None and rows[place].folder != self.folder:
                self.post_message(self.Open("replay", (rows[place].folder,)))

        here = next((at for at, row in enumerate(rows) if row.words.startswith("▌")), 0)
        self.app.push_screen(
            Pick("Runs that go on from one another", [r.words for r in rows], here), chosen
        )
