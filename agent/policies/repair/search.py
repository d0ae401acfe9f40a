"""The whole search: record the tests, rank lines, try edits in forks, judge what survives.

Trials come in waves, the likeliest edits first, spread over the workers. A wave is finished before
anything is judged, so that for a seed and a number of trials the answer does not depend on how fast
the machine is. Edits that pass the quick trials are judged in the order of their merit with an
ordinary run of the test command, first the failing tests' files, then the whole suite; the first
that repairs the failing tests and breaks nothing wins. Last resorts wait for one more wave.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from agent.events import EventData, Localised, SuspectLine, Tried
from agent.policies.repair.bench import FOLDER, Bench, Plan, PytestCommand, Trial, Verdict
from agent.policies.repair.candidates import Candidate, Candidates
from agent.policies.repair.foretelling import Foretelling
from agent.policies.repair.hints import gather_hints
from agent.policies.repair.localise import Spectrum, Suspicion, matching, ochiai
from agent.policies.repair.merit import is_last_resort, merit
from agent.policies.repair.reproduction import Reproduction
from agent.policies.repair.settings import RepairSettings
from agent.policies.repair.source import apply_edits
from sandboxes.errors import FileProblem
from sandboxes.sandbox import Sandbox
from tools.testcommand import shell_text

_FIRST_WAVE = 48
_LARGEST_WAVE = 384
_LISTED_LINES = 50
_FORETELLING = 0.25
"""Of the time that is left, for the answers of a world model."""


class CannotSearch(Exception):
    """There is nothing to search with; the message says why, for the policy's thought."""


