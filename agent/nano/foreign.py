"""Programs that others wrote, as records to measure with: they are recorded in a sandbox."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.errors import WrongUse
from model.nano.programs.constructs import constructs
from model.nano.record import Record
from model.predict.predictor import Program
from model.trace.frame import Trace
from model.trace.recording import read_recording
from model.trace.states import compress
from model.trace.writing import NoEntry, write_frames
from sandboxes.errors import FileProblem
from sandboxes.recording import CallTarget, RecordingFailed, RecordingLimits, record
from sandboxes.sandbox import Sandbox

_LIMITS = RecordingLimits(events=400, seconds=10)
_FILE = "program.py"


class Row(BaseModel):
    """A program and its arguments, as CRUXEval publishes them; its function is called ``f``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    code: str
    input: str

    @property
    def call(self) -> str:
        """The expression that is traced."""
        return f"f({self.input})"


def read_rows(path: Path) -> list[Row]:
    """The rows of a file, one JSON object a line.

    Raises:
        WrongUse: it cannot be read, or a line is no such row.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    return [_row(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _row(path: Path, number: int, line: str) -> Row:
    try:
        return Row.model_validate_json(line)
    except ValidationError:
        hint = 'a line has "id", "code" and "input", as CRUXEval\'s do'
        raise WrongUse(f"{path}, line {number}, is no such row", hint) from None


async def recorded(rows: Sequence[Row], sandbox: Sandbox, told: Callable[[], None]) -> list[Record]:
    """Records of the rows, in their order; without those of which nothing can be recorded.

    Args:
        rows: the programs.
        sandbox: where they run, one after the other.
        told: called after each.

    Raises:
        SandboxDied: the sandbox went away.
    """
    found = []
    for row in rows:
        one = await _recorded(row, sandbox)
        found += [one] if one is not None else []
        told()
        await asyncio.sleep(0)
    return found


async def _recorded(row: Row, sandbox: Sandbox) -> Record | None:
    try:
        program = Program.of_call(row.code.rstrip("\n") + "\n", row.call)
        name = program.begun[0].source.removeprefix("def ").partition("(")[0]
        await sandbox.write_file(_FILE, row.code.encode())
        text = (await record(sandbox, CallTarget(_FILE, row.call, name), _LIMITS)).text
    except (NoEntry, FileProblem, RecordingFailed, UnicodeEncodeError):
        return None
    trace = read_recording(text).trace
    return _record(row, program, trace) if len(trace.threads[0]) > 1 else None


def _record(row: Row, program: Program, trace: Trace) -> Record:
    frames = compress(trace.threads[0])
    return Record(
        id=row.id,
        program=row.id,
        source=program.source,
        begun=write_frames(frames[:1], ended=False),
        trace=write_frames(frames[1:], ended=trace.ended),
        frames=len(frames) - 1,
        ended=trace.ended,
        constructs=tuple(_constructs(row.code)),
        family="foreign",
        call=row.call,
        form="call",
        size="long",
    )


def _constructs(code: str) -> Iterator[str]:
    try:
        yield from sorted(constructs(code))
    except (SyntaxError, ValueError, RecursionError):
        return
