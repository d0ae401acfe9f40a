"""The kinds of events that a run's trajectory is made of.

Each has a class here; ``type`` is its name on disk. A new kind is one class and one name in
`EventData`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Data(BaseModel):
    """Common to all payloads: immutable, and strangers are kept so that newer files read."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Started(_Data):
    """The run begins: what it is about and who decides."""

    type: Literal["started"] = "started"
    run: str
    issue: str
    policy: str


class Prepared(_Data):
    """Where the run happens: the base commit, the images, and how long they took (seconds)."""

    type: Literal["prepared"] = "prepared"
    base_commit: str
    image: str
    seconds: float
    notes: tuple[str, ...] = ()


class ModelChosen(_Data):
    """Which model decides, how it is spoken to, and what the user should know of that."""

    type: Literal["model"] = "model"
    model: str
    url: str
    profile: str
    context: int
    notes: tuple[str, ...] = ()


class Prompted(_Data):
    """What the model is told first."""

    type: Literal["prompt"] = "prompt"
    system: str
    user: str


class CalledNatively(BaseModel):
    """A call in the server's own form; the id is what its result is sent back with."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    arguments: str


class ModelReply(BaseModel):
    """What a model answered, as it came.

    Attributes:
        text: all of it, reasoning included where the server does not split it off.
        reasoning: what the server split off.
        calls: made natively.
        finish: why it ended.
        seconds: from the request that succeeded to the answer's end.
        retries: requests that failed before.
    """

    model_config = ConfigDict(frozen=True)

    text: str
    reasoning: str = ""
    calls: tuple[CalledNatively, ...] = ()
    finish: str = "stop"
    seconds: float = 0.0
    retries: int = 0


class Acted(_Data):
    """The policy asked for an action; ``tool`` is null when it is done.

    ``thought`` is what it says beside the call; ``reply`` is where a model's whole answer stands.
    """

    type: Literal["action"] = "action"
    step: int
    tool: str | None
    argument: str = ""
    thought: str = ""
    usage: dict[str, int | float | None] = Field(default_factory=dict)
    reply: ModelReply | None = None


class Reviewed(_Data):
    """The user looked at an action before it ran: changed it, to ``argument``, or refused it."""

    type: Literal["review"] = "review"
    step: int
    decision: Literal["allowed", "changed", "refused"]
    argument: str = ""
    reason: str = ""


class Answered(_Data):
    """A tool's answer to the action of the same step; ``seconds`` is the tool's own time."""

    type: Literal["result"] = "result"
    step: int
    tool: str
    ok: bool
    output: str
    data: dict[str, object] = Field(default_factory=dict)
    seconds: float = 0.0


class Malformed(_Data):
    """The policy's answer held no valid action; ``message`` is what it is told."""

    type: Literal["format_error"] = "format_error"
    step: int
    message: str
    usage: dict[str, int | float | None] = Field(default_factory=dict)
    reply: ModelReply | None = None


class Retried(_Data):
    """The model's server failed and is asked again after some seconds."""

    type: Literal["retry"] = "retry"
    number: int
    of: int
    seconds: float
    reason: str


class Compacted(_Data):
    """Old tool output was taken out of the model's context; the steps whose output it was."""

    type: Literal["compaction"] = "compaction"
    steps: tuple[int, ...]
    tokens_before: int
    tokens_after: int


class Said(_Data):
    """Something told to the policy outside of a tool's answer, or by it in the end.

    Attributes:
        role: who says it: the user, the policy, or the run itself (``run``).
        text: what.
    """

    type: Literal["message"] = "message"
    role: Literal["user", "policy", "run"]
    text: str


class Steered(_Data):
    """Somebody steers the run from a screen, or the run waits for them.

    Attributes:
        what: ``pausing``: it will wait before its next action; ``paused``: it waits; ``resumed``;
            ``asking``: an action waits for their word; ``interrupted``: the command they wanted to
            stop has stopped; ``idle``: none was running; ``unstopped``: it could not be stopped;
            ``confirm``: what they want to be asked about from now on is in ``text``;
            ``allowed``: what waited may run; ``remembered``: so may every later call of ``tool``.
        request: whose answer this is; empty for none.
        step: the action waiting; 0 for none.
    """

    type: Literal["control"] = "control"
    what: Literal[
        "pausing",
        "paused",
        "resumed",
        "asking",
        "interrupted",
        "idle",
        "unstopped",
        "confirm",
        "allowed",
        "remembered",
    ]
    request: str = ""
    step: int = 0
    tool: str = ""
    argument: str = ""
    text: str = ""


class SuspectLine(BaseModel):
    """A line and how suspicious its execution is (0 to 1)."""

    model_config = ConfigDict(frozen=True)

    path: str
    line: int
    score: float


class Localised(_Data):
    """The repair policy ranked the lines that failing tests run and passing tests do not."""

    type: Literal["localisation"] = "localisation"
    formula: str
    failing: int
    passing: int
    lines: tuple[SuspectLine, ...]
    seconds: float


