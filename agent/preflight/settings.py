"""Whether, and how far, executions are predicted before they happen."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Mode = Literal["off", "advise", "gate"]


class SimulateSettings(BaseModel):
    """Predicting what the tests will do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Mode = "off"
    """``advise``: the prediction is told beside what really happened. ``gate``: a confident
    ``fail`` or ``endless`` goes back to the policy, and the test does not run."""

    samples: int = Field(default=3, ge=1, le=64)
    """Traces predicted for each test; they vote."""

    most_samples: int = Field(default=8, ge=1, le=64)
    """As many are drawn where ``gate`` has too few to believe what all of them say: with the
    default confidence two, or four from a server that gives no log-probabilities."""

    tests: int = Field(default=2, ge=1)
    """Tests predicted before one call, at most."""

    source_tokens: int = Field(default=8_192, ge=256)
    """Of the source that the model is shown, the most relevant first."""

    trace_tokens: int = Field(default=8_192, ge=64)
    """Of one predicted trace."""

    seconds: float = Field(default=300.0, gt=0)
    """For all that the model writes of one test; of one that takes longer nothing is said."""

    confidence: float = Field(default=0.8, gt=0, le=1)
    """From here on ``gate`` believes a verdict."""
