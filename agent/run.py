"""One issue, from beginning to end: sandbox up, loop, verify, result.

A run is a folder: ``run.json`` is written first, ``events.jsonl`` grows as things happen,
``patch.diff`` holds the patch, ``result.json`` is written last. Whatever ends a run, the folder
says so, unless the process was killed; then it has no ``result.json``.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from agent.config import Settings
from agent.errors import AgentError, WrongUse
from agent.events import (
    Answered,
    Broke,
    Ended,
    Event,
    Prepared,
    Started,
    Submitted,
    Submitter,
    Verified,
)
from agent.issue import Issue
from agent.loop import LoopEnd, run_loop
from agent.oversight import EndedByUser, Oversight
from agent.policies.policy import Policy
from agent.prepare import Progress, Workplace, prepare
from agent.runfolder import (
    STOPPED,
    Parent,
    RunResult,
    Status,
    new_folder,
    record_of,
    steps_of,
    usage_of,
    write_json,
)
from agent.trajectory import Trajectory
from agent.verify import broken, touched_files, verify_patch
from model.errors import ModelError
from sandboxes.errors import SandboxError
from sandboxes.sandbox import Sandbox
from tools.registry import Tool, build_tools
from tools.submit import SubmitTool

if TYPE_CHECKING:
    from agent.preflight.preflight import Preflight
    from model.predict.predictor import Predictor
    from sandboxes.engine import Engine


@dataclass(frozen=True)
class Run:
    """A run that has ended.

    Attributes:
        folder: where it lies.
        result: what became of it.
        patch: the patch, or None.
        error: the infrastructure's failure, when that ended it.
    """

    folder: Path
    result: RunResult
    patch: str | None
    error: SandboxError | ModelError | None = None


Carry = Callable[[Sandbox, Mapping[str, Tool], Trajectory], Awaitable[None]]
"""Brings a fresh sandbox and an empty trajectory to where a fork begins."""


Turn = AbstractAsyncContextManager[object]
"""Something that only so many may hold at once."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a run that is a fork begins.

    Attributes:
        parent: what it goes on from.
        carry: brings its sandbox and its trajectory there, before its policy is asked.
        decide: who decides from there on, given who was named for it.
        instead: who does without anybody being named, and asked; None where somebody is to be.
    """

    parent: Parent
    carry: Carry
    decide: Callable[[Policy], Policy] = lambda policy: policy
    instead: Policy | None = None


async def run_issue(
    issue: Issue,
    settings: Settings,
    policy: Policy,
    engine: "Engine",
    *,
    progress: Progress = lambda line: None,
    watch: Callable[[Trajectory], None] = lambda trajectory: None,
    oversight: Oversight | None = None,
    predictor: "Predictor | None" = None,
    origin: Origin | None = None,
    attempt: int = 0,
    building: Turn | None = None,
) -> Run:
    """Let a policy resolve an issue, and grade what it hands in.

    Args:
        issue: what to resolve.
        settings: of this run.
        policy: what decides.
        engine: where sandboxes run.
        progress: gets a line now and then.
        watch: gets the trajectory once it is open.
        oversight: who watches over the loop; nobody without it.
        predictor: predicts executions, where the settings want that.
        origin: where a fork begins; at the issue without it.
        attempt: which one at this issue, where a batch makes several, from 1.
        building: held while the source and its image are prepared, so that not all do that at once.

    Returns:
        The run; a failure of the infrastructure is in it, not raised.

    Raises:
        AgentError: the issue or a setting is wrong; no result is written then.
        asyncio.CancelledError, EndedByUser: the user stopped it; the folder says so.
    """
    folder = new_folder(settings.out, issue)
    parent = origin.parent if origin else None
    policy = (origin.instead or origin.decide(policy)) if origin else policy
    record = record_of(folder.name, issue, settings, policy.name, parent, attempt)
    write_json(folder / "run.json", record)
    with Trajectory(folder / "events.jsonl") as trajectory:
        watch(trajectory)
        trajectory.append(Started(run=folder.name, issue=issue.id, policy=policy.name))
        tried = _Attempt(issue, settings, policy, engine, folder, trajectory, progress)
        tried.oversight, tried.predictor, tried.origin = oversight, predictor, origin
        tried.building = building or contextlib.nullcontext()
        try:
            return await tried.run()
        except (asyncio.CancelledError, EndedByUser):
            tried.end("failed", STOPPED)
            raise
        except (SandboxError, ModelError) as error:
            return tried.broke(error)
        except AgentError as error:
            tried.end("failed", error.message, type(error).__name__)
            raise
        except Exception as error:
            kind = type(error).__name__
            tried.end("failed", f"unexpected {kind}: {error}", kind)
            raise


class _Attempt:
    """One run as it goes; its folder is made and its trajectory open."""

    def __init__(
        self,
        issue: Issue,
        settings: Settings,
        policy: Policy,
        engine: "Engine",
        folder: Path,
        trajectory: Trajectory,
        progress: Progress,
    ) -> None:
        self.issue = issue
        self.settings = settings
        self.policy = policy
        self.engine = engine
        self.folder = folder
        self.trajectory = trajectory
        self.progress = progress
        self.oversight: Oversight | None = None
        self.predictor: Predictor | None = None
        self.origin: Origin | None = None
        self.building: Turn = contextlib.nullcontext()
        self.preflight: Preflight | None = None
        self.timings: dict[str, float] = {}
        self.submission: Submitted | None = None
        self.verified: Verified | None = None
        trajectory.watch(self._keep)

    async def run(self) -> Run:
        async with self.building:
            place = await prepare(
                self.issue,
                self.settings,
                self.engine,
                run=self.folder.name,
                log=self.folder / "build.log",
                progress=self.progress,
            )
        self.timings["prepare"] = place.seconds
        _check_tests(self.issue, place)
        self.trajectory.append(
            Prepared(
                base_commit=place.base_commit,
                image=place.image,
                seconds=place.seconds,
                notes=place.notes,
            )
        )
        for note in place.notes:
            self.progress(note)
        end = await self._loop(place)
        if self.submission is None:
            return self.end("unresolved", end.reason or "the policy ended without a patch")
        self.progress("verifying the patch on a clean sandbox")
        self.verified = await verify_patch(
            self.submission.patch,
            place.judgement,
            start=place.sandbox,
            tools=self.settings.tools(place.test_command),
            settings=self.settings.verify,
            progress=self.progress,
        )
        self.timings["verify"] = self.verified.seconds
        self.trajectory.append(self.verified)
        if self.preflight is not None:
            self.preflight.judged((*self.verified.fail_to_pass, *self.verified.pass_to_pass))
        status, reason = _verdict(self.verified, end)
        if self.submission.by != "policy":
            reason = f"{reason} (nobody submitted it: {end.reason})"
        return self.end(status, reason)

    async def _loop(self, place: Workplace) -> LoopEnd:
        started = time.monotonic()
        async with place.sandbox() as sandbox:
            self.progress(f"the {self.policy.name} policy is at work")
            self.preflight = self._look_ahead(sandbox, place)
            tools = self.settings.tools(place.test_command)
            if self.preflight is not None:
                tools = replace(
                    tools,
                    predictor=self.preflight.predictor,
                    source_tokens=self.settings.simulate.source_tokens,
                    trace_tokens=self.settings.simulate.trace_tokens,
                    simulate_samples=self.settings.simulate.samples,
                    simulate_seconds=self.settings.simulate.seconds,
                )
            usable = build_tools(tools)
            if self.origin is not None:
                await self.origin.carry(sandbox, usable, self.trajectory)
                self.timings["carry"] = round(time.monotonic() - started, 2)
                started = time.monotonic()
            try:
                end = await run_loop(
                    self.policy,
                    self.issue,
                    tools=usable,
                    sandbox=sandbox,
                    trajectory=self.trajectory,
                    limits=self.settings.limits.of_a_run(),
                    test_command=place.test_command,
                    oversight=self.oversight,
                    preflight=self.preflight,
                )
            except ModelError:
                await self._take_candidate("failure", sandbox, place)
                raise
            finally:
                self.timings["loop"] = round(time.monotonic() - started, 2)
            by = end.candidate or ("policy" if _kept_back(self.trajectory.events) else None)
            if by is not None:
                await self._take_candidate(by, sandbox, place)
        return end

    def _look_ahead(self, sandbox: Sandbox, place: Workplace) -> "Preflight | None":
        """What predicts this run's tests, where that is wanted."""
        if self.predictor is None or self.settings.simulate.mode == "off":
            return None
        from agent.preflight.preflight import Preflight

        return Preflight(
            predictor=self.predictor,
            settings=self.settings.simulate,
            sandbox=sandbox,
            base_commit=place.base_commit,
            tests=self.issue.for_policy().tests,
            note=self.trajectory.append,
            folder=self.folder,
            seed=self.settings.seed,
        )

    async def _take_candidate(self, by: Submitter, sandbox: Sandbox, place: Workplace) -> None:
        """Where nothing was submitted that counts, take what has changed in the tree, if any."""
        from sandboxes.repository.diff import take_diff

        if self.submission is not None and self.submission.applies:
            return
        patch = await take_diff(sandbox, place.base_commit)
        if patch:
            self.trajectory.append(Submitted(patch=patch, by=by))

    def _keep(self, event: Event) -> None:
        """Write a patch out as soon as it is handed in, whatever becomes of the run after that.

        One that does not apply never takes the place of one that does.
        """
        handed_in, before = event.data, self.submission
        if not isinstance(handed_in, Submitted):
            return
        if handed_in.applies or before is None or not before.applies:
            self.submission = handed_in
            (self.folder / "patch.diff").write_bytes(handed_in.patch.encode())

    def broke(self, error: SandboxError | ModelError) -> Run:
        """The infrastructure failed; what is known is kept."""
        self.trajectory.append(Broke(kind=type(error).__name__, message=error.message))
        run = self.end("failed", error.message, type(error).__name__)
        return Run(run.folder, run.result, run.patch, error)

    def end(self, status: Status, reason: str, failure: str = "") -> Run:
        """Write the last event and ``result.json``."""
        self.trajectory.append(Ended(status=status, reason=reason))
        submission = self.submission
        result = RunResult(
            id=self.folder.name,
            issue=self.issue.id,
            policy=self.policy.name,
            status=status,
            reason=reason,
            failure=failure,
            submitted_by=submission.by if submission else None,
            verification=self.verified,
            steps=steps_of(self.trajectory),
            usage=usage_of(self.trajectory),
            timings=self.timings,
        )
        write_json(self.folder / "result.json", result)
        return Run(self.folder, result, submission.patch if submission else None)


