"""Finding the answer in what a model says.

It is asked to put it between ``<answer>`` and ``</answer>``. Models that do something else instead
usually end with a block of code, or with the answer alone; that is taken too.
"""

import re

_OPEN, _CLOSE = "<answer>", "</answer>"
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n`]*$", re.MULTILINE)
_LONGEST = 200_000


def read_answer(text: str, *, cut: bool = False) -> str:
    """The answer in a text, without fences around it; empty where none is found.

    Args:
        text: without the reasoning.
        cut: whether it came to no end; then what is not closed is no answer.
    """
    text = whole(text[-_LONGEST:])
    marked = _marked(text, cut)
    if marked is not None:
        return _bare(marked)
    blocks = fenced_blocks(text)
    if blocks:
        return blocks[-1].strip("\n")
    if cut:
        return ""
    lines = [line for line in text.splitlines() if line.strip()]
    return _bare(lines[-1]) if lines else ""


def read_program(text: str, *, cut: bool = False) -> str:
    """The program in a text; of several blocks of code the longest. Empty where none is found."""
    text = whole(text[-_LONGEST:])
    marked = _marked(text, cut)
    if marked is not None and marked.strip():
        text = marked
    blocks = fenced_blocks(text)
    if blocks:
        return max(blocks, key=len).strip("\n")
    return "" if cut and marked is None else text.strip("\n")


def fenced_blocks(text: str) -> list[str]:
    """What stands between fences, in order; the last one may lack its end."""
    blocks: list[str] = []
    begun: tuple[str, int] | None = None
    for found in _FENCE.finditer(text):
        fence = found[1]
        if begun is None:
            begun = fence, found.end() + 1
        elif fence[0] == begun[0][0] and len(fence) >= len(begun[0]):
            blocks.append(text[begun[1] : found.start()])
            begun = None
    return blocks if begun is None else [*blocks, text[begun[1] :]]


def fence(text: str) -> str:
    """A text between fences that it cannot close itself."""
    text = whole(text).rstrip("\n")
    longest = max((len(found) for found in re.findall(r"`{3,}", text)), default=2)
    marks = "`" * (longest + 1)
    return f"{marks}\n{text}\n{marks}"


def whole(text: str) -> str:
    """A text without halves of characters, which JSON can write and no file or wire can hold."""
    return text.encode("utf-8", "replace").decode()


def _marked(text: str, cut: bool) -> str | None:
    close = text.rfind(_CLOSE)
    begin = text.rfind(_OPEN, 0, close) if close >= 0 else -1
    if begin >= 0:
        return text[begin + len(_OPEN) : close]
    begin = text.rfind(_OPEN)
    return None if begin < 0 or cut else text[begin + len(_OPEN) :]


def _bare(text: str) -> str:
    """Without a fence or quotes of code around it."""
    blocks = fenced_blocks(text)
    if blocks:
        text = blocks[-1]
    text = text.strip()
    while len(text) > 1 and text.startswith("`") and text.endswith("`"):
        text = text[1:-1].strip()
    return text
