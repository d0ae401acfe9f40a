"""The replay screen: a run that is looked at again, step by step."""

import asyncio
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widgets import Static

from agent.errors import AgentError
from agent.replay.reading import RecordedRun, open_run
from agent.replay.steps import Step, steps_of
from agent.replay.telling import Section
from agent.tui.screens.pager.screen import PagerScreen
from agent.tui.screens.replay.acting import ACTING, Acting
from agent.tui.screens.replay.heading import heading, status
from agent.tui.screens.replay.kinds import Kind, kinds_of
from agent.tui.screens.replay.pick import Pick
from agent.tui.screens.replay.player import Player
from agent.tui.screens.replay.steplist import StepList
from agent.tui.screens.replay.stepview import StepView, sections_of, whole_text
from agent.tui.widgets.keyhints import KeyHints
from agent.tui.widgets.safetext import one_line
from agent.tui.workspace import Workspace

_LOOK_SECONDS = 1.0


class ReplayScreen(Acting):
    """One run; read anew while it goes on."""

    TITLE = "Replay"
    CSS_PATH = "replay.tcss"
    HELP = (
        "A run step by step, ours or imported, also one that goes on. Space plays it, + and - say"
        " how fast; no wait is longer than two seconds. x does its actions again in a fresh"
        " sandbox, up to the step you are at: = is the same result, ≠ another one, - was passed"
        " over. D shows how the repository was changed by then. F goes on from the step with"
        " something else, as a run of its own."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", key_display="esc"),
        Binding("right,l", "step(1)", "Next", key_display="→"),
        Binding("left,h", "step(-1)", "Before", key_display="←"),
        Binding("space", "play", "Play"),
        Binding("plus", "faster(1)", "Faster", key_display="+"),
        Binding("minus", "faster(-1)", "Slower", key_display="-", show=False),
        Binding("e", "kinds", "Jump to", tooltip="Choose a kind of step to jump to"),
        Binding("n", "seek(1)", "Next such"),
        Binding("N", "seek(-1)", "Such before", show=False),
        Binding("o", "whole", "Show all", tooltip="The step, all of it"),
        Binding("pagedown", "page(1)", "Down in the step", show=False),
        Binding("pageup", "page(-1)", "Up in the step", show=False),
        *ACTING,
    ]

    def __init__(self, workspace: Workspace, folder: Path, at: int = 1) -> None:
        """Args: folder: of the run. at: how many of its steps have been; 0 for the beginning."""
        super().__init__(workspace, folder)
        self.player = Player()
        self._begins_at = at
        self._kind: Kind | None = None
        self._bytes_read = -1
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Head, steps, the step, foot, keys."""
        yield Static("", id="replay-heading", markup=False)
        with Horizontal(id="replay-body"):
            yield StepList("steps")
            yield StepView("step")
        yield Static("", id="replay-status", markup=False)
        yield KeyHints()

    def on_mount(self) -> None:
        """Read the run."""
        self.query_one(StepList).focus()
        self.run_worker(self._look())
        self.set_interval(_LOOK_SECONDS, self._look)

    @property
    def step(self) -> Step | None:
        """The step that the reader is at; None at the beginning."""
        return self.player.step

    # What is shown ------------------------------------------------------------------------------

    async def _look(self) -> None:
        if self.run is not None and not self.is_current:
            return  # nobody sees it
        path = self.folder / "events.jsonl"
        size = path.stat().st_size if path.exists() else 0
        if size == self._bytes_read:
            return
        self._bytes_read = size
        try:
            run, steps = await asyncio.to_thread(_read, self.folder)
        except AgentError as error:
            self.tell(error)
            return
        first = self.run is None
        self.run, self.player.steps = run, steps
        if self.is_attached:
            self.query_one(StepList).show(steps, self.found.marks)
            self._go_to(self._begins_at if first else self.player.at, first=True)

    def _go_to(self, at: int, *, first: bool = False) -> None:
        before = self.player.at
        self.player.go_to(at)
        if self.player.at != before or first:
            self.query_one(StepList).go_to(self.player.at)
            self.show_step()
        self.show_status()

    def show_step(self) -> None:
        """Show the step that the reader is at."""
        self.query_one(StepView).show(self._told())

    def _told(self) -> list[Section]:
        step, run = self.step, self.run
        again = self.found.repeated.get(step.number) if step else None
        return sections_of(step, run.events if run else (), again)

    def show_status(self) -> None:
        """Show where the reader is, and how acting again stands."""
        if self.run is None or not self.is_attached:
            return
        width = max(self.size.width - 2, 10)
        self.query_one("#replay-heading", Static).update(
            heading(self.run, self.player, width), layout=False
        )
        kind = one_line(self._kind.words, 40) if self._kind else ""
        words = status(self.player, kind, self.again, width)
        self.query_one("#replay-status", Static).update(words, layout=False)

    def show_again(self) -> None:
        """Show what doing steps again has given."""
        self.query_one(StepList).show(self.player.steps, self.found.marks)
        self.show_step()
        self.show_status()

    def on_resize(self) -> None:
        """Another width."""
        self.call_after_refresh(self.show_status)

    # Moving -------------------------------------------------------------------------------------

    def action_leave(self) -> None:
        """Back; from the step to the list first."""
        steps = self.query_one(StepList)
        if steps.has_focus:
            self.dismiss()
        else:
            steps.focus()

    def on_step_list_chosen(self, message: StepList.Chosen) -> None:
        """Go to a step of the list."""
        self._go_to(message.at)

    def action_step(self, by: int) -> None:
        """The next step, or the one before."""
        self._go_to(self.player.at + by)

    def action_page(self, pages: int) -> None:
        """A screen further in the step."""
        view = self.query_one(StepView)
        view.scroll_relative(y=pages * max(view.size.height - 1, 1), animate=False)

    def action_whole(self) -> None:
        """All of the step."""
        title = f"step {self.player.number}" if self.step else "the beginning"
        self.app.push_screen(PagerScreen(title, whole_text(self._told())))

    def action_kinds(self) -> None:
        """Choose a kind of step, and go to the next one of it."""
        kinds = kinds_of(self.player.steps, self.found.differing)
        if not kinds:
            self.tell("the run has no step yet")
            return

        def chosen(place: int | None) -> None:
            if place is not None:
                self._kind = kinds[place][0]
                self.action_seek(1)

        rows = [f"{count:>5}  {one_line(kind.words, 60)}" for kind, count in kinds]
        self.app.push_screen(Pick("Jump to which steps?", rows), chosen)

    def action_seek(self, by: int) -> None:
        """The next step of the kind, or the one before."""
        if self._kind is None:
            self.action_kinds()
            return
        before = self.player.at
        if self.player.seek(self._kind.holds, by):
            at, self.player.at = self.player.at, before
            self._go_to(at)
        else:
            self.tell("there is none")

    # Playing ------------------------------------------------------------------------------------

    def action_play(self) -> None:
        """Play from here, from the beginning where this is the end; or hold it."""
        self.player.playing = not self.player.playing
        if self.player.playing and self.player.at_end:
            self._go_to(0)
        self._next_in_time()
        self.show_status()

    def action_faster(self, by: int) -> None:
        """Play faster, or slower."""
        self.player.faster(by)
        self._next_in_time()
        self.show_status()

    def _next_in_time(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self.player.playing:
            self._timer = self.set_timer(self.player.wait(), self._play_on)

    def _play_on(self) -> None:
        self._go_to(self.player.at + 1)
        self.player.playing = self.player.playing and not self.player.at_end
        self._next_in_time()
        self.show_status()


def _read(folder: Path) -> tuple[RecordedRun, list[Step]]:
    run = open_run(folder)
    return run, steps_of(run.events)
