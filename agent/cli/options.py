"""Options that several commands share, and how flags become settings."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

P = ParamSpec("P")
R = TypeVar("R")

_PATH = click.Path(path_type=Path)

# Where a flag stands in the settings tree.
_PLACES = {
    "policy": ("policy",),
    "out": ("out",),
    "confirm": ("confirm",),
    "simulate": ("simulate", "mode"),
    "seed": ("seed",),
    "turns": ("limits", "turns"),
    "seconds": ("limits", "seconds"),
    "tokens": ("limits", "tokens"),
    "cost": ("limits", "cost"),
    "model_url": ("model", "url"),
    "model": ("model", "name"),
    "profile": ("model", "profile"),
    "tokenizer": ("model", "tokenizer"),
    "engine": ("engine",),
    "image": ("environment", "image"),
    "python": ("environment", "python"),
    "batch_concurrency": ("batch", "concurrency"),
    "batch_attempts": ("batch", "attempts"),
    "batch_workers": ("batch", "workers"),
    "batch_builds": ("batch", "builds"),
    "batch_requests": ("batch", "requests"),
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


def model_options(function: Callable[P, R]) -> Callable[P, R]:
    """Flags that say which model decides."""
    options = (
        click.option("--model-url", metavar="URL", help="Where a model answers (OpenAI's API)."),
        click.option("--model", metavar="NAME", help="Its name there; or nano."),
        click.option("--profile", metavar="NAME", help="How it is spoken to; see the README."),
        click.option("--tokenizer", metavar="PATH", help="Its tokenizer.json, for --profile cwm."),
    )
    for option in reversed(options):
        function = option(function)
    return budget_options(function)


def run_options(function: Callable[P, R]) -> Callable[P, R]:
    """Flags that say how a run goes on: who decides, within which limits, and who has a say."""
    options = (
        click.option("--policy", metavar="NAME", help="What decides: cwm, repair, scripted."),
        click.option("--script", type=_PATH, help="Actions for --policy scripted."),
        click.option("--out", type=_PATH, help="Where runs are written."),
        click.option("--turns", type=int, help="Actions the policy may take, in all."),
        click.option("--seconds", type=float, help="Time the policy may take."),
        click.option("--seed", type=int, help="Of everything random."),
        click.option(
            "--confirm",
            type=click.Choice(["all", "writes", "none"]),
            help="Ask before every call, or before those that may change the repository.",
        ),
        click.option(
            "--simulate",
            type=click.Choice(["off", "advise", "gate"]),
            help="Predict what the tests will do; gate keeps those from running that will fail.",
        ),
        click.option("--steered", metavar="NAME", help="Let a screen steer it; the UI uses this."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def budget_options(function: Callable[P, R]) -> Callable[P, R]:
    """Flags that limit what a model's answers may take."""
    options = (
        click.option("--tokens", type=int, help="Tokens it may read and write."),
        click.option("--cost", type=float, help="US dollars its tokens may cost."),
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


def flags_given() -> dict[str, object]:
    """What the command line of this call sets, as a tree; see `settings_options`."""
    given = click.get_current_context().params
    tree: dict[str, object] = {}
    for name, place in _PLACES.items():
        if given.get(name) is not None:
            _plant(tree, place, given[name])
    return tree


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
