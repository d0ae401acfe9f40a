"""Predictions: the patches that a file or a batch holds, as SWE-bench's tools write them.

JSON lines, a JSON array, or a JSON object with a prediction for each id. What is none is told like
the entries of a list of issues that are none: with its place, and why.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.errors import WrongUse
from agent.sources.source import Skipped, open_file

UNNAMED = "unnamed"
"""The model of a prediction that does not say which it is of."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """A patch for an issue. Texts are as they were written: not safe to print.

    Attributes:
        issue: the issue's id.
        model: whose it is.
        patch: a diff; None where the model gave none.
    """

    issue: str
    model: str
    patch: str | None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to apply."""
        return self.patch is None or not self.patch.strip()


def read_predictions(path: Path) -> Iterator[Prediction | Skipped]:
    """The predictions of a file, in its order; of several for one issue the first.

    Args:
        path: ``FILE.jsonl``, or a JSON file.

    Raises:
        WrongUse: the file cannot be read, or holds no prediction.
    """
    seen: dict[str, str] = {}
    empty = True
    for where, row in _lines(path) if path.suffix == ".jsonl" else _values(path):
        empty = False
        entry = row if isinstance(row, Skipped) else _prediction(row, where)
        if isinstance(entry, Prediction):
            before = seen.setdefault(entry.issue, where)
            if before != where:
                why = f"there is a prediction for {entry.issue!r} in {before} already"
                entry = Skipped(where, why, entry.issue)
        yield entry
    if empty:
        raise WrongUse(f"{path} holds no prediction")


def _lines(path: Path) -> Iterator[tuple[str, object]]:
    with open_file(path) as file:
        for number, line in enumerate(file, start=1):
            text = line.decode("utf-8-sig" if number == 1 else "utf-8", "replace").strip()
            where = f"line {number}"
            if not text:
                continue
            try:
                yield where, json.loads(text)
            except (ValueError, RecursionError) as error:
                yield where, Skipped(where, f"not JSON ({_short(error)})")


def _values(path: Path) -> Iterator[tuple[str, object]]:
    with open_file(path) as file:
        text = file.read().decode("utf-8-sig", "replace")
    try:
        read: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        hint = "JSON lines have names that end with .jsonl"
        raise WrongUse(f"{path} is not JSON ({_short(error)})", hint) from None
    if isinstance(read, dict) and "instance_id" in read:
        read = [read]
    if isinstance(read, dict):
        for issue, row in read.items():
            yield f"entry {issue}", {"instance_id": issue, **row} if isinstance(row, dict) else row
    elif isinstance(read, list):
        yield from ((f"entry {number}", row) for number, row in enumerate(read, start=1))
    else:
        raise WrongUse(f"{path} is neither a list nor an object of predictions")


def _prediction(row: object, where: str) -> Prediction | Skipped:
    if not isinstance(row, dict):
        return Skipped(where, "not a JSON object")
    issue = str(row.get("instance_id") or "")
    lacking = [f'"{name}"' for name in ("instance_id", "model_patch") if name not in row]
    if lacking or not issue:
        return Skipped(where, f"it lacks {' and '.join(lacking) or 'an id'}", issue)
    patch = row["model_patch"]
    if patch is not None and not isinstance(patch, str):
        return Skipped(where, '"model_patch" is neither a text nor null', issue)
    model = str(row.get("model_name_or_path") or UNNAMED)
    return Prediction(_sound(issue), _sound(model), None if patch is None else _sound(patch))


def _sound(text: str) -> str:
    """JSON can hold half characters, which no file can."""
    return text.encode("utf-8", "replace").decode()


def _short(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, line {error.lineno}, column {error.colno}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
