"""Tests that reproduce an issue, written by a model: asked for, run, and kept where they do.

A test is a script that prints one of three lines as its last. What a model writes is hostile, and
so is what its script prints: it is run in sandboxes alone, each time in a fresh one, and nothing
counts but its last line, and whether it ended well.
"""

import asyncio
import secrets
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

from agent.issue import Issue
from agent.selecting.candidate import OTHER, REPRODUCED, RESOLVED, Outcome
from agent.selecting.together import together
from model.questions.replies import read_program, whole
from sandboxes.sandbox import CommandResult, Sandbox

if TYPE_CHECKING:
    from model.questions.speaking import Speaker

SECONDS = 60.0
"""One script may take."""

ANSWER_TOKENS = 16_384
"""One script may take, with the reasoning before it."""

_OUTPUT = 64 * 1024
_LONGEST_SCRIPT = 64 * 1024
_LONGEST_ISSUE = 100_000
_FILES_SHOWN = 200
_OUTCOMES: tuple[Outcome, ...] = (REPRODUCED, RESOLVED, OTHER)


@dataclass(frozen=True, slots=True)
class WrittenTest:
    """A test that a model wrote.

    Attributes:
        name: of it, among those written together.
        source: the script.
    """

    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Written:
    """What came of asking for tests.

    Attributes:
        tests: those there are.
        asked: how many were asked for.
        tokens: read and written.
    """

    tests: tuple[WrittenTest, ...]
    asked: int
    tokens: int


async def write_tests(
    speaker: "Speaker", issue: Issue, files: Iterable[str], *, count: int, seed: int
) -> Written:
    """Let a model write tests.

    Args:
        speaker: asks the model.
        issue: what they are about; only what a policy may see of it is told.
        files: paths of the repository's files.
        count: of tests; an answer without a script in it is none.
        seed: of the first answer.

    Raises:
        ModelError: the model does not answer.
    """
    answers = await speaker.say(
        _text("system.md").strip(),
        asked(issue, files),
        reasoning=True,
        samples=count,
        seed=seed,
        most=ANSWER_TOKENS,
    )
    sources = [read_program(each.text, cut=each.cut) for each in answers]
    tests = [
        WrittenTest(f"test {number}", f"{source}\n")
        for number, source in enumerate(sources, start=1)
        if source.strip() and len(source) <= _LONGEST_SCRIPT
    ]
    tokens = sum(each.tokens.computed + each.tokens.written for each in answers)
    return Written(tuple(tests), count, tokens)


def asked(issue: Issue, files: Iterable[str]) -> str:
    """What the model is told: the issue, and where in the repository it may look."""
    seen = issue.for_policy()
    text = f"{seen.title}\n\n{seen.text}" if seen.title else seen.text
    python = sorted(
        (path for path in files if path.endswith(".py")), key=lambda path: (path.count("/"), path)
    )
    shown = "\n".join(python[:_FILES_SHOWN])
    filled = Template(_text("reproduce.md")).substitute(issue=text[-_LONGEST_ISSUE:], files=shown)
    return whole(filled.strip())


async def run_test(test: WrittenTest, sandbox: Sandbox, seconds: float = SECONDS) -> Outcome:
    """Run a test in a sandbox, which is of no use to others afterwards.

    Args:
        test: what to run.
        sandbox: where, at the repository's root.
        seconds: it may take.

    Raises:
        SandboxDied: the sandbox went away.
    """
    path = f"/tmp/{secrets.token_hex(8)}/reproduce.py"
    await sandbox.write_file(path, test.source.encode(), parents=True)
    result = await sandbox.run(
        f'PYTHONPATH="$PWD${{PYTHONPATH:+:$PYTHONPATH}}" python {shlex.quote(path)}',
        state=None,
        timeout=seconds,
        output_limit=_OUTPUT,
        environment={"PYTHONDONTWRITEBYTECODE": "1"},
    )
    return outcome_of(result)


def outcome_of(result: CommandResult) -> Outcome:
    """What a script says by its last line, where it ended by itself and well."""
    last = (result.tail or result.head).decode("utf-8", "replace").rstrip().rpartition("\n")[2]
    said = next((each for each in _OUTCOMES if each == last.strip()), OTHER)
    return said if result.ok else OTHER


async def reproducing(
    tests: Sequence[WrittenTest], start: Callable[[], Sandbox], room: asyncio.Semaphore
) -> tuple[WrittenTest, ...]:
    """Those that reproduce the issue while nothing is changed.

    Args:
        tests: to look at.
        start: makes a clean sandbox of the repository at its base, not yet entered.
        room: for as many sandboxes as may be there at once.

    Raises:
        SandboxError: the infrastructure failed.
    """

    async def one(test: WrittenTest) -> Outcome:
        async with room, start() as sandbox:
            return await run_test(test, sandbox)

    outcomes = await together(map(one, tests))
    return tuple(
        test for test, outcome in zip(tests, outcomes, strict=True) if outcome == REPRODUCED
    )


def _text(name: str) -> str:
    return resources.files("agent.selecting.prompts").joinpath(name).read_text(encoding="utf-8")
