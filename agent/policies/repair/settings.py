"""What the repair policy may spend."""

from pydantic import BaseModel, ConfigDict, Field


class RepairSettings(BaseModel):
    """Budgets of one search."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float = Field(default=600.0, gt=0)
    """Wall time for localisation, trials and judging together."""

    trials: int = Field(default=6000, ge=1)
    """Edits that may be tried."""

    workers: int = Field(default=0, ge=0, le=64)
    """Forks used at a time; 0 for one a processor, four at most."""

    suite_seconds: float = Field(default=120.0, ge=0)
    """For one run of the rest of the test suite; tests it does not reach are not guarded."""

    judged: int = Field(default=24, ge=1)
    """Edits that pass the quick trials and may be judged with an ordinary test run."""

    files: int = Field(default=16, ge=1)
    """Source files looked at, the most suspicious first."""

    foretold: int = Field(default=16, ge=1)
    """Edits put to a world model before they are tried, where one is to be asked."""

    seed: int = 0
    """Orders edits that are equally likely."""
