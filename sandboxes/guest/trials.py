"""Tries many edits of a project against its tests inside one process tree.

Standard library and pytest only, one file, Python 3.6 to 3.14; it runs inside a sandbox and is
handed over as text. It reads one JSON request from the file named on its command line and writes
one JSON line for each candidate, ``{"number", "failing", "kept", "broke", "seconds"}``, to the
stdout it was started with; everything else that is printed goes nowhere. ``failing`` and ``kept``
are ``pass``, ``fail``, ``error``, ``timeout`` or null; ``failing`` may be ``fresh``, which asks for
the candidate again with ``hot`` false.

A process start and a collection for every edit would cost a second each. Instead pytest collects
once; then, for each candidate, a child is forked in which the edited functions get their new code
objects, and the child runs the tests to repair and, if those pass, those to keep (*hot*). Where
that would not be the same as starting afresh (the edit changes what runs at import time), the file
is written, and a child forked before the project was imported runs pytest anew (*fresh*). Either
way the answer is a filter: the caller judges the few survivors with an ordinary test run.

The request: ``args`` (for pytest), ``cwd_first`` (whether the cwd goes on sys.path, as with
``python -m pytest``), ``failing`` and ``keep`` (test ids), ``seconds`` (three limits: until the
tests begin, for the failing tests, for the others), ``memory`` (bytes a trial may take on top of
what is there), ``candidates``: ``{"number", "path", "edits": [[start, end, text], ...], "hot":
bool}`` with offsets in characters. A candidate with ``"check": true`` and no edits runs all tests
and answers with ``"bad"``, those to keep that do not pass here, and ``"took"``, the two times.
"""

import ast
import gc
import importlib.util
import io
import json
import os
import re
import resource
import select
import signal
import subprocess
import sys
import time
import tokenize
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NotRequired, TypedDict

    import pytest

    Functions = dict[tuple[str, int], list[types.FunctionType]]

    class Candidate(TypedDict):
        """One edit to try, as the request has it."""

        number: int
        path: str
        edits: list[tuple[int, int, str]]
        hot: bool
        check: NotRequired[bool]

    class Request(TypedDict):
        """What the caller asks for."""

        args: list[str]
        cwd_first: NotRequired[bool]
        failing: list[str]
        keep: list[str]
        seconds: list[float]
        memory: NotRequired[int]
        candidates: list[Candidate]

    class Said(TypedDict, total=False):
        """What a child says, and what is made of it for the caller."""

        phase: int
        done: bool
        timeout: bool
        modules: list[str]
        failing: str | None
        kept: str | None
        stopped_at: str
        bad: list[str]
        took: list[float]
        error: str
        number: int
        seconds: float
        broke: bool

    Say = Callable[[Said], object]


def read_source(path: str) -> "tuple[str, str]":
    """A Python file as text, its line ends untouched."""
    with open(path, "rb") as file:
        data = file.read()
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding), encoding


def edited(text: str, edits: "list[tuple[int, int, str]]") -> str:
    """The text with ``[start, end, new]`` replacements applied; they do not overlap."""
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def stable_id(test: str) -> str:
    """A test's id without memory addresses, which differ from run to run."""
    return re.sub(r"0x[0-9a-fA-F]{6,}", "0x...", test)


def compile_edited(old: str, new: str, path: str) -> types.CodeType:
    """Compile the edited text, its classes on the lines they had.

    From Python 3.13 on a class's body stores its first line. That alone must not make every class
    after an inserted line a different one.
    """
    if sys.version_info < (3, 13) or old.count("\n") == new.count("\n"):
        return compile(new, path, "exec", 0, True)
    # The checker takes this for Python 3.11, where the code below is never reached.
    tree = ast.parse(new, path)  # type: ignore[unreachable]
    before, after = _classes(ast.parse(old)), _classes(tree)
    if len(before) == len(after):
        for one, other in zip(before, after):
            pairs = [(one, other)] + list(zip(one.decorator_list, other.decorator_list))
            for was, now in pairs:
                now.lineno = was.lineno
                now.end_lineno = max(now.end_lineno, was.end_lineno)
    return compile(tree, path, "exec", 0, True)


