"""How far a run has come, folded from its events one by one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from agent.events import (
    Acted,
    Answered,
    Ended,
    Event,
    EventData,
    Limited,
    Malformed,
    ModelChosen,
    Prepared,
    Reviewed,
    Said,
    Started,
    Steered,
    Submitted,
    Verified,
)

Stage = Literal["preparing", "working", "pausing", "paused", "asking", "verifying", "ended"]

_TOKENS = ("input_tokens", "output_tokens")


@dataclass(slots=True)
class Progress:
    """What the events so far add up to.

    Attributes:
        stage: what the run is at.
        issue, policy: as it set out.
        model: the model's name; empty without one.
        step: the last action asked for.
        tokens: read and written by the model.
        cost: US dollars, as far as known.
        began, last: times of the first and the last event, seconds since the epoch.
        running: the tool whose call is running, or waits for the user; empty between calls.
        asking: the event that waits for the user.
        tests: the last that is known of each test.
        patch: the last one handed in.
        edited: the file that the running call edits; empty for none.
        changed: files that edits went to, in the order of their first one.
        verified: the verification, once there is one.
        status, reason: how it ended.
        confirm: before which calls the user is asked, as they last said; empty where they did not.
    """

    stage: Stage = "preparing"
    issue: str = ""
    policy: str = ""
    model: str = ""
    step: int = 0
    tokens: int = 0
    cost: float = 0.0
    began: float = 0.0
    last: float = 0.0
    running: str = ""
    asking: Steered | None = None
    tests: dict[str, str] = field(default_factory=dict)
    patch: str = ""
    edited: str = ""
    changed: list[str] = field(default_factory=list)
    verified: Verified | None = None
    status: str = ""
    reason: str = ""
    confirm: str = ""

    def take(self, event: Event) -> None:
        """Count one more event."""
        self.began = self.began or event.time
        self.last = event.time
        data = event.data
        usage = getattr(data, "usage", None)
        if isinstance(usage, dict):
            self.tokens += sum(int(usage.get(each) or 0) for each in _TOKENS)
            self.cost += usage.get("cost") or 0.0
        if take := _TAKE.get(type(data)):
            take(self, data)


def _started(progress: Progress, data: Started) -> None:
    progress.issue, progress.policy = data.issue, data.policy


def _prepared(progress: Progress, data: Prepared) -> None:
    progress.stage = "working"


def _model(progress: Progress, data: ModelChosen) -> None:
    progress.model = data.model


def _acted(progress: Progress, data: Acted | Malformed) -> None:
    progress.step = data.step
    progress.running = (data.tool or "") if isinstance(data, Acted) else ""
    if isinstance(data, Acted) and data.tool in ("edit", "create"):
        progress.edited = data.argument.partition("\n")[0].strip()


def _reviewed(progress: Progress, data: Reviewed) -> None:
    _go_on(progress)


def _answered(progress: Progress, data: Answered) -> None:
    _go_on(progress)
    progress.running = ""
    outcomes = data.data.get("outcomes")
    if data.tool == "test" and isinstance(outcomes, list):
        for each in outcomes:
            if isinstance(each, dict):
                progress.tests[str(each.get("id", ""))] = str(each.get("status", ""))
    if data.ok and progress.edited and progress.edited not in progress.changed:
        progress.changed.append(progress.edited)
    progress.edited = ""


def _go_on(progress: Progress) -> None:
    progress.asking = None
    if progress.stage == "asking":
        progress.stage = "working"


def _steered(progress: Progress, data: Steered) -> None:
    match data.what:
        case "pausing" | "paused":
            progress.stage = data.what
        case "resumed":
            progress.stage = "asking" if progress.asking else "working"
        case "asking":
            progress.stage, progress.asking = "asking", data
        case "allowed":
            _go_on(progress)
        case "confirm":
            progress.confirm = data.text
        case _:
            pass


def _submitted(progress: Progress, data: Submitted) -> None:
    if data.applies or not progress.patch:
        progress.patch = data.patch


def _done(progress: Progress, data: Said | Limited) -> None:
    """The loop is over when the policy has its last word, or a limit has."""
    last = isinstance(data, Limited) or data.role == "policy"
    if last and progress.patch and progress.verified is None:
        progress.stage = "verifying"


def _verified(progress: Progress, data: Verified) -> None:
    progress.verified = data
    for each in (*data.fail_to_pass, *data.pass_to_pass):
        progress.tests[each.test] = each.after


def _ended(progress: Progress, data: Ended) -> None:
    progress.stage, progress.status, progress.reason = "ended", data.status, data.reason
    progress.running, progress.asking = "", None


_TAKE: dict[type[EventData], Callable[..., None]] = {
    Started: _started,
    Prepared: _prepared,
    ModelChosen: _model,
    Acted: _acted,
    Malformed: _acted,
    Reviewed: _reviewed,
    Answered: _answered,
    Steered: _steered,
    Submitted: _submitted,
    Said: _done,
    Limited: _done,
    Verified: _verified,
    Ended: _ended,
}
