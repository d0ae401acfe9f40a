"""Faults out of a data set's programs that are held out: mutated, and called with new arguments."""

import ast
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.nano.dataset import read
from agent.nano.recording import Recorder
from benchmarks.foretelling.fault import Fault, fault_of
from model.nano.programs.arguments import calls
from model.nano.programs.mutation import mutated
from model.nano.programs.program import Generated
from model.nano.programs.scope import Argument, Signature
from model.nano.record import Record
from model.trace.writing import MARKER

_CALLS = 12


def draw(path: Path, count: int, seed: int, recorder: Recorder) -> Iterator[Fault]:
    """Faults, each of another program.

    Args:
        path: a file of records, whose programs the model was not trained on.
        count: of faults, at most.
        seed: of everything that is drawn.
        recorder: runs the programs.
    """
    by_program: dict[str, list[Record]] = {}
    for record in read(path):
        if record.form == "call" and not record.family.startswith("~") and record.ended:
            by_program.setdefault(record.program, []).append(record)
    names = sorted(by_program)
    rng = random.Random(seed)
    rng.shuffle(names)
    found = 0
    for name in names:
        fault = _fault(rng, name, by_program[name], recorder)
        if fault is not None:
            yield fault
            found += 1
            if found == count:
                return


def _fault(
    rng: random.Random, name: str, records: Sequence[Record], recorder: Recorder
) -> Fault | None:
    source = _program(records[0])
    made = [record.call for record in records]
    arguments = _arguments(made)
    if arguments is None:
        return None
    entry = Signature(made[0].partition("(")[0], arguments)
    right = Generated(source, entry, records[0].family)
    wrong = mutated(rng, right)
    if wrong is None:
        return None
    asked = list(dict.fromkeys([*made, *calls(rng, right, _CALLS)]))
    return fault_of(rng, name, "generated", source, wrong.source, asked, recorder)


def _program(record: Record) -> str:
    """The source without the function that was added to make the call."""
    lines = record.source.splitlines(keepends=True)
    head = next(number for number, line in enumerate(lines) if line.rstrip().endswith(MARKER))
    return "".join(lines[:head]).rstrip("\n") + "\n"


def _arguments(made: Sequence[str]) -> tuple[Argument, ...] | None:
    """The types of a function's arguments, as far as its calls tell them."""
    kinds: list[str] = []
    for call in made:
        tree = ast.parse(call, mode="eval").body
        if not isinstance(tree, ast.Call) or tree.keywords:
            return None
        for number, argument in enumerate(tree.args):
            kind = _kind(ast.literal_eval(argument))
            if kind is None:
                return None
            if number == len(kinds):
                kinds.append(kind)
            elif kinds[number] != kind:
                return None
    return tuple(Argument(f"argument_{n}", kind) for n, kind in enumerate(kinds))


def _kind(value: object) -> str | None:
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case str():
            return "str"
        case [first, *_] if isinstance(value, list):
            inner = _kind(first)
            return f"list[{inner}]" if inner in ("int", "str") else None
        case dict() if value and all(isinstance(each, int) for each in value.values()):
            return "dict[str, int]"
        case _:
            return None
