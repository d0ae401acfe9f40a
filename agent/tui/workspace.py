"""What every screen works on: one folder of runs, and how runs are started in it."""

from dataclasses import dataclass, field
from pathlib import Path

from agent.tui.runs import RunStore
from agent.tui.starting import Starter


@dataclass(frozen=True, slots=True)
class Workspace:
    """One folder of runs.

    Attributes:
        out: where they are.
        config: the settings file that was named; None for the usual.
        store: looks at them.
        starter: starts and stops them.
    """

    out: Path
    config: Path | None = None
    store: RunStore = field(init=False)
    starter: Starter = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "store", RunStore(self.out))
        object.__setattr__(self, "starter", Starter(self.out, self.config))
