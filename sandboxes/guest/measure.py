"""Measures how much a call does as its input grows: the lines that run, and the time they take.

Started with two paths: of the JSON that it is given, and of the JSON that it is to answer with.
Given is ``{"source": ..., "call": EXPR, "seconds": ..., "point_seconds": ..., "largest": N}``. The
call is an expression with ``n`` in it; its arguments are made before anything is counted. Sizes are
doubled, each in a process of its own, until one takes too long; where that gives few of them, sizes
in between follow. The answer is ``{"points": [{"n": N, "lines": COUNT, "seconds": TIME}], "end":
"largest" | "time" | "raised" | "died", "error": LINE}``.
"""

import ast
import json
import os
import select
import signal
import sys
import time
from typing import Any, Callable, Dict, List, Optional

Found = Dict[str, Any]  # as it is written to JSON

_FEW = 8
_SHORT = 0.005
_REPEATS = 5


def _prepared(source: str, call: str, n: int) -> Callable[[], object]:
    """The call, its arguments made."""
    module = type(sys)("program")
    sys.modules["program"] = module
    names = module.__dict__
    exec(compile(source, "<program>", "exec"), names)
    names["n"] = n
    node = ast.parse(call.strip(), mode="eval").body
    if not isinstance(node, ast.Call):
        whole = compile(call.strip(), "<call>", "eval")
        return lambda: eval(whole, names)
    keys: List[Optional[ast.expr]] = [
        ast.Constant(each.arg) if each.arg else None for each in node.keywords
    ]
    named = ast.Dict(keys, [each.value for each in node.keywords])
    parts = ast.Tuple([node.func, ast.List(node.args, ast.Load()), named], ast.Load())
    made = compile(ast.fix_missing_locations(ast.Expression(parts)), "<call>", "eval")
    function, arguments, keywords = eval(made, names)
    return lambda: function(*arguments, **keywords)


def _counted(source: str, call: str, n: int) -> int:
    """The lines that run of the program."""
    run = _prepared(source, call, n)
    count = [0]

    def line(frame: Any, event: str, argument: object) -> Any:
        if event == "line":
            count[0] += 1
        return line

    def enter(frame: Any, event: str, argument: object) -> Any:
        return line if frame.f_code.co_filename == "<program>" else None

    sys.settrace(enter)
    try:
        run()
    finally:
        sys.settrace(None)
    return count[0]


def _timed(source: str, call: str, n: int) -> float:
    """The least of some times, as all that disturbs adds to them."""
    best = float("inf")
    for _ in range(_REPEATS):
        run = _prepared(source, call, n)
        begun = time.perf_counter()
        run()
        took = time.perf_counter() - begun
        best = min(best, took)
        if took > _SHORT:
            break
    return best


def _point(source: str, call: str, n: int) -> Found:
    seconds = _timed(source, call, n)
    return {"n": n, "lines": _counted(source, call, n), "seconds": seconds}


def _in_child(source: str, call: str, n: int, writing: int) -> None:
    """What the child does; it never returns."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    sys.setrecursionlimit(100000)
    try:
        found = _point(source, call, n)
    except BaseException as error:
        try:
            message = " ".join(str(error).split())[:300]
        except Exception:
            message = ""
        found = {"error": type(error).__name__ + (": " + message if message else "")}
    os.write(writing, json.dumps(found).encode())
    os._exit(0)


def _measured(source: str, call: str, n: int, seconds: float) -> Found:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _in_child(source, call, n, writing)
    os.close(writing)
    ready = select.select([reading], [], [], seconds)[0]
    data = os.read(reading, 1 << 16) if ready else b""
    os.close(reading)
    for kill in (os.killpg, os.kill):
        try:
            kill(child, signal.SIGKILL)
        except OSError:
            pass
    os.waitpid(child, 0)
    if not ready:
        return {"end": "time"}
    try:
        found = json.loads(data.decode())
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return {"end": "died"}
    return {"end": "raised", "error": found["error"]} if "error" in found else found


def _all(given: Found) -> Found:
    source, call = given["source"], given["call"]
    deadline = time.monotonic() + given["seconds"]
    points: List[Found] = []
    answer: Found = {"points": points, "end": "largest", "error": ""}

    def more(n: int) -> bool:
        left = deadline - time.monotonic()
        if left <= 0:
            answer["end"] = "time"
            return False
        found = _measured(source, call, n, min(given["point_seconds"], left))
        if "end" in found:
            answer.update(found)
            return False
        points.append(found)
        return True

    n = 2
    while n <= given["largest"] and more(n):
        n *= 2
    # What grows fast allows few doublings; the sizes between them tell as much.
    step = max(n // 16, 1)
    between = [size for size in range(step, n, step) if size not in {each["n"] for each in points}]
    if len(points) < _FEW and answer["end"] != "raised":
        for size in between:
            if not more(size):
                break
    points.sort(key=lambda each: each["n"])
    return answer


def _main() -> None:
    _, request, answer = sys.argv
    with open(request, encoding="utf-8") as file:
        given = json.load(file)
    sys.argv[:] = ["program"]
    found = _all(given)
    with open(answer, "w", encoding="utf-8") as file:
        json.dump(found, file)


if __name__ == "__main__":
    _main()
