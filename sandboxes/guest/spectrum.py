"""Records which lines of a project each test runs: a pytest plugin for spectrum-based localisation.

Standard library and pytest only, one file, Python 3.6 to 3.14; it runs inside a sandbox and is
handed over as text. Put its folder on PYTHONPATH and load it by name (``-p foretrace_spectrum``);
it is told what to do by environment variables:

``FORETRACE_SPECTRUM_OUT``   the file that gets one JSON object a line
``FORETRACE_SPECTRUM_ROOT``  the folder whose Python files are recorded (default: the cwd)
``FORETRACE_SPECTRUM_LINES`` ``0`` to keep outcomes only

Each line is written as soon as its test is over, so that a crash loses one test at most:

``{"import": {PATH: LINES}}``  what ran before the first test
``{"test": ID, "outcome": "passed" | "failed" | "error" | "skipped", "seconds": S,
"lines": {PATH: LINES}, "frames": [[PATH, LINE, FUNCTION], ...], "error": [TYPE, MESSAGE]}``

PATH is relative to the root; LINES is text such as ``3-7,9``. Lines are gathered with
`sys.monitoring` where it exists (each place costs one call a test) and with `sys.settrace`
elsewhere. A test that sets a trace function of its own is only recorded up to that point.
"""

import json
import os
import sys
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType, FrameType

    import pytest
    from _typeshed import TraceFunction

_SKIPPED_FOLDERS = ("site-packages", "dist-packages", ".venv", "venv", ".tox", ".nox", ".git")


def ranges(lines: "Iterable[int]") -> str:
    """``{3, 4, 5, 9}`` as ``3-5,9``."""
    parts = []
    first = last = None  # type: int | None
    for line in sorted(lines):
        if last is not None and line == last + 1:
            last = line
            continue
        if first is not None:
            parts.append(str(first) if first == last else "%s-%s" % (first, last))
        first = last = line
    if first is not None:
        parts.append(str(first) if first == last else "%s-%s" % (first, last))
    return ",".join(parts)


class Files(object):
    """Which code belongs to the project, and its path there."""

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root) + os.sep
        self._known = {}  # type: dict[str, str | None]

    def relative(self, filename: str) -> "str | None":
        """The path below the root, or None for everything else."""
        try:
            return self._known[filename]
        except KeyError:
            pass
        path = None
        if not filename.startswith("<"):
            real = os.path.realpath(filename)
            if real.startswith(self.root) and real.endswith(".py"):
                inside = real[len(self.root) :]
                if not any(part in _SKIPPED_FOLDERS for part in inside.split(os.sep)):
                    path = inside
        self._known[filename] = path
        return path


class SettraceRecorder(object):
    """Lines by `sys.settrace`, which every Python has."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._lines = {}  # type: dict[str, set[int]]
        self._codes = {}  # type: dict[CodeType, set[int] | None]

    def start(self) -> None:
        """Forget what was recorded, and record from here on."""
        self._lines = {}
        self._codes = {}
        threading.settrace(self._call)
        sys.settrace(self._call)

    def stop(self) -> "dict[str, set[int]]":
        """What ran since the start: path -> set of lines."""
        sys.settrace(None)
        threading.settrace(None)
        return self._lines

    def _call(self, frame: "FrameType", event: str, arg: object) -> "TraceFunction | None":
        code = frame.f_code
        try:
            seen = self._codes[code]
        except KeyError:
            path = self._files.relative(code.co_filename)
            seen = None if path is None else self._lines.setdefault(path, set())
            self._codes[code] = seen
        if seen is None:
            return None
        add = seen.add

        def line(frame: "FrameType", event: str, arg: object) -> "TraceFunction":
            if event == "line":
                add(frame.f_lineno)
            return line

        return line


class MonitoringRecorder(object):
    """Lines by `sys.monitoring` (3.12): a place is switched off once it was seen."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._lines = {}  # type: dict[str, set[int]]
        # The checker takes this for Python 3.11, which has no such module.
        self._watch = sys.monitoring  # type: ignore[attr-defined]
        self._tool = next(
            number for number in (4, 3, 5, 2, 1, 0) if self._watch.get_tool(number) is None
        )
        self._watch.use_tool_id(self._tool, "foretrace")
        events = self._watch.events
        self._watch.register_callback(self._tool, events.PY_START, self._start)
        self._watch.register_callback(self._tool, events.LINE, self._line)

    def start(self) -> None:
        """Forget what was recorded, and record from here on."""
        self._lines = {}
        self._watch.set_events(self._tool, self._watch.events.PY_START)
        self._watch.restart_events()

    def stop(self) -> "dict[str, set[int]]":
        """What ran since the start: path -> set of lines."""
        self._watch.set_events(self._tool, 0)
        return self._lines

    def _start(self, code: "CodeType", offset: int) -> object:
        if self._files.relative(code.co_filename) is not None:
            self._watch.set_local_events(self._tool, code, self._watch.events.LINE)
        return self._watch.DISABLE

    def _line(self, code: "CodeType", line: int) -> object:
        path = self._files.relative(code.co_filename)
        if path is not None:
            self._lines.setdefault(path, set()).add(line)
        return self._watch.DISABLE


