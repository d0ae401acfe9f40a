"""Reading what is measured with, and writing what was found."""

import json
import math
import zlib
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path

from pydantic import ValidationError

from agent.errors import WrongUse
from agent.nano.dataset import read
from agent.nano.evaluation import Report
from model.nano.checkpoint import REACH
from model.nano.record import Record


def read_split(data: Path, split: str) -> Sequence[Record]:
    """The records of a part of a data set.

    Args:
        data: the folder.
        split: ``valid`` or ``test``.

    Raises:
        WrongUse: they are not there, or no records.
    """
    path = data / f"{split}.jsonl.gz"
    try:
        found = list(read(path))
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise WrongUse(f"cannot read {path}: {why}", "foretrace nano data makes it") from None
    except (ValidationError, UnicodeDecodeError):
        raise WrongUse(f"{path} holds a line that is no record", "make it again") from None
    if not found:
        raise WrongUse(f"{path} is empty", "foretrace nano data makes it, of more programs")
    return found


def set_sure(weights: Path, sure: float) -> None:
    """Write into a model's folder from where on its traces are believed.

    Args:
        weights: the folder.
        sure: see `model.nano.reach.Reach`.

    Raises:
        WrongUse: the file cannot be written.
    """
    path = weights / REACH
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        content["sure"] = sure
        part = path.with_suffix(".part")
        part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        part.replace(path)
    except (OSError, ValueError, TypeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise WrongUse(f"cannot write {path}: {why}") from None


def as_json(report: Report) -> dict[str, object]:
    """A report as JSON has it; a share of none is null."""
    found = _plain(asdict(report))
    assert isinstance(found, dict)
    return found


def _plain(value: object) -> object:
    match value:
        case dict():
            kept = {str(name): _plain(each) for name, each in value.items()}
            if kept.keys() == {"hits", "of"} and isinstance(kept["of"], int):
                return kept | {"share": _share(kept["hits"], kept["of"])}
            return kept
        case list() | tuple():
            return [_plain(each) for each in value]
        case float():
            return None if math.isnan(value) else round(value, 6)
        case _:
            assert not is_dataclass(value)
            return value


def _share(hits: object, of: int) -> float | None:
    return round(float(str(hits)) / of, 6) if of else None