def _check_tests(issue: Issue, place: Workplace) -> None:
    """Say at once that a test's file is missing, rather than after all the work.

    Raises:
        WrongUse: a test the issue names lies in no file of the base.
    """
    brought = {*place.judgement.files, *touched_files(place.judgement.patch or "")}
    for test in issue.tests:
        path = test.partition("::")[0]
        if path not in place.files and path not in brought:
            raise WrongUse(
                f"there is no {path} in the repository, which the test {test} names",
                "give tests as pytest does: tests/test_file.py::test_name",
            )


def _kept_back(events: list[Event]) -> bool:
    """Whether the last submission is one that a prediction kept from being made.

    A policy that ends there has handed in all the same: it must not lose what it would have had
    without predictions.
    """
    answers = (event.data for event in reversed(events) if isinstance(event.data, Answered))
    last = next((each for each in answers if each.tool == SubmitTool.name), None)
    return last is not None and last.data.get("refused") == "preflight"


def _verdict(verified: Verified, end: LoopEnd) -> tuple[Status, str]:
    lost = [each for each in verified.pass_to_pass if broken(each)]
    missed = [each for each in verified.fail_to_pass if each.after != "passed"]
    if verified.resolved:
        count = len(verified.fail_to_pass)
        kept = sum(each.before == "passed" for each in verified.pass_to_pass)
        return "resolved", f"{count} failing test(s) pass now, {kept} that passed still do"
    if not verified.applied:
        return "unresolved", f"the patch does not apply: {'; '.join(verified.notes)}"
    if missed:
        return "unresolved", f"{len(missed)} test(s) still do not pass, first {missed[0].test}"
    if lost:
        return (
            "unresolved",
            f"{len(lost)} test(s) passed before, not now, first {lost[0].test}",
        )
    return "submitted", "the issue names no tests to verify the patch with"