def _classes(tree: ast.AST) -> "list[ast.ClassDef]":
    return [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


class NeedsFresh(Exception):
    """The edit shows only when the module is imported again."""


def _own(code: types.CodeType) -> "tuple[object, ...]":
    """What a code object does, its inner code objects and line numbers left out."""
    constants = [
        (type(constant).__name__, repr(constant))
        for constant in code.co_consts
        if not isinstance(constant, types.CodeType)
    ]
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return (code.co_code, constants, names, code.co_flags, code.co_argcount, code.co_name)


def _inner(code: types.CodeType) -> "list[types.CodeType]":
    return [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]


def swap(old: types.CodeType, new: types.CodeType, functions: "Functions") -> None:
    """Give the functions compiled from ``old`` the code of ``new``.

    Args:
        old: the module's code as it was imported.
        new: the edited module's code.
        functions: the live functions of that file, by name and first line.

    Raises:
        NeedsFresh: it cannot be done, or would not be the same as importing anew.
    """
    if _own(old) != _own(new):
        raise NeedsFresh("what the module itself runs changed")
    _swap_inner(old, new, functions, False)


def _swap_inner(
    old: types.CodeType, new: types.CodeType, functions: "Functions", covered: bool
) -> None:
    before, after = _inner(old), _inner(new)
    if [code.co_name for code in before] != [code.co_name for code in after]:
        if not covered:
            raise NeedsFresh("functions came or went")
        return
    for one, other in zip(before, after):
        if one == other:
            continue
        live = [
            function
            for function in functions.get((one.co_name, one.co_firstlineno), ())
            if function.__code__ == one
        ]
        for function in live:
            try:
                function.__code__ = other
            except ValueError:
                raise NeedsFresh("the free variables changed") from None
        if not live and not covered and _own(one) != _own(other):
            raise NeedsFresh("no live function has this code")
        _swap_inner(one, other, functions, covered or bool(live))


class Trier(object):
    """Runs a request's candidates.

    Attributes:
        request: as read.
        out: the file descriptor results go to.
    """

    def __init__(self, request: "Request", out: int) -> None:
        self.request = request
        self.out = out
        self.root = os.getcwd()
        self.tracked = self._tracked()
        self.state = self._state()

    # -- the tree must be as it was, whatever a trial did

    def _tracked(self) -> "list[str]":
        listing = subprocess.run(
            ["git", "ls-files", "-z"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ).stdout
        return [os.fsdecode(name) for name in listing.split(b"\0") if name]

    def _state(self) -> "dict[str, tuple[int, float]]":
        state = {}
        for name in self.tracked:
            try:
                found = os.lstat(name)
            except OSError:
                continue
            state[name] = (found.st_size, found.st_mtime)
        return state

    # -- one candidate

    def emit(self, number: int, result: "Said", since: float) -> bool:
        """Write one line; False when the tree broke and nothing after it would be true."""
        result["number"] = number
        result["seconds"] = round(time.time() - since, 4)
        result["broke"] = self._state() != self.state
        os.write(self.out, (json.dumps(result) + "\n").encode())
        return not result["broke"]

    def in_child(self, work: "Callable[[Say], None]") -> "Said":
        """Fork; ``work(say)`` runs in the child, and what it said last is the result."""
        reader, writer = os.pipe()
        process = os.fork()
        if process == 0:
            code = 1
            try:
                os.close(reader)
                os.setsid()
                self._limit()
                work(lambda message: os.write(writer, (json.dumps(message) + "\n").encode()))
                code = 0
            except BaseException as error:
                if not isinstance(error, SystemExit):
                    os.write(writer, (json.dumps({"error": repr(error)[:300]}) + "\n").encode())
            finally:
                os._exit(code)
        os.close(writer)
        try:
            return self._listen(reader, process)
        finally:
            os.close(reader)

    def _limit(self) -> None:
        memory = self.request.get("memory")
        if memory:
            page = os.sysconf("SC_PAGE_SIZE")
            with open("/proc/self/statm") as file:
                now = int(file.read().split()[0]) * page
            resource.setrlimit(resource.RLIMIT_AS, (now + memory, now + memory))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 28, 1 << 28))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def _listen(self, reader: int, process: int) -> "Said":
        """Messages until the child is done or its time is up; then its whole session dies."""
        limits = self.request["seconds"]
        deadline = time.time() + limits[0]
        result = {}  # type: Said
        buffer = b""
        ended = False
        while not ended:
            left = deadline - time.time()
            if left <= 0:
                result["timeout"] = True
                break
            ready, _, _ = select.select([reader], [], [], min(left, 0.5))
            if not ready:
                ended = os.waitpid(process, os.WNOHANG)[0] == process
                if ended:
                    process = 0
                continue
            data = os.read(reader, 65536)
            ended = not data
            buffer += data
            while b"\n" in buffer:
                line, _, buffer = buffer.partition(b"\n")
                message = json.loads(line.decode())  # type: Said
                if "phase" in message:
                    deadline = time.time() + limits[message.pop("phase")]
                ended = ended or message.pop("done", False)
                result.update(message)
        self._end(process)
        return verdict(result)

    @staticmethod
    def _end(process: int) -> None:
        if not process:
            return
        try:
            os.killpg(process, signal.SIGKILL)
        except OSError:
            try:
                os.kill(process, signal.SIGKILL)
            except OSError:
                pass
        os.waitpid(process, 0)

    # -- fresh: the file is written, pytest starts anew

    def fresh(self, candidates: "list[Candidate]") -> bool:
        """Try each on disk; False when the tree broke."""
        if len(candidates) > 2:
            self.preload()
        for candidate in candidates:
            since = time.time()

            def work(say: "Say", candidate: "Candidate" = candidate) -> None:
                self._anew(candidate, say)

            undo = self._write(candidate)
            try:
                result = self.in_child(work)
            finally:
                undo()
            if not self.emit(candidate["number"], result, since):
                return False
        return True

    @staticmethod
    def _write(candidate: "Candidate") -> "Callable[[], None]":
        """Make the edit on disk; what is returned takes it back, time stamps included."""
        if not candidate["edits"]:
            return lambda: None
        path = candidate["path"]
        with open(path, "rb") as file:
            data = file.read()
        stat = os.stat(path)
        text, encoding = read_source(path)
        with open(path, "wb") as target:
            target.write(edited(text, candidate["edits"]).encode(encoding))

        def undo() -> None:
            with open(path, "wb") as file:
                file.write(data)
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

        return undo

    def _anew(self, candidate: "Candidate", say: "Say") -> None:
        import pytest

        plugin = Plugin(self, candidate=candidate, say=say)
        pytest.main(list(self.request["args"]), plugins=[plugin])
        if not plugin.ran:
            say({"failing": "error", "done": True})

    def preload(self) -> None:
        """Import what the tests need of other projects, so that the children need not."""
        names = self.in_child(self._list_modules).get("modules", [])
        for name in ["pytest"] + names:
            before = set(sys.modules)
            try:
                __import__(name)
            except BaseException:
                pass
            new = set(sys.modules) - before
            if any(self._ours(module) for module in new):
                for module in new:
                    sys.modules.pop(module, None)

    def _list_modules(self, say: "Say") -> None:
        import pytest

        pytest.main(list(self.request["args"]) + ["--collect-only"])
        names = [
            name
            for name, module in list(sys.modules.items())
            if not self._ours(name)
            and getattr(module, "__spec__", None) is not None
            and getattr(module, "__file__", None)
            and not name.startswith(("_pytest.assertion", "__"))
        ]
        say({"modules": names, "done": True})

    def _ours(self, name: str) -> bool:
        path = getattr(sys.modules.get(name), "__file__", None) or ""
        if not path.startswith(self.root + os.sep):
            return False
        return "site-packages" not in path

    # -- hot: one collection, a fork and new code objects for each

    def hot(self, candidates: "list[Candidate]") -> None:
        """Collect once and try each; what cannot be tried this way is answered with ``fresh``."""
        import pytest

        plugin = Plugin(self, candidates=candidates)
        pytest.main(list(self.request["args"]), plugins=[plugin])
        if not plugin.ran:
            for candidate in candidates:
                self.emit(candidate["number"], {"failing": "fresh", "kept": None}, time.time())

    def try_hot(
        self, candidates: "list[Candidate]", run: "Callable[[Candidate, Say], None]"
    ) -> None:
        """Inside pytest's session: fork for each candidate and call ``run(say)`` there."""
        sources = {}  # type: dict[str, tuple[str, types.CodeType]]
        functions = live_functions()
        gc.collect()
        if hasattr(gc, "freeze"):
            gc.freeze()
        for candidate in candidates:
            since = time.time()

            def work(say: "Say", candidate: "Candidate" = candidate) -> None:
                try:
                    self._swap(candidate, sources, functions)
                except NeedsFresh:
                    say({"failing": "fresh", "done": True})
                except (SyntaxError, ValueError):
                    say({"failing": "error", "done": True})
                else:
                    run(candidate, say)

            if candidate["edits"]:
                self._load(candidate, sources)
            if not self.emit(candidate["number"], self.in_child(work), since):
                return

    @staticmethod
    def _load(candidate: "Candidate", sources: "dict[str, tuple[str, types.CodeType]]") -> None:
        """The file's text and code, read and compiled once, before the children are forked."""
        path = os.path.realpath(candidate["path"])
        if path not in sources:
            text = read_source(path)[0]
            sources[path] = (text, compile(text, path, "exec", 0, True))

    @staticmethod
    def _swap(
        candidate: "Candidate",
        sources: "dict[str, tuple[str, types.CodeType]]",
        functions: "dict[str, Functions]",
    ) -> None:
        if candidate["edits"]:
            path = os.path.realpath(candidate["path"])
            text, old = sources[path]
            new = compile_edited(text, edited(text, candidate["edits"]), path)
            swap(old, new, functions.get(path, {}))


