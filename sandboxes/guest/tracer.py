"""Records what a program does, event by event, with the locals of the scopes it is in.

Standard library only, one file, Python 3.6 to 3.14; it runs inside a sandbox and is handed over as
text. It reads one JSON request from the file named on its command line and writes a recording to
the file that the request names as ``out``, one JSON object a line:

``{"format": 1, "python": "3.11.2", "entry": ENTRY, "comprehensions": "frames" | "inlined"}``
``{"file": NUMBER, "path": PATH, "text": SOURCE | null}``    before that file's first event
``{"k": "c" | "l" | "r" | "x", "n": LINE, "f": FILE, "fn": NAME, "s": SCOPE, "d": DEPTH,
"t": THREAD, "v": {NAME: REPR}, "g": [NAME], "o": REPR, "c": REPR}``
                                                             a call, line, return or exception
``{"end": WHY, "detail": TEXT, "events": N, "error": {"type", "message"} | null, "stdout": TEXT,
"stderr": TEXT}``                                            last

A call has all locals, a line those that are new or have changed (``v``) and the names that are gone
(``g``); ``c`` is an exception's class. WHY is ``left`` (the entry point was left), the limit that
was reached (``events``, ``depth``, ``bytes``, ``time``), ``exit``, ``killed``, ``untraced`` (the
program took tracing away) or ``error`` (it could not be started; ``error`` says what was raised).

The request: ``kind`` (``call``, ``test``, ``script``), ``path`` and ``call`` with ``wrapper`` (the
name of the function that makes the call), or ``test``, or ``path``, with ``arguments`` for pytest
or the script; ``root`` (files below it are recorded, but no installed packages), ``files`` and
``functions`` (these only), the limits ``events``, ``depth`` (0 for none but the stack's), ``value``
(characters a value), ``bytes``, ``seconds``, ``repr_seconds``.

The program runs in a child, which ends as soon as the recording does. The recording is memory the
child shares with its parent: whatever kills the child, and whichever descriptors it closes, what
was recorded stays, at the price of copying it. The parent keeps the time and adds the last line.

Values are written as `repr` gives them, with these differences. Memory addresses are left out. What
is too long is cut, and says so; so does what is nested too deeply, raises, or takes too long. A
`repr` of the program's own is called, for it is what the reader knows; what it does is not
recorded, but its side effects happen. A set stands in its own order, for the language gives none:
with PYTHONHASHSEED set, two recordings of one program agree.

Events come from `sys.settrace`, whose events are the model's. `sys.monitoring` costs as much, give
or take 0.2 µs an event, for the locals need the frame in any case. Both have effects that a program
can see: before Python 3.13 a dictionary from `locals()` is brought up to date by them. A third one
is that the recursion limit is higher, by what the recorder itself needs of the stack. Python 3.12
runs comprehensions without a scope of their own; then the recording's first line says ``inlined``
and there are no frames of them.
"""

# On Python 3.7 `signal` makes cycles of exceptions and frames, and what is shown would live on.
import _signal  # type: ignore[import-not-found]  # there are no stubs
import builtins
import importlib
import importlib.util
import io
import itertools
import json
import mmap
import os
import re
import select
import signal
import sys
import threading
import time
import types
from _thread import get_ident
from collections import deque
from importlib.machinery import SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CodeType, FrameType, ModuleType
    from typing import Any, NoReturn, TypedDict

    from _typeshed import TraceFunction

    class Request(TypedDict, total=False):
        """What the host asks for."""

        kind: str
        path: str
        call: str
        wrapper: str
        test: str
        arguments: list[str]
        root: str
        files: list[str]
        functions: list[str]
        events: int
        depth: int
        value: int
        bytes: int
        seconds: float
        repr_seconds: float
        out: str

    class End(TypedDict, total=False):
        """How a recording ended."""

        end: str
        detail: str
        error: dict[str, str] | None
        stdout: str
        stderr: str
        events: int


# Functions below have builtins of their own, for a program may replace some.
globals()["__builtins__"] = dict(vars(builtins))
_escape = json.encoder.encode_basestring_ascii

CALL = "<call>"
_KEPT_OUTPUT = 1 << 16
_LARGEST_SOURCE = 1 << 21
_SPARE_FRAMES = 150
_SKIPPED_FOLDERS = ("site-packages", "dist-packages", ".venv", "venv", ".tox", ".nox", ".git")


# Values -------------------------------------------------------------------------------------------

