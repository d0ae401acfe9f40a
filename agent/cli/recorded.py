"""What is to be recorded, from the command line into a sandbox; for every command that records."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.config import Settings
from agent.errors import WrongUse

if TYPE_CHECKING:
    from model.predict.predictor import Program
    from sandboxes.engine import Engine
    from sandboxes.recording import Recording, Target
    from sandboxes.sandbox import Sandbox

_SIBLINGS = 200
_SIBLING_BYTES = 4 * 1024**2
"""Of the Python files beside FILE that go into the sandbox with it."""


@dataclass(frozen=True, slots=True)
class Recorded:
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


@asynccontextmanager
async def sandbox_of(
    asked: Recorded, base: str | None, settings: Settings, progress: Callable[[str], None]
) -> AsyncIterator["Sandbox"]:
    """A sandbox with what is to be recorded in it.

    Args:
        asked: what that is.
        base: a revision of the repository; None for what is there.
        settings: of the sandbox.
        progress: gets a line now and then, perhaps from another thread; not safe to draw.

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
        image = await prepare(engine, asked, base, settings, progress)
        limits = settings.sandbox.limits()
        async with DockerSandbox(engine, image, limits=limits, run="trace") as sandbox:
            for name, data in files.items():
                await sandbox.write_file(name, data)
            yield sandbox
    finally:
        engine.close()


async def _base_image(
    engine: "Engine",
    asked: Recorded,
    base: str | None,
    settings: Settings,
    progress: Callable[[str], None],
) -> str:
    from sandboxes.environment.base import ensure_base

    if settings.environment.image:
        return settings.environment.image
    python = settings.environment.python or settings.images.python
    image = await ensure_base(engine, python, settings=settings.images, progress=progress)
    for note in image.notes:
        progress(note)
    return image.id


async def _repository_image(
    engine: "Engine",
    asked: Recorded,
    base: str | None,
    settings: Settings,
    progress: Callable[[str], None],
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
            engine, checkout, settings.environment, base=settings.images, progress=progress
        )
    for note in (*checkout.notes, *image.notes):
        progress(note)
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


async def target_of(asked: Recorded, sandbox: "Sandbox") -> "Target":
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
    from model.predict.predictor import Program
    from model.trace.writing import NoEntry

    try:
        program = Program.of_call(data.decode("utf-8", "replace"), asked.call)
    except NoEntry as problem:
        raise WrongUse(str(problem)) from None
    return CallTarget(path, *call_of(program))


def call_of(program: "Program") -> tuple[str, str]:
    """The call of a program on one line, and the name of the function that makes it."""
    from model.trace.writing import MARKER

    (first,) = program.begun
    head = f"{first.source.rstrip()}{MARKER}\n    return "
    name = first.source.removeprefix("def ").partition("(")[0]
    return program.source[program.source.rindex(head) + len(head) :].rstrip("\n"), name


def unrunnable(asked: Recorded, recording: "Recording") -> WrongUse:
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
