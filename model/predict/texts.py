"""What a model that does not know CWM's tokens is told, filled in from the files in ``prompts``."""

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from string import Template

from model.predict.jsonlines import write_line
from model.predict.predictor import Program
from model.trace.frame import Frame, Kind

Message = dict[str, object]

_FENCE = re.compile(r"`{3,}")


def trace_messages(program: Program) -> list[Message]:
    """Asks for all frames that follow those of ``Program.begun``."""
    return _messages(program, program.begun, _questions()["trace"])


def step_messages(
    program: Program, frames: Sequence[Frame], kind: Kind | None = None
) -> list[Message]:
    """Asks for the frame after these, of this kind if one is given."""
    questions = _questions()
    question = questions["step"]
    if kind is not None:
        question = Template(questions["forced"]).substitute(kind=kind)
    return _messages(program, frames, question)


def value_messages(program: Program) -> list[Message]:
    """Asks for what the program returns."""
    return _messages(program, program.begun, _questions()["value"])


def _messages(program: Program, frames: Sequence[Frame], question: str) -> list[Message]:
    """The question comes last: what is before it is the same each time, and grows with the frames.

    The example asks for a whole trace whatever the question is, for the same reason.
    """
    first, *rest = _text("example.jsonl").splitlines()
    return [
        {"role": "system", "content": _text("system.md").strip()},
        {"role": "user", "content": _shown(_text("example.txt"), first, _questions()["trace"])},
        {"role": "assistant", "content": "\n".join(rest)},
        {"role": "user", "content": _shown(program.source, _lines(frames), question)},
    ]


def _shown(source: str, lines: str, question: str) -> str:
    # Lone surrogates, which source may have, have no place on the wire.
    source = source.encode(errors="replace").decode()
    longest = max((len(found[0]) for found in _FENCE.finditer(source)), default=2)
    program = Template(_text("program.md")).substitute(
        fence="`" * (longest + 1), source=source.rstrip("\n")
    )
    given = _questions()["given"] if lines else _questions()["nothing_given"]
    parts = program, Template(given).substitute(frames=lines), question
    return "\n\n".join(part.strip("\n") for part in parts)


def _lines(frames: Sequence[Frame]) -> str:
    return "\n".join(map(write_line, frames))


@cache
def _questions() -> dict[str, str]:
    return {name: str(text) for name, text in tomllib.loads(_text("questions.toml")).items()}


@cache
def _text(name: str) -> str:
    return resources.files("model.predict.prompts").joinpath(name).read_text(encoding="utf-8")
