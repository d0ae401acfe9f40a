"""The engine's images that are ours: how they are labelled, found again, listed and removed.

An image is found by its kind and its key, a digest of everything that went into it; what else is to
be known of it stands in its labels, so that the engine is the only place where anything is kept.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

from sandboxes.engine import KIND, LABEL
from sandboxes.environment.build import Progress, silent
from sandboxes.errors import EngineRefused

if TYPE_CHECKING:
    from sandboxes.engine import Engine

Kind = Literal["root", "base", "environment", "repository"]
KINDS: tuple[Kind, ...] = ("root", "base", "environment", "repository")
BUILT: tuple[Kind, ...] = ("environment", "repository")
"""What is made for a project; the others serve all."""

KEY = f"{LABEL}.key"
_ABOUT = f"{LABEL}.about"
_LONGEST_NOTE = 400


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image of ours that the engine holds.

    Attributes:
        id: the engine's id.
        kind: what it is.
        key: the digest it is found by.
        created: when.
        size: bytes, those shared with other images included.
        name: the project's name; of a base image where it came from.
        python: its interpreter, as ``3.11``; may be empty.
        notes: what the user should know.
        exclude_newer: the day after which no package was seen when it was built; may be empty.
        below: the id of the image of ours it was made from; may be empty.
    """

    id: str
    kind: Kind
    key: str
    created: datetime
    size: int
    name: str = ""
    python: str = ""
    notes: tuple[str, ...] = ()
    exclude_newer: str = ""
    below: str = ""


class _Summary(TypedDict):
    """What the engine's list says of an image, as far as it is used."""

    Id: str
    Created: int
    Size: int
    Labels: dict[str, str] | None


def labels(
    kind: Kind,
    key: str,
    *,
    name: str,
    python: str,
    notes: Sequence[str] = (),
    exclude_newer: str = "",
    below: str = "",
) -> dict[str, str]:
    """The labels from which a `StoredImage` can be read again."""
    about = {
        "name": name,
        "python": python,
        "notes": [note[:_LONGEST_NOTE] for note in notes],
        "exclude_newer": exclude_newer,
        "below": below,
    }
    # A label's text passes through a parser that knows variables and escapes: hide both.
    return {KIND: kind, KEY: key, _ABOUT: json.dumps(about).encode().hex()}


def tag_of(kind: Kind, key: str) -> str:
    """The name of an image, so that pruning what has none leaves it alone."""
    return f"foretrace-{kind}:{key}"


def digest(*parts: object) -> str:
    """A key from everything that matters to an image; parts need a repr that says all of it."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


async def find_image(engine: "Engine", kind: Kind, key: str) -> StoredImage | None:
    """The image with a key, if the engine has it; the newest of several."""
    # One label only: Podman 4.3 finds nothing when it is asked for two.
    found = await engine.call(_listed, engine, {"label": [f"{KEY}={key}"]})
    fitting = [image for image in found if image.kind == kind]
    return max(fitting, key=lambda image: image.created, default=None)


async def list_images(engine: "Engine") -> list[StoredImage]:
    """All images of ours, the newest first."""
    found = await engine.call(_listed, engine, {"label": [KEY]})
    return sorted(found, key=lambda image: image.created, reverse=True)


async def prune_images(
    engine: "Engine",
    *,
    name: str | None = None,
    older_than: timedelta = timedelta(),
    kinds: Sequence[Kind] = BUILT,
) -> list[StoredImage]:
    """Remove images of ours that no container and no other image needs.

    Args:
        engine: where.
        name: only those of the project with this name.
        older_than: only those made longer ago.
        kinds: only these.

    Returns:
        What was removed.
    """
    before = datetime.now(UTC) - older_than
    removed = []
    images = await list_images(engine)
    # Repositories lie on environments, and those on bases.
    for kind in sorted(kinds, key=KINDS.index, reverse=True):
        for image in images:
            if image.kind != kind or image.created > before or name not in (None, image.name):
                continue
            with contextlib.suppress(EngineRefused):  # something still uses it
                await engine.call(engine.client.api.remove_image, image.id, noprune=True)
                removed.append(image)
    return removed


def has_image(engine: "Engine", name: str) -> bool:
    """Whether the engine has an image of that name or id. Blocks."""
    from docker.errors import ImageNotFound

    try:
        engine.client.images.get(name)
    except ImageNotFound:
        return False
    return True


def _listed(engine: "Engine", filters: dict[str, list[str]]) -> list[StoredImage]:
    # An untagged image with others on top of it is listed only when all are asked for.
    summaries: list[_Summary] = engine.client.api.images(filters=filters, all=True)
    return [image for image in map(_read, summaries) if image is not None]


def _read(summary: _Summary) -> StoredImage | None:
    said = summary["Labels"] or {}
    kind = next((kind for kind in KINDS if said.get(KIND) == kind), None)
    try:
        about = json.loads(bytes.fromhex(said.get(_ABOUT, "")))
    except ValueError:
        return None
    if kind is None:
        return None
    return StoredImage(
        id=summary["Id"],
        kind=kind,
        key=said.get(KEY, ""),
        name=str(about.get("name", "")),
        python=str(about.get("python", "")),
        notes=tuple(map(str, about.get("notes", ()))),
        exclude_newer=str(about.get("exclude_newer", "")),
        below=str(about.get("below", "")),
        created=datetime.fromtimestamp(summary["Created"], UTC),
        size=summary["Size"],
    )


@contextlib.asynccontextmanager
async def exclusive(path: Path, waiting: str, progress: Progress = silent) -> AsyncIterator[None]:
    """Hold a lock between processes; the kernel lets go of it when its holder dies.

    Args:
        path: the lock's file.
        waiting: what to tell the user when somebody else holds it.
        progress: is told once, when there is something to wait for.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    told = False
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told:
                    progress(f"waiting: {waiting}")
                told = True
                await asyncio.sleep(0.1)
        yield
