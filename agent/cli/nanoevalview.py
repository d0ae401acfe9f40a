"""What ``foretrace nano eval`` prints of a report."""

from collections.abc import Iterator

from agent.nano.evaluation import Certainty, Report
from model.trace.score import Count, Rate, wilson

_FEWEST = 10
"""Programs with a construct below which its shares say nothing."""


def lines_of(report: Report) -> list[str]:
    """The tables."""
    return [*_shares(report), *_constructs(report), *_calibration(report)]


def _shares(report: Report) -> Iterator[str]:
    yield ""
    for line in report.lines:
        yield f"  {line.name:42} {_share(line.count)}"
    yield ""
    yield "  whole traces"
    for line in report.lengths:
        if line.count.of:
            yield f"    {line.name:40} {_share(line.count)}"
    yield ""
    yield "  the published measures"
    for name, rate in report.published.items():
        yield f"    {name:40} {_rate(rate)}"
    if report.left_out:
        yield f"  {report.left_out} programs are longer than the model's context"
    yield f"  {report.tokens:,} tokens written, {report.speed:,.0f} in a second of one core"


def _constructs(report: Report) -> Iterator[str]:
    yield ""
    yield (
        f"  {'construct':24} {'traces':>6}  {'whole, 95 %':>22}  {'frames':>7}  {'output':>7}"
        f"  {'halts':>7}  {'endless':>7}"
    )
    for each in report.constructs:
        if max(each.wholes.of, each.endless.of) >= _FEWEST:
            yield (
                f"  {each.name:24} {each.wholes.of:6}  {_interval(each.wholes):>22}  "
                f"{_percent(each.singles):>7}  {_percent(each.outputs):>7}"
                f"  {_percent(each.halts):>7}  {_percent(each.endless):>7}"
            )


def _calibration(report: Report) -> Iterator[str]:
    for title, found in (
        ("the least likely frame's probability, and whether the trace says what is so",
         report.traces),
        ("a verdict's confidence, and whether the test passes as it says", report.verdicts),
    ):  # fmt: skip
        if found.found:
            yield ""
            yield f"  {title}"
            yield from _bins(found)
    said = report.said
    yield ""
    yield f"  believed from {said.sure:.2f} on:"
    if said.beyond.hits:
        yield f"    {'programs unlike those it knows':40} {_share(said.beyond)}"
    yield f"    {'traces that say something':40} {_share(said.said)}"
    yield f"    {'of these right':40} {_share(said.right)}"
    yield f"    {'tests with a verdict':40} {_share(said.tests)}"
    yield f"    {'of these right':40} {_share(said.verdicts)}"


def _bins(found: Certainty) -> Iterator[str]:
    for each in found.bins:
        if each.right.of:
            yield (
                f"    {each.low:.2f} to {each.high:.2f}   mean {each.confidence:.2f}   right "
                f"{each.right.value:.0%} ({each.right.hits} of {each.right.of})"
            )
    yield f"    Brier score {found.brier:.3f}"


def _share(count: Count) -> str:
    if not count.of:
        return "     -"
    low, high = wilson(count.share, count.of)
    return f"{count.share:6.1%}  95 %: {low:.1%} to {high:.1%}, of {count.of:,}"


def _rate(rate: Rate) -> str:
    if not rate.traces:
        return "     -"
    return f"{rate.share:6.1%}  95 %: {rate.low:.1%} to {rate.high:.1%}, of {rate.traces:,}"


def _interval(count: Count) -> str:
    if not count.of:
        return "-"
    low, high = wilson(count.share, count.of)
    return f"{count.share:.1%} ({low:.0%} to {high:.0%})"


def _percent(count: Count) -> str:
    return f"{count.share:.1%}" if count.of else "-"
