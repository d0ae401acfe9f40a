"""A GPU, and which of a machine's GPUs a program will see."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Maker = Literal["nvidia", "amd"]


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU. Sizes are bytes.

    Attributes:
        name: as its maker calls it.
        total: memory.
        free: the same, not taken by anybody.
        maker: of it.
    """

    name: str
    total: int
    free: int
    maker: Maker = "nvidia"


def chosen(found: Mapping[str, Gpu], visible: str | None) -> dict[str, Gpu]:
    """Those that an environment variable lets a program see, numbered anew in its order.

    Args:
        found: by their numbers and, as often as not, by other names as well.
        visible: numbers or names with commas between them; None for all. What stands after one
            that is not there is not seen, as the makers' libraries have it.
    """
    if visible is None:
        return dict(found)
    seen: list[Gpu] = []
    for name in (part.strip() for part in visible.split(",")):
        if name not in found:
            break
        seen.append(found[name])
    return {str(number): gpu for number, gpu in enumerate(seen)}


def in_order(found: Mapping[str, Gpu]) -> tuple[Gpu, ...]:
    """Each once: a GPU may be known by other names beside its number."""
    return tuple(gpu for name, gpu in found.items() if name.isdecimal())
