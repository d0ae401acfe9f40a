"""How a batch is shown while it goes on: a live table on a terminal, lines elsewhere, or JSON."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from agent.batch.log import BatchEvent
from agent.batch.predictions import summary
from agent.batch.summary import AttemptState, BatchStatus, Rate
from agent.cli.terminal import safe

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

_COLOURS: dict[AttemptState, str] = {
    "waiting": "dim",
    "running": "cyan",
    "resolved": "green",
    "submitted": "yellow",
    "unresolved": "red",
    "failed": "magenta",
    "stopped": "magenta",
    "lost": "magenta",
}
_RUNS_SHOWN = 8
_EVENTS_SHOWN = 6
_PLAIN_SECONDS = 30.0
_JSON_SECONDS = 5.0


class PlainWatch:
    """Lines on standard error: what happens, and how it stands now and then."""

    def __init__(self) -> None:
        self._next = 0.0
        self._last = ""

    def event(self, event: BatchEvent) -> None:
        """One line."""
        click.echo(said(event), err=True)

    def status(self, status: BatchStatus) -> None:
        """One line, twice a minute at most."""
        line = standing(status)
        if time.monotonic() >= self._next and line != self._last:
            click.echo(f"  {line}", err=True)
            self._next, self._last = time.monotonic() + _PLAIN_SECONDS, line


class JsonWatch:
    """JSON lines on standard output: ``{"event": ...}`` and ``{"status": ...}``."""

    def __init__(self) -> None:
        self._next = 0.0

    def event(self, event: BatchEvent) -> None:
        """One line."""
        _put({"event": event.model_dump(mode="json")})

    def status(self, status: BatchStatus) -> None:
        """One line, every few seconds at most, and in the end."""
        if time.monotonic() >= self._next or status.stage in ("ended", "stopped"):
            _put({"status": summary(status)})
            self._next = time.monotonic() + _JSON_SECONDS


class LiveWatch:
    """A table that is drawn anew."""

    def __init__(self, live: "Live") -> None:
        self._live = live

    def event(self, event: BatchEvent) -> None:
        """It is in the status that comes next."""

    def status(self, status: BatchStatus) -> None:
        """Draw."""
        self._live.update(table(status))


Watch = PlainWatch | JsonWatch | LiveWatch


@contextmanager
def watching(as_json: bool) -> Iterator[Watch]:
    """What shows a batch here."""
    if as_json:
        yield JsonWatch()
    elif not sys.stderr.isatty():
        yield PlainWatch()
    else:
        from rich.console import Console
        from rich.live import Live

        with Live(console=Console(stderr=True), refresh_per_second=2) as live:
            yield LiveWatch(live)


def said(event: BatchEvent) -> str:
    """An event as a line."""
    return safe(event.text if event.what == "run" else f"{event.what}: {event.text}".strip(": "))


def standing(status: BatchStatus) -> str:
    """How a batch stands, in one line."""
    counts = ", ".join(f"{count} {state}" for state, count in status.counts.items() if count)
    return "; ".join([f"{counts or 'nothing yet'} of {_total(status)}", *_figures(status)])


def _total(status: BatchStatus) -> str:
    return f"{status.total}{'+' if status.reading else ''}"


def _figures(status: BatchStatus) -> list[str]:
    """What a batch adds up to, besides its counts."""
    words = []
    if status.resolved.of:
        words.append(f"resolved {rate(status.resolved)}")
    if status.per_hour is not None:
        words.append(f"{status.per_hour:.0f} an hour")
    if status.seconds_left is not None and status.stage == "running":
        words.append(f"{duration(status.seconds_left)} left")
    if status.tokens:
        words.append(f"{status.tokens:,} tokens")
    if status.cost:
        words.append(f"{status.cost:.2f} US dollars")
    if status.note:
        words.append(safe(f"{status.stage}: {status.note}"))
    return words


def rate(share: Rate) -> str:
    """A share with its interval."""
    if share.value is None:
        return "-"
    return f"{share.value:.1%} (95 %: {share.low:.1%} to {share.high:.1%}, of {share.of})"


def duration(seconds: float) -> str:
    """As ``2 h 05 min``, ``3 min 20 s`` or ``12 s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def table(status: BatchStatus) -> "RenderableType":
    """How a batch stands, as large as a terminal has room for."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    counts = Text("  ").join(
        Text(f"{count} {state}", style=_COLOURS[state]) for state, count in status.counts.items()
    )
    working = [row for row in status.rows if row.state == "running"]
    runs = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("issue", "at", "step", "tokens", "time"):
        runs.add_column(name, justify="left" if name in ("issue", "at") else "right", no_wrap=True)
    for row in working[:_RUNS_SHOWN]:
        runs.add_row(
            Text(safe(str(row.attempt))),
            row.stage,
            str(row.step),
            f"{row.tokens:,}",
            duration(row.seconds),
        )
    more = len(working) - _RUNS_SHOWN
    parts: list[RenderableType] = [
        Text(safe(f"{status.folder.name}: {status.policy}, {status.concurrency} at once"), "bold"),
        counts,
        Text("; ".join([f"{status.done} of {_total(status)} done", *_figures(status)])),
    ]
    if working:
        parts.append(runs)
    if more > 0:
        parts.append(Text(f"and {more} more", "dim"))
    events = [Text(said(event), "dim") for event in status.events[-_EVENTS_SHOWN:]]
    return Group(*parts, *events)


def report(status: BatchStatus) -> None:
    """What a person reads in the end."""
    click.echo(standing(status))
    if status.skipped:
        click.echo(f"  {status.skipped} entries skipped: {status.folder / 'skipped.jsonl'}")
    for kind, count in sorted(status.failures.items()):
        click.echo(f"  {count} run(s) failed: {safe(kind)}")
    click.echo(f"  predictions: {status.folder / 'predictions.jsonl'}")


def _put(row: dict[str, object]) -> None:
    click.echo(json.dumps(row, ensure_ascii=False))
    sys.stdout.flush()