_SHORT = frozenset([bool, float, complex, type(None), type(Ellipsis), type(NotImplemented)])
_ATOMS = _SHORT | frozenset([int, str, bytes])
_INTS = frozenset([int])
_STRINGS = frozenset([str])
_CONTAINERS = frozenset([list, tuple, set, frozenset, dict])
# Their `repr` runs nothing of the program's.
_QUIET = frozenset(
    [
        types.FunctionType,
        types.BuiltinFunctionType,
        types.CodeType,
        types.GeneratorType,
        types.ModuleType,
        type,
        range,
        bytearray,
    ]
)
_BRACKETS = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
    dict: ("{", "}"),
}  # type: dict[type, tuple[str, str]]
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]{4,}(?=[>,:;)\s]|$)")
_LARGEST_INT = 1 << 10000
_DEEPEST = 40


# Their `repr` is as long as they are, whatever class is made of them.
_SIZED = (list, tuple, dict, set, frozenset, str, bytes, bytearray, deque)  # type: tuple[Any, ...]


def own_repr(kind: type) -> object:
    """A class's `__repr__`, whatever its metaclass says."""
    return type.__getattribute__(kind, "__repr__")


class _Late(BaseException):
    """A `repr` took too long."""


class _NoRoom(Exception):
    """A value is longer than it may be."""


class Values(object):
    """Makes text of values.

    Args:
        longest: characters of a value's text.
        seconds: that a value's own `repr` may take, in the main thread.
    """

    def __init__(self, longest: int, seconds: float) -> None:
        self._longest = longest
        self._seconds = seconds
        self._late_kinds = set()  # type: set[type]
        self._main = get_ident()

    def render(self, value: object) -> "tuple[str, bool]":
        """The text, and whether the same object will always have it."""
        kind = type(value)
        if kind in _SHORT:
            return repr(value), True
        if kind is int:
            return self._number(value), True  # type: ignore[arg-type]
        if kind is str or kind is bytes:
            return self._string(value), True  # type: ignore[arg-type]
        if kind in _CONTAINERS:
            try:
                return self._container(value, kind)
            except RuntimeError as error:
                if isinstance(error, RecursionError):
                    raise
                # Another thread changes it meanwhile.
                return self._marked(kind, "raised RuntimeError"), False
        return self._cut(self._object(value, kind)), False

    def _cut(self, text: str) -> str:
        over = len(text) - self._longest
        if over <= 0:
            return text
        return "%s<%d more characters>" % (text[: self._longest], over)

    @staticmethod
    def _number(value: int) -> str:
        if -_LARGEST_INT < value < _LARGEST_INT:
            return repr(value)
        return "<an int of %d bits>" % value.bit_length()

    def _string(self, value: "str | bytes") -> str:
        over = len(value) - self._longest
        if over <= 0:
            return self._cut(repr(value))
        return "%s<%d more>" % (repr(value[: self._longest]), over)

    def _container(self, value: "Any", kind: type) -> "tuple[str, bool]":
        # Most are a few numbers and strings, of which little need be asked.
        if len(value) < 1000 and self._light(value):
            if kind is not dict:
                return self._cut(repr(value)), kind is tuple or kind is frozenset
            if self._light(value.values()):
                return self._cut(repr(value)), False
        plain, quiet, small = self._survey(value)
        stable = plain and kind is tuple and _ATOMS.issuperset(map(type, value))
        if small:
            try:
                if plain:
                    return self._cut(repr(value)), stable
                text = repr(value) if quiet else self._timed(repr, value)
                return self._cut(_ADDRESS.sub("", text)), False
            except _Late:
                return self._marked(kind, "took longer than %g s" % self._seconds), False
            except Exception:
                pass  # of a part's own making; then the other parts are shown
        return self._bounded(value), stable

    def _light(self, parts: "Any") -> bool:
        """Whether all parts are of one harmless kind, and short."""
        kinds = set(map(type, parts))
        if kinds <= _SHORT:
            return True
        if kinds == _INTS:
            return bool(max(parts) < _LARGEST_INT and min(parts) > -_LARGEST_INT)
        return kinds == _STRINGS and sum(map(len, parts)) <= self._longest

    def _survey(self, value: object) -> "tuple[bool, bool, bool]":
        """Whether all parts are builtin; whether `repr` runs nothing; and whether it may be used.

        It may not where the text would be much over the limit, nor where a part stands in it twice
        (that way lie cycles and exponential sizes), nor where a string looks like an address.
        """
        plain, quiet, room, addresses = True, True, self._longest, False
        seen = {id(value)}
        waiting = [value]  # type: list[Any]
        while waiting:
            container = waiting.pop()
            parts = container
            if type(container) is dict:
                parts = itertools.chain(container.keys(), container.values())
                room -= len(container)
            room -= 2 * len(container)
            if room < 0:
                return False, False, False
            for part in parts:
                kind = type(part)
                if kind is str:
                    room -= len(part)
                    addresses = addresses or " at 0x" in part
                elif kind is bytes:
                    room -= len(part)
                elif kind is int:
                    room -= part.bit_length() // 4
                elif kind in _CONTAINERS:
                    if id(part) in seen and part:
                        return False, False, False
                    seen.add(id(part))
                    waiting.append(part)
                elif kind not in _SHORT:
                    plain = False
                    quiet = quiet and (kind in _QUIET or own_repr(kind) is object.__repr__)
        return plain, quiet, room >= 0 and (plain or not addresses)

    def _bounded(self, value: object) -> str:
        """The text of a container, made piece by piece until there is no more room."""
        pieces = []  # type: list[str]
        room = [self._longest]

        def put(text: str) -> None:
            pieces.append(text)
            room[0] -= len(text)
            if room[0] < 0:
                raise _NoRoom

        def walk(value: "Any", outer: "frozenset[int]") -> None:
            kind = type(value)
            if kind not in _CONTAINERS:
                put(self.render(value)[0])
                return
            opening, closing = _BRACKETS[kind]
            if id(value) in outer:
                put(opening + "..." + closing)
                return
            if len(outer) >= _DEEPEST:
                put("<nested too deeply>")
                return
            inner = outer | {id(value)}
            if not value and kind in (set, frozenset):
                put(kind.__name__ + "()")
                return
            put(opening)
            for number, part in enumerate(list(value.items()) if kind is dict else list(value)):
                if number:
                    put(", ")
                if kind is dict:
                    walk(part[0], inner)
                    put(": ")
                    part = part[1]
                walk(part, inner)
            put(",)" if kind is tuple and len(value) == 1 else closing)

        try:
            walk(value, frozenset())
        except _NoRoom:
            return "".join(pieces)[: self._longest] + "<more characters>"
        return "".join(pieces)

    def _object(self, value: object, kind: type) -> str:
        try:
            if own_repr(kind) is object.__repr__:
                return object.__repr__(value).partition(" at 0x")[0] + ">"
            if kind in _QUIET:
                return _ADDRESS.sub("", repr(value))
            if kind in self._late_kinds:
                return self._marked(kind, "takes too long")
            for base in _SIZED:
                if issubclass(kind, base) and base.__len__(value) > self._longest:
                    return "<%s object of %d parts>" % (kind.__name__, base.__len__(value))
            text = self._timed(repr, value)
            return _ADDRESS.sub("", text) if "0x" in text else text
        except _Late:
            self._late_kinds.add(kind)
            return self._marked(kind, "took longer than %g s" % self._seconds)
        except BaseException as error:
            return self._marked(kind, "raised " + type(error).__name__)

    @staticmethod
    def _marked(kind: type, what: str) -> str:
        return "<%s object: its repr %s>" % (type.__getattribute__(kind, "__name__"), what)

    def _timed(self, function: "Callable[[object], str]", value: object) -> str:
        """Call it, and break it off when it takes too long and the program uses no alarm itself."""
        if get_ident() != self._main:
            return function(value)
        if _signal.getsignal(_signal.SIGALRM) != _signal.SIG_DFL:
            return function(value)
        if _signal.getitimer(_signal.ITIMER_REAL)[0]:
            return function(value)
        _signal.signal(_signal.SIGALRM, self._alarm)
        _signal.setitimer(_signal.ITIMER_REAL, self._seconds)
        try:
            return function(value)
        finally:
            _signal.setitimer(_signal.ITIMER_REAL, 0)
            _signal.signal(_signal.SIGALRM, _signal.SIG_DFL)

    @staticmethod
    def _alarm(number: int, frame: object) -> None:
        raise _Late


