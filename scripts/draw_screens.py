"""Draw every screen of the terminal UI as an SVG picture into ``docs/screens/``.

    .venv/bin/python -m scripts.draw_screens [NAME]...

The runs that the screens show are written by the tests' samples, with what real runs are written
with. A new screen is one more line in `PICTURES`; where it opens with a key and needs nothing else,
its name is enough. Look at the pictures before they are committed.
"""

import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from textual.pilot import Pilot

from agent.events import Acted, Ended, EventData, Steered
from agent.trajectory import Trajectory
from agent.tui.app import ForetraceApp
from agent.tui.boardfile import BoardFile
from agent.tui.control import STEERED, Listening
from agent.tui.themes import DARK, LIGHT
from agent.tui.workspace import Workspace
from tests.agent.knownprogram import CALL, SOURCE
from tests.agent.tui.batched import Batch, issues, mixed
from tests.agent.tui.patches import THREE_FILES, handed_in, run_with
from tests.agent.tui.samples import EDIT, beginning, ending, issue, work, write_run
from tests.agent.tui.traced import foretold_run, happened, idle, mistaken, on_call
from tests.agent.tui.watched import text_of

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "screens"
SIZE = (132, 34)
NOW = 1_767_610_800.0
"""What the clock says while pictures are drawn: 11:00 on 5 January 2026, UTC."""

_STILL_SECONDS = 0.6
_PATIENCE_SECONDS = 60.0
_FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"

Reach = Callable[[Pilot[None]], Awaitable[object]]


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        name: of the file, and of the screen in the registry unless that is named.
        prepare: writes what is shown into a folder for runs; returns the run in question.
        reach: goes to what is drawn once the screen is open.
        screen: in the registry.
        theme: the colours.
    """

    name: str
    prepare: Callable[[Path], Path | None] = lambda out: None
    reach: Reach | None = None
    screen: str = ""
    theme: str = DARK.name

    @property
    def of(self) -> str:
        """The screen's name in the registry."""
        return self.screen or self.name


# What is shown -----------------------------------------------------------------------------------


def finished(out: Path) -> Path:
    """A run that resolved its issue, with a patch worth looking at."""
    return run_with(out, THREE_FILES)


def several(out: Path) -> Path:
    """A resolved run, and one of the same issue that did otherwise."""
    first = run_with(out, THREE_FILES)
    other = [*beginning(issue(), "repair"), *work()[:4]]
    other.append(Acted(step=3, tool="edit", argument=EDIT.replace("value > high", "value >= high")))
    other += ending(THREE_FILES.replace("value > high", "value >= high"), resolved=False)
    write_run(out, issue(), other, name="20260105-1032-b", policy="repair", ago=1500)
    return first


def foretold(out: Path) -> Path:
    """A run in which a test was predicted, wrongly, and recorded."""
    really = happened()
    return foretold_run(out, (mistaken(really, "append(price)", price="7"), really))


ASKS = Steered(what="asking", step=5, tool="bash", argument="rm -r build\npython -m build")
STATES: dict[str, list[EventData]] = {
    "clamp() lets values above the highest through": handed_in(THREE_FILES),
    "total() adds tax twice when an order is split": [
        *beginning(issue()),
        *work(),
        Acted(step=5, tool="bash", argument="python -m build"),
        ASKS,
    ],
    "A price without cents is shown as 12.0": [*beginning(issue()), *work()],
    "Rates of other countries cannot be read": [
        *beginning(issue()),
        Ended(status="failed", reason="the model at http://127.0.0.1:8000 does not answer"),
    ],
    "Discounts of nothing raise ZeroDivisionError": [
        *beginning(issue(), "repair"),
        *work()[:6],
        *ending(resolved=False),
    ],
}


def everything(out: Path) -> Path:
    """Runs in every state, and issues that wait."""
    for number, (title, events) in enumerate(STATES.items(), start=1):
        policy = "repair" if number == len(STATES) else "cwm"
        name = f"20260105-10{number}0-x"
        with clock(NOW - 95 * (len(STATES) + 1 - number)):
            folder = write_run(out, issue(number, title), events, name=name, policy=policy, ago=0)
        if not isinstance(events[-1], Ended):
            _at_work.enter_context(written(folder))
    waiting = ("Currency signs are on the wrong side", "Sorting by price forgets the sale")
    BoardFile(out).add([issue(number, title) for number, title in enumerate(waiting, start=8)])
    return out / "20260105-1020-x"


