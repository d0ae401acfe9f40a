"""The figures of a batch: its pace, how long attempts take and what they read and write, drawn."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Sparkline, Static
from textual_plotext import PlotextPlot

from agent.batch.summary import HONEST, BatchStatus
from agent.tui.widgets.safetext import one_line
from agent.tui.words import duration

_BINS = 12
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
        paced, span = ends_over_time(ends)
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
            middles, counts = bins(values)
            plot.plt.bar(middles, counts, width=1.0)
            _label(plot, max(values), max(counts))
        plot.refresh()


def _label(plot: PlotextPlot, widest: float, highest: int) -> None:
    """Round numbers on both axes."""
    across = [widest * part / 4 for part in range(5)]
    plot.plt.xticks(across, [f"{at:.3g}" for at in across])
    step = max(-(-highest // 4), 1)
    plot.plt.yticks(list(range(0, highest + 1, step)))


def bins(values: Sequence[float], number: int = _BINS) -> tuple[list[float], list[int]]:
    """A histogram from 0 to the largest.

    Args:
        values: at least one, none below 0.
        number: of bins.

    Returns:
        The middle of each bin, and how many values are in it.
    """
    width = max(values) / number or 1.0
    found = Counter(min(int(value / width), number - 1) for value in values)
    return [(at + 0.5) * width for at in range(number)], [found[at] for at in range(number)]


def ends_over_time(ends: Sequence[float], buckets: int = _BUCKETS) -> tuple[list[float], float]:
    """How many ended in each part of the time since the first of them did, and that time."""
    if not ends:
        return [], 0.0
    first = min(ends)
    span = max(time.time() - first, 1.0)
    found = Counter(min(int((end - first) / span * buckets), buckets - 1) for end in ends)
    return [float(found[at]) for at in range(buckets)], span


def _failures(status: BatchStatus, width: int) -> str:
    if not status.failures:
        return "no run has failed"
    kinds = sorted(status.failures.items(), key=lambda each: -each[1])
    return one_line("failed: " + ", ".join(f"{number} {kind}" for kind, number in kinds), width)
