"""Every key of every screen, as the screens and the widgets on them declare them.

They are looked for in the folders of screens and widgets, so that a new one needs no line here.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeGuard

from textual.app import App
from textual.binding import Binding, BindingsMap
from textual.dom import DOMNode

from agent.tui import screens, widgets

_OURS = "agent.tui."
_ANYWHERE = "On several"
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Place:
    """Where keys are pressed.

    Attributes:
        name: of the screen's folder, and of what is on it.
        kind: the class that declares them.
    """

    name: str
    kind: type[DOMNode]


def places() -> list[Place]:
    """Every screen, list and dialog with keys of its own; a screen before what is on it."""
    found: list[type[DOMNode]] = []
    for package in (screens, widgets):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            members = vars(importlib.import_module(module.name)).values()
            own = (each for each in members if inspect.isclass(each))
            found += (each for each in own if each.__module__ == module.name and declares(each))
    # What others are made from is told with them.
    last = [kind for kind in found if not any(kind in each.__mro__[1:] for each in found)]
    named = [Place(_name(kind), kind) for kind in last]
    return sorted(named, key=lambda place: (*_order(place.name), place.name))


def declares(kind: type) -> TypeGuard[type[DOMNode]]:
    """Whether a class declares keys itself."""
    return issubclass(kind, DOMNode) and bool(vars(kind).get("BINDINGS"))


def _order(name: str) -> tuple[bool, str]:
    folder = name.partition(":")[0]
    return folder == _ANYWHERE, folder


def _folder(kind: type) -> str:
    return kind.__module__.removeprefix(_OURS).split(".")[1]


def _name(kind: type) -> str:
    words = _WORD.sub(" ", kind.__name__).lower()
    if kind.__module__.startswith(widgets.__name__):
        return f"{_ANYWHERE}: {words}"
    folder = _folder(kind).capitalize()
    return folder if words.endswith(" screen") else f"{folder}: {words}"


@dataclass(frozen=True, slots=True)
class Key:
    """What one key does, or several that do the same.

    Attributes:
        keys: as they are shown.
        words: what they do.
    """

    keys: str
    words: str


def keys_of(app: App[None], kind: type[DOMNode]) -> list[Key]:
    """The keys that a class of ours and those above it declare."""
    found: dict[str, tuple[list[str], Binding]] = {}
    for binding in _declared(kind):
        keys, _ = found.setdefault(binding.action, ([], binding))
        keys.append(app.get_key_display(binding))
    return [
        Key(" ".join(dict.fromkeys(keys)), binding.tooltip or binding.description)
        for keys, binding in found.values()
    ]


def _declared(kind: type[DOMNode]) -> Iterator[Binding]:
    for each in kind.__mro__:
        if each.__module__.startswith(_OURS) and "BINDINGS" in vars(each):
            for bindings in BindingsMap(vars(each)["BINDINGS"]).key_to_bindings.values():
                yield from (binding for binding in bindings if binding.description)
