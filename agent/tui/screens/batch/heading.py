"""What is said of a batch above its table: lines of styled text that are safe to draw."""

from collections.abc import Mapping

from agent.batch.quiet import STUCK_SECONDS
from agent.batch.summary import AttemptRow, AttemptState, BatchStatus, Rate, Stage
from agent.tui.screens.batch.order import Quiet
from agent.tui.widgets.lines import Row
from agent.tui.widgets.safetext import one_line
from agent.tui.words import STYLES, count, duration, money, state_words

_BAR: dict[AttemptState, tuple[str, str]] = {
    "resolved": ("good", "█"),
    "submitted": ("good", "▓"),
    "unresolved": ("bad", "▒"),
    "failed": ("bad", "!"),
    "stopped": ("bad", "!"),
    "lost": ("bad", "!"),
    "running": ("accent", "▸"),
    "waiting": ("dim", "·"),
}
"""How an attempt's state is drawn in the bar, in this order; each has a sign of its own."""

STAGES: dict[Stage, tuple[str, str]] = {
    "running": ("accent", "▸"),
    "paused": ("warn", "‖"),
    "waiting": ("warn", "…"),
    "stopping": ("accent", "▸"),
    "ended": ("good", "✓"),
    "stopped": ("plain", "■"),
    "interrupted": ("bad", "†"),
}
"""Style and sign of what a batch as a whole is at."""


def name_line(status: BatchStatus, width: int) -> str:
    """Which batch, by what, and what it is at."""
    at = f"{STAGES[status.stage][1]} {status.stage}"
    words = f"{status.folder.name}  {status.policy}  {at}"
    if status.pid:
        words += f", {status.concurrency} at once"
    return one_line(words, width)


def counts_line(status: BatchStatus, quiet: Quiet, width: int) -> Row:
    """How many attempts are in which state, as many of these as there is room for."""
    pieces: list[tuple[str, str]] = []
    used = 0
    for state in sorted(_BAR, key=lambda each: each != "running"):
        if not (number := status.counts[state]):
            continue
        words = "▸ at work" if state == "running" else state_words(state)
        style = "accent" if state == "running" else STYLES.get(state, "plain")
        sign, _, word = words.partition(" ")
        stuck = sum(seconds >= STUCK_SECONDS for seconds in quiet.values())
        more = f" ({stuck:,} stuck)" if state == "running" and stuck else ""
        piece = f"{sign} {number:,} {word}"
        used += len(piece) + len(more) + 2
        if used - 2 <= width:
            pieces += [(style, piece), ("warn", f"{more}  ")]
    return tuple(pieces) or (("dim", "nothing yet"),)


def bar(status: BatchStatus, width: int) -> Row:
    """All attempts as one line, as long as they are many in each state."""
    done = f" {status.done:,} of {status.total:,}{'+' if status.reading else ''}"
    lengths = shares(status.counts, max(width - len(done), 1))
    pieces = [(*_BAR[state], lengths[state]) for state in _BAR]
    return (*((style, sign * length) for style, sign, length in pieces if length), ("plain", done))


def shares(counts: Mapping[AttemptState, int], width: int) -> dict[str, int]:
    """Cells for each state, by largest remainder; they add up to the width where any counts."""
    total = sum(counts.values())
    if not total:
        return dict.fromkeys(_BAR, 0)
    exact = {state: counts[state] * width / total for state in counts}
    cells = {state: int(share) for state, share in exact.items()}
    short = width - sum(cells.values())
    for state in sorted(exact, key=lambda each: cells[each] - exact[each])[:short]:
        cells[state] += 1
    return {state: cells[state] for state in exact}


def figures_line(status: BatchStatus, width: int) -> str:
    """Rate, pace and price, as many of them as there is room for."""
    words = []
    if status.resolved.of:
        words.append(f"resolved {rate(status.resolved)}")
    if status.per_hour is not None:
        words.append(f"{status.per_hour:,.0f} an hour")
    if status.seconds_left is not None and status.stage == "running":
        words.append(f"{duration(status.seconds_left)} left")
    if status.tokens:
        words.append(f"{count(status.tokens)} tokens")
    if status.cost:
        words.append(money(status.cost))
    if status.skipped:
        words.append(f"{status.skipped:,} entries skipped")
    line = ""
    for word in words:
        longer = f"{line}  {word}" if line else word
        line = longer if len(longer) <= width else line
    return line


def rate(share: Rate) -> str:
    """A share with its interval of 95 %."""
    if share.value is None:
        return "-"
    return f"{share.value:.0%} ({share.low * 100:.0f}–{share.high:.0%} of {share.of:,})"


def attempt_line(row: AttemptRow | None, quiet: Quiet, width: int) -> str:
    """The attempt under the cursor in full, as far as its table leaves it out."""
    if row is None:
        return ""
    silent = quiet.get(row.folder)
    said = row.reason if silent is None else f"its last word was {duration(silent)} ago"
    kind = f" ({row.failure})" if row.failure else ""
    return one_line(f"{row.attempt}: {said}{kind}" if said else str(row.attempt), width)


def note_line(status: BatchStatus, width: int) -> str:
    """Why nothing new starts; else the last thing that happened."""
    if status.note and status.note != status.stage:
        return one_line(f"{status.stage}: {status.note}", width)
    if not status.events:
        return ""
    last = status.events[-1]
    what = "" if last.what == "run" else f"{last.what}: "
    return one_line(f"{what}{last.text}".removesuffix(": "), width)
