"""Pulling an image from a registry, and saying in one line why that did not work.

The engine speaks with the registry; of what it says afterwards only status codes and a few known
words are understood. A registry that cannot be reached is the usual case on closed networks and
worth no line; one that answered and refused has something to say to the user.
"""

import asyncio
import contextlib
import hashlib
import json
import re
import time
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from sandboxes.environment.build import Progress
from sandboxes.environment.store import has_image
from sandboxes.errors import EngineRefused, EngineUnavailable, SandboxError

if TYPE_CHECKING:
    from sandboxes.engine import Engine

_REMEMBERED_SECONDS = 600.0
_LONGEST_REASON = 200

# What engines of several years say when the registry did not even answer.
_UNREACHED = re.compile(
    r"dial tcp|no such host|connection refused|timeout|timed out|deadline|\bEOF\b|unreachable"
    r"|reset by peer"
)
_STATUS = re.compile(r"(?:HTTP|HTTP status:|request to \S+:|status code) ([45]\d\d)\b")
_WORDS = (
    (r"manifest unknown|name unknown|not found|no such image", HTTPStatus.NOT_FOUND),
    (r"toomanyrequests", HTTPStatus.TOO_MANY_REQUESTS),
    (r"unauthorized|authentication required|no basic auth", HTTPStatus.UNAUTHORIZED),
    (r"denied", HTTPStatus.FORBIDDEN),
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an image was not pulled.

    Attributes:
        reason: a clause for the user, as "the registry answered 401 Unauthorized".
        answered: the registry was reached; the reason is news then.
    """

    reason: str
    answered: bool = False


UNREACHED = Refusal("no registry answers")


async def pull(
    engine: "Engine", name: str, *, seconds: float, cache: Path, progress: Progress
) -> Refusal | None:
    """Pull an image; None when it is there now.

    A refusal is remembered for a while in the cache folder: where packets to a registry get lost
    instead of being refused, asking again costs the whole time-out.

    Args:
        engine: pulls.
        name: the image's, with or without a registry and a tag.
        seconds: how long the registry may take to say that it knows the image.
        cache: where refusals are remembered.
        progress: is told about the pulling, and what a registry that refuses has answered.

    Raises:
        EngineUnavailable: the engine went away.
    """
    memory, registry = _memory(cache, name), _memory(cache, f"{_registry_of(name)}/")
    refusal = _remembered(memory) or _remembered(registry)
    if refusal is None:
        refusal = await _ask_and_pull(engine, name, seconds, progress)
        if refusal is not None:
            memory.parent.mkdir(parents=True, exist_ok=True)
            # A registry that is not reached is not reached for any image.
            place = memory if refusal.answered else registry
            place.write_text(json.dumps(asdict(refusal)), encoding="utf-8")
    if refusal is not None and refusal.answered:
        progress(f"{name} was not pulled: {refusal.reason}")
    return refusal


def _memory(cache: Path, name: str) -> Path:
    return cache / f"refused-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _registry_of(name: str) -> str:
    from docker.auth import resolve_repository_name
    from docker.errors import InvalidRepository

    try:
        return str(resolve_repository_name(name)[0])
    except InvalidRepository:
        return name


def _remembered(memory: Path) -> Refusal | None:
    with contextlib.suppress(OSError, ValueError, TypeError):
        if time.time() - memory.stat().st_mtime < _REMEMBERED_SECONDS:
            return Refusal(**json.loads(memory.read_text(encoding="utf-8")))
    return None


async def _ask_and_pull(
    engine: "Engine", name: str, seconds: float, progress: Progress
) -> Refusal | None:
    from docker.errors import DockerException
    from docker.utils import parse_repository_tag

    repository, tag = parse_repository_tag(name)
    try:
        asking = engine.call(engine.client.api.inspect_distribution, name)
        await asyncio.wait_for(asking, seconds)
        progress(f"pulling {name}")
        said = await engine.call(engine.client.api.pull, repository, tag=tag or "latest")
        if await engine.call(has_image, engine, name):
            return None
        return understood(_error_in(said))
    except TimeoutError:
        return UNREACHED
    except EngineRefused as error:
        return understood(error.message, error.status)
    except EngineUnavailable:
        raise
    except (DockerException, SandboxError) as error:
        return understood(str(error))


def understood(text: str, status: int = 0) -> Refusal:
    """What an engine's words about a registry mean.

    Args:
        text: as the engine said it.
        status: the engine's own, which is 500 for nearly everything that is not its fault.
    """
    found = _STATUS.search(text)
    words = (code for pattern, code in _WORDS if re.search(pattern, text))
    code = int(found[1]) if found else next(words, None)
    if code is None and _UNREACHED.search(text):
        return UNREACHED
    if code is None and 400 <= status < 500:
        code = status
    if code == HTTPStatus.NOT_FOUND:
        return Refusal("the registry does not have it (404 Not Found)", answered=True)
    if code is not None:
        return Refusal(f"the registry answered {_with_phrase(code)}", answered=True)
    text = " ".join(text.split()).removeprefix("the container engine refused: ")
    return Refusal(f"the engine says: {text[:_LONGEST_REASON]}", answered=True)


def _with_phrase(code: int) -> str:
    try:
        return f"{int(code)} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


def _error_in(stream: str) -> str:
    """The error in what the engine told while it pulled: one JSON object a line."""
    for line in reversed(stream.splitlines()):
        with contextlib.suppress(ValueError, AttributeError):
            if error := json.loads(line).get("error"):
                return str(error)
    return "the image was not there after it had been pulled"
