"""Events as entries of the list: a line that says what happened, and what can be unfolded below it.

The words are those of `agent.replay.telling`; here is how they are folded and marked.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from agent.events import (
    Acted,
    Answered,
    Broke,
    Compared,
    Ended,
    Event,
    EventData,
    Forecasted,
    Limited,
    Malformed,
    Reviewed,
    Said,
    Steered,
    Submitted,
    Tried,
    Verified,
)
from agent.replay.telling import Section, sections
from agent.tui.widgets.safetext import line_count
from model.wire import THINK, THINK_END


@dataclass(slots=True)
class Entry:
    """One thing that happened. Texts are as they were written: not safe to draw yet.

    Nobody changes one that is shown; not frozen because thousands are made when a run is opened.

    Attributes:
        head: what happened, one line.
        sign: before it; every kind has one of its own.
        style: of sign and head.
        aside: to the right of it.
        body: what is unfolded below; may be long.
        whole: what the pager shows, where that is more than the body.
        preview: lines of it that are there without unfolding.
        prose: whether it is broken between words.
        patch: whether it is a diff.
        step: whose it is; 0 for none.
        numbered: whether the step's number stands before it.
        lines: of the body.
        event: number of the event that it is of, as they were read; from 0.
        part: which of the event's entries it is.
        light: whether texts are cut to what is in sight while it is folded.
    """

    head: str
    sign: str = "·"
    style: str = "dim"
    aside: str = ""
    body: str = ""
    whole: str = ""
    preview: int = 0
    prose: bool = False
    patch: bool = False
    step: int = 0
    numbered: bool = False
    lines: int = 0
    event: int = 0
    part: int = 0
    light: bool = False


_LIGHT = 320
"""Signs of a line that stay in memory; all of it is in the trajectory."""
_CALL_LINES = 4
_RESULT_LINES = 5
_MESSAGE_LINES = 3


def entries_of(events: Iterable[Event], first: int = 0, *, light: bool = False) -> list[Entry]:
    """The entries of some events, in their order.

    Args:
        events: as they were read.
        first: number of the first of them.
        light: whether to do without what nobody sees while it is folded, so that a long run fills
            no memory.
    """
    found: list[Entry] = []
    for number, event in enumerate(events, first):
        entries = _entries(event, number)
        found += map(_lightened, entries) if light and isinstance(event.data, _MANY) else entries
    return found


_MANY = (Acted, Answered, Said)
"""What a run is made of. The texts of these stand in the trajectory as they are shown."""


def _lightened(entry: Entry) -> Entry:
    if len(entry.head) + len(entry.body) + len(entry.whole) <= _LIGHT:
        return entry
    inside = entry.body.split("\n", entry.preview)[: entry.preview]
    body = "\n".join(line[:_LIGHT] for line in inside)
    return replace(entry, head=entry.head[:_LIGHT], body=body, whole="", light=True)


def _entries(event: Event, number: int) -> list[Entry]:
    data = event.data
    own = _OWN.get(type(data))
    found = own(data) if own else [_plain(section, data) for section in sections([event])]
    step = getattr(data, "step", 0)
    for part, entry in enumerate(found):
        entry.step, entry.lines = step, line_count(entry.body)
        entry.event, entry.part = number, part
    return found


def _plain(section: Section, data: EventData) -> Entry:
    """As it is told everywhere."""
    sign, style, preview = _MARKS.get(type(data), ("·", "dim", 0))
    return Entry(
        head=section.title,
        sign=sign,
        style=style,
        body=section.text.strip("\n"),
        preview=preview,
        prose=section.form == "words",
        patch=section.form == "patch",
    )


_MARKS: Mapping[type[EventData], tuple[str, str, int]] = {
    Reviewed: ("»", "warn", 2),
    Tried: ("·", "dim", 0),
    Forecasted: ("≈", "accent", 1),
    Compared: ("≈", "accent", 2),
    Submitted: ("◆", "strong", 0),
    Limited: ("!", "warn", 1),
    Broke: ("!", "bad", 2),
    Malformed: ("✗", "bad", 2),
    Verified: ("◆", "strong", 6),
    Ended: ("■", "strong", 2),
}
"""Sign, style and lines in sight of the kinds that are told as they are told everywhere."""


def _action(data: Acted) -> list[Entry]:
    if data.tool is None and data.reply is None:
        return []  # what it says in the end is an event of its own
    found = []
    if text := _reasoning(data):
        found.append(Entry(text, "~", "dim", body=text, prose=True))
    if data.tool is not None:
        first, _, rest = data.argument.strip("\n").partition("\n")
        head = f"{data.tool}  {first}".rstrip()
        body, preview = (data.argument, 0) if len(first) > 400 else (rest, _CALL_LINES)
        whole = data.argument
        found.append(Entry(head, "▸", "strong", "", body, whole, preview, numbered=True))
    return found


def _reasoning(data: Acted) -> str:
    """What was thought before the call, or said beside it; empty where it was just made."""
    beside = data.thought.strip() if data.tool is not None else ""
    if data.reply is None:
        return beside
    # A server that does not split reasoning off leaves it in the text, before the call.
    before, ended, _ = data.reply.text.partition(THINK_END)
    within = before.strip().removeprefix(THINK.strip()).strip() if ended else ""
    return data.reply.reasoning.strip() or within or beside


def _result(data: Answered) -> list[Entry]:
    words, style, sign = _outcome(data)
    aside = f"{data.seconds:.1f} s" if data.seconds >= 0.05 else ""
    body = data.output.strip("\n")
    return [Entry(words, sign, style, aside, body, preview=_RESULT_LINES)]


def _outcome(data: Answered) -> tuple[str, str, str]:
    """How a call ended: in words, with their style, and a sign."""
    if not data.ok:
        return "nothing was done", "bad", "✗"
    counts, status, code = (data.data.get(each) for each in ("counts", "status", "exit_code"))
    if isinstance(counts, dict):
        bad = any(counts.get(how) for how in ("failed", "error", "missing"))
        told = ", ".join(f"{count} {how}" for how, count in counts.items()) or "no test ran"
        return told, "bad" if bad else "good", "✗" if bad else "✓"
    if isinstance(status, str) and status != "exited":
        return status, "bad", "✗"
    if code:
        return f"exit code {code}", "bad", "✗"
    return "done", "good", "✓"


def _steered(data: Steered) -> list[Entry]:
    words = {
        "pausing": "you pause it: it will wait before its next action",
        "paused": "paused",
        "resumed": "it goes on",
        "asking": f"asks you: run {data.tool}?",
        "allowed": "you let it run",
        "interrupted": "the running command was stopped, as you wanted",
        "idle": "no command was running to be stopped",
        "unstopped": "the command could not be stopped",
        "confirm": f"asks before: {CONFIRM_WORDS.get(data.text, data.text)}",
        "remembered": f"{data.tool} is not asked about any more",
    }
    body = data.text if data.what == "unstopped" else ""
    sign = "?" if data.what == "asking" else "»"
    return [Entry(words[data.what], sign, "warn", body=body, preview=1)]


CONFIRM_WORDS = {"none": "nothing", "writes": "what may write", "all": "every call"}
"""Before which calls the user is asked."""


def _said(data: Said) -> list[Entry]:
    who = {"user": "you said", "policy": "the agent is done", "run": "the agent is told"}[data.role]
    sign, style = ("»", "warn") if data.role == "user" else ("·", "plain")
    text = data.text.strip()
    return [Entry(who, sign, style, body=text, preview=_MESSAGE_LINES, prose=True)]


_OWN: dict[type[EventData], Callable[..., list[Entry]]] = {
    Acted: _action,
    Answered: _result,
    Steered: _steered,
    Said: _said,
}
"""Kinds that the list has words of its own for."""
