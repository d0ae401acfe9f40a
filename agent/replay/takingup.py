"""Where a lost run is taken up, and who decides there: nothing is asked for that was decided."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.events import Acted, Event, Limited, Malformed, Submitted
from agent.oversight import EndedByUser
from agent.policies.policy import Action, Episode, LimitReached, Policy
from agent.policies.scripted import ScriptedPolicy
from agent.replay.reading import RecordedRun, read_record
from agent.replay.steps import Step, steps_of
from agent.runfolder import own_events
from tools.registry import ToolCall
from tools.submit import SubmitTool

_PLANS = ("repair",)
"""Policies that follow a plan which is in no event: they begin anew."""

LoopOver = Acted | Limited | Submitted
"""What ended a run's loop: the policy's last word, a limit, or the user, who wanted what there was
to be submitted."""


@dataclass(frozen=True, slots=True)
class Where:
    """Where a run is taken up.

    Attributes:
        after: the last step that is carried over; 0 for none.
        decide: the policy, brought to where it was.
        end: what had ended the loop; None where it went on.
        candidate: what had been taken to be verified although the policy had not handed it in.
        anew: whether steps are not carried over because the policy has lost its plan.
    """

    after: int
    decide: Callable[[Policy], Policy]
    end: LoopOver | None
    candidate: Submitted | None
    anew: bool


def where(run: RecordedRun) -> Where:
    """Where to take up a run that is not at work any more.

    Raises:
        WrongUse: it took the place of a run that is gone, and how far its script had been played
            cannot be told without that.
    """
    steps = steps_of(run.events)
    end, whole = _loop_end(run.events), _last_whole(steps)
    pending = _pending(steps)
    anew = run.record.policy in _PLANS and end is None and pending is None
    after = max((step.number for step in steps if step.carried), default=0) if anew else whole
    played = _played(run, steps, after) + (pending is not None)

    def decide(policy: Policy) -> Policy:
        if isinstance(policy, ScriptedPolicy):
            policy.played = played
        return HandsIn(policy, pending) if pending is not None else policy

    candidate = _candidate(run.events) if end is not None else None
    return Where(after, decide, end, candidate, anew and after < whole)


def _last_whole(steps: Sequence[Step]) -> int:
    """The number of the last step that has come to something; 0 for none."""
    done = (step.number for step in reversed(steps) if step.result or step.malformed)
    return next(done, 0)


def _pending(steps: Sequence[Step]) -> Acted | None:
    """The submission that was asked for when the run was lost."""
    last = steps[-1] if steps else None
    if last is None or last.result or last.malformed or last.action is None:
        return None
    return last.action if last.action.tool == SubmitTool.name else None


def _loop_end(events: Sequence[Event]) -> LoopOver | None:
    for event in reversed(own_events(events)):
        data = event.data
        if isinstance(data, Limited) or (isinstance(data, Submitted) and data.by == "user"):
            return data
        if isinstance(data, Acted):
            return data if data.tool is None else None
        if isinstance(data, Malformed):
            return None
    return None


def _candidate(events: Sequence[Event]) -> Submitted | None:
    taken = (e.data for e in reversed(own_events(events)) if isinstance(e.data, Submitted))
    last = next(taken, None)
    return last if last is not None and last.by != "policy" else None


def _played(run: RecordedRun, steps: Sequence[Step], after: int) -> int:
    """How many actions up to a step were the run's own, or those of a run it took the place of."""
    if run.record.policy != ScriptedPolicy.name:
        return 0
    record, folder = run.record, run.folder
    while record.parent is not None and record.parent.resumed:
        folder = folder.parent / record.parent.run
        record = read_record(folder)
    first = record.parent.step if record.parent else 0
    return sum(step.action is not None for step in steps if first < step.number <= after)


class Over:
    """Ends the run the way it had ended, and asks nobody."""

    def __init__(self, name: str, end: LoopOver) -> None:
        self.name = name
        self._end = end

    async def act(self, episode: Episode) -> Action:
        """The end.

        Raises:
            LimitReached: it was a limit.
            EndedByUser: it was the user.
        """
        match self._end:
            case Acted(thought=thought, reply=reply):
                return Action(None, thought, reply=reply)
            case Limited(limit=limit, message=message):
                raise LimitReached(limit, message)
            case _:
                raise EndedByUser(submit=True)


class HandsIn:
    """Makes the submission that was under way; only where it is refused the policy goes on."""

    def __init__(self, policy: Policy, asked: Acted) -> None:
        """Args: policy: goes on then. asked: the submission that it had asked for."""
        self.name = policy.name
        self._policy = policy
        self._asked: Acted | None = asked
        self._waits = True

    async def act(self, episode: Episode) -> Action:
        """The submission, then the end, or what the policy says to its being refused."""
        if (asked := self._asked) is not None and asked.tool is not None:
            self._asked = None
            call = ToolCall(asked.tool, asked.argument)
            return Action(call, asked.thought, reply=asked.reply)
        if self._waits and _handed_in(episode.events):
            return Action(None, "The patch was handed in when the run was lost.")
        self._waits = False
        return await self._policy.act(episode)


def _handed_in(events: Sequence[Event]) -> bool:
    """Whether the last action was a submission that counts."""
    for event in reversed(events):
        if isinstance(event.data, Submitted):
            return event.data.by == "policy" and event.data.applies
        if isinstance(event.data, Acted):
            return False
    return False