class Tried(_Data):
    """The repair policy tried one edit in a fork.

    ``failing`` says what became of the tests to repair, ``kept`` of those that passed before (null
    when they were not run).
    """

    type: Literal["trial"] = "trial"
    number: int
    operator: str
    path: str
    line: int
    before: str
    after: str
    failing: Literal["pass", "fail", "error", "timeout"]
    kept: Literal["pass", "fail", "error", "timeout"] | None = None
    seconds: float


class Forecasted(_Data):
    """A test's execution was predicted before it ran.

    Attributes:
        step: whose call would run it.
        test: its id.
        predictor: how it was predicted.
        model: with which model.
        verdict: ``pass``, ``fail``, ``error``, ``endless`` or ``unsure``.
        confidence: in it, from 0 to 1.
        reason: for it; may hold words of the model's.
        line: of the frame that decided it; empty when none did.
        votes: how many predicted traces said what.
        tokens: that it took: ``reused``, ``computed``, ``written``.
        left_out: source that matters and was not shown to the model.
        trace: the file with the predicted traces, below the run's folder; empty for none.
        refused: the test did not run because of it.
        seconds: it took.
    """

    type: Literal["forecast"] = "forecast"
    step: int
    test: str
    predictor: str
    model: str
    verdict: str
    confidence: float
    reason: str
    line: str = ""
    votes: dict[str, int] = Field(default_factory=dict)
    tokens: dict[str, int] = Field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    trace: str = ""
    refused: bool = False
    seconds: float = 0.0


class DivergedAt(BaseModel):
    """Where a prediction and a recording part; numbers of frames, lines, and what differs.

    ``names`` and ``values`` hold what was predicted and what was recorded; ``predicted_state`` and
    ``recorded_state`` all locals that were known there.
    """

    model_config = ConfigDict(frozen=True)

    what: str
    predicted: int | None
    recorded: int | None
    predicted_line: str = ""
    recorded_line: str = ""
    names: dict[str, tuple[str | None, str | None]] = Field(default_factory=dict)
    values: tuple[str | None, str | None] | None = None
    predicted_state: dict[str, str] = Field(default_factory=dict)
    recorded_state: dict[str, str] = Field(default_factory=dict)


class Compared(_Data):
    """What a test really did beside its forecast.

    Attributes:
        step: of the call that ran it; that of the forecast.
        test: its id.
        predictor, model, verdict, confidence: of the forecast.
        outcome: how it ended.
        right: whether the verdict was right; null where there was none, or no outcome.
        refused: a forecast had kept it from running before.
        divergence: where the traces part; null where they agree or one is missing.
        trace: the file with the recorded trace, below the run's folder; empty for none.
    """

    type: Literal["comparison"] = "comparison"
    step: int
    test: str
    predictor: str
    model: str
    verdict: str
    confidence: float
    outcome: str
    right: bool | None
    refused: bool = False
    divergence: DivergedAt | None = None
    trace: str = ""


Submitter = Literal["policy", "limit", "user", "failure"]


class Forked(_Data):
    """This run goes on from a step of another; the events before this one were carried over.

    Attributes:
        run: the other's id.
        step: the last of its steps that was carried over; 0 for none.
        differing: those of them whose results were others when they were repeated here.
        left_out: those of them that could not be repeated: there is no such tool any more.
        seconds: the repeating took.
    """

    type: Literal["fork"] = "fork"
    run: str
    step: int
    differing: tuple[int, ...] = ()
    left_out: tuple[int, ...] = ()
    seconds: float = 0.0


class Submitted(_Data):
    """A patch was handed in; a later one replaces it.

    ``by`` says who did: the policy; or nobody, and what had changed in the tree was taken as a
    candidate when a limit, the user or a failure of the infrastructure ended the run.
    """

    type: Literal["submission"] = "submission"
    patch: str
    by: Submitter = "policy"
    applies: bool = True


class Limited(_Data):
    """A limit ended the loop."""

    type: Literal["limit"] = "limit"
    limit: str
    message: str


class TestReport(BaseModel):
    """One test before and after the patch; ``flaky`` when repeated runs disagreed."""

    model_config = ConfigDict(frozen=True)

    test: str
    before: str
    after: str
    flaky: bool = False


class Verified(_Data):
    """The patch on a clean sandbox, test by test."""

    type: Literal["verification"] = "verification"
    applied: bool
    resolved: bool
    fail_to_pass: tuple[TestReport, ...] = ()
    pass_to_pass: tuple[TestReport, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


class Broke(_Data):
    """Infrastructure failed under the run."""

    type: Literal["failure"] = "failure"
    kind: str
    message: str


class Ended(_Data):
    """The run is over; ``result.json`` says the same."""

    type: Literal["ended"] = "ended"
    status: str
    reason: str


EventData = (
    Started
    | Prepared
    | ModelChosen
    | Prompted
    | Retried
    | Compacted
    | Acted
    | Reviewed
    | Answered
    | Malformed
    | Said
    | Steered
    | Localised
    | Tried
    | Forecasted
    | Compared
    | Forked
    | Submitted
    | Limited
    | Verified
    | Broke
    | Ended
)


class Event(BaseModel):
    """One line of a trajectory."""

    model_config = ConfigDict(frozen=True)

    id: int
    parent: int | None
    time: float
    type: str
    data: Annotated[EventData, Field(discriminator="type")]
