"""What the loop asks before a call that runs tests, and after it.

Before it, the tests concerned are predicted, once there is a change to speak of. ``gate`` keeps a
test from running that is confidently said to fail; the same call, made again, runs all the same,
so that a wrong prediction costs a turn and no more. After it, what happened is recorded and laid
beside the prediction. All of it stands in the trajectory, the traces in the run's folder.
"""

import gzip
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from agent.events import Compared, Event, EventData, Forecasted, TestReport
from agent.preflight.comparison import NOT_PASSED, Comparison, compare, is_right
from agent.preflight.forecast import GATED, Forecast, foretell, gather
from agent.preflight.settings import SimulateSettings
from model.predict.predictor import Predictor
from model.trace.writing import write_frames
from sandboxes.repository.diff import take_diff
from sandboxes.sandbox import Sandbox
from tools.nodeids import covers, normal_id
from tools.programs.changes import changed_lines
from tools.programs.program import Gathered
from tools.registry import ToolCall, ToolResult
from tools.simulate import Simulated

_SIMULATED = 8
"""Tests that the policy simulated and one call runs, at most: each is recorded once more."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What was foreseen of a call.

    Attributes:
        step: the call's.
        forecasts: of its tests.
        refusal: why the call is not carried out; empty when it is.
        insisted: ids of tests that were kept from running before.
    """

    step: int
    forecasts: tuple[Forecast, ...] = ()
    refusal: str = ""
    insisted: frozenset[str] = frozenset()


