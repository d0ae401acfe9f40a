"""What a benchmark is: something that is given a bench to work on and answers with tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sandboxes.engine import Engine


@dataclass(frozen=True, slots=True)
class Goal:
    """Something that was to be reached."""

    text: str
    met: bool


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the results.

    Attributes:
        title: its heading.
        head: the columns' names.
        rows: the cells, as Markdown.
        goals: what was to be reached, and whether it was.
        notes: sentences to stand below it.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    goals: Sequence[Goal] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Bench:
    """What benchmarks work with.

    Attributes:
        engine: where containers run.
        image: what every contender's container starts from.
        peers_python: the interpreter that has the peers installed.
        scratch: a folder to write to, gone afterwards.
        quick: whether to see only that everything works.
        progress: is told what is going on, in lines.
    """

    engine: "Engine"
    image: str
    peers_python: Path
    scratch: Path
    quick: bool = False
    progress: Callable[[str], None] = field(default=lambda line: None)


class Benchmark(Protocol):
    """One file, one class, one line in the registry."""

    name: str
    goal: str
    """What it is about, in a line for ``--help``."""

    async def run(self, bench: Bench) -> list[Table]:
        """Measure."""
        ...
