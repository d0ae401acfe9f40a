"""Opens a pickle, which may run anything, and says in plain values what was in it.

Started with two paths: of the JSON that it is given, and of the JSON that it is to answer with.
Given is ``{"data": BASE64, "packed": true or false}``; what is packed is so with zlib. The answer
has one of ``{"text": TEXT}``, ``{"fields": {NAME: JSON or null}, "reprs": {NAME: REPR}}`` for a
mapping with names for keys, ``{"reprs": [REPR]}`` for other values: one for each item of a tuple or
a list, and one of anything else; and ``{"error": LINE}`` where it cannot be opened.
"""

import base64
import io
import json
import pickle
import sys
import zlib
from typing import Any, Dict

_LONGEST = 16 * 1024**2


class _Stand:
    """Stands for an object of a class that is not here."""

    def __init__(self, *arguments: object, **named: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        self.state = state


class _Opener(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:  # whatever the pickle names
        try:
            return super().find_class(module, name)
        except Exception:
            return _Stand


def _opened(given: Dict[str, Any]) -> Dict[str, object]:
    data = base64.b64decode(given["data"])
    if given.get("packed"):
        data = zlib.decompressobj().decompress(data, 4 * _LONGEST)
    value = _Opener(io.BytesIO(data)).load()
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, str):
        return {"text": value}
    if isinstance(value, dict) and value and all(isinstance(key, str) for key in value):
        fields = {key: _plain(item) for key, item in value.items()}
        return {"fields": fields, "reprs": {key: repr(item) for key, item in value.items()}}
    items = value if isinstance(value, (list, tuple)) else [value]
    return {"reprs": [repr(item) for item in items]}


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, (str, int, float, bool)) else None


def _main() -> None:
    _, request, answer = sys.argv
    with open(request, encoding="utf-8") as file:
        given = json.load(file)
    try:
        found = _opened(given)
    except BaseException as error:
        found = {"error": type(error).__name__}
    with open(answer, "w", encoding="utf-8") as file:
        json.dump(found, file)


if __name__ == "__main__":
    _main()
