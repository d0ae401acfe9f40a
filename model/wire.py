"""A conversation as the Code World Model reads it: token ids, special ones by us alone.

What outside text says is encoded as ordinary text, so that no issue, file or answer can forge a
message. The ids only grow: those of one turn begin those of the next, and so a server's prefix
cache is hit on every turn. `model.toolcalls` reads what the model writes.
"""

import re
from collections.abc import Iterable, Sequence

from model.tokenizer import Tokenizer

REASONING = """\
You are a helpful AI assistant. You always reason before responding, using the following format:

<think>
your internal reasoning
</think>
your external response"""
"""How the system prompt begins, word for word, to switch reasoning on."""

THINK = "<think>\n"
THINK_END = "</think>"

BEGIN_OF_TEXT = "<|begin_of_text|>"
END_OF_TEXT = "<|end_of_text|>"
START_HEADER = "<|start_header_id|>"
END_HEADER = "<|end_header_id|>"
END_OF_MESSAGE = "<|eom_id|>"
END_OF_TURN = "<|eot_id|>"
STOPS = (END_OF_TEXT, END_OF_MESSAGE, END_OF_TURN)
"""What ends an answer."""

CONTEXT = 131_072
"""Tokens, prompt and answer together. This and those below are what the model was trained with."""
FIRST_PROMPT = 8_192
"""Tokens of the first prompt, cut from the left."""
TOOL_RESULT = 32_768
"""Tokens of a tool's result, cut from the right."""
ACTION = 65_536
"""Tokens of an answer."""

CUT = "[...]"
"""What stands where text was cut away."""

_TOOL_NAME = re.compile(r"[a-zA-Z_]+")


class Prompt:
    """Token ids that only grow, and the JSON of them, which is too long to make anew each turn."""

    def __init__(self, ids: Iterable[int] = ()) -> None:
        self._ids: list[int] = []
        self._json = bytearray(b"[")
        self.extend(ids)

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def ids(self) -> Sequence[int]:
        """All of them so far; not a copy."""
        return self._ids

    def extend(self, ids: Iterable[int]) -> None:
        """Add ids at the end."""
        new = list(ids)
        if new:
            comma = "," if self._ids else ""
            self._json += f"{comma}{','.join(map(str, new))}".encode()
            self._ids += new

    def json(self) -> bytes:
        """The ids as a JSON array without white space."""
        return b"".join((self._json, b"]"))


class Dialogue:
    """Messages, turned into token ids as they come.

    The methods raise ValueError for an order that the format does not have: an answer that nobody
    asked for, or a message while one is awaited.

    Attributes:
        prompt: the ids so far.
        stop_ids: tokens on which an answer ends.

    Args:
        tokenizer: the model's own.
        reasoning: whether answers begin with reasoning.
    """

    def __init__(self, tokenizer: Tokenizer, *, reasoning: bool = True) -> None:
        self._tokenizer = tokenizer
        self._reasoning = reasoning
        self._asked = False
        self._header = tokenizer.special(START_HEADER), tokenizer.special(END_HEADER)
        self._end = tokenizer.special(END_OF_TURN)
        self.stop_ids = tuple(tokenizer.special(name) for name in STOPS)
        self.prompt = Prompt([tokenizer.special(BEGIN_OF_TEXT)])

    def system(self, text: str) -> None:
        """Add the system prompt. In reasoning mode it begins with `REASONING`, by the caller."""
        self._add("system", text.strip())

    def user(self, text: str) -> None:
        """Add what the user says."""
        self._add("user", text.strip())

    def tool(self, name: str, text: str) -> None:
        """Add a tool's answer, white space and all.

        Raises:
            ValueError: the name is not of letters and underscores only.
        """
        if not _TOOL_NAME.fullmatch(name):
            raise ValueError("a tool's name is of letters and underscores")
        self._add(f"tool: {name}", text)

    def ask(self) -> None:
        """Begin the model's message, which it is to go on with. Asking again changes nothing."""
        if not self._asked:
            self._asked = True
            opening = self._tokenizer.encode(THINK) if self._reasoning else []
            self.prompt.extend([*self._head("assistant"), *opening])

    def answered(self, ids: Sequence[int] | None, text: str = "") -> None:
        """Complete the model's message.

        Its ids go in as they came, so that what the server has cached stays right. Special tokens
        among them are the exception: the model only ever needs the one that ends its message, and
        any other could open a message of the system's or a tool's; they are spelled out as text.

        Args:
            ids: as generated, with or without the token that ended them; None where the server does
                not give them.
            text: what was generated, for that case.
        """
        if not self._asked:
            raise ValueError("nothing was asked")
        self._asked = False
        if ids is None:
            text = text.rstrip() if self._reasoning else text.strip()
            ids = self._tokenizer.encode(text)
        elif ids and ids[-1] in self.stop_ids:
            ids = ids[:-1]
        self.prompt.extend([*self._tokenizer.ordinary(ids), self._end])

    def count(self, text: str) -> int:
        """The tokens of a text."""
        return len(self._tokenizer.encode(text))

    def _add(self, role: str, content: str) -> None:
        if self._asked:
            raise ValueError("the model's answer comes first")
        self.prompt.extend([*self._head(role), *self._tokenizer.encode(content), self._end])

    def _head(self, role: str) -> list[int]:
        start, end = self._header
        encode = self._tokenizer.encode
        return [start, *encode(role), end, *encode("\n\n")]


def cut_right(tokenizer: Tokenizer, text: str, most: int) -> str:
    """The text, or as much of its beginning as goes into ``most`` tokens with `CUT` after it."""
    return _cut(tokenizer, text, most, left=False)


def cut_left(tokenizer: Tokenizer, text: str, most: int) -> str:
    """The text, or as much of its end as goes into ``most`` tokens with `CUT` before it."""
    return _cut(tokenizer, text, most, left=True)


def _cut(tokenizer: Tokenizer, text: str, most: int, *, left: bool) -> str:
    most = max(most, 0)
    if tokenizer.bound(text) <= most:
        return text
    ids = _end_ids(tokenizer, text, most, left=left)
    if len(ids) <= most:
        return text
    mark = len(tokenizer.encode(CUT))
    keep = most - mark
    # Where text ends is where tokens may join otherwise, so what was cut is counted anew.
    while keep > 0:
        kept = ids[-keep:] if left else ids[:keep]
        # What is not complete at an end is a character of which we have some bytes only.
        part = tokenizer.decode_bytes(kept).decode("utf-8", "ignore")
        part = CUT + part if left else part + CUT
        over = len(tokenizer.encode(part)) - most
        if over <= 0:
            return part
        keep -= over
    return CUT if mark <= most else ""


def _end_ids(tokenizer: Tokenizer, text: str, most: int, *, left: bool) -> list[int]:
    """More than ``most`` ids from one end of the text, or all: no need to encode half a MB."""
    length = 4 * most + 1_024
    while True:
        ids = tokenizer.encode(text[-length:] if left else text[:length])
        if len(ids) > most or length >= len(text):
            return ids
        length *= 2


def budget(turns_left: int, tokens_left: int) -> str:
    """What the model may still use, in the words it was trained with."""
    return (
        f"<budget>\n* Remaining turns: {turns_left}\n* Remaining tokens: {tokens_left}\n</budget>"
    )


def tool_answer(output: str, turns_left: int, tokens_left: int) -> str:
    """What a tool's message says."""
    return f"<output>\n{output}\n</output>\n\n{budget(turns_left, tokens_left)}"


def render_call(name: str, argument: str) -> str:
    """A call as the model writes it."""
    return f"<tool: {name}>\n{argument}\n</tool>"
