"""``foretrace predict``: what a model says that a call does, frame by frame."""

import json
import sys
from typing import TYPE_CHECKING, Literal

import click

from agent.cli.asyncrun import run_async
from agent.cli.budgets import budget_of, say_limit
from agent.cli.options import budget_options, settings_options
from agent.cli.program import Named, program_options, say
from agent.cli.subject import open_subject
from agent.cli.terminal import safe
from agent.config import Settings
from agent.errors import DONE, NOT_VERIFIED

if TYPE_CHECKING:
    from model.predict.predictor import Prediction, Step

Form = Literal["text", "cwm", "json"]


@click.command("predict")
@program_options
@click.option("--samples", type=click.IntRange(1, 100), default=1, help="Traces to draw.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "cwm", "json"]),
    default="text",
    help="Text for people, the model's own form, or a JSON object for each frame.",
)
@click.option("--value", is_flag=True, help="Only what the call returns, without its trace.")
@click.option("--seed", type=int, help="Of samples.")
@budget_options
@settings_options
def command(named: Named, samples: int, form: Form, value: bool, settings: Settings) -> int:
    """Let a model write the execution of a call on FILE, which is not run.

    With --repo the call may use what its project has, and a test may be given instead.
    """
    if value and (samples != 1 or form == "cwm"):
        raise click.UsageError("--value is one value: without --samples and --format cwm")
    return run_async((_value if value else _predict)(named, samples, form, settings))


async def _value(named: Named, samples: int, form: Form, settings: Settings) -> int:
    from agent.cli.predictview import value_json, value_text
    from agent.predicting import open_predictor

    settings, budget = budget_of(settings)
    async with (
        open_subject(named, settings, say) as asked,
        open_predictor(settings, say, budget) as predictor,
    ):
        step: Step = await predictor.value(asked.program)
    _print(json.dumps(value_json(step)) + "\n" if form == "json" else value_text(step))
    ended = say_limit(budget)
    return DONE if step.frame is not None and not ended else NOT_VERIFIED


async def _predict(named: Named, samples: int, form: Form, settings: Settings) -> int:
    from agent.cli.predictview import FORMS, as_text, end_of
    from agent.predicting import open_predictor

    settings, budget = budget_of(settings)
    async with (
        open_subject(named, settings, say) as asked,
        open_predictor(settings, say, budget) as predictor,
    ):
        found: list[Prediction] = await predictor.traces(
            asked.program, samples=samples, seed=settings.seed
        )
    text = form == "text"
    _print(as_text(found, asked, budget.ended) if text else FORMS[form](found, asked))
    if not (text and samples == 1 and found[-1].cut):  # there it is said at the trace's end
        say_limit(budget, f"{len(found)} of {samples} traces were drawn" if samples > 1 else "")
    return DONE if any(map(end_of, found)) and not budget.ended else NOT_VERIFIED


def _print(text: str) -> None:
    click.echo(safe(text) if sys.stdout.isatty() else text, nl=False)
