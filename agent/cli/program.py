"""What ``predict``, ``compare`` and ``debug`` are asked of, as far as it is read from here.

That is a call on a file, or a call or a test of a repository; `agent.cli.subject` makes a program
of it.
"""

import ast
import functools
import io
import tokenize
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from agent.cli.terminal import safe
from agent.errors import WrongUse

if TYPE_CHECKING:
    from model.predict.predictor import Program

R = TypeVar("R")

_SOURCE_BYTES = 1024**2
"""Of a source; no model's context holds one that is longer."""


@dataclass(frozen=True, slots=True)
class Named:
    """What the command line names.

    Attributes:
        file: the path; None with a test's whole id.
        call: the expression; or None.
        test: its id; or None.
        repo: where the repository is; None for the file alone.
        base: a revision of it.
    """

    file: Path | None
    call: str | None
    test: str | None
    repo: str | None
    base: str | None

    def check(self) -> None:
        """Raises click.UsageError where they do not go together."""
        if (self.call is None) == (self.test is None) or (self.file is None and not self.test):
            raise click.UsageError(f"say what to predict: {_NO_ENTRY}")
        if self.repo is None and (self.test is not None or self.base is not None):
            given = "--test" if self.test is not None else "--base"
            raise click.UsageError(f"{given} needs --repo with the project")


_NO_ENTRY = "a FILE with --call 'f(1)'; or with --repo a FILE and --call, or --test ID"


def program_options(function: Callable[..., R]) -> Callable[..., R]:
    """The call or the test, handed over as ``named``, and the model that predicts it."""

    @functools.wraps(function)
    def with_names(
        file: Path | None,
        call: str | None,
        test: str | None,
        repo: str | None,
        base: str | None,
        **arguments: object,
    ) -> R:
        named = Named(file, call, test, repo, base)
        named.check()
        return function(named=named, **arguments)

    options = (
        click.argument("file", required=False, type=click.Path(path_type=Path)),
        click.option("--call", metavar="EXPR", help="With FILE's names: 'f(1)'."),
        click.option("--test", metavar="ID", help="A test of --repo, as pytest names it."),
        click.option(
            "--repo", metavar="WHERE", help="FILE's project: what the call needs is gathered there."
        ),
        click.option("--base", metavar="REV", help="This revision of it."),
        click.option("--model-url", metavar="URL", help="Where a model answers (OpenAI's API)."),
        click.option("--model", metavar="NAME", help="Its name there; or nano."),
        click.option("--profile", metavar="NAME", help="How it is spoken to; see the README."),
        click.option("--tokenizer", metavar="PATH", help="Its tokenizer.json, for --profile cwm."),
    )
    command: Callable[..., R] = with_names
    for option in reversed(options):
        command = option(command)
    return command


def read_program(file: Path, call: str) -> "Program":
    """A call on a file.

    Raises:
        WrongUse: the file cannot be read or does not parse, the call is no expression, or the file
            has nothing of its name.
    """
    from model.predict.predictor import Program
    from model.questions.programs import missing_name
    from model.trace.writing import NoEntry

    source = _source(file)
    try:
        program = Program.of_call(source, call)
    except NoEntry as problem:
        raise WrongUse(str(problem)) from None
    missing = missing_name(_tree(file, source), ast.parse(call.strip(), mode="eval"))
    if missing:
        raise WrongUse(f"{file} has no {missing}")
    return program


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


def say(line: str) -> None:
    """A line of progress."""
    click.echo(f"  {safe(line)}", err=True)
