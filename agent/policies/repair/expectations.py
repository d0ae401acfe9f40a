"""What an issue says should have happened: a value, or an exception.

Only phrases that leave little doubt are taken ("should be ...", "expected ...", "instead of ...").
Values are read as literals and written out again, never evaluated.
"""

import ast
import re
from collections.abc import Iterator

_WANTS = re.compile(
    r"\b(?:expect(?:ed|s|ing)?|instead\s+of|rather\s+than"
    r"|(?:should|must|ought\s+to)\s+(?:be|return|give|yield|print|produce|equal|have\s+been)"
    r"|correct\s+(?:result|output|value|answer))\b",
    re.IGNORECASE,
)
_NEAR = 60
_LITERAL = re.compile(
    r"`([^`\n]+)`|('(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")"
    r"|([\[({][^\n]*[\])}])|(-?\b\d+(?:\.\d+)?\b|\b(?:True|False|None)\b)"
)
# Bounded, as the text is anybody's.
_EXCEPTION = r"`?((?:\w{1,60}\.){0,5}\w{0,60}(?:Error|Exception|Warning|Exit))\b`?"
_RAISES = re.compile(
    rf"(?:should|must|to)\s+(?:\w+\s+)?raise\s+(?:an?\s+)?{_EXCEPTION}"
    rf"|expect(?:ed|s)?:?\s+(?:an?\s+)?{_EXCEPTION}|{_EXCEPTION}\s+(?:is|was)\s+(?:expected|documented)",
    re.IGNORECASE,
)
_DIED = re.compile(r"^(?:\w+\.)*(\w*(?:Error|Exception|Warning|Exit))\b(?::|\s*$)", re.MULTILINE)


_PLACES = {"first": 0, "second": 1, "third": 2, "last": -1, "latter": -1, "former": 0}


def expected_place(text: str) -> int | None:
    """Which of several results the text speaks of before it says what should have come."""
    found = _WANTS.search(text)
    before = text[max(found.start() - _NEAR, 0) : found.start()].lower() if found else ""
    words = re.findall(r"[a-z]+", re.split(r"[.;!?]\s|\n\s*\n", before)[-1])
    return next((_PLACES[word] for word in reversed(words) if word in _PLACES), None)


def expected_value(text: str) -> str | None:
    """The first value a text says should have come, as Python source; None where it says none."""
    for found in _WANTS.finditer(text):
        near = text[found.end() : found.end() + _NEAR]
        # What is said in another sentence is about something else.
        near = re.split(r"[.;!?]\s|\n\s*\n|,\s+(?:but|not|and)\b", near, maxsplit=1)[0]
        value = next(_literals(near), None)
        if value is not None:
            return value
    return None


def expected_exceptions(text: str) -> tuple[str, ...]:
    """The names of exceptions a text says should be raised, without those it complains of."""
    found = [next(filter(None, match)) for match in _RAISES.findall(text)]
    died = set(_DIED.findall(text))
    names = (name.rpartition(".")[2] for name in found)
    return tuple(dict.fromkeys(name for name in names if name not in died))


def _literals(text: str) -> Iterator[str]:
    for found in _LITERAL.finditer(text):
        source = next(filter(None, found.groups()), "")
        try:
            yield repr(ast.literal_eval(source.strip()))
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
