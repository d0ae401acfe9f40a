"""A run as plain text: headings at the margin, everything that somebody else wrote indented.

So no line of a model's can pass for one of ours. Nothing is wrapped, coloured or cut.
"""

from collections.abc import Iterable, Iterator

from agent.export.visible import visible
from agent.replay.reading import RecordedRun
from agent.replay.steps import Step, before_the_first, steps_of
from agent.replay.telling import Section, sections

_INDENT = " " * 4


def run_lines(run: RecordedRun) -> Iterator[str]:
    """A whole run, line by line."""
    yield from head_lines(run)
    yield from section_lines([Section("issue", run.record.issue.text, "verbatim")])
    yield from section_lines(sections(before_the_first(run.events)))
    shown = {event.id for event in before_the_first(run.events)}
    for step in steps_of(run.events):
        yield ""
        yield from step_lines(step)
        shown |= {event.id for event in step.events}
    rest = [event for event in run.events if event.id not in shown]
    if rest:
        yield ""
        yield from section_lines(sections(rest))


def head_lines(run: RecordedRun) -> Iterator[str]:
    """What a run is, and what became of it."""
    record, result = run.record, run.result
    yield f"run {one_line(record.id)}"
    yield f"issue {one_line(record.issue.id)} of {one_line(record.issue.repo)}"
    yield f"policy {one_line(record.policy)}, started {record.started:%Y-%m-%d %H:%M:%S %Z}"
    if record.parent:
        place = ", in its place" if record.parent.resumed else ""
        yield f"goes on from {one_line(record.parent.run)} after step {record.parent.step}{place}"
    if result is None:
        yield "no result yet: it goes on, or was killed"
        return
    yield f"{result.status}: {one_line(result.reason)}"
    for name, of in (("usage", result.usage), ("seconds", result.timings)):
        if any(of.values()):
            used = (f"{one_line(key)} {value:,.10g}" for key, value in of.items() if value)
            yield f"{name}: {', '.join(used)}"


def step_lines(step: Step) -> Iterator[str]:
    """A step, whole, and how things stood once it was done."""
    carried = ", carried over from the parent" if step.carried else ""
    yield f"=== step {step.number}{carried}"
    yield from section_lines(sections(step.events))
    yield f"--- so far: {', '.join(_standing(step))}"


def section_lines(told: Iterable[Section]) -> Iterator[str]:
    """Sections, each a heading and its text."""
    for section in told:
        yield f"--- {one_line(section.title)}"
        text = visible(section.text).removesuffix("\n")
        yield from (f"{_INDENT}{line}".rstrip() for line in (text.split("\n") if text else []))


def one_line(text: str) -> str:
    """The text, safe to print, in one line whatever is in it."""
    return visible(text).replace("\n", "\\n")


def _standing(step: Step) -> Iterator[str]:
    spent = step.spent
    yield f"{spent.seconds:.1f} s"
    if spent.tokens:
        yield f"{spent.tokens:,} tokens"
    if spent.cost is not None:
        yield f"{spent.cost:.4f} US dollars"
    counts: dict[str, int] = {}
    for status in step.tests.values():
        counts[status] = counts.get(status, 0) + 1
    yield from (f"{count} {one_line(status)}" for status, count in counts.items())
    if step.patch is not None:
        yield "a patch was handed in"
