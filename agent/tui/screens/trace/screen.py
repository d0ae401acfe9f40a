"""The trace screen: what was predicted and what was recorded in step, and the neural debugger."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Static

from agent.config import Settings, load_settings
from agent.errors import AgentError
from agent.tui.screens.pager.screen import PagerScreen
from agent.tui.screens.trace.asking import AskCall
from agent.tui.screens.trace.choosing import ChoosePrediction
from agent.tui.screens.trace.commands import RECORDING, Commands, Job
from agent.tui.screens.trace.debugging import Debugging, Seen
from agent.tui.screens.trace.framelist import FrameList
from agent.tui.screens.trace.heading import (
    frame_text,
    heading,
    node_text,
    place,
    sides,
    unsure,
)
from agent.tui.screens.trace.sourceview import SourceView
from agent.tui.screens.trace.subjects import Asked, Listed, Subject, opening_of, predictions_of
from agent.tui.screens.trace.timeline import Timeline
from agent.tui.screens.trace.tracks import Tracks
from agent.tui.screens.trace.variablelist import VariableList
from agent.tui.widgets.keyhints import KeyHints
from agent.tui.widgets.safetext import one_line
from agent.tui.workspace import Workspace

_READING = "reading"


class TraceScreen(Commands):
    """On the predictions of a run, or on a call or a test."""

    TITLE = "Trace"
    CSS_PATH = "trace.tcss"
    HELP = (
        "A program's execution, frame by frame: as a model predicted it on the left, as it was"
        " recorded on the right. ≠ marks where the two say different things, * what changed, + what"
        " is new, = what you set. The debugger's keys ask the model for what is not known yet;"
        " nothing is run but what R records, and that in a sandbox. Tab goes from the frames to the"
        " source and the variables; a breakpoint is set at the source's cursor, or by a click"
        " beside the line."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Leave", key_display="esc"),
        # Before the panes' own: those scroll sideways.
        Binding("left", "scrub(-1)", "Before", key_display="←", priority=True),
        Binding("right", "scrub(1)", "After", key_display="→", priority=True),
        Binding("left_square_bracket", "scrub(-10)", "Ten before", show=False, key_display="["),
        Binding("right_square_bracket", "scrub(10)", "Ten after", show=False, key_display="]"),
        Binding("d", "parting", "Difference", tooltip="The first difference between the two"),
        Binding("D", "next_parting", "Next one", show=False, tooltip="The next that differs"),
        Binding("p", "choose", "Predictions", tooltip="Another prediction of the run"),
        Binding("c", "call", "Call", tooltip="Open a call on a file, or a test of a project"),
        Binding("v", "view", "View", tooltip="The value or the frame under the cursor, all of it"),
        Binding("y", "copy", "Copy", show=False, tooltip="Copy the value or the frame"),
    ]

    def __init__(
        self,
        workspace: Workspace,
        run: Path | None = None,
        asked: Asked | None = None,
        settings: Settings | None = None,
    ) -> None:
        """Without a run and a call, a call is asked for.

        Args:
            workspace: the folder of runs.
            run: the folder of a run, whose predictions are shown.
            asked: a call, or a test.
            settings: None to read them where they are.
        """
        super().__init__()
        self._workspace = workspace
        self._run = run
        self._asked = asked
        self._settings = settings
        self._predictions: Sequence[Listed] = ()
        self._chosen = 0
        self.seen = Seen(Tracks())
        self._shown_of: Debugging | None = None
        self._at = 0

    def compose(self) -> ComposeResult:
        """Source and variables, the traces, the timeline, what is said, the keys."""
        yield Static("", id="trace-heading", markup=False)
        with Horizontal(id="trace-top"):
            yield SourceView("source")
            yield VariableList("variables")
        yield Static("", id="sides", markup=False)
        yield FrameList("frames")
        yield Timeline("timeline")
        yield Static("", id="trace-status", markup=False)
        yield KeyHints()

    def on_mount(self) -> None:
        """Begin with what there is."""
        self._frames.focus()
        if self._asked is not None:
            self._open_call(self._asked)
        elif self._run is not None:
            self.busy = _READING
            self.say()
            self.run_worker(self._read_run(self._run), group="reading")
        else:
            self.action_call()

    def on_unmount(self) -> None:
        """Stop what runs."""
        if self.debugging is not None:
            self.debugging.backstage.close()

    def runs_in_question(self) -> tuple[Path, ...]:
        """The run, where it is one's predictions."""
        return (self._run,) if self._run is not None else ()

    @property
    def _frames(self) -> FrameList:
        return self.query_one(FrameList)

    @property
    def _tracks(self) -> Tracks:
        return self._frames.tracks

    @dataclass
    class Progress(Message):
        """A line on what is being done, from another thread."""

        line: str

    # Opening ------------------------------------------------------------------------------------

    async def _read_run(self, run: Path) -> None:
        try:
            self._predictions = await asyncio.to_thread(predictions_of, run)
        except AgentError as error:
            self.busy = ""
            self.say(error.message, bad=True)
            return
        self.busy = ""
        self.refresh_bindings()
        if not self._predictions:
            self.say("nothing was predicted in this run; c opens a call or a test")
            return
        parted = (n for n, each in enumerate(self._predictions) if each.parts)
        self._open_prediction(next(parted, len(self._predictions) - 1))

    def _open_prediction(self, chosen: int) -> None:
        self._chosen = chosen
        read = self._predictions[chosen].read

        async def opening(settings: object, opened: object) -> Subject:
            return read()

        self._begin((_READING, lambda debugging: debugging.open(opening)))

    def _open_call(self, asked: Asked) -> None:
        self._asked = asked
        opening = opening_of(asked, self._progress)
        predict: Job = ("predicting", lambda each: each.go(0, lambda s: s.run(), stay=True))
        record: Job = (RECORDING, lambda each: each.real())
        after: dict[str, list[Job]] = {
            "predict": [predict],
            "record": [record],
            "both": [predict, record],
        }
        self._begin((_READING, lambda each: each.open(opening)), *after.get(asked.first, []))

    def _begin(self, *jobs: Job) -> None:
        """Begin anew, with another subject."""
        if self._worker is not None:
            self._worker.cancel()
        if self.debugging is not None:
            self.debugging.backstage.close()
        self.busy = ""
        self.debugging = Debugging(self._read_settings, self._progress)
        self.carry_out(*jobs)

    def _progress(self, line: str) -> None:
        """What is told on the way, from another thread."""
        self.post_message(self.Progress(line))

    def _read_settings(self) -> Settings:
        return self._settings or load_settings(self._workspace.config, {})

    # Showing ------------------------------------------------------------------------------------

    def standing(self) -> int | None:
        """The last predicted frame up to the cursor."""
        return self._tracks.predicted_by(self._frames.cursor)

    def show(self, seen: Seen) -> None:
        """Show how things stand, with the cursor where the session is."""
        debugging = self.debugging
        assert debugging is not None
        source = self.query_one(SourceView)
        if self._shown_of is not debugging:
            self._shown_of = debugging
            source.load(debugging.lines)
        self.seen = seen
        at = seen.tracks.pair_of(seen.number) if seen.number is not None else self._frames.cursor
        self._frames.show(seen.tracks, at)
        self._show_place()
        self._show_heading()

    def _show_place(self) -> None:
        """Mark where the cursor is, everywhere."""
        at = self._at = self._frames.cursor
        predicted, recorded = self._tracks.compared(at)
        self.query_one(SourceView).mark(predicted, recorded, self.seen.stops)
        self.query_one(VariableList).show(self._tracks, at)
        self.query_one(Timeline).show(self._tracks, at, self.seen.edited)

    def _show_heading(self) -> None:
        if self.debugging is None or self._shown_of is None:
            return
        width = max(self.size.width - 2, 10)
        name, told = heading(self.debugging.subject, self.seen)
        told = one_line(told, width * 2 // 3)
        room = max(width - cell_len(told) - 2, 10)
        if cell_len(name) > room:
            name = name.rpartition("::")[2]
        name = one_line(name, room)
        text = Text(name, "bold", no_wrap=True)
        text.append(" " * max(width - cell_len(name) - cell_len(told), 1))
        text.append(told, "not bold")
        doubt = unsure(self.seen)
        if doubt:
            text.append(f"\n{one_line(doubt, width)}", "not bold")
        above = self.query_one("#trace-heading", Static)
        above.update(text, layout=above.has_class("-unsure") != bool(doubt))
        above.set_class(bool(doubt), "-unsure")
        left, right = sides(self.seen)
        if left and right:
            split = self._frames.split
            left = f"{one_line(left, split):<{split}}  {right}"
        beside = Text(f"  {left or right}", no_wrap=True)
        self.query_one("#sides", Static).update(beside, layout=False)

    def say(self, text: str = "", *, bad: bool = False) -> None:
        """Say something on the status line; nothing to take back what was said."""
        width = max(self.size.width - 2, 10)
        if self.busy:
            text = f"◌ {self.busy} ... x stops it  {text}".rstrip()
        elif bad:
            text = f"! {text}"
        else:
            where = place(self.seen, self._frames.cursor) if self._shown_of else ""
            text = "  ".join(filter(None, (where, text)))
        # What went wrong is told in full, as far as there is room.
        text = one_line(text, width * 3 if bad else width)
        status = self.query_one("#trace-status", Static)
        # Of several lines or of one again: else nothing moves, and nothing is laid out anew.
        status.update(Text(text), layout=bad or status.has_class("-bad"))
        status.set_class(bad, "-bad")

    def on_trace_screen_progress(self, message: "TraceScreen.Progress") -> None:
        """What is told on the way."""
        self.say(message.line)

    def on_frame_list_moved(self) -> None:
        """The reader goes elsewhere."""
        if self._frames.cursor != self._at:
            self._show_place()
            self.say()

    def on_resize(self) -> None:
        """Another width has other lines."""
        self.call_after_refresh(self._show_heading)

    # Keys ---------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only a run has predictions to choose from."""
        if action == "choose":
            return bool(self._predictions)
        return super().check_action(action, parameters)

    def action_leave(self) -> None:
        """Back to where one came from."""
        self.dismiss()

    def action_scrub(self, frames: int) -> None:
        """Some frames further."""
        self._frames.go_to(self._frames.cursor + frames)
        self.say()

    def on_timeline_scrubbed(self, message: Timeline.Scrubbed) -> None:
        """The mouse goes somewhere."""
        self._frames.go_to(message.at)

    def action_parting(self) -> None:
        """The first difference."""
        tracks = self._tracks
        if tracks.parting is not None:
            self._frames.go_to(tracks.parting)
            self.say()
        elif tracks.predicted and tracks.recorded:
            self.say("no difference was found")
        else:
            self.say("there is one trace only; R records the other", bad=True)

    def action_next_parting(self) -> None:
        """The next pair that differs."""
        found = self._tracks.next_differing(self._frames.cursor)
        if found is None:
            self.say("nothing differs after this")
        else:
            self._frames.go_to(found)

    def action_choose(self) -> None:
        """Another prediction of the run."""

        def chosen(at: int | None) -> None:
            if at is not None and at != self._chosen:
                self._open_prediction(at)

        self.app.push_screen(ChoosePrediction(self._predictions, self._chosen), chosen)

    def action_call(self) -> None:
        """Open a call, or a test."""

        def answered(asked: Asked | None) -> None:
            if asked is not None:
                self._predictions = ()
                self._open_call(asked)
            elif self.debugging is None and self._run is None:
                self.dismiss()

        self.app.push_screen(AskCall(self._asked), answered)

    def action_view(self) -> None:
        """All of what is under the cursor."""
        title, text = self._under_cursor()
        if text:
            self.app.push_screen(PagerScreen(title, text))

    def action_copy(self) -> None:
        """Hand it to the terminal's clipboard."""
        _, text = self._under_cursor()
        if text:
            self.app.copy_to_clipboard(text)
            self.tell("copied")

    def _under_cursor(self) -> tuple[str, str]:
        """The value under the cursor of the variables, or else the frame; with a title."""
        variables = self.query_one(VariableList)
        if variables.has_focus and variables.current is not None:
            node = variables.current
            return node.name, node_text(node)
        at = self._frames.cursor
        return f"frame {at + 1}", frame_text(self._tracks, at)
