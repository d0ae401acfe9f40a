"""A call on a file: what ``predict``, ``compare`` and ``debug`` are asked of."""

import ast
import builtins
import io
import tokenize
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from agent.cli.terminal import safe
from agent.config import Settings
from agent.errors import WrongUse

if TYPE_CHECKING:
    from model.predict.predictor import Prediction, Program
    from model.trace.frame import Trace
    from model.trace.recording import Recording

P = ParamSpec("P")
R = TypeVar("R")

_SOURCE_BYTES = 1024**2
"""Of a source; no model's context holds one that is longer."""


def program_options(function: Callable[P, R]) -> Callable[P, R]:
    """The call, and the model that predicts it."""
    options = (
        click.argument("file", type=click.Path(path_type=Path)),
        click.option("--call", required=True, metavar="EXPR", help="With FILE's names: 'f(1)'."),
        click.option("--model-url", metavar="URL", help="Where a model answers (OpenAI's API)."),
        click.option("--model", metavar="NAME", help="Its name there."),
        click.option("--profile", metavar="NAME", help="How it is spoken to; see the README."),
        click.option("--tokenizer", metavar="PATH", help="Its tokenizer.json, for --profile cwm."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@dataclass(frozen=True, slots=True)
class Asked:
    """A call on a file.

    Attributes:
        file: the path.
        call: the expression.
        program: for a predictor.
    """

    file: Path
    call: str
    program: "Program"


def read_program(file: Path, call: str) -> Asked:
    """What the command line names.

    Raises:
        WrongUse: the file cannot be read or does not parse, the call is no expression, or the file
            has nothing of its name.
    """
    from model.predict.predictor import Program
    from model.trace.writing import NoEntry

    source = _source(file)
    try:
        program = Program.of_call(source, call)
    except NoEntry as problem:
        raise WrongUse(str(problem)) from None
    missing = _missing(_tree(file, source), ast.parse(call.strip(), mode="eval"))
    if missing:
        raise WrongUse(f"{file} has no {missing}")
    return Asked(file, call, program)


def _source(file: Path) -> str:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise WrongUse(f"cannot read {file}: {error.strerror or error}") from None
    if len(data) > _SOURCE_BYTES:
        raise WrongUse(f"{file} is larger than {_SOURCE_BYTES:,} bytes")
    encoding = "utf-8"
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError):
        raise WrongUse(f"{file} is not {encoding.upper()}") from None


def _tree(file: Path, source: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except SyntaxError as error:
        where = f"line {error.lineno}: " if error.lineno else ""
        raise WrongUse(f"{file} does not parse: {where}{error.msg}") from None
    except (ValueError, RecursionError, MemoryError):
        raise WrongUse(f"{file} does not parse") from None


def _missing(module: ast.Module, call: ast.Expression) -> str:
    """A name that the call uses and nothing gives a value; empty where there is none."""
    bound = {*dir(builtins), "__name__", "__file__", "__doc__"}
    for tree in (module, call):
        for node in ast.walk(tree):
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    bound.add(node.name)
                case ast.Name(ctx=ast.Store()):
                    bound.add(node.id)
                case ast.arg() if tree is call:
                    bound.add(node.arg)
                case ast.alias(name="*"):
                    return ""  # whatever it may be
                case ast.alias():
                    bound.add(node.asname or node.name.partition(".")[0])
    used = (node.id for node in ast.walk(call) if isinstance(node, ast.Name))
    return next((name for name in used if name not in bound), "")


async def record_program(asked: Asked, settings: Settings) -> "Recording":
    """What really happens, in a sandbox with the file and those beside it.

    Raises:
        WrongUse: the file cannot be loaded, or there is nothing of the call's name.
        SandboxError: there is no sandbox to be had.
    """
    from agent.cli.recorded import Recorded, sandbox_of, target_of, unrunnable
    from model.trace.recording import read_recording
    from sandboxes.recording import record

    entry = Recorded(asked.file, None, asked.call, None, script=False)
    async with sandbox_of(entry, None, settings) as sandbox:
        recording = await record(sandbox, await target_of(entry, sandbox))
    if recording.end == "error":
        raise unrunnable(entry, recording)
    return read_recording(recording.text)


def placed(prediction: "Prediction", asked: Asked) -> "Trace":
    """A prediction as a trace with full locals and the places of its frames; line 0 is no line."""
    from dataclasses import replace

    from model.debugger.places import Places
    from model.trace.frame import Place, Trace
    from model.trace.states import resolve

    states = resolve(prediction.frames)
    spots = Places(asked.program.source).locate(states)
    frames = tuple(
        replace(
            state.frame, place=Place(asked.file.name, spot.line or 0, spot.function, state.depth)
        )
        for state, spot in zip(states, spots, strict=True)
    )
    return Trace(frames, prediction.ended, asked.program.source)


def say(line: str) -> None:
    """A line of progress."""
    click.echo(f"  {safe(line)}", err=True)
