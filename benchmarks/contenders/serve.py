"""A contender's process: reads one request a line from stdin, does it, answers with one line.

``python -m benchmarks.contenders.serve NAME``. Time is taken in here, around the contender's own
call, so that what the pipes cost is nobody's. Memory is this process's, so that one contender's is
not another's.
"""

import asyncio
import base64
import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import IO

from benchmarks.contenders.contender import Answer, Contender, Place
from benchmarks.contenders.registry import CONTENDERS

_KEPT = 512 * 1024
"""Bytes of an output's head, and of its tail, that are handed on."""


async def serve(name: str, replies: IO[bytes]) -> None:
    """Answer requests until stdin ends."""
    entry = CONTENDERS[name]
    make: Callable[[], Contender] = getattr(importlib.import_module(entry.module), entry.name)
    contender = make()
    loop = asyncio.get_running_loop()
    while True:
        line = await loop.run_in_executor(None, sys.stdin.buffer.readline)
        if not line:
            return
        reply = await _answer(contender, json.loads(line))
        replies.write(json.dumps(reply).encode() + b"\n")
        replies.flush()


async def _answer(contender: Contender, request: dict[str, object]) -> dict[str, object]:
    answer = Answer(None, b"")
    error = ""
    before = _peak_memory(reset=True)
    started = time.perf_counter()
    try:
        answer = await _work(contender, request) or answer
    except Exception as problem:
        error = f"{type(problem).__name__}: {problem}"[:2000]
    seconds = time.perf_counter() - started
    output = answer.output
    whole = len(output) <= 2 * _KEPT
    return {
        "seconds": seconds,
        "exit_code": answer.exit_code,
        "head": base64.b64encode(output if whole else output[:_KEPT]).decode(),
        "tail": base64.b64encode(b"" if whole else output[-_KEPT:]).decode(),
        "length": len(output) + answer.cut,
        "timed_out": answer.timed_out,
        "memory": _peak_memory() - before,
        "error": error,
    }


def _work(
    contender: Contender, request: dict[str, object]
) -> Coroutine[object, object, Answer | None]:
    match request:
        case {"op": "start", "image": str(image), "labels": dict(labels), "run": str(run)}:
            return contender.start(Place(image, labels, run))
        case {"op": "run", "command": str(command), "timeout": float(timeout)}:
            return contender.run(command, timeout)
        case {"op": "new shell"}:
            return contender.new_shell()
        case {"op": "stop"}:
            return contender.stop()
    raise ValueError(f"not a request: {request}")


def _peak_memory(reset: bool = False) -> int:
    """The most memory that was resident, in bytes, since the last reset; 0 where unknown."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) * 1024 if lines else 0


def main() -> None:
    """Serve; whatever a contender prints goes to stderr instead of among the replies."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    asyncio.run(serve(sys.argv[1], replies))
    # Threads that still wait for a command that never ends would keep the interpreter.
    replies.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
