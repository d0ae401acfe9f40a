"""The recorders, each told to write every line of the programs with what changed of all locals.

Each is a function that runs a program under its recorder, which writes to the file given.
"""

import mmap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.recorders import programs

if TYPE_CHECKING:
    from sandboxes.guest.tracer import Request

Program = Callable[[], object]
Run = Callable[[Program, Path], object]

_DEEP = 1000
_BYTES = 1 << 22


def nobody(program: Program, file: Path) -> None:
    """The program alone."""
    program()


class Ours:
    """Foretrace's own, in this process: what it writes is shared with no other."""

    def __init__(self) -> None:
        self._tape = mmap.mmap(-1, 1)

    @property
    def events(self) -> int:
        """How many it recorded last."""
        return self._tape[:].count(b'{"k"')

    def __call__(self, program: Program, file: Path) -> None:
        """Run it."""
        from sandboxes.guest.tracer import Recorder

        file.write_bytes(b"")
        with file.open("r+b") as opened:
            opened.truncate(_BYTES)
            self._tape = mmap.mmap(opened.fileno(), _BYTES)
        request: Request = {
            "root": str(Path(programs.__file__).parent),
            "files": [programs.__file__],
            "events": 10**9,
            "value": 10_000,
            "repr_seconds": 0.5,
        }
        recorder = Recorder(request, self._tape, mmap.mmap(-1, 4096))
        recorder.start()
        program()
        recorder.stop()


def py_snooper(program: Program, file: Path) -> None:
    """PySnooper: values whole, all functions below."""
    import pysnooper  # type: ignore[import-not-found]

    snoop = pysnooper.snoop(str(file), depth=_DEEP, max_variable_length=None, color=False)
    snoop(program)()


def snoop(program: Program, file: Path) -> None:
    """The package of that name."""
    import snoop as package  # type: ignore[import-not-found]

    with file.open("w", encoding="utf-8") as out:
        config = package.Config(out=out, color=False)
        config.snoop(depth=_DEEP)(program)()


def hunter(program: Program, file: Path) -> None:
    """hunter: calls, returns, lines, and the locals that change."""
    import hunter as package  # type: ignore[import-not-found]

    with file.open("w", encoding="utf-8") as out:
        action = package.VarsSnooper(stream=out, force_colors=False, repr_limit=10_000)
        with package.trace(filename=programs.__file__, action=action):
            program()


RECORDERS: dict[str, Run] = {
    "Foretrace": Ours(),
    "PySnooper": py_snooper,
    "snoop": snoop,
    "hunter": hunter,
    "": nobody,
}
"""By the names they have in the results; nobody has none."""
