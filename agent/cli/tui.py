"""``foretrace tui``, and ``foretrace`` alone: the terminal UI."""

import sys
from pathlib import Path

import click

from agent.cli.options import settings_options
from agent.config import Settings
from agent.errors import DONE, WrongUse


@click.command("tui")
@click.argument("run", required=False, type=click.Path(path_type=Path), metavar="[RUN]")
@click.option("--out", type=click.Path(path_type=Path), help="Where runs are written.")
@settings_options
@click.pass_context
def command(context: click.Context, run: Path | None, settings: Settings) -> int:
    """Assign issues, watch runs, and steer them. RUN is a run's folder to open at once."""
    return open_screen(settings, context.params.get("config"), run)


def open_screen(settings: Settings, config: Path | None, run: Path | None = None) -> int:
    """Show the UI until the user leaves it; runs go on without it.

    Raises:
        WrongUse: there is no terminal to show it on, or no such run.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise WrongUse("the UI needs a terminal", "foretrace --help names the commands")
    if run is not None and not (run / "events.jsonl").exists():
        raise WrongUse(f"there is no run in {run}", "name a run's folder: runs/ID")
    from agent.tui.app import ForetraceApp
    from agent.tui.workspace import Workspace

    ForetraceApp(Workspace(settings.out, config), run).run()
    return DONE
