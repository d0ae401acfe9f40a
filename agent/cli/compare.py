"""``foretrace compare``: what a call does, beside what a model says that it does."""

import json
from pathlib import Path

import click

from agent.cli.asyncrun import run_async
from agent.cli.options import engine_options, settings_options
from agent.cli.program import Asked, program_options, read_program, record_program, say
from agent.config import Settings
from agent.errors import DONE, NOT_VERIFIED


@click.command("compare")
@program_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, nothing else.")
@engine_options
@settings_options
def command(file: Path, call: str, as_json: bool, settings: Settings) -> int:
    """Record a call on FILE in a sandbox, predict it, and say where the two first differ.

    The status is 0 where they agree and 1 where they do not.
    """
    asked = read_program(file, call)
    return run_async(_compare(asked, as_json, settings))


async def _compare(asked: Asked, as_json: bool, settings: Settings) -> int:
    from agent.cli.compareview import Compared, as_fields, as_text
    from agent.predicting import open_predictor

    def progress(line: str) -> None:
        if not as_json:
            say(line)

    async with open_predictor(settings, progress) as predictor:
        recording = await record_program(asked, settings)
        (prediction,) = await predictor.traces(asked.program)
    compared = Compared.of(prediction, recording, asked)
    if as_json:
        click.echo(json.dumps(as_fields(compared)))
    else:
        click.echo(as_text(compared), nl=False)
    return DONE if compared.agree else NOT_VERIFIED
