"""The command line: each command is one file here and one line in `COMMANDS`.

This module is what ``foretrace`` starts, so it imports nothing slow: a command's file is imported
when that command is called. It is also the one place where an error becomes a line and a status.
"""

import contextlib
import signal
import sys
import traceback
from importlib import import_module
from pathlib import Path

import click

COMMANDS = {
    "tui": "assign issues, watch runs and steer them; what foretrace alone does",
    "run": "let the agent resolve one issue",
    "issues": "print the issues of a list or of a search on GitHub, or freeze them in a file",
    "batch": "let the agent resolve many issues, several at once",
    "replay": "look at a run again, do its actions again, or go on from a step",
    "show": "print a run as plain text",
    "export": "write a run as one page, one document, or JSON",
    "publish": "make a branch and a commit of a run, and a pull request if you say so",
    "select": "choose among runs of an issue, and say how well each way to choose does",
    "verify": "grade a patch against an issue",
    "grade": "grade the patches of a file or of a batch, with reports as SWE-bench writes them",
    "trace": "record what a call, a test or a script does, line by line",
    "predict": "let a model write what a call does, without running it",
    "compare": "lay what a call does beside what a model says that it does",
    "debug": "step through a call as a model predicts it",
    "ask": "put a question about a program to a model: what it returns, whether it ends, ...",
    "stats": "say how far predictions can be trusted, from the runs there are",
    "eval": "put a question to a model for every record of a data set",
    "serve": "start a vLLM server with CWM's settings, and watch it",
    "nano": "make the built-in world model: its data, its training, its measures",
    "env": "build, list and remove environment images",
    "doctor": "say what works on this machine, and what mends the rest",
    "clean": "remove what dead runs left behind",
}


class Terminated(BaseException):
    """The process was asked to end (SIGTERM, SIGHUP); everything of ours is removed by now."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class _Commands(click.Group):
    """Finds commands by name without importing them; their one-line helps stand in `COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"agent.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _in_turn(
    context: click.Context, option: click.Parameter, queue: tuple[int, Path] | None
) -> None:
    """Wait for this process's turn; not even the command is imported before it has come."""
    if queue is None:
        return
    from agent.tui.queue import turn

    most, folder = queue
    try:
        context.with_resource(turn(folder, most))
    except OSError as error:
        raise click.ClickException(f"cannot wait in {folder}: {error.strerror}") from None


@click.command(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.option(
    "--queue",
    nargs=2,
    type=(click.IntRange(min=1), click.Path(path_type=Path)),
    expose_value=False,
    hidden=True,
    callback=_in_turn,
    help="Begin once fewer than N that wait in this folder are at work; the UI uses this.",
)
@click.version_option(package_name="foretrace", prog_name="foretrace")
@click.pass_context
def foretrace(context: click.Context, debug: bool) -> None:
    """An agent that resolves issues in real repositories, one container each.

    Alone it opens the terminal UI.
    """
    context.obj = debug
    if context.invoked_subcommand is None:
        command = import_module("agent.cli.tui").command
        context.exit(context.invoke(command, run=None, out=None, config=None))


def main() -> None:
    """Run a command and leave with its exit status."""
    debug = "--debug" in sys.argv
    try:
        status = foretrace.main(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as asked:
        click.echo(asked.ctx.get_help())
        status = 2
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        status = 130
    except Terminated as stop:
        click.echo("stopped", err=True)
        status = 128 + stop.number
    except Exception as error:
        if debug:
            traceback.print_exc()
        status = _report(error)
    with contextlib.suppress(ValueError):  # not in the main thread
        # Once more Ctrl-C would only disturb the interpreter on its way out.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(status if isinstance(status, int) else 0)


def _report(error: Exception) -> int:
    """Print an error as a line (and a hint), and say which exit status it means."""
    from agent.cli.terminal import safe
    from agent.errors import AgentError, exit_status
    from model.errors import ModelError
    from sandboxes.errors import BuildFailed, SandboxError

    if isinstance(error, BuildFailed):
        click.echo(safe(error.tail), err=True)
    if isinstance(error, AgentError | ModelError | SandboxError):
        click.echo(f"foretrace: {safe(error.message)}", err=True)
        if error.hint:
            click.echo(f"  {safe(error.hint)}", err=True)
        if isinstance(error, BuildFailed) and error.log is not None:
            click.echo(f"  the whole log: {safe(str(error.log))}", err=True)
    else:
        name = type(error).__name__
        click.echo(f"foretrace: unexpected {name}: {safe(str(error))}", err=True)
        click.echo("  this is our mistake; --debug shows where", err=True)
    return exit_status(error)
