"""Which of several edits that all work is kept: tests alone cannot tell a repair from a trick.

An edit is the better the likelier its place and kind, the smaller it is, and the more of what it
brings in the issue speaks of. One that only takes a condition or a statement away is a last resort:
whoever wrote it had a reason, and where few tests look nobody misses it. So is a handler that keeps
silent about a mistake in the program, such as an attribute that does not exist.
"""

import re

from agent.policies.repair.candidates import Candidate

_SIZE = 40
_SPOKEN_OF = 1.3
_LAST_RESORTS = {"constant condition", "delete statement"}
_MISTAKES = re.compile(r"except (?:Attribute|Type|Name|UnboundLocal)Error:")
_TAKEN_AWAY = 0.25


def merit(candidate: Candidate, words: frozenset[str] = frozenset()) -> float:
    """What decides between edits that all work; more is better.

    Args:
        candidate: the edit.
        words: identifiers in the issue's text, lower-cased.
    """
    value = candidate.score / (1 + candidate.size / _SIZE)
    old, new = candidate.changed
    if (_names(new) - _names(old)) & words:
        value *= _SPOKEN_OF
    return value * _TAKEN_AWAY if is_last_resort(candidate) else value


def is_last_resort(candidate: Candidate) -> bool:
    """Whether it only takes something away, or keeps silent about a mistake."""
    if candidate.operator in _LAST_RESORTS:
        return True
    if candidate.operator == "handler":
        return bool(_MISTAKES.search(candidate.changed[1]))
    return candidate.operator == "boolean" and not candidate.changed[1].strip()


def _names(text: str) -> frozenset[str]:
    return frozenset(name.lower() for name in re.findall(r"[A-Za-z_]\w{2,}", text))
