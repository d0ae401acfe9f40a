"""Runs a program's checks, each in a process of its own, and says what became of each.

What runs is hostile; an endless loop, an exit or a crash costs one check and not the answer. It is
started with two paths: of the JSON that it is given, and of the JSON that it is to answer with.
Given is ``{"source": ..., "checks": [...], "seconds": ...}``, where the seconds are for each check:

``{"kind": "value", "call": EXPR, "expected": EXPR or null}``
    the value of a call, beside the one that is expected.
``{"kind": "code", "code": TEXT}``
    statements that follow the program; they are to come to their end.
``{"kind": "stdin", "stdin": TEXT, "most": BYTES}``
    the program as a script, of whose output so much is kept.

The answer is a list with ``{"end": "done" | "raised" | "time" | "died"}`` for each, and ``value``
(a ``repr``), ``equal`` (true, false, or null where nothing was expected), ``stdout`` and ``error``
where there are such. After three checks whose time was up the others are not run: ``"skipped"``.
"""

import json
import os
import select
import signal
import sys
import time
from functools import partial
from typing import Any, Callable, Dict, List, Tuple

Found = Dict[str, Any]  # as it is written to JSON

_VALUE = 100000
_LONGEST = 1 << 24
_PATIENCE = 3


def _value(source: str, check: Found) -> Found:
    names = _loaded(source)
    # How these are written by repr is no expression.
    for name in ("inf", "nan"):
        names.setdefault(name, float(name))
    value = eval(compile(check["call"], "<call>", "eval"), names)
    expected = check.get("expected")
    # Values that change when they are looked at are compared before they are written down.
    equal = None if expected is None else bool(value == eval(expected, names))
    return {"end": "done", "equal": equal, "value": _repr(value)}


def _code(source: str, check: Found) -> Found:
    names = _loaded(source)
    exec(compile(check["code"], "<check>", "exec"), names)
    return {"end": "done", "equal": True}


def _loaded(source: str) -> Dict[str, Any]:
    # A real module, as dataclasses and pickle look their own up by name.
    module = type(sys)("program")
    sys.modules["program"] = module
    exec(compile(source, "<program>", "exec"), module.__dict__)
    return module.__dict__


def _repr(value: object) -> str:
    try:
        text = repr(value)
    except Exception as error:
        text = "<a %s without repr>" % type(error).__name__
    return text[:_VALUE].encode("utf-8", "replace").decode("utf-8")


def _error(error: BaseException) -> str:
    try:
        message = " ".join(str(error).split())
    except Exception:
        message = ""
    text = "%s: %s" % (type(error).__name__, message) if message else type(error).__name__
    return text[:500].encode("utf-8", "replace").decode("utf-8")


def _in_child(work: Callable[[], Found], writing: int) -> None:
    """What the child does; it never returns."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    try:
        found = work()
    except BaseException as error:
        found = {"end": "raised", "error": _error(error)}
    data = json.dumps(found).encode()
    while data:
        data = data[os.write(writing, data) :]
    os._exit(0)


def _run(work: Callable[[], Found], seconds: float) -> Found:
    """The answer of a child, or what became of it."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _in_child(work, writing)
    os.close(writing)
    data, end = _read(reading, time.monotonic() + seconds)
    os.close(reading)
    _kill(child)
    if end == "time":
        return {"end": "time"}
    try:
        found = json.loads(data.decode())
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"end": "died"}


def _kill(child: int) -> None:
    for kill in (os.killpg, os.kill):
        try:
            kill(child, signal.SIGKILL)
        except OSError:
            pass
    os.waitpid(child, 0)


def _read(reading: int, deadline: float) -> Tuple[bytes, str]:
    data = bytearray()
    while len(data) < _LONGEST:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            return bytes(data), "time"
        more = os.read(reading, 1 << 16)
        if not more:
            return bytes(data), "closed"
        data += more
    return bytes(data), "much"


def _script(path: str, check: Found, seconds: float) -> Found:
    """A program as a script: its output, and how it ended."""
    reading, writing = os.pipe()
    given = os.open(path + ".in", os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600)
    os.write(given, check["stdin"].encode("utf-8", "replace"))
    os.lseek(given, 0, os.SEEK_SET)
    child = os.fork()
    if not child:
        os.setsid()
        os.dup2(given, 0)
        os.dup2(writing, 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.close(reading)
        os.close(writing)
        os.execv(sys.executable, [sys.executable, "-I", path])
    os.close(writing)
    os.close(given)
    data, end = _read(reading, time.monotonic() + seconds)
    os.close(reading)
    if end == "closed":
        status = _awaited(child)
        found = {"end": "done" if status == 0 else "raised", "equal": None}
        if status:
            found["error"] = "it ended with status %s" % status
    else:
        _kill(child)
        found = {"end": "time" if end == "time" else "died"}
    found["stdout"] = data[: check["most"]].decode("utf-8", "replace")
    return found


def _awaited(child: int) -> int:
    _, status = os.waitpid(child, 0)
    try:
        os.killpg(child, signal.SIGKILL)
    except OSError:
        pass
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def _checked(given: Found, folder: str) -> List[Found]:
    source, seconds = given["source"], given["seconds"]
    late, found = 0, []
    for check in given["checks"]:
        if late >= _PATIENCE:
            found.append({"end": "skipped"})
            continue
        if check["kind"] == "stdin":
            path = os.path.join(folder, "program.py")
            with open(path, "w", encoding="utf-8", errors="replace") as file:
                file.write(source)
            found.append(_script(path, check, seconds))
        else:
            work = _value if check["kind"] == "value" else _code
            found.append(_run(partial(work, source, check), seconds))
        late += found[-1]["end"] == "time"
    return found


def _main() -> None:
    _, request, answer = sys.argv
    with open(request, encoding="utf-8") as file:
        given = json.load(file)
    sys.argv[:] = ["program"]
    found = _checked(given, os.path.dirname(request))
    with open(answer, "w", encoding="utf-8") as file:
        json.dump(found, file)


if __name__ == "__main__":
    _main()
