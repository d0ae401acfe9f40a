"""Running tests in a sandbox and knowing, test by test, how they ended."""

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from sandboxes.errors import FileProblem
from sandboxes.sandbox import CommandResult, Sandbox
from tools.junit import BadReport, Case, Status, read_junit
from tools.nodeids import Locator, covers, file_of, normal_id, with_users_paths
from tools.testcommand import not_understood, shell_text
from tools.tool import ToolSettings

_MOST_RETRIES = 20
_MOST_LINES = 12
_GRAVITY: tuple[Status, ...] = ("failed", "error", "passed", "xfailed", "skipped", "missing")
_NOT_FOUND = re.compile(
    r"^ERROR: (?:file or directory not found|file not found|not found|"
    r"found no collectors for)[: ] ?(.+?)$",
    re.MULTILINE,
)
# A test that changes a source file and runs it within the same second must not meet the bytecode of
# the file as it was; colours would only be noise.
_ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", "PY_COLORS": "0"}


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """How one test ended.

    Attributes:
        id: as pytest's node id, relative to the repository; a file alone when it could not be
            collected.
        status: ``passed``, ``failed``, ``error``, ``skipped``, ``xfailed``; ``missing`` for an id
            that was asked for and is not there.
        message: the lines that say why; empty for passed tests.
        seconds: as the runner measured it.
    """

    __test__: ClassVar[bool] = False

    id: str
    status: Status
    message: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class TestRun:
    """One run of some tests.

    Attributes:
        outcomes: one for each test that ran or was asked for, in the runner's order.
        complete: the run came to its end and left a readable report. Otherwise ``outcomes`` may
            lack tests, and says nothing of those it lacks.
        problem: why it is not complete, one line; empty when it is.
        exit_code: the runner's; None when it was stopped.
        output: what the runner printed.
        seconds: wall time.
    """

    __test__: ClassVar[bool] = False

    outcomes: tuple[TestOutcome, ...]
    complete: bool
    problem: str
    exit_code: int | None
    output: str
    seconds: float

    def counts(self) -> dict[str, int]:
        """How many tests ended how; only what occurred."""
        found = [outcome.status for outcome in self.outcomes]
        return {status: found.count(status) for status in _GRAVITY if status in found}


async def run_tests(
    sandbox: Sandbox,
    tests: Sequence[str],
    settings: ToolSettings,
    *,
    timeout: float | None = None,
) -> TestRun:
    """Run tests with the repository's test command, apart from the agent's shell.

    An id that does not exist makes pytest run nothing at all: the others are run without it, and it
    comes back as ``missing``. One whose file cannot be collected comes back as ``error``.

    Args:
        sandbox: where.
        tests: node ids, files or folders; none for the whole suite.
        settings: the command, the time-out and the limit of output.
        timeout: seconds, instead of the settings'.

    Raises:
        SandboxDied: the sandbox went away.
    """
    asked = list(dict.fromkeys(normal_id(test) for test in tests if test.strip()))
    left, seconds, budget = asked, 0.0, timeout or settings.test_timeout
    cases: list[Case] = []
    for _ in range(_MOST_RETRIES):
        result, found, problem = await _run_once(sandbox, left, settings, budget - seconds)
        seconds += result.seconds
        cases += found
        instead = _without_unknown(result, left)
        if instead is None:
            break
        left, problem = instead, ""
        if left and seconds >= budget:
            problem = f"the tests were not found within {budget:g} s"
        if not left or problem:
            break
    outcomes = await _outcomes(sandbox, cases, asked)
    if not problem and result.exit_code == 2 and "Interrupted:" in result.text:
        problem = "the runner gave up while it collected the tests"
    if not problem and result.exit_code == 4 and left:
        problem = f"the runner did not start: {_complaint(result)}"
    if not problem:
        outcomes += _unaccounted(asked, outcomes)
    return TestRun(
        outcomes=tuple(outcomes),
        complete=not problem,
        problem=problem,
        exit_code=result.exit_code,
        output=result.text,
        seconds=round(seconds, 3),
    )


async def _run_once(
    sandbox: Sandbox, tests: Sequence[str], settings: ToolSettings, seconds: float
) -> tuple[CommandResult, list[Case], str]:
    """One call of the test command: its result, its report, and what is wrong with that."""
    folder = f"/tmp/foretrace-{secrets.token_hex(8)}"
    report = f"{folder}/junit.xml"
    for measured in (False, True):
        command = shell_text(settings.test_command, tests, report, measured=measured)
        result = await sandbox.run(
            f"mkdir -p {folder} || exit\n{command}",
            state=None,
            timeout=seconds,
            output_limit=settings.output_limit,
            environment=_ENVIRONMENT,
        )
        if result.exit_code != 4 or not not_understood(result.text):
            break
    cases: list[Case] = []
    try:
        cases = read_junit(await sandbox.read_file(report))
        problem = ""
    except (FileProblem, BadReport) as error:
        problem = _why_no_report(result, settings, seconds, error)
    if result.status != "exited":
        problem = _why_no_report(result, settings, seconds)
    await sandbox.run(f"rm -rf {folder}", state=None)
    return result, cases, problem


