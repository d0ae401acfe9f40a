"""What the tools have in common.

A tool gets the text between its tags on the wire and answers with text; it raises nothing for what
a policy can do wrong, and lets a `SandboxError` through for what it cannot help. Models that call
functions natively fill in named parameters instead; a tool makes its argument of them itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from sandboxes.sandbox import Sandbox

if TYPE_CHECKING:
    from model.predict.predictor import Predictor
    from tools.simulate import Simulated


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One action a policy asks for: a tool's name and its argument, exactly as written."""

    name: str
    argument: str


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answers.

    Attributes:
        output: text for the policy.
        ok: False when the call did nothing because it was malformed or refused.
        data: the same result for programs: JSON values only.
        patch: set by a submission alone: the submitted diff.
        simulated: set by a simulated test alone: what was predicted of it.
    """

    output: str
    ok: bool = True
    data: dict[str, object] = field(default_factory=dict)
    patch: str | None = None
    simulated: "Simulated | None" = None


@dataclass(frozen=True, slots=True)
class ToolSettings:
    """What tools need to know of the run.

    Attributes:
        command_timeout: seconds one command may take.
        output_limit: bytes kept of a command's output.
        test_command: how tests are run; ``{tests}`` and ``{junit}`` are replaced.
        test_timeout: seconds one call of the test tool may take.
        predictor: what predicts traces; without one there is no ``simulate``.
        source_tokens: that the source of what is simulated may have, about.
        trace_tokens: that the trace predicted of it may have.
        simulate_samples: traces predicted in one call of ``simulate``; they vote.
        simulate_seconds: that one call of ``simulate`` may take the model.
    """

    command_timeout: float = 120.0
    output_limit: int = 480 * 1024
    test_command: str = (
        "python -m pytest -q --rootdir=. -p no:cacheprovider --continue-on-collection-errors"
        " -o junit_family=xunit1 --junitxml={junit} {tests}"
    )
    test_timeout: float = 600.0
    predictor: "Predictor | None" = None
    source_tokens: int = 12_000
    trace_tokens: int = 16_384
    simulate_samples: int = 3
    simulate_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Parameter:
    """A part of a tool's argument, as a native call names it. All parameters are required texts.

    Attributes:
        name: of the field.
        description: what belongs there.
    """

    name: str
    description: str


class Tool(Protocol):
    """One thing a policy can do."""

    name: str
    """As it stands in a call: letters and underscores."""

    writes: bool
    """Whether a call may change the repository (asked before when the user confirms writes)."""

    description: str
    """What it does, for a policy to read."""

    form: str
    """What its argument looks like, parts in square brackets."""

    parameters: tuple[Parameter, ...]
    """The same argument in named parts."""

    def compose(self, values: Mapping[str, str]) -> str:
        """The argument, made of a value for each parameter."""
        ...

    async def __call__(self, argument: str, sandbox: Sandbox) -> ToolResult:
        """Do it."""
        ...
