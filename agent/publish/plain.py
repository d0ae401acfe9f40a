"""Somebody else's words in a commit or a pull request: read by people, and by nothing else.

A host acts on what such texts hold: a name after ``@`` is told, a number after ``#`` is linked, the
word ``fixes`` before it closes an issue, ``[skip ci]`` skips the tests. A character of no width
breaks what would be acted on, and leaves what is read as it is.
"""

import re

from agent.export.visible import visible

_NOTHING = "\u200b"
_ACTED_ON = re.compile(
    r"""
    @(?=[\w-])                                       # a person, a team, a commit
    | \#(?=\d)                                       # an issue
    | \bgh-(?=\d)
    | /(?:issues|pull|pulls|discussions|commit)/(?=\w)
    | \[(?=[^\]\n]{0,20}\b(?:ci|actions|skip)\b)     # [skip ci] and its like
    | \*{3}(?=no_ci)
    """,
    re.VERBOSE | re.IGNORECASE,
)


def plain(text: str, most: int = 200) -> str:
    """A text on one line, nothing in it hidden, and nothing in it acted on.

    Args:
        text: of an issue, a repository or a model.
        most: characters; what is longer is cut, with a sign.
    """
    line = " ".join(visible(text[: 4 * most]).split())
    if len(line) > most or len(text) > 4 * most:
        line = line[: most - 1].rstrip() + "…"
    return _unheeded(line)


def block(text: str, most_lines: int = 100) -> list[str]:
    """Lines as a block of code in Markdown, blanks kept, in a fence that they cannot close."""
    lines = [_unheeded(visible(line)) for line in text.splitlines()]
    more = len(lines) - most_lines
    lines = lines[:most_lines] + ([f"and {more} more lines"] if more > 0 else [])
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(longest + 1, 3)
    return [fence, *lines, fence]


def _unheeded(line: str) -> str:
    return _ACTED_ON.sub(lambda found: found.group() + _NOTHING, line)


def code(text: str, most: int = 200) -> str:
    """The same as code in a cell of a Markdown table."""
    line = plain(text, most)
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    blank = " " if longest else ""
    return f"{fence}{blank}{line}{blank}{fence}".replace("|", r"\|")