@dataclass
class Preflight:
    """Looks ahead in one run.

    Attributes:
        predictor: of the model.
        settings: how far, and what follows.
        sandbox: where the run happens.
        base_commit: what the change is taken against.
        tests: that the issue names, as far as the policy may see them.
        note: puts an event into the trajectory.
        folder: of the run.
        seed: of the samples.
    """

    predictor: Predictor
    settings: SimulateSettings
    sandbox: Sandbox
    base_commit: str
    tests: tuple[str, ...]
    note: Callable[[EventData], Event]
    folder: Path
    seed: int = 0
    _refused: set[str] = field(default_factory=set)
    _known: dict[tuple[str, str], Forecast] = field(default_factory=dict)
    """By change and test; the policy's own simulations are among them."""

    _simulated: set[tuple[str, str]] = field(default_factory=set)
    _noted: dict[int, bool] = field(default_factory=dict)
    _compared: set[int] = field(default_factory=set)
    _failed: tuple[str, ...] = ()
    _submitted: Foreseen | None = None
    _files: int = 0

    async def before(self, call: ToolCall, step: int) -> Foreseen:
        """What is foreseen of a call, which has not been carried out yet.

        Raises:
            SandboxDied: the sandbox went away.
            ModelError: the model cannot be asked at all.
        """
        tests = self._concerned(call)[: self.settings.tests]
        simulated = self._simulated and call.name in ("test", "submit")
        diff = await take_diff(self.sandbox, self.base_commit) if tests or simulated else ""
        own = self._simulated_of(call, diff)
        if not diff:
            # There is no change to speak of: only what the policy asked for itself is compared.
            return Foreseen(step, tuple(self._known[_digest(diff), test] for test in own))
        changed = changed_lines(diff)
        forecasts = []
        for test in dict.fromkeys((*tests, *own)):
            key = _digest(diff), test
            if key not in self._known:
                gathered = await gather(test, self.sandbox, self.settings, changed)
                thorough = self.settings.mode == "gate"
                self._known[key] = await self.foretell(test, gathered, step, thorough=thorough)
            forecasts.append(self._known[key])
        refusal = self._refusal(call, diff, forecasts)
        insisted = frozenset(each.test for each in forecasts) if self._insists(call, diff) else None
        for each in forecasts:
            self._note_forecast(each, step, refused=bool(refusal))
        if refusal:
            self._refused.add(_key(call, diff))
            if call.name == "submit":  # it may be taken all the same
                kept_back = frozenset(each.test for each in forecasts)
                self._submitted = Foreseen(step, tuple(forecasts), insisted=kept_back)
        return Foreseen(step, tuple(forecasts), refusal, insisted or frozenset())

    async def after(self, foreseen: Foreseen, call: ToolCall, result: ToolResult) -> str:
        """What the policy is told besides, now that the call was carried out.

        Raises:
            SandboxDied: the sandbox went away.
        """
        if result.simulated is not None:
            await self._keep_simulated(result.simulated, foreseen.step)
            return ""
        if call.name == "submit":
            if result.patch is not None:
                self._submitted = foreseen
            return _advice(foreseen.forecasts, {})
        outcomes = _outcomes(result)
        self._failed = tuple(test for test, status in outcomes.items() if status in NOT_PASSED)
        for each in foreseen.forecasts:
            if each.test in outcomes:
                comparison = await compare(each, outcomes[each.test], self.sandbox)
                self._note_comparison(comparison, foreseen)
        return _advice(foreseen.forecasts, outcomes)

    async def foretell(
        self, test: str, gathered: Gathered | str, step: int, *, thorough: bool = False
    ) -> Forecast:
        """Predict a test whose program has been gathered; see `agent.preflight.forecast`."""
        seed = self.seed + step
        return await foretell(
            test, gathered, self.predictor, self.settings, seed, thorough=thorough
        )

    def happened(self, each: Forecast, outcome: str | None, step: int) -> None:
        """Write down a prediction that a policy made of its own, and what came of it, if known."""
        self._note_forecast(each, step, refused=False)
        if outcome is not None:
            comparison = Comparison(each, outcome, is_right(each, outcome))
            self._note_comparison(comparison, Foreseen(step))

    def judged(self, reports: Iterable[TestReport]) -> None:
        """Compare what was foreseen of the submission with its verification, unless it ran."""
        foreseen = self._submitted
        if foreseen is None:
            return
        outcomes = {normal_id(report.test): report.after for report in reports}
        for each in foreseen.forecasts:
            if each.test in outcomes and id(each) not in self._compared:
                outcome = outcomes[each.test]
                comparison = Comparison(each, outcome, is_right(each, outcome))
                self._note_comparison(comparison, foreseen)

    def _concerned(self, call: ToolCall) -> tuple[str, ...]:
        """The tests that a call runs, or that judge what it submits, most telling first."""
        known = tuple(dict.fromkeys((*self._failed, *map(normal_id, self.tests))))
        if call.name == "submit":
            return known
        asked = _asked(call)
        within = {name: [test for test in known if covers(name, test)] for name in asked}
        single = [name for name in asked if "::" in name and not within[name]]
        return tuple(dict.fromkeys((*single, *chain.from_iterable(within.values()))))

    def _simulated_of(self, call: ToolCall, diff: str) -> list[str]:
        """The tests that a call runs and the policy simulated, with the change as it is."""
        digest = _digest(diff)
        mine = sorted(test for change, test in self._simulated if change == digest)
        asked = ["."] if call.name == "submit" else _asked(call)
        covered = (test for test in mine if any(covers(name, test) for name in asked))
        return [*islice(covered, _SIMULATED)]

    async def _keep_simulated(self, simulated: Simulated, step: int) -> None:
        """Write down what the policy simulated; it is compared once that test runs."""
        diff = await take_diff(self.sandbox, self.base_commit)
        key = _digest(diff), simulated.test
        self._simulated.add(key)
        self._known[key] = Forecast(
            test=simulated.test,
            judged=simulated.judged,
            predictions=simulated.predictions,
            gathered=simulated.gathered,
            tokens=simulated.tokens,
            seconds=simulated.seconds,
        )
        self._note_forecast(self._known[key], step, refused=False)

    def _refusal(self, call: ToolCall, diff: str, forecasts: Iterable[Forecast]) -> str:
        """Why the call is not carried out; empty when it is."""
        if self.settings.mode != "gate" or self._insists(call, diff):
            return ""
        bad = [
            each
            for each in forecasts
            if each.judged.verdict in GATED and each.judged.confidence >= self.settings.confidence
        ]
        if not bad:
            return ""
        lines = [f"Nothing was run. Predicted by {self.predictor.model}, before it is:"]
        lines += [f"* {each.test}: {_foretold(each)}" for each in bad]
        lines += [
            "A prediction can be wrong. Mend the code, or make the same call again to run it."
        ]
        return "\n".join(lines)

    def _insists(self, call: ToolCall, diff: str) -> bool:
        """Whether the policy makes a call again that was refused, with nothing changed."""
        return _key(call, diff) in self._refused

    def _note_forecast(self, each: Forecast, step: int, *, refused: bool) -> None:
        if id(each) in self._noted and (self._noted[id(each)] or not refused):
            return  # the same prediction, of the same code
        self._noted[id(each)] = refused
        judged = each.judged
        # Who shows one of them shows the first: that is the one that decided.
        first = judged.sample or 0
        ordered = [*each.predictions[first : first + 1], *each.predictions[:first]]
        ordered += each.predictions[first + 1 :]
        texts = [write_frames(one.frames, one.ended) for one in ordered]
        self.note(
            Forecasted(
                step=step,
                test=each.test,
                predictor=self.predictor.name,
                model=self.predictor.model,
                verdict=judged.verdict,
                confidence=round(judged.confidence, 4),
                reason=judged.reason,
                line=judged.decided_by.source.strip() if judged.decided_by else "",
                votes={verdict: count for verdict, count in judged.votes.items() if count},
                tokens={
                    "reused": each.tokens.reused,
                    "computed": each.tokens.computed,
                    "written": each.tokens.written,
                },
                left_out=each.gathered.left_out if each.gathered else (),
                trace=self._keep(each.test, "predicted", _as_lines(each, texts)),
                refused=refused,
                seconds=round(each.seconds, 3),
            )
        )

    def _note_comparison(self, comparison: Comparison, foreseen: Foreseen) -> None:
        each, recording = comparison.forecast, comparison.recording
        self._compared.add(id(each))
        text = recording.text if recording else ""
        self.note(
            Compared(
                step=foreseen.step,
                test=each.test,
                predictor=self.predictor.name,
                model=self.predictor.model,
                verdict=each.judged.verdict,
                confidence=round(each.judged.confidence, 4),
                outcome=comparison.outcome,
                right=comparison.right,
                refused=each.test in foreseen.insisted,
                divergence=comparison.divergence,
                trace=self._keep(each.test, "recorded", text),
            )
        )

    def _keep(self, test: str, kind: str, text: str) -> str:
        """Put a trace into the run's folder; returns its path there."""
        if not text:
            return ""
        self._files += 1
        slug = re.sub(r"[^A-Za-z0-9_]+", "-", test.rpartition("::")[2])[:40].strip("-")
        name = f"traces/{self._files:03}-{slug}-{kind}.jsonl.gz"
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(text.encode("utf-8", "replace"), mtime=0))
        return name


