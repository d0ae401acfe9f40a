"""Options that several commands share, and how flags become settings."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

P = ParamSpec("P")
R = TypeVar("R")

# Where a flag stands in the settings tree.
_PLACES = {
    "policy": ("policy",),
    "out": ("out",),
    "seed": ("seed",),
    "turns": ("limits", "turns"),
    "seconds": ("limits", "seconds"),
    "engine": ("engine",),
    "image": ("environment", "image"),
    "python": ("environment", "python"),
}


def engine_options(function: Callable[P, R]) -> Callable[P, R]:
    """Flags that say where and in what a sandbox runs."""
    options = (
        click.option("--engine", metavar="URL", help="The container engine's address."),
        click.option("--image", metavar="NAME", help="Use this image as the environment."),
        click.option("--python", metavar="X.Y", help="Build the environment with this Python."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def settings_options(function: Callable[..., R]) -> Callable[..., R]:
    """``--config``, and the settings themselves, handed over as ``settings``.

    Flags that stand in `_PLACES` go into the settings; the others reach the command as they are.
    """

    @click.option(
        "--config", type=click.Path(path_type=Path), help="Settings instead of ./foretrace.toml."
    )
    @click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks.")
    @functools.wraps(function)
    def with_settings(config: Path | None, **arguments: object) -> R:
        from agent.config import load_settings

        tree: dict[str, object] = {}
        for name in [each for each in arguments if each in _PLACES]:
            value = arguments.pop(name)
            if value is not None:
                _plant(tree, _PLACES[name], value)
        return function(settings=load_settings(config, tree), **arguments)

    return with_settings


def fail_with(error: Exception) -> int:
    """Report an error that was kept rather than raised; returns the exit status it means."""
    from agent.cli import _report

    return _report(error)


def _plant(tree: dict[str, object], place: tuple[str, ...], value: object) -> None:
    *branches, leaf = place
    for branch in branches:
        below = tree.setdefault(branch, {})
        assert isinstance(below, dict)
        tree = below
    tree[leaf] = value
