"""``foretrace export``: a run in a form that others read without Foretrace."""

from pathlib import Path

import click

from agent.cli.options import settings_options
from agent.cli.terminal import safe
from agent.config import Settings
from agent.errors import DONE, WrongUse


@click.command("export")
@click.argument("run", metavar="RUN")
@click.option("--to", "form", required=True, metavar="FORM", help="html, markdown, json.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The file; standard output without it."
)
@click.option("--out", type=click.Path(path_type=Path), help="Where runs are written.")
@settings_options
def command(run: str, form: str, output: Path | None, settings: Settings) -> int:
    """Write a run as one page (html), one document (markdown) or one object (json).

    RUN is a run's folder, its id, or the beginning of it. The page needs no other file, no network
    and no script.
    """
    from agent.cli.show import print_lines
    from agent.export.registry import FORMS
    from agent.replay.reading import find_run, open_run

    if form not in FORMS:
        raise WrongUse(f"there is no form {form!r}", f"there are: {', '.join(FORMS)}")
    text = FORMS[form](open_run(find_run(run, settings.out)))
    if output is None or str(output) == "-":
        print_lines([text.removesuffix("\n")])
        return DONE
    try:
        output.write_bytes(text.encode())
    except OSError as error:
        raise WrongUse(f"cannot write {output}: {error.strerror}") from None
    click.echo(f"written to {safe(str(output))}", err=True)
    return DONE
