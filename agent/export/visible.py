"""Text of somebody else for a page or a document: what would hide in it is made visible."""

import re

from agent.cli.terminal import safe

# Marks of direction, line ends nobody expects, and characters of no width that look like nothing.
_HIDDEN = re.compile(
    "[\u00ad\u061c\u200b\u200e\u200f\u2028\u2029\u2060-\u2065\ufeff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """The text with control characters, marks of direction and hidden characters as escapes.

    New lines and tabs stay. Half characters, which no file can hold, become escapes as well.
    """
    shown = _HIDDEN.sub(lambda found: _escape(found.group()), safe(text))
    return shown.encode("utf-8", "backslashreplace").decode()


def first_line(text: str, most: int = 120) -> str:
    """The first line that says something, cut where it is long, with a sign that there is more."""
    first, _, rest = text.strip().partition("\n")
    first = first.rstrip()
    cut = len(first) > most
    return first[:most] + (" …" if cut or rest.strip() else "")


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
