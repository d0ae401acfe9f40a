"""The ways to choose among attempts, by name. A new one is its file and a line here."""

from agent.selecting.candidate import Strategy
from agent.selecting.strategies.best import Best
from agent.selecting.strategies.majority import Majority
from agent.selecting.strategies.oracle import Oracle
from agent.selecting.strategies.verdicts import Verdicts

STRATEGIES: dict[str, Strategy] = {
    each.name: each for each in (Best(), Majority(), Verdicts(), Oracle())
}

CHOOSING = tuple(name for name in STRATEGIES if name != "oracle")
"""Those that do not know the answer beforehand."""
