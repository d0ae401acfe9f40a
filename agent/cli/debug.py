"""``foretrace debug``: step through a call as a model predicts it."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.asyncrun import run_async
from agent.cli.budgets import budget_of
from agent.cli.options import budget_options, engine_options, settings_options
from agent.cli.program import Named, program_options, say
from agent.cli.subject import Subject, open_subject
from agent.cli.terminal import safe
from agent.config import Settings
from agent.errors import DONE, NOT_VERIFIED, AgentError, WrongUse

if TYPE_CHECKING:
    from agent.cli.debugcommands import Debugger
    from agent.cli.debuglines import Keeper, Lines

_AT_ONCE = {"chat": 4_096, "cwm": 128, "nano": 128}
"""Tokens to ask for at once where many frames are wanted. In a chat each question is answered from
its start on, perhaps after some thought, so few are asked; CWM just goes on where it was."""


@click.command("debug")
@program_options
@click.option(
    "--record", type=click.Path(path_type=Path), help="Keep the session in this file (JSON lines)."
)
@click.option(
    "--commands", type=click.Path(path_type=Path), help="Take commands, or a kept session, from it."
)
@budget_options
@engine_options
@settings_options
def command(named: Named, record: Path | None, commands: Path | None, settings: Settings) -> int:
    """Step through a call on FILE as a model predicts it, without running it.

    With --repo the call may use what its project has, and a test may be given instead.

    On a terminal commands are typed, and help lists them; else they are read from --commands or
    from standard input.
    """
    return run_async(_debug(named, _written(commands), record, settings))


def _written(commands: Path | None) -> list[str] | None:
    """The commands that are there beforehand; None where they are typed.

    Raises:
        WrongUse: they cannot be read.
    """
    from agent.cli.debuglines import read_commands

    try:
        if commands is not None:
            return read_commands(commands.read_text(encoding="utf-8"))
        return None if sys.stdin.isatty() else read_commands(sys.stdin.read())
    except OSError as error:
        raise WrongUse(f"cannot read {commands}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise WrongUse(f"{commands or 'standard input'} is not UTF-8") from None


async def _debug(
    named: Named, written: list[str] | None, record: Path | None, settings: Settings
) -> int:
    from agent.cli import debugview
    from agent.cli.debugcommands import Debugger
    from agent.cli.debuglines import keeping
    from agent.predicting import open_predictor
    from model.debugger.session import Session

    # A frame that has begun is written to its end: half of one is none.
    settings, budget = budget_of(settings, some_will_do=False)
    with keeping(record) as keeper:
        async with (
            open_subject(named, settings, say) as asked,
            open_predictor(settings, say, budget) as predictor,
            _lines(written) as lines,
        ):
            keeper.begin(**_begun(named, asked), profile=predictor.name)
            at_once = _AT_ONCE.get(predictor.name, 0)
            session = Session(asked.program, predictor, at_once=at_once)
            debugger = Debugger(session, asked.record, asked.function)
            stop = await session.begin()
            click.echo(debugview.list_text(session), nl=False)
            click.echo(debugview.stop_text(session, stop), nl=False)
            await _converse(debugger, lines, keeper, echo=written is not None)
            click.echo(debugview.tokens_text(session), nl=False)
    return NOT_VERIFIED if budget.ended else DONE


def _begun(named: Named, asked: Subject) -> dict[str, object]:
    """What is debugged, as a kept session says it."""
    if named.repo is None:
        return {"file": str(named.file), "call": asked.asked}
    kind = "call" if named.test is None else "test"
    return {"repo": named.repo, "base": named.base, "file": asked.name, kind: asked.asked}


@asynccontextmanager
async def _lines(written: list[str] | None) -> "AsyncIterator[Lines]":
    from agent.cli.console import Console
    from agent.cli.debuglines import Typed, Written

    if written is not None:
        yield Written(written)
    else:
        with Typed(Console()) as typed:
            yield typed


async def _converse(debugger: "Debugger", lines: "Lines", keeper: "Keeper", echo: bool) -> None:
    """Carry out commands until there are no more; what one of them cannot do is said in a line."""
    from agent.cli import debugview
    from agent.cli.debugcommands import Quit
    from agent.cli.debuglines import PROMPT, Stopped
    from model.debugger.problems import DebuggerProblem
    from model.errors import ModelError
    from sandboxes.errors import SandboxError

    async for line in lines:
        if echo:
            click.echo(f"{PROMPT}{safe(line)}")
        error = ""
        try:
            click.echo(await lines.doing(debugger.do(line)), nl=False)
        except Quit:
            return
        except Stopped:
            error = "stopped"
            here = debugview.stop_text(debugger.session, debugger.session.here())
            click.echo(f"\nstopped\n{here}", nl=False)
        except DebuggerProblem as problem:
            error = str(problem)
        except (AgentError, ModelError, SandboxError) as problem:
            error = f"{problem.message}; {problem.hint}" if problem.hint else problem.message
        if error and error != "stopped":
            click.echo(debugview.shown(f"! {error}", most=1_000))
        keeper.keep(line, debugger.stopped, error)
