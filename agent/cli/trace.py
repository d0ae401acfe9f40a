"""``foretrace trace``: record what a program does, in a sandbox, and show it frame by frame."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from agent.cli.asyncrun import run_async
from agent.cli.options import engine_options, settings_options
from agent.cli.terminal import safe
from agent.config import Settings
from agent.errors import DONE, NOT_VERIFIED, WrongUse

if TYPE_CHECKING:
    from sandboxes.engine import Engine
    from sandboxes.recording import Recording, RecordingLimits, Target
    from sandboxes.sandbox import Sandbox

_SIBLINGS = 200
_SIBLING_BYTES = 4 * 1024**2
_NO_ENTRY = "a FILE with --call 'f(1)' or --script, or --test ID"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be recorded, as the command line names it.

    Attributes:
        file: the path; None with a test's whole id.
        repo: where the repository is; None for the file alone.
    """

    file: Path | None
    repo: str | None
    call: str | None
    test: str | None
    script: bool

    def inside(self) -> str:
        """The file's path below the repository's root in the sandbox.

        Raises:
            WrongUse: it is not below the repository.
        """
        if self.file is None:
            return ""
        if self.repo is None:
            return self.file.name
        root = Path(self.repo).resolve()
        elsewhere = self.file.exists() and not (root / self.file).exists()
        if root.is_dir() and (self.file.is_absolute() or elsewhere):
            path = self.file.resolve()
            if not path.is_relative_to(root):
                raise WrongUse(f"{self.file} is not below {self.repo}")
            return path.relative_to(root).as_posix()
        return self.file.as_posix()


@click.command("trace")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--call", metavar="EXPR", help="Record this call on FILE: 'f(1)'.")
@click.option("--test", metavar="ID", help="Record this test, as pytest names it.")
@click.option("--script", is_flag=True, help="Record FILE as it is run.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "cwm", "json"]),
    default="text",
    help="Text for people, the model's own form, or a JSON object for each frame.",
)
@click.option(
    "--repo", metavar="WHERE", help="FILE's project: its environment is built, as in run."
)
@click.option("--base", metavar="REV", help="This revision of it.")
@click.option("--events", type=click.IntRange(1), default=10_000, help="End after so many.")
@click.option("--depth", type=click.IntRange(0), default=0, help="End when calls are so deep.")
@click.option("--time", type=click.FloatRange(0.1), default=30.0, help="End after so many seconds.")
@click.option("--function", "functions", multiple=True, metavar="NAME", help="Only these.")
@engine_options
@settings_options
def command(
    file: Path | None,
    call: str | None,
    test: str | None,
    script: bool,
    form: Literal["text", "cwm", "json"],
    repo: str | None,
    base: str | None,
    events: int,
    depth: int,
    time: float,
    functions: tuple[str, ...],
    settings: Settings,
) -> int:
    """Run a call, a test or a script in a sandbox and show each line it ran, with its locals.

    FILE alone is put into a fresh sandbox with the Python files beside it; with --repo it is a path
    in that repository.
    """
    from sandboxes.recording import RecordingLimits

    if sum((call is not None, test is not None, script)) != 1 or (file is None and test is None):
        raise click.UsageError(f"say what to record: {_NO_ENTRY}")
    limits = RecordingLimits(events=events, depth=depth, seconds=time)
    asked = _Asked(file, repo, call, test, script)
    return run_async(_trace(asked, base, form, limits, functions, settings))


async def _trace(
    asked: _Asked,
    base: str | None,
    form: Literal["text", "cwm", "json"],
    limits: "RecordingLimits",
    functions: tuple[str, ...],
    settings: Settings,
) -> int:
    from agent.cli.traceview import FORMS
    from model.trace.recording import read_recording
    from sandboxes.recording import record

    async with _sandbox(asked, base, settings) as sandbox:
        target = await _target(asked, sandbox)
        recording = await record(sandbox, target, limits, functions=functions)
    if recording.end == "error":
        raise _unrunnable(asked, recording)
    text = FORMS[form](read_recording(recording.text), asked.call is not None)
    click.echo(safe(text) if sys.stdout.isatty() else text, nl=False)
    return _concluded(asked, recording)


@asynccontextmanager
async def _sandbox(asked: _Asked, base: str | None, settings: Settings) -> AsyncIterator["Sandbox"]:
    """A sandbox with what is to be recorded in it.

    Raises:
        WrongUse: the file cannot be read.
    """
    from sandboxes.docker import DockerSandbox
    from sandboxes.engine import Engine, sweep

    files = {} if asked.repo else await asyncio.to_thread(_with_siblings, asked.file)
    engine = await asyncio.to_thread(Engine.connect, settings.engine or None)
    try:
        await sweep(engine)
        prepare = _repository_image if asked.repo else _base_image
        image = await prepare(engine, asked, base, settings)
        limits = settings.sandbox.limits()
        async with DockerSandbox(engine, image, limits=limits, run="trace") as sandbox:
            for name, data in files.items():
                await sandbox.write_file(name, data)
            yield sandbox
    finally:
        engine.close()


