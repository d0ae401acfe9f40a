"""Records that carry pickles. A pickle is a program: it is opened in a sandbox, nowhere else."""

import base64
import binascii
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from model.questions.question import BadRow, Row, Runner

_SECONDS = 30.0
_PROTOCOL, _STOP = 0x80, b"."
_PROTOCOLS = range(2, 6)
_ZLIB = 0x78


@dataclass(frozen=True, slots=True)
class Pickled:
    """A pickle that was not opened.

    Attributes:
        name: of the field it stands in.
        data: of it, in base 64.
        packed: with zlib, besides.
    """

    name: str
    data: str
    packed: bool = False


class Opened(BaseModel):
    """What was in a pickle.

    Attributes:
        text: it, where it is a text.
        fields: its plain values, where it is a mapping with names for keys.
        reprs: its items as `repr` writes them: of a mapping, by name.
        error: why it could not be opened; empty where it could.
    """

    text: str | None = None
    fields: dict[str, str | int | float | bool | None] = {}
    reprs: list[str] | dict[str, str] = []
    error: str = ""


def pickles(row: Row) -> list[Pickled]:
    """The pickles in a record, by what they look like."""
    found = [_pickled(name, value) for name, value in row.items() if isinstance(value, str)]
    return [each for each in found if each is not None]


async def opened(pickled: Pickled, runner: Runner) -> Opened:
    """What is in a pickle.

    Raises:
        BadRow: it cannot be opened.
    """
    given = {"data": pickled.data, "packed": pickled.packed}
    ran = await runner.run("unpickle", given, _SECONDS)
    try:
        found = Opened.model_validate(ran.answer)
    except ValidationError:
        found = Opened(error="nothing came of it")
    if found.error:
        raise BadRow(f"{pickled.name}: the pickle cannot be opened: {found.error[:100]}")
    return found


def _pickled(name: str, value: str) -> Pickled | None:
    text = "".join(value.split())
    try:
        first = base64.b64decode(text[:4], validate=True)
        last = base64.b64decode(text[-4:], validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(text) < 8 or len(text) % 4 or len(first) < 2:
        return None
    if first[0] == _PROTOCOL and first[1] in _PROTOCOLS and last.endswith(_STOP):
        return Pickled(name, text)
    # The two bytes with which zlib begins are a multiple of 31, and no sentence begins like that.
    if first[0] == _ZLIB and int.from_bytes(first[:2], "big") % 31 == 0 and len(text) > 16:
        return Pickled(name, text, packed=True)
    return None
