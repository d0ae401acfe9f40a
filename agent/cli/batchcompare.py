"""``foretrace batch compare``: two batches issue by issue, as text or as JSON."""

import json
from typing import TYPE_CHECKING

import click

from agent.cli.options import settings_options
from agent.config import Settings
from agent.errors import DONE

if TYPE_CHECKING:
    from agent.batch.comparing import BatchComparison, Pair, Side

_SIGNS = {"won": "+", "lost": "-", "both": "=", "neither": " ", "unknown": "?"}
_ISSUE_WIDTH = 48
_SIDE_WIDTH = 24


@click.command("compare")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, nothing else.")
@settings_options
def command(first: str, second: str, as_json: bool, settings: Settings) -> int:
    """Say which issues batch B resolved and batch A did not, and the other way round.

    A and B are folders or names of batches. Resolved is what any attempt resolved; unknown what one
    of them has not ended, or does not have. The chance is how likely a split as uneven is if
    neither batch is better (exact McNemar test).
    """
    from agent.batch.comparing import compare_batches
    from agent.batch.folder import batch_at
    from agent.batch.store import BatchStore

    stores = [BatchStore(batch_at(settings.out, name)) for name in (first, second)]
    found = compare_batches(stores[0].look(), stores[1].look())
    if as_json:
        click.echo(json.dumps(_fields(found)))
    else:
        click.echo("\n".join(_lines(found)))
    return DONE


def _fields(found: "BatchComparison") -> dict[str, object]:
    from agent.batch.comparing import OUTCOMES

    return {
        "batches": list(found.names),
        "attempts": list(found.attempts),
        "counts": {each: found.count(each) for each in OUTCOMES},
        "chance": found.chance,
        "issues": [
            {
                "issue": pair.issue,
                "outcome": pair.outcome,
                "sides": [_side_fields(side) for side in (pair.first, pair.second)],
            }
            for pair in found.pairs
        ],
    }


def _side_fields(side: "Side") -> dict[str, object]:
    return {
        "resolved": side.resolved,
        "ended": side.ended,
        "tokens": side.tokens,
        "seconds": round(side.seconds, 3),
        "run": None if side.run is None else str(side.run),
    }


def _lines(found: "BatchComparison") -> list[str]:
    from agent.batch.comparing import OUTCOMES
    from agent.cli.terminal import safe

    names = [safe(name) for name in found.names]
    counts = ", ".join(f"{found.count(each)} {each}" for each in OUTCOMES if found.count(each))
    heading = f"{names[1]} beside {names[0]}: {counts or 'no issue in either'}"
    width = min(max((len(_issue(pair)) for pair in found.pairs), default=0), _ISSUE_WIDTH)
    unfair = f"; {found.unfair}" if found.unfair else ""
    lines = [f"{heading}; by chance alone: {found.chance:.2g}{unfair}"]
    if found.pairs:
        lines.append(f"  {'':<8} {'issue':<{width}}  {names[0]:<{_SIDE_WIDTH}}{names[1]}".rstrip())
    return lines + [_line(pair, width) for pair in found.pairs]


def _line(pair: "Pair", width: int) -> str:
    sides = f"{_side(pair.first):<{_SIDE_WIDTH}}{_side(pair.second)}"
    issue = _issue(pair)
    issue = issue if len(issue) <= width else f"{issue[: width - 1]}…"
    return f"{_SIGNS[pair.outcome]} {pair.outcome:<8} {issue:<{width}}  {sides}".rstrip()


def _issue(pair: "Pair") -> str:
    from agent.cli.terminal import safe

    return " ".join(safe(pair.issue).split())


def _side(side: "Side") -> str:
    if not side.ended:
        return "-" if side.run is None else "not ended"
    word = "resolved" if side.resolved else "not resolved"
    return f"{word} {side.resolved}/{side.ended}" if side.ended > 1 else word
