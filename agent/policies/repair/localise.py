"""Spectrum-based fault localisation: the lines failing tests run and passing tests do not.

Reads what `sandboxes/guest/spectrum.py` recorded. A line's suspicion is Ochiai's:
``ef / sqrt(F * (ef + ep))`` with ``ef`` and ``ep`` the failing and passing tests that run it and
``F`` the failing tests. What importing ran counts as run by every test, and then a third, as it
tells no test from another. Only the project's own files count, never tests.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

Lines = dict[str, frozenset[int]]
"""Path -> lines."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One test as it was recorded.

    Attributes:
        test: its id.
        outcome: ``passed``, ``failed``, ``error`` or ``skipped``.
        seconds: set-up and tear-down included.
        lines: what it ran.
        frames: the exception's way through the project: path, line, function; outermost first.
        error: the exception's type and message, or None.
    """

    test: str
    outcome: str
    seconds: float = 0.0
    lines: Lines = field(default_factory=dict)
    frames: tuple[tuple[str, int, str], ...] = ()
    error: tuple[str, str] | None = None


@dataclass(slots=True)
class Spectrum:
    """Recorded tests, and what importing their modules ran before the first of them.

    Attributes:
        tests: by id.
        imported: what ran before the first.
        cut_short: whether time was up although the tests went on well: others were not reached.
    """

    tests: dict[str, Recorded] = field(default_factory=dict)
    imported: Lines = field(default_factory=dict)
    cut_short: bool = False

    def passed(self) -> set[str]:
        """The ids of tests that passed."""
        return {test for test, run in self.tests.items() if run.outcome == "passed"}

    def end_early(self, seconds: float) -> None:
        """Note that time was up after some seconds, unless one test took most of it and hung."""
        self.cut_short = sum(run.seconds for run in self.tests.values()) > seconds / 2

    def lost(self, kept: set[str]) -> set[str]:
        """Those of some tests that passed before and do not here; where time was up, of those run.

        What a slow machine did not reach says nothing of an edit.
        """
        lost = kept - self.passed()
        return lost & set(self.tests) if self.cut_short else lost

    def add(self, other: "Spectrum") -> None:
        """Take over another recording's tests; those known already stay as they are.

        What was imported for those stays behind: it need not be what these tests import.
        """
        for test, run in other.tests.items():
            self.tests.setdefault(test, run)


def read_spectrum(data: bytes) -> Spectrum:
    """What the recorder wrote; a torn last line, left by a crash, is skipped."""
    spectrum = Spectrum()
    for line in data.splitlines():
        try:
            record = json.loads(line)
            if "import" in record:
                for path, text in record["import"].items():
                    known_lines = spectrum.imported.get(path, frozenset())
                    spectrum.imported[path] = known_lines | _numbers(text)
                continue
            run = Recorded(
                test=stable_id(str(record["test"])),
                outcome=str(record["outcome"]),
                seconds=float(record["seconds"]),
                lines={path: _numbers(text) for path, text in record["lines"].items()},
                frames=tuple((str(p), int(n), str(f)) for p, n, f in record["frames"]),
                error=None if record["error"] is None else _pair(record["error"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        known = spectrum.tests.get(run.test)
        if known is None or known.outcome == "passed":
            spectrum.tests[run.test] = run
    return spectrum


def stable_id(test: str) -> str:
    """A test's id without memory addresses, which differ from run to run."""
    return re.sub(r"0x[0-9a-fA-F]{6,}", "0x...", test)


def _pair(value: list[object]) -> tuple[str, str]:
    return str(value[0]), str(value[1])


def _numbers(text: str) -> frozenset[int]:
    """``3-5,9`` as {3, 4, 5, 9}."""
    numbers: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return frozenset(numbers)


_TEST_FOLDERS = {"test", "tests", "testing"}
_NO_SOURCE = {"setup.py", "conftest.py", "noxfile.py", "tests.py", "test.py"}


def is_source(path: str) -> bool:
    """Whether a file may hold the fault: no test, no set-up script."""
    pure = PurePosixPath(path)
    if pure.name in _NO_SOURCE or pure.name.startswith("test_") or pure.stem.endswith("_test"):
        return False
    return not _TEST_FOLDERS.intersection(pure.parts[:-1])


def matching(wanted: Iterable[str], tests: Iterable[str]) -> list[str]:
    """The recorded tests an issue's ids stand for; an id may name a file, class or function."""
    names = tuple(stable_id(name) for name in wanted)
    exact = set(names)
    heads = tuple(f"{name}{mark}" for name in names for mark in ("::", "["))
    return [test for test in tests if test in exact or test.startswith(heads)]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """How suspicious lines are.

    Attributes:
        scores: (path, line) -> Ochiai, 0 to 1.
        frames: (path, line) of the failing tests' tracebacks.
        crashes: those of them in which an exception left the project's code, unless a test's own
            assertion raised it.
    """

    scores: dict[tuple[str, int], float]
    frames: frozenset[tuple[str, int]]
    crashes: frozenset[tuple[str, int]] = frozenset()

    def ranked(self, words: frozenset[str] = frozenset()) -> list[tuple[str, int, float]]:
        """Lines, the most suspicious first.

        Ties: lines an exception passed, files the issue mentions, later lines of a file (the
        inner ones of a function come later).
        """
        return [
            (path, line, score)
            for (path, line), score in sorted(
                self.scores.items(),
                key=lambda item: (
                    -item[1],
                    item[0] not in self.crashes,
                    item[0] not in self.frames,
                    PurePosixPath(item[0][0]).stem.lower() not in words,
                    item[0][0],
                    -item[0][1],
                ),
            )
        ]


_AT_IMPORT = 0.3


def ochiai(spectrum: Spectrum, failing: Iterable[str]) -> Suspicion:
    """The suspicion of every line that a failing test, or importing its module, ran."""
    bad = [spectrum.tests[test] for test in failing]
    in_failing = Counter(_places(bad))
    good = (run for run in spectrum.tests.values() if run.outcome == "passed")
    in_passing = Counter(place for place in _places(good) if place in in_failing)
    scores = {
        place: count / math.sqrt(len(bad) * (count + in_passing[place]))
        for place, count in in_failing.items()
    }
    by_all = _AT_IMPORT * math.sqrt(len(bad) / (len(bad) + len(spectrum.passed())))
    for path, lines in spectrum.imported.items():
        if is_source(path):
            for line in lines:
                scores.setdefault((path, line), by_all)
    frames = {(path, line) for run in bad for path, line, _ in run.frames if is_source(path)}
    crashes = {run.frames[-1][:2] for run in bad if run.frames and is_source(run.frames[-1][0])}
    return Suspicion(scores, frozenset(frames), frozenset(crashes))


def _places(runs: Iterable[Recorded]) -> Iterable[tuple[str, int]]:
    for run in runs:
        for path, lines in run.lines.items():
            if is_source(path):
                for line in lines:
                    yield path, line


def words_of(text: str) -> frozenset[str]:
    """The identifiers in an issue's text, lower-cased."""
    return frozenset(word.lower() for word in re.findall(r"[A-Za-z_][A-Za-z0-9_]{2,}", text))
