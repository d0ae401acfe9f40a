"""Runs with predictions in their folders, and programs that a model knows, for the trace screen."""

import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from textual.widgets import Static

from agent.config import Settings, load_settings
from agent.events import Acted, Answered, Compared, DivergedAt, Forecasted
from agent.preflight.comparison import of_the_test
from agent.tui.app import ForetraceApp
from agent.tui.screens.trace.screen import TraceScreen
from agent.tui.screens.trace.subjects import Asked
from model.trace.align import first_divergence
from model.trace.frame import Frame, Trace
from model.trace.states import compress, resolve
from model.trace.writing import write_frames
from tests.agent.conftest import CommandLine
from tests.agent.knownprogram import CALL, SOURCE, known_program
from tests.agent.tui.samples import beginning, ending, issue, write_run
from tests.agent.tui.watched import AppPilot, app_on, until
from tests.model.replies import Reply
from tests.model.trace.examples import recorded as really

TESTED = """\
def total(prices, rate):
    result = {"sum": 0, "items": []}
    for price in prices:
        result["sum"] += price
        result["items"].append(price)
    return result["sum"]


def test_total():
    assert total([1, 2, 3], 0.5) == 6


def main():
    test_total()
"""
TEST = "tests/test_work.py::test_total"


def happened(source: str = TESTED, test: str = TEST) -> tuple[Frame, ...]:
    """What a test really does, its locals in full."""
    return of_the_test(really(source), test)


def mistaken(frames: Sequence[Frame], line: str, **values: str) -> tuple[Frame, ...]:
    """The same with other values at the first frame of a line."""
    at = next(n for n, frame in enumerate(frames) if frame.kind == "line" and line in frame.source)
    wrong = replace(frames[at], locals={**(frames[at].locals or {}), **values})
    return (*frames[:at], wrong, *frames[at + 1 :])


def foretold_run(
    out: Path,
    *pairs: tuple[Sequence[Frame], Sequence[Frame]],
    source: str = TESTED,
    test: str = TEST,
    name: str = "20260101-a",
) -> Path:
    """A run in which tests were predicted, and recorded where there are frames of that."""
    events = list(beginning(issue()))
    files: dict[str, str] = {}
    for number, (predicted, recorded) in enumerate(pairs, 1):
        before, after = f"traces/{number}-a.jsonl.gz", f"traces/{number}-b.jsonl.gz"
        plain = [replace(frame, place=None) for frame in predicted]
        lines = [{"source": source}, {"trace": write_frames(compress(plain))}]
        files[before] = "".join(json.dumps(line) + "\n" for line in lines)
        files[after] = recording(source, recorded)
        about = {"step": number, "test": test, "predictor": "nano", "model": "nano"}
        verdict = {"verdict": "fail", "confidence": 0.75}
        found = first_divergence(Trace(tuple(plain), True), Trace(tuple(recorded), True))
        events += [
            Acted(step=number, tool="test", argument=test),
            Forecasted(**about, **verdict, reason="so it seems", trace=before),
            Answered(step=number, tool="test", ok=True, output="1 passed"),
        ]
        if recorded:
            parts = None
            if found is not None:
                parts = DivergedAt(
                    what=found.what, predicted=found.predicted, recorded=found.recorded
                )
            events.append(
                Compared(
                    **about,
                    **verdict,
                    outcome="passed",
                    right=False,
                    trace=after,
                    divergence=parts,
                )
            )
    folder = write_run(out, issue(), [*events, *ending()], name=name)
    (folder / "traces").mkdir()
    for each, text in files.items():
        (folder / each).write_bytes(gzip.compress(text.encode("utf-8", "surrogatepass")))
    return folder


def recording(source: str, frames: Sequence[Frame]) -> str:
    """Recorded frames as the tracer writes them."""
    lines: list[dict[str, object]] = [
        {"format": 1, "python": "3.11.2", "entry": "x", "comprehensions": "frames"},
        {"file": 0, "path": "/testbed/work.py", "text": source},
    ]
    before: dict[int, set[str]] = {}
    for state in resolve(frames):
        frame, place = state.frame, state.frame.place
        assert place is not None
        kind = {"call": "c", "line": "l", "return": "r", "exception": "x"}[frame.kind]
        event: dict[str, object] = {"k": kind, "f": 0, "n": place.line, "fn": place.function}
        event |= {"d": state.depth, "s": state.scope}
        if frame.locals is not None:
            gone = before.get(state.scope, set()) - frame.locals.keys()
            before[state.scope] = set(frame.locals)
            event |= {"v": dict(frame.locals), "g": sorted(gone)}
        if frame.value is not None:
            event["o"] = frame.value
        lines.append(event)
    lines.append({"end": "left", "detail": "", "events": len(frames), "error": None, "stdout": ""})
    return "".join(json.dumps(line) + "\n" for line in lines)


# Screens ----------------------------------------------------------------------------------------


async def opened_on(pilot: AppPilot, run: Path) -> TraceScreen:
    """The screen on a run, once it has read it."""
    app = pilot.app
    assert isinstance(app, ForetraceApp)
    return await _shown(pilot, TraceScreen(app.workspace, run))


async def idle(pilot: AppPilot) -> TraceScreen:
    """The screen, once nothing is being done."""
    screen = pilot.app.screen
    assert isinstance(screen, TraceScreen)
    await until(pilot, lambda: not screen.busy)
    return screen


async def press(pilot: AppPilot, *keys: str) -> TraceScreen:
    """Press keys; each is done before the next."""
    for key in keys:
        await pilot.press(key)
        await pilot.pause()
        if isinstance(pilot.app.screen, TraceScreen):
            await idle(pilot)
    screen = pilot.app.screen
    assert isinstance(screen, TraceScreen)
    return screen


@dataclass(frozen=True)
class OnCall:
    """A call on a file, and the settings of a model that knows how it goes on."""

    asked: Asked
    settings: Settings

    def screen(self, pilot: AppPilot) -> TraceScreen:
        """The screen on it, not yet shown."""
        app = pilot.app
        assert isinstance(app, ForetraceApp)
        return TraceScreen(app.workspace, asked=self.asked, settings=self.settings)

    async def opened(self, pilot: AppPilot) -> TraceScreen:
        """The screen on it, once it stands at the first frame."""
        return await _shown(pilot, self.screen(pilot))


@contextmanager
def on_call(
    home: Path, *script: Reply, first: str = "step", source: str = SOURCE, call: str = CALL
) -> Iterator[OnCall]:
    """A server that answers with these replies; without any, as the program really goes on."""
    home.mkdir(exist_ok=True)
    with known_program(CommandLine(home), *script, source=source, call=call) as known:
        model = {"url": known.server.url, "profile": "cwm", "retries": 0}
        tokenizer = known.flags[known.flags.index("--tokenizer") + 1]
        settings = load_settings(None, {"model": {**model, "tokenizer": tokenizer}})
        yield OnCall(Asked(known.file, call, first), settings)


def app_in(home: Path) -> ForetraceApp:
    """An app on a folder of no runs."""
    return app_on(home / "runs")


async def _shown(pilot: AppPilot, screen: TraceScreen) -> TraceScreen:
    pilot.app.push_screen(screen)
    await until(pilot, lambda: screen.is_running and screen.query("#trace-status"))
    status = screen.query_one("#trace-status", Static)
    await until(pilot, lambda: str(status.render()) and not screen.busy)
    return screen
