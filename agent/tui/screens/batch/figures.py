"""The figures of a batch: its pace, how long attempts take and what they read and write, drawn."""

import math
import time
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.color import Color
from textual.containers import Horizontal, Vertical
from textual.widgets import Sparkline, Static
from textual_plotext import PlotextPlot

from agent.batch.summary import HONEST, BatchStatus
from agent.tui.widgets.safetext import one_line
from agent.tui.words import duration

_BINS = 12
_SMALLEST = 1e-6
"""Below it everything is nothing: widths of denormal numbers are none."""
_BUCKETS = 40


class Figures(Vertical):
    """Sparkline, two histograms, and the failures by their kind."""

    DEFAULT_CLASSES: ClassVar[str] = "figures"

    def compose(self) -> ComposeResult:
        """All of them, empty."""
        yield Static("", id="pace-title", markup=False)
        yield Sparkline((), id="pace", summary_function=sum)
        with Horizontal(id="histograms"):
            yield PlotextPlot(id="minutes")
            yield PlotextPlot(id="tokens")
        yield Static("", id="failures", markup=False)

    def show(self, status: BatchStatus) -> None:
        """Draw them for a batch as it stands."""
        ended = [row for row in status.rows if row.state in HONEST]
        ends = [row.ended for row in ended]
        until = time.time() if status.pid else max(ends, default=0.0)
        paced, span = ends_over_time(ends, until)
        self.query_one("#pace", Sparkline).data = paced
        title = f"attempts that ended, over {duration(span)}" if paced else "none has ended yet"
        self.query_one("#pace-title", Static).update(title)
        self._histogram("minutes", "minutes an attempt", [row.seconds / 60 for row in ended])
        self._histogram("tokens", "thousand tokens an attempt", [r.tokens / 1000 for r in ended])
        self.query_one("#failures", Static).update(_failures(status, max(self.size.width - 2, 10)))

    def _histogram(self, name: str, title: str, values: Sequence[float]) -> None:
        plot = self.query_one(f"#{name}", PlotextPlot)
        plot.plt.clear_data()
        plot.plt.title(title)
        if values:
            width = bin_width(max(values))
            counts = bins(values, width)
            accent = Color.parse(self.app.theme_variables["accent"])
            middles = [(at + 0.5) * width for at in range(len(counts))]
            plot.plt.bar(middles, counts, width=1.0, color=accent.rgb)
            _label(plot, width, counts)
        plot.refresh()


def _label(plot: PlotextPlot, width: float, counts: Sequence[int]) -> None:
    """Round numbers on both axes."""
    each = -(-len(counts) // 6)
    across = [at * width for at in range(0, len(counts) + 1, each)]
    plot.plt.xlim(0, len(counts) * width)
    plot.plt.xticks(across, [f"{at:g}" for at in across])
    step = max(-(-max(counts) // 4), 1)
    plot.plt.ylim(0, max(counts))
    plot.plt.yticks(list(range(0, max(counts) + 1, step)))


def bin_width(largest: float, most: int = _BINS) -> float:
    """The least round width (1, 2 or 5 times a power of ten) of which few bins hold everything.

    Args:
        largest: of the values, 0 or more.
        most: bins.
    """
    if largest < _SMALLEST:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest / most))
    widths = (factor * power for factor in (1, 2, 5, 10, 20))
    return next(width for width in widths if width * most > largest)


def bins(values: Sequence[float], width: float) -> list[int]:
    """How many values are in each bin from 0 to the largest. At least one, none below 0."""
    found = Counter(int(value / width) for value in values)
    return [found[at] for at in range(max(found) + 1)]


def ends_over_time(
    ends: Sequence[float], until: float, buckets: int = _BUCKETS
) -> tuple[list[float], float]:
    """How many ended in each part of the time from the first of them until then, and that time."""
    if not ends:
        return [], 0.0
    first = min(ends)
    span = max(until - first, 1.0)
    found = Counter(min(int((end - first) / span * buckets), buckets - 1) for end in ends)
    return [float(found[at]) for at in range(buckets)], span


def _failures(status: BatchStatus, width: int) -> str:
    if not status.failures:
        return "no run has failed"
    kinds = sorted(status.failures.items(), key=lambda each: -each[1])
    return one_line("failed: " + ", ".join(f"{number} {kind}" for kind, number in kinds), width)