def _asked(call: ToolCall) -> list[str]:
    """What a call of ``test`` names; nothing of any other."""
    if call.name != "test":
        return []
    named = [normal_id(line) for line in call.argument.splitlines() if line.strip()]
    return ["."] if named == ["all"] else named


def _digest(diff: str) -> str:
    return hashlib.sha256(diff.encode()).hexdigest()


def _key(call: ToolCall, diff: str) -> str:
    return hashlib.sha256(f"{call.name}\0{call.argument}\0{diff}".encode()).hexdigest()


def _as_lines(each: Forecast, texts: Iterable[str]) -> str:
    """The source and the traces, one JSON object a line."""
    source = each.gathered.program.source if each.gathered else ""
    lines = [{"source": source}, *({"trace": text} for text in texts)]
    return "".join(json.dumps(line) + "\n" for line in lines) if texts else ""


def _outcomes(result: ToolResult) -> Mapping[str, str]:
    """How each test ended, as the test tool says."""
    found = result.data.get("outcomes")
    rows = found if isinstance(found, list) else []
    return {str(row["id"]): str(row["status"]) for row in rows}


def _advice(forecasts: Iterable[Forecast], outcomes: Mapping[str, str]) -> str:
    """The predictions beside what happened, for the policy to read."""
    lines = []
    for each in forecasts:
        if each.judged.verdict != "unsure":
            came = f"; it {outcomes[each.test]}" if each.test in outcomes else ""
            lines.append(f"* {each.test}: {_foretold(each)}{came}")
    return "\n".join(["", "", "Predicted before it ran:", *lines]) if lines else ""


def _foretold(each: Forecast) -> str:
    judged = each.judged
    return f"{judged.verdict} (confidence {judged.confidence:.2f}): {judged.reason}"
