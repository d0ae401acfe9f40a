"""Whether an exception leaves a function, told from the frames of the function alone.

What `sys.settrace` shows of an exception that is handled: the line of its ``except``, then a line
of that clause; or the line of a ``with`` that swallows it. What it shows of one that is not: the
lines of ``finally`` and of clauses that do not match, and the return of None that every function
ends with. A ``raise`` without an exception, and the end of a ``finally``, raise again without a
word.
"""

import builtins
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from model.trace.frame import Frame

_HEAD = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(?:[(:\[{]|$)")
_LIKE_ONE = re.compile(
    r"\b(?:\w+\.)*(\w*(?:Error|Exception|Exit|Interrupt|Warning|Failed|Skipped|Iteration|Group))\b"
)
_RAISED = re.compile(r"\s*raise\s+([A-Za-z_][\w.]*)")
_EXCEPT = re.compile(r"except\b\*?\s*(.*?)(?:\s+as\s+\w+)?\s*:\s*(?:#.*|(?P<body>\S.*))?$")
_WITH = ("with ", "async with ", "with(")
_SWALLOWS = re.compile(r"raises|suppress", re.IGNORECASE)
_CLASSES = re.compile(r"\b(?:\w+\.)*[A-Z]\w*")
_REPORTS = re.compile(r"subtest", re.IGNORECASE)
"""Swallows as well, but the test fails for all that."""
_LOOPS = re.compile(r"\bfor\b|\bfrom\b")
_OUTCOMES = re.compile(r"\bpytest\.(fail|skip|xfail)\(")
_OUTCOME_NAMES = {"fail": "Failed", "skip": "Skipped", "xfail": "XFailed"}
"""The classes of pytest's exceptions, whose `repr` is their message."""

_Left = Literal["returned", "raised", "unclear"]


@dataclass(frozen=True, slots=True)
class Leaving:
    """How a function was left.

    Attributes:
        how: with a value, by an exception, or by one of the two.
        at: the number of the exception's frame among those given; None where there is none.
    """

    how: _Left
    at: int | None = None


def leaving(frames: Sequence[Frame]) -> Leaving:
    """How the function was left whose frames these are.

    Args:
        frames: of one call, without those of what it calls; the last one is its return, or the
            exception that leaves it.
    """
    course = _Course()
    for number, frame in enumerate(frames):
        if frame.kind == "exception":
            course.raised(number, frame)
        elif frame.kind == "line":
            course.line(frame)
    last, pending = frames[-1], course.pending
    if course.reported is not None:
        return Leaving("raised", course.reported)
    if last.kind == "exception":
        return Leaving("raised", len(frames) - 1 if pending is None else pending)
    if last.source.strip().startswith("raise"):
        return Leaving("raised", course.handled if pending is None else pending)
    if pending is None or last.value not in (None, "", "None"):
        return Leaving("returned")
    return Leaving(_after(frames, pending, course), pending)


@dataclass(slots=True)
class _Course:
    """What became of exceptions so far.

    Attributes:
        pending: the number of the frame of the one that is on its way.
        handled: of the last one that was handled.
        reported: of one that was swallowed, though the test fails for it.
        clause: whose head the last line is.
        name: of the one on its way.
        entered: lines of ``with`` that were gone through before.
        exited: whether the last line is that of a ``with`` that was left.
    """

    pending: int | None = None
    handled: int | None = None
    reported: int | None = None
    clause: "_Clause | None" = None
    name: str = ""
    entered: set[str] = field(default_factory=set)
    exited: bool = False

    def raised(self, number: int, frame: Frame) -> None:
        """Take in the frame of an exception."""
        if not _of_a_loop(frame):
            self.pending, self.clause, self.exited = number, None, False
            self.name = exception_name(frame)

    def line(self, frame: Frame) -> None:
        """Take in the frame of a line."""
        head = frame.source.strip()
        with_ = head.startswith(_WITH)
        if self.pending is None:
            self.entered |= {frame.source} if with_ else set()
            return
        exits = with_ and frame.source in self.entered
        swallows = _swallows(head, self.name) if exits else None
        if head.startswith("except"):
            self.clause = _clause(head, self.name)
        elif self.clause is not None and self.clause.matches is False:
            self.clause = None  # the line is of a `finally`
        # A `with` that does not swallow has nothing after it but clauses, `finally`, and another.
        elif self.clause is not None or (self.exited and not exits) or swallows:
            self.handled, self.pending, self.clause = self.pending, None, None
        elif exits and _REPORTS.search(head) and self.reported is None:
            self.reported = self.pending
        self.exited = exits and swallows is None


@dataclass(frozen=True, slots=True)
class _Clause:
    """The head of an ``except`` clause.

    Attributes:
        matches: the exception; None where the names do not tell.
        whole: its body is on the same line.
    """

    matches: bool | None
    whole: bool


def _swallows(head: str, name: str) -> bool | None:
    """Whether a ``with`` swallows the exception; None where its line does not tell."""
    found = _SWALLOWS.search(head)
    if found is None:
        return None
    matches = [_is_a(name, each.rpartition(".")[2]) for each in _CLASSES.findall(head, found.end())]
    return True if True in matches else None if None in matches or not matches else False


def _clause(head: str, name: str) -> _Clause:
    found = _EXCEPT.match(head)
    if found is None:
        return _Clause(None, whole=False)
    named = re.findall(r"[\w.]+", found[1])
    matches = [_is_a(name, each.rpartition(".")[2]) for each in named]
    known = None if None in matches else False
    return _Clause(True if True in matches or not named else known, bool(found["body"]))


def _after(frames: Sequence[Frame], pending: int, course: _Course) -> _Left:
    """How a function was left that returned None, an exception being on its way."""
    raised, before, last = frames[pending], frames[-2], frames[-1]
    if course.clause is not None:
        # A clause that was looked at and of which nothing ran did not match.
        if not course.clause.whole or course.clause.matches is False:
            return "raised"
        return "returned" if course.clause.matches else "unclear"
    if last.source == raised.source:
        return "raised"
    # A return that is not where the exception was raised is in a `finally`, and lets it go; so does
    # a `with` that is returned from.
    head = last.source.strip()
    lets_go = head.startswith(("return", *_WITH)) and before.source == last.source
    return "returned" if lets_go else "raised"


def _is_a(name: str, base: str) -> bool | None:
    """Whether an exception of that name is of that class; None where the names do not tell."""
    if name == base or base in ("Exception", "BaseException"):
        return True
    one, other = getattr(builtins, name, None), getattr(builtins, base, None)
    if isinstance(one, type) and isinstance(other, type):
        return issubclass(one, other)
    return None


def exception_name(frame: Frame) -> str:
    """The name of the exception of a frame, without its module; empty where none can be made out.

    How models write exceptions is not settled: ``ValueError('x')``, ``ValueError: x``,
    ``<class 'ValueError'>``, a tuple of class, value and traceback, the message alone. Where the
    value says nothing the line may.
    """
    value = frame.value or ""
    if found := _OUTCOMES.search(frame.source):
        return _OUTCOME_NAMES[found[1]]
    if value.startswith("DID NOT "):
        return "Failed"  # as pytest says it
    if found := _HEAD.match(value):
        name = found[1].rpartition(".")[2]
        if (name[:1].isupper() and name != "None") or _LIKE_ONE.fullmatch(name):
            return name
    if found := _LIKE_ONE.search(value):
        return found[1]
    if frame.source.lstrip().startswith("assert"):
        return "AssertionError"
    raised = _RAISED.match(frame.source)
    return raised[1].rpartition(".")[2] if raised else ""


def _of_a_loop(frame: Frame) -> bool:
    """Whether an exception is but the end of what a loop goes through; nobody handles that."""
    name = exception_name(frame)
    ends = name in ("StopIteration", "StopAsyncIteration", "GeneratorExit")
    return ends and bool(_LOOPS.search(frame.source))
