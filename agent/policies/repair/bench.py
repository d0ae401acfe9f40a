"""A fork of the sandbox in which tests are recorded and edits are tried, never the agent's own.

Two guest programs do the work inside: the recorder (`sandboxes/guest/spectrum.py`, a pytest plugin)
and the trial runner (`sandboxes/guest/trials.py`). Both are written below `/tmp` of the fork.
"""

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Literal

from agent.policies.repair.candidates import Candidate
from agent.policies.repair.localise import Spectrum, read_spectrum
from sandboxes.errors import FileProblem
from sandboxes.sandbox import CommandResult, Sandbox, Snapshot

FOLDER = "/tmp/foretrace-repair"
"""Where our own files lie inside a fork."""

_GIGABYTE = 1024**3
_PLUGINS = "-p foretrace_spectrum -p no:randomly"

Verdict = Literal["pass", "fail", "error", "timeout"]


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one candidate.

    Attributes:
        number: the candidate's.
        failing: of the tests to repair; ``fresh`` when it must be tried in a fresh process.
        kept: of the tests to keep; None when they were not run.
        seconds: wall time.
        bad: for a check without edits, the tests to keep that do not pass here.
        took: for a check, the seconds of the failing tests and of those to keep.
    """

    number: int
    failing: Literal["pass", "fail", "error", "timeout", "fresh"]
    kept: Verdict | None = None
    seconds: float = 0.0
    bad: tuple[str, ...] = ()
    took: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class PytestCommand:
    """A test command that starts pytest, taken apart.

    Attributes:
        environment: variables set before it.
        python: what starts Python.
        arguments: pytest's own, without tests and reports.
        cwd_first: whether the current directory comes first on Python's path.
    """

    environment: dict[str, str]
    python: str
    arguments: tuple[str, ...]
    cwd_first: bool

    @classmethod
    def parse(cls, command: str) -> "PytestCommand | None":
        """None when the command is something else than pytest."""
        try:
            words = shlex.split(command)
        except ValueError:
            return None
        environment = {}
        while words and re.fullmatch(r"[A-Za-z_]\w*=.*", words[0], re.DOTALL):
            name, _, value = words.pop(0).partition("=")
            environment[name] = value
        if len(words) > 2 and words[1:3] == ["-m", "pytest"]:
            python, rest, cwd_first = words[0], words[3:], True
        elif words and words[0].rpartition("/")[2] in ("pytest", "py.test"):
            python, rest, cwd_first = "python", words[1:], False
        else:
            return None
        if any(word in (";", "&&", "||", "|", ">") for word in rest):
            return None
        kept = tuple(word for word in rest if "{tests}" not in word and "{junit}" not in word)
        return cls(environment, python, kept, cwd_first)


@dataclass(frozen=True, slots=True)
class Plan:
    """What every trial of a search has in common.

    Attributes:
        command: how pytest is started.
        collect: what pytest is told to collect: files.
        failing: ids of the tests to repair.
        keep: ids of tests of the same files that pass now.
        seconds: limits: until the tests begin, for the failing tests, for those to keep.
        memory: bytes a trial may take.
    """

    command: PytestCommand
    collect: tuple[str, ...]
    failing: tuple[str, ...]
    keep: tuple[str, ...]
    seconds: tuple[float, float, float] = (60.0, 60.0, 120.0)
    memory: int = _GIGABYTE

    def request(self, candidates: Sequence[dict[str, object]]) -> bytes:
        """The trial runner's input."""
        arguments = [
            *self.command.arguments,
            "--tb=no",
            "-p",
            "no:cacheprovider",
            f"--basetemp={FOLDER}/temporary",
            *self.collect,
        ]
        return json.dumps(
            {
                "args": arguments,
                "cwd_first": self.command.cwd_first,
                "failing": self.failing,
                "keep": self.keep,
                "seconds": self.seconds,
                "memory": self.memory,
                "candidates": candidates,
            }
        ).encode()


