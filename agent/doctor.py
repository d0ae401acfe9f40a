"""What works on this machine, and the one command that mends what does not.

A check is one function and one line in `CHECKS`. It never raises: what it finds is its answer.
"""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agent.config import Settings
from agent.errors import AgentError

if TYPE_CHECKING:
    from sandboxes.engine import Engine

State = Literal["ok", "missing", "unused"]

_LITTLE_DISK = 5 * 1024**3
_OLDEST_GIT = (2, 30)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        name: what was looked at.
        state: ``ok``; ``missing``: runs will fail until it is mended; ``unused``: not there, and
            not needed as things are set.
        detail: one line.
        mend: the command or setting that mends it; empty when nothing is to be mended.
    """

    name: str
    state: State
    detail: str
    mend: str = ""


def examine(settings: Settings) -> Iterable[Finding]:
    """Every check's finding, one after another."""
    for check in CHECKS:
        yield from check(settings)


def _engine(settings: Settings) -> Iterable[Finding]:
    from sandboxes.engine import Engine
    from sandboxes.errors import EngineUnavailable, SandboxError

    try:
        engine = Engine.connect(settings.engine or None)
    except EngineUnavailable as error:
        yield Finding("engine", "missing", error.message, error.hint)
        return
    try:
        yield Finding("engine", "ok", engine.describe())
        yield _base(engine, settings)
        yield _engine_disk(engine)
    except SandboxError as error:
        yield Finding("engine", "missing", error.message, error.hint)
    finally:
        engine.close()


def _base(engine: "Engine", settings: Settings) -> Finding:
    from sandboxes.environment.base import find_base

    python = settings.environment.python or settings.images.python
    base = asyncio.run(find_base(engine, python, settings=settings.images))
    if base is None:
        mend = f"foretrace env base --python {python}"
        return Finding("base image", "missing", f"none yet for Python {python}", mend)
    return Finding("base image", "ok", f"Python {base.python}")


def _engine_disk(engine: "Engine") -> Finding:
    """Room where the engine keeps its images, when it is on this machine."""
    root = Path(str(engine.about().get("DockerRootDir", "")))
    while not root.exists() and root != root.parent:
        root = root.parent
    return _room("engine's disk", root)


def _room(name: str, place: Path) -> Finding:
    free = shutil.disk_usage(place).free
    text = f"{free / 1024**3:.0f} GiB free at {place}"
    if free < _LITTLE_DISK:
        return Finding(name, "missing", text, "foretrace clean; foretrace env prune")
    return Finding(name, "ok", text)


def _cache(settings: Settings) -> Iterable[Finding]:
    place = settings.cache.absolute()
    while not place.exists():
        place = place.parent
    yield _room("cache", place)


def _git(settings: Settings) -> Iterable[Finding]:
    try:
        text = subprocess.run(
            ["git", "--version"], capture_output=True, text=True, check=True, timeout=20
        ).stdout.strip()
        number = tuple(int(part) for part in text.split()[2].split(".")[:2])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        yield Finding("git", "missing", "git does not answer", "apt-get install git")
        return
    if number < _OLDEST_GIT:
        yield Finding("git", "missing", f"{text} is too old", "install git 2.30 or newer")
        return
    yield Finding("git", "ok", text)


def _nano(settings: Settings) -> Iterable[Finding]:
    from agent.predicting import nano_folder, uses_nano
    from model.errors import ModelError
    from model.nano.checkpoint import shipped
    from model.nano.engine import Engine

    folder = nano_folder(settings) if uses_nano(settings) else settings.nano
    if folder is None and not shipped().is_dir():
        yield Finding("nano", "unused", "its weights are not in this installation")
        return
    started = time.monotonic()
    try:
        engine = Engine.load(folder)
    except ModelError as error:
        yield Finding("nano", "missing", error.message, error.hint or "set nano or FORETRACE_NANO")
        return
    took = (time.monotonic() - started) * 1000
    which = "" if folder is None else f"{folder}: "
    yield Finding(
        "nano",
        "ok",
        f"{which}{engine.parameters:,} parameters, context {engine.reach.context:,} tokens, "
        f"loads in {took:.0f} ms",
    )


def _model(settings: Settings) -> Iterable[Finding]:
    from agent.policies.cwm.connect import describe_server
    from agent.predicting import uses_nano
    from model.errors import ModelError

    if uses_nano(settings):
        yield Finding("model server", "unused", "none set: nano predicts, the repairer decides")
        return
    try:
        detail = asyncio.run(describe_server(settings.model))
    except ModelError as error:
        mend = error.hint or "set model.url and model.name"
        yield Finding("model server", "missing", error.message, mend)
    else:
        yield Finding("model server", "ok", detail)


def _vllm(settings: Settings) -> Iterable[Finding]:
    from model.errors import ModelMisconfigured
    from model.serve.command import build_of, find_vllm, version_of
    from model.serve.machine import look_around
    from model.serve.plan import name_gpus

    gpus = look_around().gpus
    yield Finding("GPUs", "ok" if gpus else "unused", name_gpus(gpus) or "none found")
    try:
        program = find_vllm()
    except ModelMisconfigured:
        yield Finding("vLLM", "unused", "not installed; only foretrace serve needs it")
        return
    build = build_of(program)
    kind = {"cpu": ", for the processor", "gpu": ", for GPUs"}.get(build or "", "")
    detail = f"{version_of(program) or 'of unknown version'}{kind}, at {program}"
    if (build == "gpu" and not gpus) or (build == "cpu" and gpus):
        mend = "docs/serving.md says how to get the other build"
        found = "GPUs are found" if gpus else "no GPU is found"
        yield Finding("vLLM", "unused", f"{detail}; {found}", mend)
    else:
        yield Finding("vLLM", "ok", detail)


def _tokenizer(settings: Settings) -> Iterable[Finding]:
    from agent.policies.cwm.connect import way_to_speak
    from agent.predicting import uses_nano
    from model.errors import ModelError

    if uses_nano(settings):
        yield Finding("tokenizer", "unused", "no model server is set")
        return
    try:
        tokenizer, profile, notes = way_to_speak(settings.model)
    except (ModelError, AgentError) as error:
        yield Finding("tokenizer", "missing", error.message, error.hint or "set model.tokenizer")
        return
    why = f"profile {profile.name}" + "".join(f"; {note}" for note in notes)
    if tokenizer is None:
        yield Finding("tokenizer", "unused", why)
    else:
        yield Finding("tokenizer", "ok", f"{tokenizer.size:,} tokens; {why}")


def _prompts(settings: Settings) -> Iterable[Finding]:
    from agent.policies.cwm.texts import Texts

    folder = settings.model.prompts
    if folder is None:
        return
    try:
        Texts.load(folder)
    except AgentError as error:
        yield Finding("prompts", "missing", error.message, error.hint or "set model.prompts")
    else:
        yield Finding("prompts", "ok", str(folder))


CHECKS: tuple[Callable[[Settings], Iterable[Finding]], ...] = (
    _engine,
    _cache,
    _git,
    _nano,
    _model,
    _tokenizer,
    _vllm,
    _prompts,
)
