"""The ``test`` tool: run some tests, or all of them, and say in few lines how each ended."""

from collections.abc import Mapping
from dataclasses import asdict

from sandboxes.sandbox import Sandbox
from tools.testrun import TestOutcome, TestRun, run_tests
from tools.tool import Parameter, ToolResult, ToolSettings

__all__ = ["TestOutcome", "TestRun", "TestTool", "run_tests"]

_WHOLE_SUITE = "all"
_MOST_DETAILED = 30
_MOST_NAMED = 40
_MOST_IN_DATA = 2000
_LAST_LINES = 30
_WORDS = {
    "passed": "passed",
    "failed": "failed",
    "error": "with an error",
    "skipped": "skipped",
    "xfailed": "failed as expected",
    "missing": "not found",
}


class TestTool:
    """Runs tests in a shell of its own; the agent's shell stays as it is."""

    __test__ = False

    name = "test"
    writes = False
    description = (
        "Run tests and get a summary, one entry for each that did not pass. A test is named as "
        "path/test_file.py::test_name, a file or a folder by its path; `all` is the whole suite."
    )
    form = "[test ids, files or folders, one a line]"
    parameters: tuple[Parameter, ...] = (
        Parameter("tests", "Test ids, files or folders, one a line; or `all`."),
    )

    def compose(self, values: Mapping[str, str]) -> str:
        """The tests."""
        return values["tests"]

    def __init__(self, settings: ToolSettings) -> None:
        self._settings = settings

    async def __call__(self, argument: str, sandbox: Sandbox) -> ToolResult:
        """Run what is named."""
        tests = [line.strip() for line in argument.splitlines() if line.strip()]
        if tests == [_WHOLE_SUITE]:
            tests = []
        options = [test for test in tests if test.startswith("-")]
        if options:
            problem = f"{options[0]!r} is an option: give test ids, files or folders, one a line"
            return ToolResult(f"Nothing was run: {problem}.", ok=False)
        run = await run_tests(sandbox, tests, self._settings)
        return ToolResult(describe(run), data=as_data(run))


def describe(run: TestRun) -> str:
    """A run as text: the counts, then each test that did not pass and why."""
    counts = ", ".join(f"{count} {_WORDS[status]}" for status, count in run.counts().items())
    lines = [f"{counts or 'No test ran'} (in {run.seconds:.1f} s)."]
    if run.problem:
        lines = [f"The run is not complete: {run.problem}.", *lines]
    bad = [each for each in run.outcomes if each.status in ("failed", "error")]
    for each in bad[:_MOST_DETAILED]:
        lines += ["", f"{each.status.upper()} {each.id}"]
        lines += ["    " + line for line in each.message.splitlines()]
    if len(bad) > _MOST_DETAILED:
        lines += ["", f"... and {len(bad) - _MOST_DETAILED} more that failed."]
    missing = [each.id for each in run.outcomes if each.status == "missing"]
    if missing:
        lines += ["", "Not found (one id a line; a file or a name in it is wrong):"]
        lines += [f"    {test}" for test in missing[:_MOST_NAMED]]
    good = [f"    {each.id}" for each in run.outcomes if each.status not in _BAD]
    if good and len(run.outcomes) <= _MOST_NAMED:
        lines += ["", "Did not fail:", *good]
    if not run.outcomes or run.problem:
        lines += ["", "The end of the output:", *run.output.splitlines()[-_LAST_LINES:]]
    return "\n".join(lines)


_BAD = ("failed", "error", "missing")


def as_data(run: TestRun) -> dict[str, object]:
    """A run for programs. Of a very long one only what did not pass is listed."""
    outcomes = run.outcomes
    if len(outcomes) > _MOST_IN_DATA:
        outcomes = tuple(each for each in outcomes if each.status != "passed")[:_MOST_IN_DATA]
    return {
        "outcomes": [asdict(each) for each in outcomes],
        "counts": run.counts(),
        "complete": run.complete,
        "problem": run.problem,
        "exit_code": run.exit_code,
        "seconds": run.seconds,
    }