class NoRecorder(object):
    """Outcomes only."""

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> "dict[str, set[int]]":
        """Nothing was recorded."""
        return {}


def make_recorder(
    files: Files, lines: bool = True
) -> "NoRecorder | MonitoringRecorder | SettraceRecorder":
    """The cheapest recorder this Python has."""
    if not lines:
        return NoRecorder()
    if hasattr(sys, "monitoring"):
        return MonitoringRecorder(files)
    return SettraceRecorder(files)


class Plugin(object):
    """The pytest hooks."""

    def __init__(self, out: str, root: str, lines: bool) -> None:
        # A plain descriptor: suites that turn warnings into errors mind files left open.
        self._out = os.open(out, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._pid = os.getpid()
        self._files = Files(root)
        self._recorder = make_recorder(self._files, lines)
        self._current = None  # type: dict[str, object] | None
        self._since = 0.0
        self._importing = True
        self._recorder.start()

    def _write(self, record: "dict[str, object]") -> None:
        if os.getpid() != self._pid:
            return
        os.write(self._out, (json.dumps(record) + "\n").encode())

    def _stop(self) -> "dict[str, str]":
        lines = self._recorder.stop()
        return {path: ranges(numbers) for path, numbers in sorted(lines.items())}

    def pytest_runtest_logstart(self, nodeid: str, location: "tuple[str, int | None, str]") -> None:
        """Before a test's set-up."""
        if self._importing:
            self._importing = False
            self._write({"import": self._stop()})
        self._current = {"test": nodeid, "outcome": "skipped", "frames": [], "error": None}
        self._since = time.time()
        self._recorder.start()

    def pytest_exception_interact(
        self,
        node: "pytest.Item | pytest.Collector",
        call: "pytest.CallInfo[object]",
        report: "pytest.CollectReport | pytest.TestReport",
    ) -> None:
        """A test or its set-up raised: which of the project's frames the exception passed."""
        if self._current is None or self._current["error"] is not None:
            return
        error = call.excinfo
        if error is None:
            return
        frames = []
        for entry in error.traceback:
            path = self._files.relative(str(entry.path))
            if path is not None:
                frames.append([path, entry.lineno + 1, entry.name])
        self._current["frames"] = frames
        self._current["error"] = [error.type.__name__, str(error.value)[:2000]]

    def pytest_runtest_logreport(self, report: "pytest.TestReport") -> None:
        """After set-up, call and tear-down of a test."""
        if self._current is None:
            return
        if report.failed:
            self._current["outcome"] = "failed" if report.when == "call" else "error"
        elif report.when == "call" and self._current["outcome"] == "skipped":
            # An expected failure is reported as skipped, an unexpected pass as passed.
            self._current["outcome"] = report.outcome

    def pytest_runtest_logfinish(
        self, nodeid: str, location: "tuple[str, int | None, str]"
    ) -> None:
        """After a test's tear-down."""
        record, self._current = self._current, None
        if record is None:
            return
        record["seconds"] = round(time.time() - self._since, 4)
        record["lines"] = self._stop()
        self._write(record)

    def pytest_sessionfinish(
        self, session: "pytest.Session", exitstatus: "int | pytest.ExitCode"
    ) -> None:
        """The end; a session without tests still says what it imported."""
        lines = self._stop()
        if self._importing:
            self._importing = False
            self._write({"import": lines})

    def pytest_collectreport(self, report: "pytest.CollectReport") -> None:
        """A file that cannot be collected counts as a test that errs."""
        if report.failed:
            text = str(report.longrepr).strip().splitlines() or [""]
            name, _, message = text[-1].lstrip("E ").partition(":")
            self._write(
                {
                    "test": report.nodeid,
                    "outcome": "error",
                    "seconds": 0.0,
                    "lines": {},
                    "frames": [],
                    "error": [name.strip(), message.strip()[:2000]],
                }
            )


def pytest_configure(config: "pytest.Config") -> None:
    """Called by pytest when it loads this file with ``-p``."""
    out = os.environ.get("FORETRACE_SPECTRUM_OUT")
    # Where tests are handed to other processes, those record, not the one that hands them out.
    spread = getattr(config.option, "dist", "no") != "no" and not hasattr(config, "workerinput")
    if out and not spread:
        root = os.environ.get("FORETRACE_SPECTRUM_ROOT") or os.getcwd()
        lines = os.environ.get("FORETRACE_SPECTRUM_LINES") != "0"
        config.pluginmanager.register(Plugin(out, root, lines), "foretrace_spectrum_hooks")