class Bench:
    """One fork, prepared. Enter it before use; leaving removes the fork."""

    def __init__(self, origin: Sandbox, snapshot: Snapshot) -> None:
        self._origin = origin
        self._snapshot = snapshot
        self._fork: Sandbox | None = None
        self._extra: dict[str, bytes] = {}

    async def __aenter__(self) -> "Bench":
        await self._start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stop()

    @property
    def sandbox(self) -> Sandbox:
        """The fork itself."""
        assert self._fork is not None, "the bench was not entered"
        return self._fork

    async def add_file(self, path: str, data: bytes) -> None:
        """Put a file of ours into the fork, and into whatever replaces it."""
        self._extra[path] = data
        await self.sandbox.write_file(path, data, parents=True)

    async def replace(self) -> None:
        """A new fork in place of one that a trial broke."""
        await self._stop()
        await self._start()

    async def _start(self) -> None:
        fork = await self._origin.fork(self._snapshot)
        self._fork = await fork.__aenter__()
        ours = {
            f"{FOLDER}/foretrace_spectrum.py": guest("spectrum.py"),
            f"{FOLDER}/trials.py": guest("trials.py"),
        }
        for path, data in {**ours, **self._extra}.items():
            await self._fork.write_file(path, data, parents=True)

    async def _stop(self) -> None:
        fork, self._fork = self._fork, None
        if fork is not None:
            await fork.__aexit__(None, None, None)

    async def record(
        self, command: str, *, lines: bool, seconds: float
    ) -> tuple[Spectrum, CommandResult]:
        """Run a test command under the recorder; a time-out keeps what was recorded so far.

        With ``lines`` what they ran is recorded; without, outcomes alone, of an edited program.
        """
        out = f"{FOLDER}/spectrum.jsonl"
        environment = {
            "FORETRACE_SPECTRUM_OUT": out,
            "FORETRACE_SPECTRUM_LINES": "1" if lines else "0",
        }
        if not lines:
            # Edits made within one second and of one size look the same to Python's cache.
            environment["PYTHONDONTWRITEBYTECODE"] = "1"
        await self.sandbox.run(f"rm -f {out}", state=None)
        result = await self.sandbox.run(
            f"export PYTHONPATH={FOLDER}${{PYTHONPATH:+:$PYTHONPATH}}\n"
            f'export PYTEST_ADDOPTS="{_PLUGINS} $PYTEST_ADDOPTS"\n{command}',
            state=None,
            timeout=max(seconds, 1.0),
            environment=environment,
        )
        try:
            data = await self.sandbox.read_file(out, limit=_GIGABYTE)
        except FileProblem:
            data = b""
        return read_spectrum(data), result

    async def check(self, plan: Plan, *, hot: bool, seconds: float) -> Trial | None:
        """How the unedited program does in the trial runner; None when it gave no answer."""
        asked: dict[str, object] = {
            "number": 0,
            "path": "",
            "edits": [],
            "hot": hot,
            "check": True,
        }
        answers, _, _, _ = await self._ask(plan, [asked], seconds)
        return answers[0] if answers else None

    async def try_all(
        self, plan: Plan, candidates: Sequence[Candidate], seconds: float
    ) -> list[Trial]:
        """Try candidates within a time; those not reached are missing from the answer.

        A trial that kills the runner counts as ``error``; one that leaves the tree changed has the
        fork replaced. Either way the rest goes on.
        """
        trials: list[Trial] = []
        waiting = list(candidates)
        while waiting and seconds > 0:
            # The runner tries what needs a fresh process first.
            waiting.sort(key=lambda each: (each.hot, each.number))
            asked = [_asked(candidate) for candidate in waiting]
            answers, broke, ended, took = await self._ask(plan, asked, seconds)
            seconds -= took
            trials += answers
            known = {trial.number for trial in answers}
            missing = [each for each in waiting if each.number not in known]
            if missing and ended and not broke:
                trials.append(Trial(missing[0].number, "error"))
                missing = missing[1:]
            if broke or (missing and ended):
                await self.replace()
            waiting = missing if ended or broke else []
        return trials

    async def _ask(
        self, plan: Plan, asked: list[dict[str, object]], seconds: float
    ) -> tuple[list[Trial], bool, bool, float]:
        """The answers, whether a trial broke the tree, whether the runner ended by itself."""
        request = f"{FOLDER}/request.json"
        await self.sandbox.write_file(request, plan.request(asked), parents=True)
        result = await self.sandbox.run(
            f"exec {shlex.quote(plan.command.python)} {FOLDER}/trials.py {request}",
            state=None,
            timeout=max(seconds, 1.0),
            output_limit=64 * 1024**2,
            environment=plan.command.environment,
        )
        trials, broke = [], False
        for line in result.head.splitlines():
            try:
                answer = json.loads(line)
                trials.append(_trial(answer))
                broke = broke or bool(answer["broke"])
            except (ValueError, KeyError, TypeError):
                continue
        return trials, broke, result.status == "exited", result.seconds


def guest(name: str) -> bytes:
    """The source of a program of ours that runs inside."""
    return files("sandboxes.guest").joinpath(name).read_bytes()


def _asked(candidate: Candidate) -> dict[str, object]:
    edits = [[edit.start, edit.end, edit.text] for edit in candidate.edits]
    return {
        "number": candidate.number,
        "path": candidate.path,
        "edits": edits,
        "hot": candidate.hot,
    }


def _trial(answer: dict[str, object]) -> Trial:
    failing, kept = answer["failing"], answer["kept"]
    if failing not in ("pass", "fail", "error", "timeout", "fresh"):
        raise ValueError(failing)
    if kept not in (None, "pass", "fail", "error", "timeout"):
        raise ValueError(kept)
    number, seconds = answer["number"], answer["seconds"]
    if not isinstance(number, int) or not isinstance(seconds, int | float):
        raise TypeError(number)
    trial = Trial(number, failing, kept, float(seconds))
    bad, took = answer.get("bad"), answer.get("took")
    if isinstance(bad, list) and isinstance(took, list):
        names = tuple(str(name) for name in bad)
        trial = replace(trial, bad=names, took=(float(took[0]), float(took[1])))
    return trial