def batched(out: Path) -> None:
    """A batch that is under way, and one that is over."""
    batch, live = mixed(out)
    _at_work.enter_context(batch.at_work(*live))
    over = Batch(out / "batch-rates", issues(12), ago=9000)
    for number in range(12):
        over.run(number, "resolved" if number % 3 else "unresolved", ago=8000 - 400 * number)
    over.says("ended", ago=3000)


_at_work = ExitStack()


@contextmanager
def written(folder: Path) -> Iterator[None]:
    """Have this process hold a run's trajectory, as the process of a run that goes on does."""
    (folder / STEERED).write_text(Listening(token="t").model_dump_json())
    with Trajectory(folder / "events.jsonl"):
        yield


# Going there -------------------------------------------------------------------------------------


async def keys(pilot: Pilot[None], *names: str) -> None:
    """Press keys; the screen comes to rest after each."""
    for name in names:
        await pilot.press(name)
        await rest(pilot)


async def stepped(pilot: Pilot[None]) -> None:
    """The debugger on a call that a model knows, some steps into it."""
    app = pilot.app
    assert isinstance(app, ForetraceApp)
    with on_call(Path("program"), source=SOURCE, call=CALL) as call:
        app.push_screen(call.screen(pilot))
        await rest(pilot)
        for name in ("s", "s", "s", "s"):
            await pilot.press(name)
            await rest(pilot)
            await idle(pilot)
        await rest(pilot)


async def rest(pilot: Pilot[None]) -> None:
    """Wait until nothing on the screen changes any more."""
    deadline, since, before = time.monotonic() + _PATIENCE_SECONDS, time.monotonic(), ""
    while time.monotonic() < deadline:
        await pilot.pause(0.05)
        if (shown := text_of(pilot)) != before:
            since, before = time.monotonic(), shown
        elif time.monotonic() - since > _STILL_SECONDS:
            return
    raise TimeoutError(f"the screen does not come to rest:\n{before}")


def press(*names: str) -> Reach:
    """A way that consists of keys."""
    return lambda pilot: keys(pilot, *names)


PICTURES: tuple[Picture, ...] = (
    Picture("board", everything, press("down", "down")),
    Picture("board-light", everything, press("down", "down"), screen="board", theme=LIGHT.name),
    Picture("run", everything),
    Picture("patch", finished, press("v", "n")),
    Picture("replay", finished, press("right", "right", "right")),
    Picture("compare", several, press("d")),
    Picture("trace", foretold, press("d")),
    Picture("call", reach=stepped),
    Picture("batches", batched),
    Picture("batch", batched, press("enter"), screen="batches"),
    Picture("doctor", reach=press("3")),
)
"""Every screen of `agent.tui.registry`, in the order of ``docs/tui.md``."""


# Drawing -----------------------------------------------------------------------------------------


def main(names: Sequence[str]) -> int:
    """Draw the pictures of these names, or all."""
    unknown = set(names) - {each.name for each in PICTURES}
    if unknown:
        print(f"no such picture: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        if not names or picture.name in names:
            svg = asyncio.run(drawn(picture))
            (FOLDER / f"{picture.name}.svg").write_text(svg, encoding="utf-8")
            print(f"{picture.name}: {len(svg) // 1000} kB")
    return 0


async def drawn(picture: Picture) -> str:
    """One picture, the same whenever it is drawn."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, _at_work, clock():
        os.chdir(folder)  # what is shown of paths is the same everywhere
        try:
            out = Path("runs")
            run = picture.prepare(out)
            app = ForetraceApp(Workspace(out))
            async with app.run_test(size=SIZE) as pilot:
                await rest(pilot)
                app.theme = picture.theme
                if picture.of != "board" and picture.reach is not stepped:
                    app.open(picture.of, (run,) if run else ())
                await rest(pilot)
                if picture.reach is not None:
                    await picture.reach(pilot)
                    await rest(pilot)
                return plain(app.export_screenshot(title="Foretrace"))
        finally:
            os.chdir(before)


@contextmanager
def clock(now: float = NOW) -> Iterator[None]:
    """A clock that stands still, in UTC, so that everything is as old in every picture."""
    with patch("time.time", lambda: now), patch.dict(os.environ, TZ="UTC"):
        time.tzset()
        yield
    time.tzset()


def plain(svg: str) -> str:
    """Without fonts from elsewhere: no picture of ours asks another host for anything."""
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: *Fira Code[^;\n]*", f"font-family: {_FONT}", svg)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in svg.splitlines() if line.strip()) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
