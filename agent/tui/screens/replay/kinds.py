"""Kinds of steps that one may want to jump to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from agent.events import Compacted, Localised, Retried, Submitted, Tried
from agent.replay.steps import Step, outcomes_of


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind.

    Attributes:
        words: for it; names of tools are as the run has them, and not safe to draw.
        holds: whether a step is of it.
    """

    words: str
    holds: Callable[[Step], bool]


def kinds_of(steps: Iterable[Step], differing: Sequence[int]) -> list[tuple[Kind, int]]:
    """The kinds that a run has, and how many steps of each.

    Args:
        steps: of the run.
        differing: steps whose results were others when they were done again.
    """
    steps = list(steps)
    tools = dict.fromkeys(step.action.tool for step in steps if step.action and step.action.tool)
    kinds = [*(_calls(tool) for tool in tools), *_KINDS]
    kinds.append(Kind("another result when done again", lambda step: step.number in differing))
    counted = [(kind, sum(map(kind.holds, steps))) for kind in kinds]
    return [(kind, count) for kind, count in counted if count]


def _calls(tool: str) -> Kind:
    return Kind(f"calls of {tool}", lambda step: bool(step.action and step.action.tool == tool))


def sign_of(step: Step) -> tuple[str, str]:
    """A sign for how a step ended, and its style."""
    action, result = step.action, step.result
    if step.malformed is not None:
        return "✗", "bad"
    if action is not None and action.tool is None:
        return "■", "dim"
    if result is None:
        return "…", "dim"
    if not result.ok or _failing(step) or _left_badly(result.data):
        return "✗", "bad"
    return "✓", "good"


def _failing(step: Step) -> bool:
    outcomes = outcomes_of(step.result) if step.result else {}
    return any(how in ("failed", "error") for how in outcomes.values())


def _left_badly(data: Mapping[str, object]) -> bool:
    status, code = data.get("status"), data.get("exit_code")
    return bool(code) or (isinstance(status, str) and status != "exited")


_KINDS = (
    Kind("tests that failed", _failing),
    Kind("calls that nothing came of", lambda step: bool(step.result and not step.result.ok)),
    Kind("answers without a valid action", lambda step: step.malformed is not None),
    Kind("messages", lambda step: bool(step.messages)),
    Kind("a user's word on a call", lambda step: step.review is not None),
    Kind("predictions", lambda step: bool(step.forecasts)),
    Kind(
        "predictions that were wrong", lambda step: any(e.right is False for e in step.comparisons)
    ),
    Kind("edits tried in a fork", lambda step: bool(step.first(Tried))),
    Kind("suspicious lines", lambda step: bool(step.first(Localised))),
    Kind("a server that failed", lambda step: bool(step.first(Retried))),
    Kind("output left out of the context", lambda step: bool(step.first(Compacted))),
    Kind("patches handed in", lambda step: bool(step.first(Submitted))),
)
