"""``foretrace tui``, and ``foretrace`` alone: the terminal UI."""

import os
import sys
from pathlib import Path

import click

from agent.cli.options import settings_options
from agent.config import Settings
from agent.errors import DONE, WrongUse

_IN_BROWSER = "textual.drivers.web_driver:WebDriver"


@click.command("tui")
@click.argument("run", required=False, type=click.Path(path_type=Path), metavar="[RUN]")
@click.option("--out", type=click.Path(path_type=Path), help="Where runs are written.")
@click.option(
    "--trace", type=click.Path(path_type=Path), metavar="FILE", help="Debug a call on this file."
)
@click.option("--call", metavar="EXPR", help="The call, with the names of --trace: 'f(1)'.")
@click.option("--web", is_flag=True, help="Show it in a browser on this machine.")
@click.option("--host", metavar="HOST", help="Where --web listens. [127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65_535), help="The same; 0 is a free one. [8765]")
@click.option("--open-to-network", is_flag=True, help="Let --host be one that others reach.")
@settings_options
@click.pass_context
def command(
    context: click.Context,
    run: Path | None,
    trace: Path | None,
    call: str | None,
    web: bool,
    host: str | None,
    port: int | None,
    open_to_network: bool,
    settings: Settings,
) -> int:
    """Assign issues, watch runs, and steer them. RUN is a run's folder to open at once.

    With --trace and --call the neural debugger is opened on a call, which is not run.
    """
    if (trace is None) != (call is None):
        raise click.UsageError("--trace FILE and --call 'f(1)' belong together")
    if not web and (host is not None or port is not None or open_to_network):
        raise click.UsageError("--host, --port and --open-to-network belong to --web")
    asked = (trace, call) if trace is not None and call is not None else None
    config = context.params.get("config")
    if not web:
        return open_screen(settings, config, run, asked)
    from agent.cli.web import HOST, PORT, serve_screen, words_of

    _check(run, asked)
    words = words_of(run, settings.out, config, asked)
    listen = (host if host is not None else HOST, PORT if port is None else port)
    return serve_screen(settings, words, *listen, others=open_to_network)


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
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if not terminal and os.environ.get("TEXTUAL_DRIVER") != _IN_BROWSER:
        raise WrongUse("the UI needs a terminal", "foretrace --help names the commands")
    _check(run, asked)
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


def _check(run: Path | None, asked: tuple[Path, str] | None) -> None:
    """Whether what is to be opened at once is there."""
    if asked is not None:
        from agent.cli.program import read_program

        read_program(*asked)
    if run is not None and not (run / "events.jsonl").exists():
        raise WrongUse(f"there is no run in {run}", "name a run's folder: runs/ID")