@dataclass(slots=True)
class Found:
    """What a search ended with.

    Attributes:
        winner: the edit to submit, or None.
        text: the winner's file with the edit made.
        already: whether the tests to repair pass as it is.
        tried: edits tried.
        judged: edits that passed the quick trials and were judged.
        seconds: for everything.
        suspects: the most suspicious lines.
        functions: the most suspicious functions, as ``path::name``.
        notes: what should be known of the search.
    """

    winner: Candidate | None = None
    text: str = ""
    already: bool = False
    tried: int = 0
    judged: int = 0
    seconds: float = 0.0
    suspects: list[SuspectLine] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be repaired.

    Attributes:
        text: the issue's.
        tests: ids of failing tests; may name files, classes or functions.
        reproduction: instead, a script of the issue's.
        test_command: how tests are run.
    """

    text: str
    tests: tuple[str, ...]
    reproduction: Reproduction | None
    test_command: str


REPRODUCTION = f"{FOLDER}/test_reproduction.py"
"""Where a reproduction lies inside a fork."""


class Search:
    """One search. `run` does it all."""

    def __init__(
        self,
        sandbox: Sandbox,
        target: Target,
        settings: RepairSettings,
        note: Callable[[EventData], object],
        seconds: float,
        foretelling: Callable[[tuple[str, ...]], Foretelling] | None = None,
    ) -> None:
        """Nothing is run before `run`.

        Args:
            sandbox: the agent's; it is only forked.
            target: what is to be repaired.
            settings: the budgets.
            note: puts an event into the trajectory.
            seconds: it may take at most.
            foretelling: asks a world model about edits, given the failing tests.
        """
        self._foretell = foretelling
        self._foretelling: Foretelling | None = None
        self._sandbox = sandbox
        self._target = target
        self._settings = settings
        self._note = note
        self._started = time.monotonic()
        self._deadline = self._started + min(settings.seconds, seconds)
        self._found = Found()
        self._benches: list[Bench] = []
        self._spectrum = Spectrum()
        self._failing: tuple[str, ...] = ()
        self._files: tuple[str, ...] = ()

    async def run(self) -> Found:
        """Search until a winner, or the end of the budget.

        Raises:
            CannotSearch: the tests cannot be run or recorded.
            SandboxError: the engine failed.
        """
        command = PytestCommand.parse(self._target.test_command)
        if command is None:
            raise CannotSearch("the test command does not start pytest")
        async with AsyncExitStack() as stack:
            snapshot = await self._sandbox.snapshot()
            count = self._settings.workers or min(4, os.cpu_count() or 1)
            benches = [Bench(self._sandbox, snapshot) for _ in range(count)]
            self._benches = list(
                await asyncio.gather(*(stack.enter_async_context(each) for each in benches))
            )
            await self._record()
            if self._failing:
                await self._repair(command)
        self._found.seconds = time.monotonic() - self._started
        return self._found

    # -- recording

    async def _record(self) -> None:
        """Run the failing tests' files, and the rest of the suite, under the recorder."""
        target = self._target
        if target.reproduction is not None:
            for bench in self._benches:
                await bench.add_file(REPRODUCTION, target.reproduction.as_test())
            wanted: tuple[str, ...] = (REPRODUCTION,)
        else:
            wanted = tuple(dict.fromkeys(test.partition("::")[0] for test in target.tests))
        self._files = wanted
        suite = [f"--ignore={path}" for path in wanted]
        # Two runs in one fork would write to the same files.
        recording = self._run(self._benches[0], wanted, lines=True, seconds=self._left())
        if len(self._benches) > 1:
            rest = self._suite(self._benches[-1], suite, lines=True)
            (self._spectrum, output), far = await asyncio.gather(recording, rest)
        else:
            self._spectrum, output = await recording
            far = await self._suite(self._benches[0], suite, lines=True)
        if target.reproduction is not None:
            failed = list(self._spectrum.tests)
        else:
            failed = matching(target.tests, self._spectrum.tests)
        if not failed:
            broken = [run for run in self._spectrum.tests.values() if run.outcome == "error"]
            said = f": {': '.join(broken[0].error)}" if broken and broken[0].error else ""
            tail = " ".join(output.strip().splitlines()[-3:])
            raise CannotSearch(f"none of the tests could be run{said or ' (' + tail[-300:] + ')'}")
        bad = [test for test in failed if self._spectrum.tests[test].outcome in ("failed", "error")]
        self._found.already = not bad
        self._failing = tuple(bad)
        self._spectrum.add(far)

    async def _run(
        self, bench: Bench, tests: tuple[str, ...], *, lines: bool, seconds: float
    ) -> tuple[Spectrum, str]:
        command = shell_text(self._target.test_command, tests, f"{FOLDER}/junit.xml")
        spectrum, result = await bench.record(command, lines=lines, seconds=seconds)
        if result.status == "timeout":
            spectrum.end_early(result.seconds)
        return spectrum, result.text

    async def _suite(self, bench: Bench, options: list[str], *, lines: bool) -> Spectrum:
        """The suite without the failing tests' files; empty when there is no time for it."""
        seconds = min(self._settings.suite_seconds, self._left() / 3)
        if seconds < 1:
            return Spectrum(cut_short=True)
        everywhere = ("--continue-on-collection-errors", *options)
        return (await self._run(bench, everywhere, lines=lines, seconds=seconds))[0]

    # -- repairing

    async def _repair(self, command: PytestCommand) -> None:
        suspicion = ochiai(self._spectrum, self._failing)
        ranked = suspicion.ranked()
        self._found.suspects = [
            SuspectLine(path=path, line=line, score=round(score, 4))
            for path, line, score in ranked[:_LISTED_LINES]
        ]
        self._note(
            Localised(
                formula="ochiai",
                failing=len(self._failing),
                passing=len(self._spectrum.passed()),
                lines=tuple(self._found.suspects),
                seconds=round(time.monotonic() - self._started, 3),
            )
        )
        if not ranked:
            raise CannotSearch(
                "the failing tests run no line of the repository: is the project installed from it?"
            )
        candidates = await self._candidates(suspicion)
        self._found.functions = [f"{path}::{name}" for _, path, name in candidates.functions()[:20]]
        plan = await self._plan(command)
        stream = iter(candidates)
        head, believed = await self._foretold(stream, candidates)
        await self._waves(chain(head, stream), candidates, plan, believed)

    async def _foretold(
        self, stream: Iterator[Candidate], all_: Candidates
    ) -> tuple[list[Candidate], int]:
        """The first edits, ordered by what a model says, and how many it believes in."""
        if self._foretell is None or self._target.reproduction is not None:
            return [], 0
        self._foretelling = self._foretell(self._failing)
        head = list(islice(stream, self._settings.foretold))
        return await self._foretelling.ordered(
            head,
            self._benches[0].sandbox,
            lambda one: apply_edits(all_.files[one.path].text, one.edits),
            _FORETELLING * self._left(),
        )

    async def _candidates(self, suspicion: Suspicion) -> Candidates:
        tests = {path: await self._read(path) for path in self._files}
        failing = [self._spectrum.tests[test] for test in self._failing]
        hints = gather_hints(self._target.text, failing, tests)
        paths = dict.fromkeys(path for path, _ in suspicion.scores)
        sources = {path: await self._read(path) for path in paths}
        return Candidates(
            suspicion,
            self._spectrum.imported,
            hints,
            sources.__getitem__,
            files=self._settings.files,
            seed=self._settings.seed,
        )

    async def _read(self, path: str) -> bytes:
        try:
            return await self._sandbox.read_file(path)
        except FileProblem:
            return b""

    async def _plan(self, command: PytestCommand) -> Plan:
        """What the trials run, and within which times, measured on the unedited program."""
        keep: tuple[str, ...] = ()
        if self._target.reproduction is None:
            passed = self._spectrum.passed()
            near = matching(self._files, self._spectrum.tests)
            keep = tuple(test for test in near if test in passed)
        plan = Plan(command, self._files, self._failing, keep)
        hot = await self._benches[0].check(plan, hot=True, seconds=self._left())
        if hot is None or hot.failing != "fail":
            raise CannotSearch(
                "the failing tests do not fail in the trial runner as they do by themselves"
            )
        if hot.bad:
            self._found.notes.append(f"{len(hot.bad)} tests pass only in their usual order")
        bad = set(hot.bad)
        failing, kept = hot.took
        return replace(
            plan,
            keep=tuple(test for test in keep if test not in bad),
            seconds=(
                20.0 + 5 * max(hot.seconds - failing - kept, 0.0),
                1.5 + 4 * failing,
                5.0 + 4 * kept,
            ),
        )

    async def _waves(
        self, stream: Iterator[Candidate], all_: Candidates, plan: Plan, believed: int
    ) -> None:
        """Try edits until one wins or the budget is spent.

        Those that a model believes in, the first so many, are a wave of their own.

        What fails hot although a fresh process might say otherwise is tried again in one, a quarter
        of a wave at a time, as that is slow.
        """
        size = _FIRST_WAVE * len(self._benches)
        again: list[Candidate] = []
        doubtful: dict[int, tuple[Candidate, Trial]] = {}
        waiting: list[tuple[Candidate, Trial]] = []
        while self._left() > 1 and self._found.judged < self._settings.judged:
            wave = again[:size] + [one for one, _ in islice(doubtful.values(), size // 4)]
            room = max(0, self._settings.trials - self._found.tried)
            wave += list(islice(stream, min(room, believed or max(0, size - len(wave)))))
            if not wave:
                break
            again = again[size:]
            if not believed:
                size = min(size * 2, _LARGEST_WAVE * len(self._benches))
            believed = 0
            trials = await self._wave(wave, plan)
            survivors, waiting = waiting, []
            for candidate, trial in trials:
                first = doubtful.pop(candidate.number, None) is None
                if trial.failing == "fresh":
                    again.append(replace(candidate, hot=False, sure=True))
                    continue
                self._found.tried += first
                if trial.failing == "pass" and trial.kept == "pass":
                    later = waiting if is_last_resort(candidate) else survivors
                    later.append((candidate, trial))
                elif candidate.hot and not candidate.sure:
                    doubtful[candidate.number] = (replace(candidate, hot=False), trial)
                else:
                    self._tell(candidate, trial.failing, trial.kept, trial.seconds)
            if await self._judge(survivors, all_):
                break
        if self._found.winner is None:
            await self._judge(waiting, all_)
        for candidate, trial in doubtful.values():
            if trial.failing != "fresh":
                self._tell(candidate, trial.failing, trial.kept, trial.seconds)

    async def _wave(self, wave: list[Candidate], plan: Plan) -> list[tuple[Candidate, Trial]]:
        """Try a wave, dealt out to the benches in turn; what was not reached is left out."""
        count = len(self._benches)
        hot = [candidate for candidate in wave if candidate.hot]
        fresh = [candidate for candidate in wave if not candidate.hot]
        left = self._left()
        answers = await asyncio.gather(
            *(
                bench.try_all(plan, fresh[place::count] + hot[place::count], left)
                for place, bench in enumerate(self._benches)
                if fresh[place::count] or hot[place::count]
            )
        )
        by_number = {trial.number: trial for trials in answers for trial in trials}
        return [(one, by_number[one.number]) for one in wave if one.number in by_number]

    # -- judging

    async def _judge(self, survivors: list[tuple[Candidate, Trial]], all_: Candidates) -> bool:
        """Judge survivors in the order of merit until one wins."""
        words = all_.hints.words
        survivors.sort(key=lambda pair: (-merit(pair[0], words), pair[0].number))
        for place, (candidate, trial) in enumerate(survivors):
            over = self._left() <= 1 or self._found.judged >= self._settings.judged
            if over or self._found.winner is not None:
                for rest, its in survivors[place:]:
                    self._tell(rest, "pass", its.kept, its.seconds)
                break
            since = time.monotonic()
            self._found.judged += 1
            text = apply_edits(all_.files[candidate.path].text, candidate.edits)
            failing, kept = await self._judge_one(candidate, text)
            self._tell(candidate, failing, kept, trial.seconds + time.monotonic() - since)
            if failing == "pass" and kept == "pass":
                self._found.winner, self._found.text = candidate, text
        return self._found.winner is not None

    async def _judge_one(self, candidate: Candidate, text: str) -> tuple[Verdict, Verdict | None]:
        """Ordinary test runs with the edit made: the failing tests' files, then the suite."""
        bench = self._benches[0]
        original = await bench.sandbox.read_file(candidate.path)
        await bench.sandbox.write_file(candidate.path, text.encode())
        try:
            near, _ = await self._run(bench, self._files, lines=False, seconds=self._left())
            if not set(self._failing) <= near.passed():
                return "fail", None
            before = self._spectrum.passed()
            mine = {test for test in before if matching(self._files, [test])}
            if mine - near.passed():
                return "pass", "fail"
            rest = before - mine
            if rest:
                suite = [f"--ignore={path}" for path in self._files]
                far = await self._suite(bench, suite, lines=False)
                lost = far.lost(rest)
                if lost and not await self._pass_again(bench, lost):
                    return "pass", "fail"
            return "pass", "pass"
        finally:
            await bench.sandbox.write_file(candidate.path, original)

    async def _pass_again(self, bench: Bench, lost: set[str]) -> bool:
        """Whether a few tests that did not pass do so alone: flaky ones, or not reached in time."""
        if len(lost) > 20:
            return False
        again, _ = await self._run(bench, tuple(sorted(lost)), lines=False, seconds=self._left())
        return lost <= again.passed()

    # -- small things

    def _tell(
        self, candidate: Candidate, failing: Verdict, kept: Verdict | None, seconds: float
    ) -> None:
        if self._foretelling is not None:
            self._foretelling.tried(candidate, failing)
        self._note(
            Tried(
                number=candidate.number,
                operator=candidate.operator,
                path=candidate.path,
                line=candidate.line,
                before=candidate.before,
                after=candidate.after,
                failing=failing,
                kept=kept,
                seconds=round(seconds, 4),
            )
        )

    def _left(self) -> float:
        return max(0.0, self._deadline - time.monotonic())