# Files --------------------------------------------------------------------------------------------


def read_source(path: str) -> "str | None":
    """A file's text with plain line ends; None when it has none or is too large."""
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST_SOURCE + 1)
    except (OSError, ValueError):
        return None
    if len(data) > _LARGEST_SOURCE:
        return None
    named = re.match(
        rb"(?:[ \t\f]*(?:#[^\r\n]*)?\r?\n)?[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", data
    )
    try:
        encoding = named.group(1).decode("ascii") if named else "utf-8-sig"
        text = data.decode(encoding)
    except (LookupError, UnicodeDecodeError):
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def real(path: str) -> str:
    """Where a path leads; empty when there is no saying, as in a folder that is gone."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return ""


class Files(object):
    """Which code is recorded, and the numbers of the files it is in.

    Args:
        request: names the root, or the files.
        write: takes a line of the recording.
    """

    def __init__(self, request: "Request", write: "Callable[[str], None]") -> None:
        root = request.get("root") or os.getcwd()
        self._root = os.path.join(os.path.realpath(root), "")
        only = [os.path.realpath(os.path.join(root, name)) for name in request.get("files") or []]
        self._only = only
        self._always = os.path.realpath(request["path"]) if request.get("path") else ""
        self._write = write
        self._count = 0
        self.known = {sys._getframe().f_code.co_filename: -1}  # type: dict[str, int]
        """Numbers by file name; -1 for what is not recorded."""

    def add(self, name: str, path: str, text: "str | None") -> int:
        """Give a file its number, and write down what it holds."""
        number = self.known[name] = self._count
        self._count += 1
        path = path.encode("utf-8", "replace").decode()
        self._write(json.dumps({"file": number, "path": path, "text": text}) + "\n")
        return number

    def find(self, frame: "FrameType") -> int:
        """The number of a frame's file, -1 when it is not recorded."""
        code = frame.f_code
        name = code.co_filename
        if name.startswith("<frozen"):
            self.known[name] = -1
        elif name.startswith("<"):
            return self._generated(frame, name)
        else:
            path = real(name)
            if self.wanted(path):
                return self.add(name, path, read_source(path))
            self.known[name] = -1
        return self.known[name]

    def wanted(self, path: str) -> bool:
        """Whether code of this file is recorded; what has no path is not."""
        if not path:
            return False
        if self._only:
            inside = tuple(os.path.join(only, "") for only in self._only)
            return path in self._only or path.startswith(inside)
        if path == self._always:
            return True
        if not path.startswith(self._root):
            return False
        folders = path[len(self._root) :].split(os.sep)
        return not any(folder in _SKIPPED_FOLDERS for folder in folders)

    def _generated(self, frame: "FrameType", name: str) -> int:
        """Code from `exec` and `eval` belongs to the module in whose globals it runs.

        What the standard library makes this way (the methods of data classes, for example) is left
        out, as its source is nobody's.
        """
        function = frame.f_code.co_name
        if function.startswith("__") and function.endswith("__"):
            return -1
        caller = frame.f_back.f_code.co_filename if frame.f_back else ""
        called = self.known.get(caller, -1) >= 0 or caller.startswith("<")
        file = frame.f_globals.get("__file__")
        if isinstance(file, str):
            if not self.wanted(real(file)) or (function == "<module>" and not called):
                return -1
        elif "__name__" in frame.f_globals or not called:
            return -1
        # Not among the known names: the next code of that name may be somebody else's.
        number = self.known.get("generated " + name)
        return self.add("generated " + name, name, None) if number is None else number