def live_functions() -> "dict[str, Functions]":
    """Every function there is, by its file, then by name and first line."""
    functions = {}  # type: dict[str, Functions]
    paths = {}  # type: dict[str, str]
    for thing in gc.get_objects():
        if type(thing) is types.FunctionType:
            name = thing.__code__.co_filename
            if name not in paths:
                paths[name] = os.path.realpath(name)
            key = (thing.__code__.co_name, thing.__code__.co_firstlineno)
            functions.setdefault(paths[name], {}).setdefault(key, []).append(thing)
    return functions


def verdict(said: "Said") -> "Said":
    """What a child said, as the two answers the caller wants."""
    if "modules" in said:
        return said
    failing = said.get("failing")
    kept = said.get("kept")
    if said.get("timeout"):
        if failing == "pass":
            kept = "timeout"
        else:
            failing = "timeout"
    elif failing is None:
        failing = "error"
    elif failing == "pass" and kept is None:
        kept = "error"
    result = {"failing": failing, "kept": kept}  # type: Said
    for key in ("stopped_at", "bad", "took", "error"):
        if key in said:
            result[key] = said[key]
    return result


class Plugin(object):
    """Takes pytest's loop over: either tries candidates, or runs the tests as a candidate's child.

    Attributes:
        ran: whether pytest came as far as running tests.
    """

    def __init__(
        self,
        trier: Trier,
        candidates: "list[Candidate] | None" = None,
        candidate: "Candidate | None" = None,
        say: "Say | None" = None,
    ) -> None:
        self.ran = False
        self._trier = trier
        self._candidates = candidates
        self._candidate = candidate
        self._say = say
        self._bad = False
        self._passed = False

    def pytest_runtestloop(self, session: "pytest.Session") -> bool:
        """In place of pytest's own loop."""
        self.ran = True
        failing, keep = self._chosen(session)
        if self._candidates is not None:
            self._trier.try_hot(
                self._candidates, lambda one, say: self._run(failing, keep, one, say)
            )
        elif self._candidate is not None and self._say is not None:
            self._run(failing, keep, self._candidate, self._say)
        return True

    # What pytest.hookimpl would say, but pytest must not be imported yet.
    pytest_runtestloop.tryfirst = True  # type: ignore[attr-defined]

    def _chosen(
        self, session: "pytest.Session"
    ) -> "tuple[list[pytest.Item | None], list[pytest.Item]]":
        items = {stable_id(item.nodeid): item for item in session.items}
        request = self._trier.request
        failing = [items.get(test) for test in request["failing"]]
        keep = [items[test] for test in request["keep"] if test in items]
        return failing, keep

    def _run(
        self,
        wanted: "list[pytest.Item | None]",
        keep: "list[pytest.Item]",
        candidate: "Candidate",
        say: "Say",
    ) -> None:
        failing = [item for item in wanted if item is not None]
        if len(failing) < len(wanted) or not failing:
            say({"failing": "error", "done": True})
            return
        if candidate.get("check"):
            self._check(failing, keep, say)
            return
        say({"phase": 1})
        if self._first_bad(failing, keep[:1]) is not None:
            say({"failing": "fail", "done": True})
            return
        say({"failing": "pass", "phase": 2})
        bad = self._first_bad(keep, [])
        if bad is None:
            say({"kept": "pass", "done": True})
        else:
            say({"kept": "fail", "stopped_at": stable_id(bad.nodeid), "done": True})

    def _first_bad(
        self, items: "list[pytest.Item]", after: "list[pytest.Item]"
    ) -> "pytest.Item | None":
        """Run tests until one does not pass, and return that one."""
        then = list(after) or [None]  # type: list[pytest.Item | None]
        for item, following in zip(items, items[1:] + then):
            if not self._one(item, following):
                return item
        return None

    def _check(self, failing: "list[pytest.Item]", keep: "list[pytest.Item]", say: "Say") -> None:
        """How the tests do here without any edit."""
        say({"phase": 1})
        since = time.time()
        passed = [self._one(item, None) for item in failing]
        middle = time.time()
        say({"failing": "pass" if all(passed) else "fail", "phase": 2})
        bad = [stable_id(item.nodeid) for item in keep if not self._one(item, None)]
        took = [middle - since, time.time() - middle]
        say({"kept": "pass", "bad": bad, "took": took, "done": True})

    def _one(self, item: "pytest.Item", following: "pytest.Item | None") -> bool:
        self._bad = self._passed = False
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        return self._passed and not self._bad

    def pytest_runtest_logreport(self, report: "pytest.TestReport") -> None:
        """After each phase of a test."""
        if report.failed:
            self._bad = True
        elif report.when == "call":
            self._passed = True


def plugin_options() -> "list[str]":
    """What keeps other plugins from measuring, shuffling or distributing our tests."""
    options = ["-p", "no:randomly"]
    if importlib.util.find_spec("pytest_cov"):
        options.append("--no-cov")
    if importlib.util.find_spec("xdist"):
        options.append("-n0")
    return options


def main() -> None:
    """Read the request, try, answer."""
    with open(sys.argv[1]) as file:
        request = json.load(file)  # type: Request
    out = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    request["args"] += plugin_options()
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.argv = ["pytest"] + list(request["args"])
    if request.get("cwd_first", True):
        sys.path[0] = os.getcwd()
    else:
        del sys.path[0]
    trier = Trier(request, out)
    fresh = [candidate for candidate in request["candidates"] if not candidate["hot"]]
    hot = [candidate for candidate in request["candidates"] if candidate["hot"]]
    if trier.fresh(fresh) and hot:
        trier.hot(hot)
    os._exit(0)


if __name__ == "__main__":
    main()
