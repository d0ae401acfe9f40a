"""The test command as a shell gets it: tests and report filled in, measuring turned off.

Many projects turn coverage on in pytest's settings, often with a lowest figure below which the run
fails, or with warnings as errors: a run of one test alone then fails for what it does not cover.
`--no-cov` turns that off, and only pytest-cov knows the option: so the shell asks the Python that
runs the tests whether it is there.
"""

import re
import shlex
from collections.abc import Sequence

from tools.nodeids import file_of

_LONGEST_COMMAND = 60_000  # bytes of test ids; beyond that their files are run instead
_VARIABLE = r"[A-Za-z_]\w*=(?:'[^']*'|\"[^\"]*\"|[^\s'\"])*\s+"
_PYTEST = re.compile(
    rf"\s*(?P<variables>(?:{_VARIABLE})*)"
    r"(?:(?P<python>[\w./-]+) +-m +pytest|(?P<folder>[\w./-]*/)?(?:pytest|py\.test))(?=\s|$)"
)
_OWN_WORD = re.compile(r"(?<![a-z])(?:pytest_)?cov\b")
_FLAG = "foretrace_no_cov"
_ASK = "import importlib.util as u, sys; sys.exit(u.find_spec('pytest_cov') is None)"


def shell_text(command: str, tests: Sequence[str], report: str, *, measured: bool = False) -> str:
    """What to run.

    Args:
        command: as the settings say; ``{tests}`` and ``{junit}`` are replaced. Where it starts
            pytest itself and says nothing of coverage, coverage is not measured.
        tests: ids, files or folders.
        report: where the report goes.
        measured: leave it to the project's settings whether coverage is measured.
    """
    pytest = None if measured or _OWN_WORD.search(command) else _PYTEST.match(command)
    start = command[: pytest.end()] if pytest else ""
    rest = command[len(start) :].replace("{junit}", report).replace("{tests}", _arguments(tests))
    if pytest is None:
        return rest
    # A pytest that is not started with -m has its Python beside it.
    python = pytest["python"] or f"{pytest['folder'] or ''}python"
    ask = f"{pytest['variables']}{python} -c {shlex.quote(_ASK)} >/dev/null 2>&1"
    return f"unset {_FLAG}; {ask} && {_FLAG}=--no-cov\n{start} ${_FLAG}{rest}"


def not_understood(output: str) -> bool:
    """Whether pytest did not know the option of ours: a project may switch pytest-cov off."""
    return "unrecognized arguments: --no-cov" in output


def _arguments(tests: Sequence[str]) -> str:
    quoted = " ".join(shlex.quote(test) for test in tests)
    if len(quoted) > _LONGEST_COMMAND:
        quoted = " ".join(shlex.quote(file) for file in dict.fromkeys(map(file_of, tests)))
    return quoted
