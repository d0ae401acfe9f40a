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
@click.option(
    "--trace", type=click.Path(path_type=Path), metavar="FILE", help="Debug a call on this file."
)
@click.option("--call", metavar="EXPR", help="The call, with the names of --trace: 'f(1)'.")
@settings_options
@click.pass_context
def command(
    context: click.Context,
    run: Path | None,
    trace: Path | None,
    call: str | None,
    settings: Settings,
) -> int:
    """Assign issues, watch runs, and steer them. RUN is a run's folder to open at once.

    With --trace and --call the neural debugger is opened on a call, which is not run.
    """
    if (trace is None) != (call is None):
        raise click.UsageError("--trace FILE and --call 'f(1)' belong together")
    asked = (trace, call) if trace is not None and call is not None else None
    return open_screen(settings, context.params.get("config"), run, asked)


def open_screen(
    settings: Settings,
    config: Path | None,
    run: Path | None = None,
    asked: tuple[Path, str] | None = None,
) -> int:
    """Show the UI until the user leaves it; runs go on without it.

    Args:
        settings: of the folder of runs, and of the model that predicts.
        config: the settings file that was named; None for the usual.
        run: a run's folder, to be opened at once.
        asked: a file and a call on it, to be opened in the debugger.

    Raises:
        WrongUse: there is no terminal to show it on, no such run, or no such call.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise WrongUse("the UI needs a terminal", "foretrace --help names the commands")
    if asked is not None:
        from agent.cli.program import read_program

        read_program(*asked)
    if run is not None and not (run / "events.jsonl").exists():
        raise WrongUse(f"there is no run in {run}", "name a run's folder: runs/ID")
    from agent.tui.app import ForetraceApp
    from agent.tui.workspace import Workspace

    app = ForetraceApp(Workspace(settings.out, config), run)
    if asked is not None:
        from agent.tui.screens.trace.screen import TraceScreen
        from agent.tui.screens.trace.subjects import Asked

        screen = TraceScreen(app.workspace, asked=Asked(*asked, "step"), settings=settings)
        app.call_later(app.push_screen, screen)
    app.run()
    return DONE