# Events -------------------------------------------------------------------------------------------

_ABSENT = object()
_MUTABLE = object()
_OPTIMIZED = 0x1  # a function, of whose locals the frame gives a copy
_HIDDEN = re.compile(r"__\w+__\Z")


class Thread(object):
    """What is to be known of a thread: its number, and how deep it is in recorded scopes."""

    __slots__ = ("depth", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.depth = -1


class Scope(object):
    """One frame object of the program: what was last said of its locals.

    It is reached through the frame's own trace function and holds no frame, and of values only
    those that cannot change; so nothing lives longer for it.
    """

    __slots__ = ("_fixed", "_names", "_recorder", "_tail", "_texts", "_thread", "_values", "depth")

    def __init__(self, recorder: "Recorder", code: "CodeType", file: int, number: int) -> None:
        self._recorder = recorder
        name = _escape(code.co_name)
        self._fixed = ', "f": %d, "fn": %s, "s": %d, "d": ' % (file, name, number)
        count = code.co_argcount + code.co_kwonlyargcount
        count += bool(code.co_flags & 0x4) + bool(code.co_flags & 0x8)
        # Arguments that inner functions use come last on some Pythons.
        self._names = code.co_varnames[:count] if code.co_cellvars else ()
        self._values = {}  # type: dict[str, object]
        self._texts = {}  # type: dict[str, str]

    def enter(self, frame: "FrameType", thread: Thread) -> "TraceFunction":
        """The frame begins, or goes on after it had yielded."""
        self._thread = thread
        self.depth = thread.depth = thread.depth + 1
        number = ', "t": %d' % thread.number if thread.number else ""
        self._tail = "%s%d%s" % (self._fixed, self.depth, number)
        recorder = self._recorder
        if self.depth >= recorder.deepest:
            recorder.check_depth(self.depth)
        self._values.clear()
        self._texts.clear()
        found = frame.f_locals if frame.f_code.co_flags & _OPTIMIZED else self._visible(frame)
        names = [name for name in self._names if name in found]
        names += [name for name in found if name not in names]
        changed = self._take([(name, found[name]) for name in names])
        line = frame.f_lineno or frame.f_code.co_firstlineno  # a module begins before its lines
        recorder.write(
            '{"k": "c", "n": %d%s, "v": {%s}}\n' % (line, self._tail, ", ".join(changed))
        )
        return self.trace

    def trace(self, frame: "FrameType", event: str, arg: "Any") -> "TraceFunction | None":
        """The frame's own trace function."""
        recorder = self._recorder
        try:
            if event == "line":
                if frame.f_code.co_flags & _OPTIMIZED:
                    found = frame.f_locals
                else:
                    found = self._visible(frame)
                values = self._values
                known = values.get
                news = [pair for pair in found.items() if known(pair[0], _ABSENT) is not pair[1]]
                text = ", ".join(self._take(news)) if news else ""
                gone = ""
                if len(values) > len(found):
                    gone = self._drop(found)
                recorder.write(
                    '{"k": "l", "n": %d%s, "v": {%s}%s}\n'
                    % (frame.f_lineno or 0, self._tail, text, gone)
                )
            elif event == "return":
                self._say("r", frame, arg)
                self._thread.depth = self.depth - 1
            elif event == "exception":
                kind = arg[0] if isinstance(arg[0], type) else type(arg[1])
                # As the class itself, not its metaclass, would have it.
                more = ', "c": %s' % _escape(type.__repr__(kind))
                self._say("x", frame, arg[1], more)
        except RecursionError:
            recorder.end("depth", "the stack has no room left")
        return self.trace

    def _say(self, kind: str, frame: "FrameType", value: object, more: str = "") -> None:
        text = _escape(self._recorder.render(value)[0])
        self._recorder.write(
            '{"k": "%s", "n": %d%s, "o": %s%s}\n'
            % (kind, frame.f_lineno or 0, self._tail, text, more)
        )

    def _take(self, pairs: "list[tuple[str, object]]") -> "list[str]":
        """Keep what these locals are now; members of a JSON object for those that look new."""
        changed = []
        render, values, texts = self._recorder.render, self._values, self._texts
        for name, value in pairs:
            text, stable = render(value)
            values[name] = value if stable else _MUTABLE
            if texts.get(name) != text:
                texts[name] = text
                changed.append("%s: %s" % (_escape(name), _escape(text)))
        return changed

    def _drop(self, found: "Mapping[str, object]") -> str:
        gone = [name for name in self._values if name not in found]
        for name in gone:
            del self._values[name], self._texts[name]
        return ', "g": [%s]' % ", ".join(map(_escape, gone))

    @staticmethod
    def _visible(frame: "FrameType") -> "dict[str, object]":
        """The names of a module or a class. A module's own, such as ``__builtins__``, are noise."""
        names = frame.f_locals  # type: object
        if not isinstance(names, dict):
            return {}  # a class of a metaclass with a name space of its own making
        module = names is frame.f_globals
        return {
            name: value
            for name, value in list(dict.items(names))
            if type(name) is str and not (module and _HIDDEN.match(name))
        }


class Recorder(object):
    """Takes the interpreter's events and writes those that are wanted.

    Args:
        request: what is wanted.
        tape: shared memory for the recording.
        control: shared memory for how it ended.
    """

    def __init__(self, request: "Request", tape: mmap.mmap, control: mmap.mmap) -> None:
        self._tape = tape.write
        self._control = control
        self._left = request["events"]
        self._count = itertools.count(1)
        self._numbers = itertools.count(0)
        self._threads = {}  # type: dict[int, Thread]
        self._functions = frozenset(request.get("functions") or ())
        self._limit = request.get("depth") or 0
        self._base = 0
        self._pid = os.getpid()
        self._files = Files(request, self.put)
        self._known = self._files.known
        self.render = Values(request["value"], request["repr_seconds"]).render
        self.deepest = 0
        self.entry = None  # type: CodeType | None
        """When set, nothing is recorded until this code is called."""
        self._may_be_forked = not hasattr(os, "register_at_fork")
        if not self._may_be_forked:
            os.register_at_fork(after_in_child=self._forked)

    def add_source(self, name: str, text: str) -> None:
        """Make code of this file name known."""
        self._files.add(name, name, text)

    def records(self, code: "CodeType") -> bool:
        """Whether code of a file would be recorded."""
        number = self._known.get(code.co_filename)
        if number is not None:
            return number >= 0
        return self._files.wanted(real(code.co_filename))

    def start(self) -> None:
        """Record from here on: this thread, and those started later."""
        frame = sys._getframe()  # type: FrameType | None
        while frame is not None:
            self._base += 1
            frame = frame.f_back
        # What the tracer needs of the stack is not to be missing to the program.
        sys.setrecursionlimit(sys.getrecursionlimit() + self._base + _SPARE_FRAMES)
        self._set_deepest()
        self._threads[get_ident()] = Thread(0)
        threading.settrace(self._new_thread)
        sys.settrace(self._call)

    def stop(self) -> bool:
        """Record no more; False when the program had ended it before."""
        ours = sys.gettrace() == self._call
        sys.settrace(None)
        threading.settrace(None)
        return ours

    def put(self, line: str) -> None:
        """Write a line; without room for it the recording ends."""
        try:
            self._tape(line.encode("ascii"))
        except ValueError:
            self.end("bytes", "the recording is as large as it may be")

    def write(self, event: str) -> None:
        """Write an event, if there may be another one."""
        if self._may_be_forked and os.getpid() != self._pid:
            return  # Python 3.6 does not tell us of forks
        if next(self._count) > self._left:
            self.end("events", "%d events were recorded" % self._left)
        try:
            self._tape(event.encode("ascii"))
        except ValueError:
            self.end("bytes", "the recording is as large as it may be")

    def check_depth(self, depth: int) -> None:
        """End the recording, unless the program has made room for more recursion."""
        if self._limit and depth >= self._limit:
            self.end("depth", "%d calls were open" % depth)
        self._set_deepest()
        if depth >= self.deepest:
            self.end("depth", "%d calls were open; the stack has no room for more" % depth)

    def _set_deepest(self) -> None:
        # The tracer itself needs some of the stack.
        self.deepest = max(sys.getrecursionlimit() - self._base - _SPARE_FRAMES, 1)
        if self._limit:
            self.deepest = min(self.deepest, self._limit)

    def end(self, why: str, detail: str = "", error: "BaseException | None" = None) -> "NoReturn":
        """End the recording and this process."""
        if os.getpid() == self._pid:
            sys.settrace(None)
            sys.setrecursionlimit(sys.getrecursionlimit() + 1000)
            # By hand: the stack may be full, and json use what the program has replaced.
            text = "null"
            if error is not None:
                name, message = map(_escape, described(error))
                text = '{"type": %s, "message": %s}' % (name, message)
            said = '{"end": %s, "detail": %s, "error": %s}'
            data = (said % (_escape(why), _escape(detail[:2000]), text)).encode("ascii")
            self._control[8 : 8 + len(data)] = data
            self._control[:8] = b"%8d" % len(data)
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BaseException:
                pass
        os._exit(0)

    def _forked(self) -> None:
        """Other processes of the program run on, unrecorded."""
        sys.settrace(None)
        threading.settrace(None)

    def _new_thread(self, frame: "FrameType", event: str, arg: object) -> "TraceFunction | None":
        self._threads[get_ident()] = Thread(len(self._threads))
        sys.settrace(self._call)
        return self._call(frame, event, arg)

    def _call(self, frame: "FrameType", event: str, arg: object) -> "TraceFunction | None":
        try:
            code = frame.f_code
            number = self._known.get(code.co_filename)
            if number is None:
                number = self._files.find(frame)
            if number < 0:
                return None
            if self.entry is not None:
                if code is not self.entry:
                    return None
                self.entry = None
            if self._functions and code.co_name not in self._functions:
                if code.co_filename != CALL:
                    return None
            old = getattr(frame.f_trace, "__self__", None)
            if type(old) is Scope:
                scope = old
            else:
                scope = Scope(self, code, number, next(self._numbers))
            return scope.enter(frame, self._threads[get_ident()])
        except RecursionError:
            self.end("depth", "the stack has no room left")


def described(error: BaseException) -> "tuple[str, str]":
    """The name of its type, and what it says."""
    try:
        message = str(error)
    except BaseException as other:
        message = "<its str raised %s>" % type(other).__name__
    return type(error).__name__, message[:2000]


# What is run --------------------------------------------------------------------------------------


class Unrunnable(Exception):
    """What was asked for cannot be run; the message is one line."""


def load(path: str) -> "ModuleType":
    """Import a file by its place; inside a package under its whole name.

    Raises:
        Unrunnable: there is no such file.
    """
    path = os.path.realpath(path)
    if not os.path.isfile(path):
        raise Unrunnable("no such file: %s" % path)
    folder, name = os.path.split(path)
    name = os.path.splitext(name)[0]
    parts = [] if name == "__init__" else [name]
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        parts.insert(0, package)
    sys.path.insert(0, folder)
    if len(parts) > 1 or name == "__init__":
        return importlib.import_module(".".join(parts))
    if name in sys.modules:
        name = "_" + name  # a module of the standard library that this tracer uses
    spec = importlib.util.spec_from_loader(name, SourceFileLoader(name, path))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def wrapped(call: str, name: str) -> str:
    """A function that makes the call, as the model's prompts have it."""
    return "def %s():\n    return %s\n" % (name, call)


def run_call(request: "Request", recorder: Recorder) -> None:
    """Call an expression on a file, from a wrapper of its own."""
    call = request["call"].strip()
    try:
        compiled = compile(call, CALL, "eval", 0, True)
    except (SyntaxError, ValueError) as error:
        raise Unrunnable("the call does not parse: %s" % error) from None
    text = wrapped(call, request.get("wrapper") or "main")
    code = compile(text, CALL, "exec", 0, True)
    names = load(request["path"]).__dict__
    head = re.match(r"\w+", call)
    builtin = vars(builtins)
    if head and head.group() in compiled.co_names and head.group() not in (*names, *builtin):
        raise Unrunnable("%s has no %s" % (os.path.basename(request["path"]), head.group()))
    made = {}  # type: dict[str, Any]
    exec(code, names, made)
    recorder.add_source(CALL, text)
    (main,) = made.values()
    finish(recorder, main)


def run_script(request: "Request", recorder: Recorder) -> None:
    """Run a file as Python would when it is named on the command line."""
    path = os.path.realpath(request["path"])
    sys.argv = [path] + list(request.get("arguments") or [])
    sys.path.insert(0, os.path.dirname(path))
    try:
        with io.open_code(path) if hasattr(io, "open_code") else open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        raise Unrunnable("cannot read %s: %s" % (path, error.strerror)) from None
    code = compile(source, path, "exec", 0, True)
    module = sys.modules["__main__"]
    module.__dict__.update(__file__=path, __builtins__=builtins)
    finish(recorder, lambda: exec(code, module.__dict__))


def finish(recorder: Recorder, work: "Callable[[], object]") -> None:
    """Do it under the recorder, and say how it ended."""
    error = None  # type: BaseException | None
    recorder.start()
    try:
        work()
    except BaseException as raised:
        error = raised
    ours = recorder.stop()
    if isinstance(error, SystemExit):
        recorder.end("exit", "SystemExit: " + described(error)[1], error)
    if not ours:
        recorder.end("untraced", "the program ended the tracing, or its stack was full", error)
    recorder.end("left", "", error)


def run_test(request: "Request", recorder: Recorder) -> None:
    """Run one test with pytest, and record it from the test's own function on."""
    import pytest

    sys.path.insert(0, os.getcwd())

    class Plugin(object):
        problem = ""

        @pytest.hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_runtest_call(self, item: "Any") -> "Any":
            recorder.entry = entry_of(item, recorder)
            recorder.start()
            outcome = yield
            ours = recorder.stop()
            error = outcome.excinfo[1] if outcome.excinfo else None
            for _, stream, text in getattr(item, "_report_sections", ()):
                number = {"stdout": 1, "stderr": 2}.get(stream)
                if number:
                    os.write(number, text[:_KEPT_OUTPUT].encode("utf-8", "replace"))
            recorder.end("left" if ours else "untraced", "", error)

        def pytest_runtest_logreport(self, report: "Any") -> None:
            if report.when == "setup" and not report.passed:
                self.problem = "the test's set-up %s: %s" % (report.outcome, last_line(report))

        def pytest_collectreport(self, report: "Any") -> None:
            if report.failed:
                self.problem = "%s cannot be collected: %s" % (report.nodeid, last_line(report))

    plugin = Plugin()
    # Assertions as they are written: pytest's own have locals that no source has.
    options = ["-q", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:randomly"]
    if importlib.util.find_spec("pytest_cov"):
        options.append("--no-cov")
    if importlib.util.find_spec("xdist"):
        options.append("-n0")
    sys.argv = ["pytest"] + options + list(request.get("arguments") or []) + [request["test"]]
    pytest.main(sys.argv[1:], plugins=[plugin])
    raise Unrunnable(plugin.problem or "pytest found no test %s" % request["test"])


def last_line(report: "Any") -> str:
    """What pytest says in the end."""
    text = report.longrepr
    if isinstance(text, tuple):
        text = text[-1]
    text = getattr(getattr(text, "reprcrash", None), "message", text)
    lines = str(text).strip().splitlines() or [""]
    return lines[-1].lstrip("E ")


def entry_of(item: "Any", recorder: Recorder) -> "CodeType | None":
    """The code of the test's function beneath its decorators, if that is recorded at all."""
    function = getattr(item, "obj", None)
    for _ in range(100):
        inner = getattr(function, "__wrapped__", None)
        if inner is None:
            break
        function = inner
    code = getattr(function, "__code__", None)
    return code if isinstance(code, types.CodeType) and recorder.records(code) else None


# Processes ----------------------------------------------------------------------------------------

_RUNNERS = {"call": run_call, "test": run_test, "script": run_script}


def child(request: "Request", tape: mmap.mmap, control: mmap.mmap) -> None:
    """Be the program."""
    sys.dont_write_bytecode = True
    del sys.path[0]
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    entry = request.get("call") or request.get("test") or request.get("path") or ""
    recorder = Recorder(request, tape, control)
    header = {
        "format": 1,
        "python": "%d.%d.%d" % sys.version_info[:3],
        "entry": entry,
        "comprehensions": "inlined" if sys.version_info >= (3, 12) else "frames",
    }
    recorder.put(json.dumps(header) + "\n")
    try:
        _RUNNERS[request["kind"]](request, recorder)
    except Unrunnable as problem:
        recorder.end("error", str(problem), problem)
    except SystemExit as error:
        recorder.end("exit", "while it was loaded", error)
    except BaseException as error:
        recorder.end("error", "it cannot be loaded", error)


class Parent(object):
    """Keeps the time of a child and reads what it prints.

    Args:
        pid: the child's.
        streams: descriptors of its output and its errors.
    """

    def __init__(self, pid: int, streams: "list[int]") -> None:
        self._pid = pid
        self._kept = dict.fromkeys(streams, b"")
        self._streams = streams

    def wait(self, seconds: float) -> "End":
        """Until it ends, or is ended; how it did, should it have said nothing itself."""
        deadline = time.monotonic() + seconds
        pause = 0.001
        while True:
            ended, status = os.waitpid(self._pid, os.WNOHANG)
            if ended:
                said = self._status(status)
                break
            if time.monotonic() >= deadline:
                said = {"end": "time", "detail": "it ran for %g seconds" % seconds}
                break
            self._read(pause)
            pause = min(pause * 2, 0.05)
        try:
            os.killpg(self._pid, signal.SIGKILL)
        except OSError:
            pass
        if not ended:
            try:
                os.kill(self._pid, signal.SIGKILL)
            except OSError:
                pass
            os.waitpid(self._pid, 0)
        while self._read(0):
            pass
        texts = [self._kept[stream].decode("utf-8", "replace") for stream in self._streams]
        said["stdout"], said["stderr"] = texts
        return said

    @staticmethod
    def _status(status: int) -> "End":
        if os.WIFSIGNALED(status):
            return {"end": "killed", "detail": "signal %d" % os.WTERMSIG(status)}
        return {"end": "exit", "detail": "exit code %d" % os.WEXITSTATUS(status)}

    def _read(self, seconds: float) -> bool:
        """Take what there is; True when there was something."""
        open_ = [stream for stream in self._streams if stream in self._kept]
        ready, _, _ = select.select(open_, [], [], seconds)
        found = False
        for stream in ready:
            data = os.read(stream, 1 << 16)
            found = found or bool(data)
            room = _KEPT_OUTPUT - len(self._kept[stream])
            self._kept[stream] += data[: max(room, 0)]
        if ready and not found:
            time.sleep(min(seconds, 0.005))  # all it printed to is closed
        return found


def record(request: "Request") -> None:
    """Run the program in a child and complete its recording."""
    file = os.open(request["out"], os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
    os.ftruncate(file, request["bytes"])
    tape = mmap.mmap(file, request["bytes"])
    control = mmap.mmap(-1, 1 << 16)
    pipes = [os.pipe(), os.pipe()]
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            os.close(file)
            nothing = os.open(os.devnull, os.O_RDONLY)
            os.dup2(nothing, 0)
            os.close(nothing)
            for number, (reader, writer) in enumerate(pipes, 1):
                os.dup2(writer, number)
                os.close(reader)
                os.close(writer)
            child(request, tape, control)
        finally:
            os._exit(1)
    for _, writer in pipes:
        os.close(writer)
    said = Parent(pid, [reader for reader, _ in pipes]).wait(request["seconds"])
    length = control[:8].strip(b"\0 ")
    if length:
        said.update(json.loads(control[8 : 8 + int(length)].decode("ascii")))
    # Whole lines only: the last one may have been cut short by a kill.
    end = tape.rfind(b"\n") + 1
    said.setdefault("error", None)
    said["events"] = count_events(tape, end)
    # A new file: the program may have removed the one that was written to.
    os.makedirs(os.path.dirname(os.path.abspath(request["out"])), exist_ok=True)
    whole = request["out"] + ".whole"
    with open(whole, "wb") as complete:
        complete.write(tape[:end])
        complete.write((json.dumps(said) + "\n").encode("ascii"))
    os.rename(whole, request["out"])


def count_events(tape: mmap.mmap, end: int) -> int:
    """Lines that are events."""
    return sum(1 for line in tape[:end].splitlines() if line.startswith(b'{"k"'))


if __name__ == "__main__":
    with open(sys.argv[1]) as asked:
        wanted = json.load(asked)  # type: Request
    # Before Python 3.10 a function called from its own module shares the builtins of its caller.
    eval("record(wanted)", {"record": record, "wanted": wanted})
    os._exit(0)
