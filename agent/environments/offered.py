"""Images that hold an issue's environment already: the one it names, or SWE-bench's public one.

They are taken where the engine has them or a registry gives them. Where none does, and where one
is no use, the environment is built as every other.
"""

import platform
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from agent.config import Settings
from agent.issue import Issue
from sandboxes.environment.detect import EnvironmentSettings
from sandboxes.errors import EngineRefused, UnsuitableImage

if TYPE_CHECKING:
    from sandboxes.engine import Engine

T = TypeVar("T")
Progress = Callable[[str], None]

_IMAGE_NAME = re.compile(r"\w[\w./:@-]{0,299}")
_SWEBENCH_ID = re.compile(r"[\w.-]+__[\w.-]+-\d+", re.ASCII)
_MACHINES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def offered_image(issue: Issue) -> str:
    """The image that should hold an issue's environment; empty where none does.

    A row of SWE-bench names none itself: its images are called after its id.
    """
    if issue.image:
        return issue.image if _IMAGE_NAME.fullmatch(issue.image) else ""
    machine = _MACHINES.get(platform.machine())
    row = issue.tests_from is not None and issue.tests_from.patch and issue.base
    if not machine or not row or not _SWEBENCH_ID.fullmatch(issue.id):
        return ""
    # Two underscores cannot stand in an image's name; SWE-bench writes this in their place.
    name = issue.id.lower().replace("__", "_1776_")
    return f"swebench/sweb.eval.{machine}.{name}:latest"


def environment_of(issue: Issue, settings: Settings) -> EnvironmentSettings:
    """The user's environment settings, with what the issue itself says of Python and install."""
    said = {"python": issue.python, "install": issue.install}
    return settings.environment.model_copy(
        update={name: value for name, value in said.items() if value is not None}
    )


@dataclass(frozen=True, slots=True)
class Offer:
    """What became of the image that is offered for an issue's environment.

    Attributes:
        image: its name; empty where there is none, or none that can be had.
        note: what the user should know; may be empty.
    """

    image: str = ""
    note: str = ""


async def take_offer(
    issue: Issue, settings: Settings, engine: "Engine", progress: Progress
) -> Offer:
    """Have the image that is offered for an issue's environment, where that can be.

    Args:
        issue: which.
        settings: the user's; who says there how to build is not offered any image.
        engine: has the image, or pulls it.
        progress: gets a line now and then.

    Raises:
        EngineUnavailable: the engine went away.
    """
    own = settings.environment
    name = "" if own.image or own.python or own.install else offered_image(issue)
    if not name:
        return Offer()
    refusal = await _fetched(name, settings, engine, progress)
    return Offer(note=_unused(issue, name, refusal)) if refusal else Offer(name)


async def with_offered_image(
    issue: Issue,
    settings: Settings,
    engine: "Engine",
    make: Callable[[EnvironmentSettings], Awaitable[T]],
    progress: Progress,
) -> tuple[T, tuple[str, ...]]:
    """Make something of an issue's environment, from the image offered for it where that works.

    Arguments and errors are those of `take_offer`; also:

    Args:
        make: makes it, given how the environment is made.

    Returns:
        What was made, and notes on the image.
    """
    environment = environment_of(issue, settings)
    offer = await take_offer(issue, settings, engine, progress)
    note = offer.note
    if offer.image:
        try:
            made = await make(environment.model_copy(update={"image": offer.image}))
            return made, (f"the environment is the image {offer.image}",)
        except UnsuitableImage as error:
            note = _unused(issue, offer.image, error.message)
    if note:
        progress(note)
    return await make(environment), (note,) if note else ()


def _unused(issue: Issue, name: str, why: str) -> str:
    """Worth a word where the issue itself names the image."""
    if not issue.image:
        return ""
    return f"the image {name} is not used ({why}); the environment is built"


async def _fetched(name: str, settings: Settings, engine: "Engine", progress: Progress) -> str:
    """Have an image; why it is not to be had, a clause that is empty when it is there."""
    from sandboxes.environment.registry import pull
    from sandboxes.environment.store import has_image

    try:
        if await engine.call(has_image, engine, name):
            return ""
    except EngineRefused as error:  # no image can be called so
        return error.message
    if not settings.images.pull:
        return "nothing is pulled"
    images = settings.images
    refusal = await pull(
        engine, name, seconds=images.pull_seconds, cache=images.cache, progress=progress
    )
    return refusal.reason if refusal is not None else ""
