"""One step as HTML: what was asked for, what came of it, what was predicted of it."""

from collections.abc import Iterable
from pathlib import Path

from agent.events import Compared, Event, Forecasted
from agent.export.diffs import patch_html
from agent.export.markup import Content, Html, element, folded, join
from agent.export.traces import foretold_html
from agent.replay.steps import Step
from agent.replay.telling import Section, sections
from agent.replay.traces import foretold

_OPEN_LINES = 25
"""A text of more lines is folded up at first."""
_FOLDED = ("reasoning", "answer", "system prompt", "first prompt")
"""What most readers pass over."""


def step_html(step: Step, folder: Path) -> Html:
    """A step, whole.

    Args:
        step: of a run.
        folder: of the run, for its traces.
    """
    carried = element("span", "carried over from the parent", class_="note")
    name = step.action.tool or "the end" if step.action else "no valid action"
    heading = element("h3", f"Step {step.number}: {name} ", carried if step.carried else "")
    told = sections_html(sections(_without_predictions(step.events)))
    predictions = [foretold_html(each) for each in foretold(step, folder)]
    return element(
        "article", heading, *told, *predictions, _standing(step), id=f"step-{step.number}"
    )


def sections_html(told: Iterable[Section]) -> list[Html]:
    """Sections, each to be folded up where it has a text."""
    return [_section(each) for each in told]


def _section(section: Section) -> Html:
    if not section.text.strip():
        return element("p", section.title, class_="bare")
    title, lines = section.title, section.text.count("\n") + 1
    is_open = lines <= _OPEN_LINES and title not in _FOLDED
    shown: Content = title
    if not is_open:
        shown = join(title, " ", element("span", f"{lines:,} lines", class_="note"))
    return folded(shown, _body(section), is_open=is_open)


def _body(section: Section) -> Html:
    if section.form == "patch":
        return patch_html(section.text)
    return element("pre", section.text, class_="prose" if section.form == "words" else "")


def _without_predictions(events: Iterable[Event]) -> list[Event]:
    """They are shown side by side with what came of them."""
    return [event for event in events if not isinstance(event.data, Forecasted | Compared)]


def _standing(step: Step) -> Html:
    counts: dict[str, int] = {}
    for status in step.tests.values():
        counts[status] = counts.get(status, 0) + 1
    words = [f"{step.spent.seconds:.1f} s"]
    words += [f"{step.spent.tokens:,} tokens"] if step.spent.tokens else []
    words += [f"{count} {status}" for status, count in counts.items()]
    return element("p", "so far: ", ", ".join(words), class_="standing")
