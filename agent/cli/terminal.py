"""Text for a terminal. What comes from repositories, issues and models cannot steer it."""

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def safe(text: str) -> str:
    """The text with control characters and direction overrides made visible.

    New lines and tabs stay. Everything else that a terminal would act on, an escape sequence's
    first character above all, becomes ``\\xNN``.
    """
    return _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", text.replace("\r\n", "\n"))
