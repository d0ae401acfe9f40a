"""What the answers to one command may take: the limits that are set, and the line they end with."""

from typing import TYPE_CHECKING

import click

from agent.config import Settings

if TYPE_CHECKING:
    from model.budget import Budget


def budget_of(settings: Settings, *, some_will_do: bool = True) -> tuple[Settings, "Budget"]:
    """The budget of a command, and the settings it is asked with.

    With a limit, answers are asked for one after the other: what one of them takes is known before
    the next, and so the limit holds.

    Args:
        settings: with the limits.
        some_will_do: whether the command takes what answers there are; see `Budget`.
    """
    from model.budget import Budget

    limits = settings.limits
    budget = Budget(limits.tokens, limits.cost, some_will_do=some_will_do)
    if budget.limited:
        model = settings.model.model_copy(update={"in_flight": 1})
        settings = settings.model_copy(update={"model": model})
    return settings, budget


def say_limit(budget: "Budget", kept: str = "") -> bool:
    """Say which limit ended the asking, and whether one did.

    Args:
        budget: of the command.
        kept: what there is all the same, in a few words.
    """
    if budget.ended:
        click.echo(f"foretrace: {budget.ended}{kept and f'; {kept}'}", err=True)
    return bool(budget.ended)
