"""``foretrace show``: a run as plain text, whole, for logs and pipes."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from agent.cli.options import settings_options
from agent.config import Settings
from agent.errors import DONE


@click.command("show")
@click.argument("run", metavar="RUN")
@click.option("--out", type=click.Path(path_type=Path), help="Where runs are written.")
@settings_options
def command(run: str, settings: Settings) -> int:
    """Print a run as plain text: everything in it, without colours, wrapped nowhere.

    RUN is a run's folder, its id, or the beginning of it.
    """
    from agent.cli.showview import run_lines
    from agent.replay.reading import find_run, open_run

    print_lines(run_lines(open_run(find_run(run, settings.out))))
    return DONE


def print_lines(lines: Iterable[str]) -> None:
    """Print lines for as long as somebody reads them."""
    try:
        for line in lines:
            click.echo(line)
        sys.stdout.flush()
    except BrokenPipeError:
        # `head` has what it wanted. What is still buffered must not fail at the very end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