async def _base_image(engine: "Engine", asked: _Asked, base: str | None, settings: Settings) -> str:
    from sandboxes.environment.base import ensure_base

    if settings.environment.image:
        return settings.environment.image
    python = settings.environment.python or settings.images.python
    image = await ensure_base(engine, python, settings=settings.images, progress=_say)
    for note in image.notes:
        _say(note)
    return image.id


async def _repository_image(
    engine: "Engine", asked: _Asked, base: str | None, settings: Settings
) -> str:
    from agent.scratch import scratch_folder
    from sandboxes.environment.images import ensure_repository_image
    from sandboxes.repository.checkout import prepare_checkout

    assert asked.repo is not None
    with scratch_folder(settings.cache) as scratch:
        checkout = await asyncio.to_thread(
            prepare_checkout,
            asked.repo,
            base=base,
            cache=settings.cache / "sources",
            into=scratch / "checkout",
        )
        image = await ensure_repository_image(
            engine, checkout, settings.environment, base=settings.images, progress=_say
        )
    for note in (*checkout.notes, *image.notes):
        _say(note)
    return image.id


def _with_siblings(file: Path | None) -> dict[str, bytes]:
    """The file and the Python files beside it, by name.

    Raises:
        WrongUse: it cannot be read.
    """
    if file is None:
        raise WrongUse("where is the test?", "give FILE, or --repo with the project")
    try:
        files = {file.name: file.read_bytes()}
        beside = sorted(path for path in file.parent.glob("*.py") if path.name != file.name)
        room = _SIBLING_BYTES
        for path in beside[:_SIBLINGS]:
            room -= path.stat().st_size
            if path.is_file() and room >= 0:
                files[path.name] = path.read_bytes()
    except OSError as error:
        raise WrongUse(f"cannot read {file}: {error.strerror or error}") from None
    return files


async def _target(asked: _Asked, sandbox: "Sandbox") -> "Target":
    """What the recorder is asked for.

    Raises:
        WrongUse: there is no such file, or the call is no expression.
    """
    from sandboxes.errors import FileProblem
    from sandboxes.recording import CallTarget, ScriptTarget, TestTarget

    path = asked.inside()
    if asked.test is not None:
        whole = not path or asked.test.partition("::")[0].endswith(".py")
        return TestTarget(asked.test if whole else f"{path}::{asked.test}")
    try:
        data = await sandbox.read_file(path)
    except FileProblem as problem:
        raise WrongUse(f"cannot read {asked.file}: {problem.message}") from None
    if asked.call is None:
        return ScriptTarget(path)
    return CallTarget(path, *_wrapped(data.decode("utf-8", "replace"), asked.call))


def _wrapped(source: str, call: str) -> tuple[str, str]:
    """The call on one line, and the name of the function that is to make it, as for the model."""
    from model.trace.writing import MARKER, NoEntry, wrapper

    try:
        context, first = wrapper(source, call)
    except NoEntry as problem:
        raise WrongUse(str(problem)) from None
    head = f"{first.source.rstrip()}{MARKER}\n    return "
    name = first.source.removeprefix("def ").partition("(")[0]
    return context[context.rindex(head) + len(head) :].rstrip("\n"), name


def _unrunnable(asked: _Asked, recording: "Recording") -> WrongUse:
    """Why there is no trace, in a line."""
    kind, message = recording.error or ("", "")
    if kind == "Unrunnable":
        return WrongUse(message)
    hint = ""
    if kind in ("ModuleNotFoundError", "ImportError"):
        hint = "give --repo with the project, and its dependencies are installed"
        if asked.repo:
            hint = "name what it needs with environment.install in foretrace.toml"
    what = asked.file or asked.test
    if kind == "SyntaxError":
        return WrongUse(f"{what} does not parse: {message}")
    return WrongUse(f"{what} cannot be loaded: {kind}: {message}", hint)


def _concluded(asked: _Asked, recording: "Recording") -> int:
    """Say what kept the trace from its regular end, and which status that is."""
    what = asked.call or asked.test or asked.file
    if recording.end == "left" and recording.error is None:
        return DONE
    if recording.error and recording.error[0] != "SystemExit":
        complaint = f"{what} raised {recording.error[0]}: {recording.error[1]}"
    else:
        complaint = _ENDS.get(recording.end, "the recording ended early")
        complaint += f": {recording.detail}" if recording.detail else ""
    click.echo(f"foretrace: {safe(' '.join(complaint.split()))}", err=True)
    return NOT_VERIFIED


_ENDS = {
    "events": "a limit ended the trace",
    "depth": "a limit ended the trace",
    "bytes": "a limit ended the trace",
    "time": "a limit ended the trace",
    "exit": "the program ended itself",
    "killed": "the program was killed",
}


def _say(line: str) -> None:
    click.echo(f"  {safe(line)}", err=True)
