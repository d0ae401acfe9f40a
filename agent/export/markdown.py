"""A run as a Markdown document, for issues, reviews and notes.

Everything that somebody else wrote stands in fences that are longer than any it holds, so that none
of it is read as Markdown or as HTML; in headings and lists its signs are escaped.
"""

import re
from collections.abc import Iterable, Iterator

from agent.events import Submitted
from agent.export.visible import visible
from agent.replay.reading import RecordedRun
from agent.replay.steps import Step, before_the_first, steps_of
from agent.replay.telling import Section, sections

_SIGNS = re.compile(r"([\\`*_\[\]<>#|~&$@^=]|:(?=//)|(?<=www)\.)")


def document(run: RecordedRun) -> str:
    """The whole document."""
    return "\n".join(_lines(run)) + "\n"


def _lines(run: RecordedRun) -> Iterator[str]:
    record, result = run.record, run.result
    yield f"# {inline(record.issue.title or record.issue.id)}"
    yield ""
    status = f"**{result.status}**: {inline(result.reason)}" if result else "**open**"
    yield status
    yield ""
    yield from _facts(run)
    yield from _block("Issue", record.issue.text)
    patches = [e.data for e in run.events if isinstance(e.data, Submitted)]
    if counts := [each for each in patches if each.applies] or patches:
        yield from _block("Patch", counts[-1].patch, "diff")
    yield "## Steps"
    yield ""
    yield from _sections(sections(before_the_first(run.events)))
    shown = {event.id for event in before_the_first(run.events)}
    for step in steps_of(run.events):
        yield from _step(step)
        shown |= {event.id for event in step.events}
    yield "## End"
    yield ""
    yield from _sections(sections(event for event in run.events if event.id not in shown))


def _facts(run: RecordedRun) -> Iterator[str]:
    record = run.record
    facts = {
        "run": record.id,
        "repository": record.issue.repo,
        "policy": record.policy,
        "started": f"{record.started:%Y-%m-%d %H:%M:%S %Z}",
    }
    if record.parent:
        facts["goes on from"] = f"{record.parent.run}, after step {record.parent.step}"
    yield from (f"- {name}: {inline(value)}" for name, value in facts.items())
    yield ""


def _step(step: Step) -> Iterator[str]:
    action = step.action
    name = (action.tool or "the end") if action else "no valid action"
    carried = ", carried over from the parent" if step.carried else ""
    yield f"### Step {step.number}: {inline(name)}{carried}"
    yield ""
    yield from _sections(sections(step.events))


def _sections(told: Iterable[Section]) -> Iterator[str]:
    for section in told:
        yield f"**{inline(section.title)}**"
        yield ""
        if section.text.strip():
            yield from fenced(section.text, "diff" if section.form == "patch" else "")
            yield ""


def _block(title: str, text: str, language: str = "") -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield from fenced(text, language)
    yield ""


def fenced(text: str, language: str = "") -> list[str]:
    """A text as it is, in a fence that it cannot close."""
    text = visible(text).removesuffix("\n")
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(longest + 1, 3)
    return [f"{fence}{language}", text, fence]


def inline(text: str) -> str:
    """A text in a line, its signs meaning nothing."""
    line = " ".join(visible(text).split())
    return _SIGNS.sub(r"\\\1", line)
