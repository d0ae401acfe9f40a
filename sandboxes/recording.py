"""Recording what a program does inside a sandbox, from outside.

The recorder is a guest program (`sandboxes/guest/tracer.py`), which says what a recording looks
like. It is put below ``/tmp`` of the sandbox for the time it runs. Whatever the program does, the
recording that comes back is bounded and has a last line that says how it ended.
"""

import json
import uuid
from dataclasses import asdict, dataclass
from importlib.resources import files as resource_files

from sandboxes.errors import FileProblem, SandboxError
from sandboxes.sandbox import REPOSITORY, CommandResult, Sandbox

_PATIENCE_SECONDS = 5.0
"""The recorder keeps the time itself; one that is so much later was stopped or killed."""
_ROOM_FOR_THE_END = 1 << 20
_DIED = 128
"""Exit codes from here on are signals: the program's doing."""
_START = """
python=$(command -v python || command -v python3) || { echo 'there is no Python'; exit 127; }
exec "$python" "$FORETRACE_TRACER/tracer.py" "$FORETRACE_TRACER/request.json"
"""


class RecordingFailed(SandboxError):
    """The recorder itself could not run; what a program does to it is no such failure."""


@dataclass(frozen=True, slots=True)
class CallTarget:
    """An expression that is called on a file.

    Attributes:
        path: of the file, relative to the repository; it is imported.
        call: the expression, ``f(1)`` for example, with the file's names.
        wrapper: the name of the function that makes the call; its frames are the first.
    """

    path: str
    call: str
    wrapper: str = "main"


@dataclass(frozen=True, slots=True)
class TestTarget:
    """One test.

    Attributes:
        test: its id as pytest has it.
        arguments: for pytest, besides.
    """

    __test__ = False  # for pytest: this is no test itself

    test: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScriptTarget:
    """A file that is run.

    Attributes:
        path: of the file, relative to the repository.
        arguments: for the script.
    """

    path: str
    arguments: tuple[str, ...] = ()


Target = CallTarget | TestTarget | ScriptTarget


@dataclass(frozen=True, slots=True)
class RecordingLimits:
    """What ends a recording, or shortens it.

    Attributes:
        events: calls, lines, returns and exceptions.
        depth: calls that may be open; 0 for as many as Python's stack allows.
        value: characters of a value's text; what is longer is cut, and says so.
        bytes: of the whole recording.
        seconds: for loading the program and running it.
        repr_seconds: that one value's own ``__repr__`` may take.
    """

    events: int = 10_000
    depth: int = 0
    value: int = 10_000
    bytes: int = 16 * 1024**2
    seconds: float = 30.0
    repr_seconds: float = 0.5


@dataclass(frozen=True, slots=True)
class Recording:
    """What came back.

    Attributes:
        text: the recording: JSON objects, one a line, the last of which has ``end``.
        end: how it ended: ``left``, ``exit``, ``killed``, ``untraced``, ``error``, or the limit
            that ended it: ``events``, ``depth``, ``bytes``, ``time``.
        detail: more of it, one line for people; may be empty.
        error: type and message of what the program raised in the end, or why it did not start.
    """

    text: str
    end: str
    detail: str = ""
    error: tuple[str, str] | None = None


async def record(
    sandbox: Sandbox,
    target: Target,
    limits: RecordingLimits | None = None,
    *,
    root: str = REPOSITORY,
    files: tuple[str, ...] = (),
    functions: tuple[str, ...] = (),
) -> Recording:
    """Run something in a sandbox and record it.

    The program runs in a shell of its own at the repository's root. Hashes of strings are the same
    every time, so that two recordings of one program agree.

    Args:
        sandbox: where it runs; what the program changes there stays changed.
        target: what is run.
        limits: when to end.
        root: what lies below it is recorded, but for installed packages.
        files: these files or folders only, relative to the root.
        functions: functions of these names only.

    Raises:
        RecordingFailed: there is no Python, or no room for the recording.
        SandboxDied: the sandbox went away.
    """
    limits = limits or RecordingLimits()
    folder = f"/tmp/foretrace-trace-{uuid.uuid4().hex[:12]}"
    out = f"{folder}/recording.jsonl"
    kind = {CallTarget: "call", TestTarget: "test", ScriptTarget: "script"}[type(target)]
    chosen = {"kind": kind, "root": root, "files": files, "functions": functions, "out": out}
    request = json.dumps({**asdict(target), **asdict(limits), **chosen}).encode()
    tracer = resource_files("sandboxes.guest").joinpath("tracer.py").read_bytes()
    await sandbox.write_file(f"{folder}/tracer.py", tracer, parents=True)
    await sandbox.write_file(f"{folder}/request.json", request)
    result = await sandbox.run(
        _START,
        state=None,
        timeout=limits.seconds + _PATIENCE_SECONDS,
        output_limit=1 << 14,
        environment={"FORETRACE_TRACER": folder, "PYTHONHASHSEED": "0"},
    )
    try:
        data = await sandbox.read_file(out, limit=limits.bytes + _ROOM_FOR_THE_END)
    except FileProblem as problem:
        data = b""
        if problem.kind != "missing":
            result = _unreadable(result, str(problem))
    await sandbox.run(f"rm -rf {folder}", state=None)
    if not data and result.exit_code and result.exit_code < _DIED:
        last = (result.text.strip().splitlines() or ["it said nothing"])[-1]
        raise RecordingFailed(f"the recorder could not run: {last}")
    return completed(data, result)


def completed(data: bytes, result: CommandResult) -> Recording:
    """The recording, with a last line if the recorder came to none.

    Args:
        data: what was written; may end anywhere, in zeros too.
        result: of the recorder's own process.
    """
    text = data[: data.rfind(b"\n") + 1].decode("ascii", "replace")
    end = _end(text[text.rfind("\n", 0, -1) + 1 :])
    if end is None:
        why = "time" if result.status == "timeout" else "killed"
        events = sum(line.startswith('{"k"') for line in text.splitlines())
        end = {"end": why, "detail": _unfinished(result), "events": events, "error": None}
        text += json.dumps({**end, "stdout": ""}) + "\n"
    error = end.get("error")
    raised = None
    if isinstance(error, dict):
        raised = str(error.get("type", "")), str(error.get("message", ""))
    return Recording(text, str(end["end"]), str(end.get("detail", "")), raised)


def _end(line: str) -> dict[str, object] | None:
    """The last line's object, if it is one that ends a recording."""
    try:
        end = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return end if isinstance(end, dict) and "end" in end else None


def _unfinished(result: CommandResult) -> str:
    if result.notes:
        return " ".join(result.notes)
    if result.status == "timeout":
        return "the recorder did not end in time"
    return "the recorder was killed"


def _unreadable(result: CommandResult, problem: str) -> CommandResult:
    notes = (*result.notes, f"the recording cannot be read: {problem}")
    return CommandResult(result.status, result.exit_code, result.head, notes=notes)
