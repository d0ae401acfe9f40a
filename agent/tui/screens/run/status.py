"""The two lines below the list: what waits for the user, and where the reader is."""

from rich.text import Text

from agent.events import Steered
from agent.tui.screens.run.entries import CONFIRM_WORDS
from agent.tui.screens.run.eventlist import EventList
from agent.tui.screens.run.watching import Watching
from agent.tui.widgets.safetext import cut, line_count

_SHOWN = 3


def asking(asked: Steered, width: int, here: bool) -> Text:
    """A call that waits, and the keys that answer."""
    lines = asked.argument.strip("\n").split("\n")
    text = Text(no_wrap=True, overflow="crop")
    text.append(cut(f"? step {asked.step} wants to run {asked.tool}", width), "bold")
    for line in lines[:_SHOWN]:
        text.append(f"\n  │ {cut(line, width - 4)}")
    more = line_count(asked.argument) - _SHOWN
    left = f"{more} more: v   " if more > 0 else ""
    keys = "y run   n refuse   e edit   a always" if here else "it waits for its user elsewhere"
    text.append(f"\n  {left}{keys}")
    return text


def status(run: Watching, events: EventList, width: int) -> Text:
    """Where the reader is, and how the run is steered."""
    if not events.entries:
        where = "nothing has happened yet" if run.live else "nothing happened"
    elif events.following:
        where = "▼ following" if run.live else "the end"
    else:
        below = events.below
        where = f"{events.cursor + 1}/{len(events.entries)}"
        where += f"  ▼ {below} below, End follows" if below else ""
    if run.unreadable:
        where += f"  {run.unreadable} unreadable line(s)"
    how = _how(run)
    gap = max(width - len(where) - len(how), 2)
    return Text(f"{where}{' ' * gap}{how}"[:width], no_wrap=True)


def _how(run: Watching) -> str:
    if not run.live:
        return ""
    if not run.steerable:
        return "watching only: it was not started from here"
    confirm = run.progress.confirm or run.confirm
    words = {
        "pausing": "pauses before its next action; what is running goes on",
        "paused": "paused: p goes on",
        "asking": "waits for your word",
    }
    return words.get(run.progress.stage) or f"asks before {CONFIRM_WORDS.get(confirm, confirm)}"
