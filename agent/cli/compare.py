"""``foretrace compare``: what a call does, beside what a model says that it does."""

import json

import click

from agent.cli.asyncrun import run_async
from agent.cli.budgets import budget_of, say_limit
from agent.cli.options import budget_options, engine_options, settings_options
from agent.cli.program import Named, program_options, say
from agent.cli.subject import open_subject
from agent.config import Settings
from agent.errors import DONE, NOT_VERIFIED


@click.command("compare")
@program_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, nothing else.")
@budget_options
@engine_options
@settings_options
def command(named: Named, as_json: bool, settings: Settings) -> int:
    """Record a call on FILE in a sandbox, predict it, and say where the two first differ.

    With --repo the call may use what its project has, and a test may be given instead. The status
    is 0 where both agree and 1 where they do not.
    """
    return run_async(_compare(named, as_json, settings))


async def _compare(named: Named, as_json: bool, settings: Settings) -> int:
    from agent.cli.compareview import Compared, as_fields, as_text
    from agent.predicting import open_predictor

    def progress(line: str) -> None:
        if not as_json:
            say(line)

    settings, budget = budget_of(settings)
    async with (
        open_subject(named, settings, progress) as asked,
        open_predictor(settings, progress, budget) as predictor,
    ):
        recording = await asked.record()
        (prediction,) = await predictor.traces(asked.program)
    compared = Compared.of(prediction, recording, asked)
    if as_json:
        click.echo(json.dumps(as_fields(compared)))
        say_limit(budget)
    else:
        click.echo(as_text(compared, budget.ended), nl=False)
    return DONE if compared.agree else NOT_VERIFIED