def _why_no_report(
    result: CommandResult,
    settings: ToolSettings,
    seconds: float,
    error: FileProblem | BadReport | None = None,
) -> str:
    if result.status == "timeout":
        return f"the tests did not end within {seconds:.0f} s and were stopped"
    if result.status != "exited":
        return f"the tests were stopped ({result.status})"
    if "{junit}" not in settings.test_command:
        return "the test command writes no JUnit report ({junit} is not in it)"
    if isinstance(error, BadReport):
        return str(error)
    return f"the tests ended with exit code {result.exit_code} and left no report"


def _without_unknown(result: CommandResult, tests: Sequence[str]) -> list[str] | None:
    """What to run instead when pytest ran nothing because it does not know some of the tests.

    A case that is not found is replaced by all cases of its function: new pytest names only the
    function when it lacks a case, and old pytest cannot find parameters with ``::`` in them.
    Returns None when that is not what happened.
    """
    if result.exit_code != 4:
        return None
    named = [normal_id(name) for name in _NOT_FOUND.findall(result.text)]
    instead: list[str] = []
    known = True
    for test in tests:
        function, bracket, _ = test.partition("[")
        names = (test, function) if bracket else (test,)
        if not any(name == each or name.endswith("/" + each) for name in named for each in names):
            instead.append(test)
            continue
        known = False
        if bracket and function not in tests:
            instead.append(function)
    return None if known else list(dict.fromkeys(instead))


def _complaint(result: CommandResult) -> str:
    """The line with which pytest says that it was called wrongly."""
    lines = [line for line in result.text.splitlines() if line.strip()]
    said = [line for line in lines if "rror: " in line or line.startswith("ERROR")]
    return (said or lines or ["it does not say why"])[0].strip()[:300]


async def _outcomes(
    sandbox: Sandbox, cases: Sequence[Case], asked: Sequence[str]
) -> list[TestOutcome]:
    """The cases under their node ids, several of one id put together."""
    files = [file_of(test) for test in asked]
    files += [case.file for case in cases if case.file]
    locator = Locator(files)
    ids = [locator.find(case.classname, case.name, case.file) for case in cases]
    if locator.unsure:
        locator = Locator([*files, *await _python_files(sandbox)])
        ids = [locator.find(case.classname, case.name, case.file) for case in cases]
    found: dict[str, TestOutcome] = {}
    for test, case in zip(with_users_paths(ids, asked), cases, strict=True):
        message = "" if case.status == "passed" else essence(case.summary, case.text)
        outcome = TestOutcome(test, case.status, message, case.seconds)
        found[test] = _worse(found[test], outcome) if test in found else outcome
    return list(found.values())


def _worse(one: TestOutcome, other: TestOutcome) -> TestOutcome:
    """Of two results of one test (a subtest, a teardown) the one that counts."""
    graver = min(one, other, key=lambda outcome: _GRAVITY.index(outcome.status))
    return replace(graver, seconds=round(one.seconds + other.seconds, 6))


def _unaccounted(asked: Iterable[str], outcomes: Sequence[TestOutcome]) -> list[TestOutcome]:
    """What was asked for and has no result: missing, or an error when its file is one."""
    broken = {each.id: each for each in outcomes if each.status == "error" and "::" not in each.id}
    extra = []
    for test in asked:
        if any(covers(test, outcome.id) for outcome in outcomes):
            continue
        why = broken.get(file_of(test))
        extra.append(replace(why, id=test) if why else TestOutcome(test, "missing", "no such test"))
    return extra


async def _python_files(sandbox: Sandbox) -> list[str]:
    listing = "find . -name .git -prune -o -name '*.py' -type f -printf '%P\\0'"
    result = await sandbox.run(listing, state=None, output_limit=64 * 1024**2)
    return result.head.decode("utf-8", "replace").split("\0")[:-1]


def essence(summary: str, text: str) -> str:
    """The lines of a failure that say why: pytest's ``E`` lines and the place, or the last ones."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    said = [line for line in lines if re.match(r"E(?:\s|$)", line)][:_MOST_LINES]
    places = [line for line in lines if re.match(r"\S.*:\d+: ", line)]
    chosen = [*said, *places[-1:]] if said else lines[-_MOST_LINES:]
    chosen = chosen or summary.splitlines()[:_MOST_LINES]
    return "\n".join(line[:500] for line in chosen)
