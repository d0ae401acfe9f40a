"""Runs and steps as JSON values, for programs."""

from agent.events import Event
from agent.replay.reading import RecordedRun
from agent.replay.steps import Step, steps_of

FORMAT = 1


def run_fields(run: RecordedRun) -> dict[str, object]:
    """A run, whole: what it set out to do, what happened, step by step, and what became of it."""
    return {
        "format": FORMAT,
        "run": run.record.model_dump(mode="json"),
        "result": run.result.model_dump(mode="json") if run.result else None,
        "steps": [step_fields(step) for step in steps_of(run.events)],
        "events": [event_fields(event) for event in run.events],
    }


def step_fields(step: Step) -> dict[str, object]:
    """A step in short: the call, its result, and what was used by then."""
    action, result = step.action, step.result
    return {
        "step": step.number,
        "carried": step.carried,
        "tool": action.tool if action else None,
        "argument": action.argument if action else None,
        "thought": action.thought if action else None,
        "problem": step.malformed.message if step.malformed else None,
        "ok": result.ok if result else None,
        "output": result.output if result else None,
        "spent": {
            "steps": step.spent.steps,
            "seconds": step.spent.seconds,
            "tokens": step.spent.tokens,
            "cost": step.spent.cost,
        },
    }


def whole_step_fields(step: Step) -> dict[str, object]:
    """A step with all of its events, and how the tests and the patch stood once it was done."""
    return {
        **step_fields(step),
        "tests": dict(step.tests),
        "patch": step.patch,
        "events": [event_fields(event) for event in step.events],
    }


def event_fields(event: Event) -> dict[str, object]:
    """An event as its line in the trajectory has it."""
    fields: dict[str, object] = event.model_dump(mode="json", exclude={"data": {"type"}})
    return fields
