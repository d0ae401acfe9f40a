"""What ``ask`` and ``eval`` have in common: flags, and the choice of a question and a mode."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from agent.config import Settings
from agent.errors import WrongUse

if TYPE_CHECKING:
    from model.questions.question import Mode, Question

P = ParamSpec("P")
R = TypeVar("R")


def question_options(function: Callable[P, R]) -> Callable[P, R]:
    """Flags that say which model is asked, and how."""
    options = (
        click.option("--mode", metavar="NAME", help="direct, reasoning, trace or step."),
        click.option("--samples", type=click.IntRange(1), default=1, help="Answers to each."),
        click.option("--seed", type=int, help="Of the first answer."),
        click.option("--most", type=click.IntRange(1), default=16_384, help="Tokens of an answer."),
        click.option("--model-url", metavar="URL", help="Where a model answers (OpenAI's API)."),
        click.option("--model", metavar="NAME", help="Its name there; or nano."),
        click.option("--profile", metavar="NAME", help="How it is spoken to; see the README."),
        click.option("--tokenizer", metavar="PATH", help="Its tokenizer.json, for --profile cwm."),
    )
    for option in reversed(options):
        function = option(function)
    return function


_TRACED = ("trace", "step")
"""The modes in which nothing is answered in words."""


def chosen(name: str, mode: str | None, settings: Settings) -> tuple["Question", "Mode"]:
    """The question of that name, and how it is put.

    Raises:
        WrongUse: there is no such question, or it cannot be put that way, or not to that model.
    """
    from agent.predicting import NANO, uses_nano
    from model.questions.registry import QUESTIONS

    question = QUESTIONS.get(name)
    if question is None:
        known = ", ".join(f"{each.name} ({each.about})" for each in QUESTIONS.values())
        raise WrongUse(f"there is no question {name!r}", f"there are: {known}")
    if mode is not None and mode not in question.modes:
        raise WrongUse(
            f"{name} cannot be asked by {mode!r}", f"there are: {', '.join(question.modes)}"
        )
    if not uses_nano(settings):
        return question, mode or question.modes[0]
    traced = [each for each in question.modes if each in _TRACED]
    if mode in traced or (mode is None and traced):
        return question, mode or traced[0]
    raise WrongUse(
        f"{settings.model.name or NANO} writes only traces: {name} cannot be asked of it"
        + (f" by {mode}" if mode else ""),
        f"there are: {', '.join(traced)}" if traced else "name a model that answers in words",
    )


def asking(settings: Settings, at_once: int) -> Settings:
    """The settings with so many requests at a time."""
    model = settings.model.model_copy(update={"in_flight": at_once})
    return settings.model_copy(update={"model": model})
