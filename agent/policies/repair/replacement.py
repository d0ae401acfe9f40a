"""Text edits as an argument of the edit tool: whole lines that occur once, and what they become."""

from collections.abc import Sequence

from agent.policies.repair.source import TextEdit, apply_edits


def edit_argument(path: str, text: str, edits: Sequence[TextEdit]) -> str:
    """The edit tool's argument that makes the edits of a file.

    The lines are widened, below and above by turns, until they occur once.
    """
    lines = text.splitlines(keepends=True)
    new_lines, first, last = _changed(lines, text, edits)
    grow_below = True
    while not _is_unique(lines, first, last):
        if (grow_below or first == 0) and last < len(lines):
            new_lines = [*new_lines, lines[last]]
            last += 1
        elif first > 0:
            first -= 1
            new_lines = [lines[first], *new_lines]
        else:
            break
        grow_below = not grow_below
    search, replace = "".join(lines[first:last]), "".join(new_lines)
    return f"{path}\n<<<<<<< SEARCH\n{_ended(search)}=======\n{_ended(replace)}>>>>>>> REPLACE"


def _changed(lines: list[str], text: str, edits: Sequence[TextEdit]) -> tuple[list[str], int, int]:
    """The new lines, and the range of old ones they stand for: at least one."""
    new = apply_edits(text, edits).splitlines(keepends=True)
    first = 0
    while first < min(len(lines), len(new)) and lines[first] == new[first]:
        first += 1
    same = 0
    while same < min(len(lines), len(new)) - first and lines[-1 - same] == new[-1 - same]:
        same += 1
    last = len(lines) - same
    changed = new[first : len(new) - same]
    if first == last and last < len(lines):
        return [*changed, lines[last]], first, last + 1
    if first == last and first > 0:
        return [lines[first - 1], *changed], first - 1, last
    return changed, first, last


def _is_unique(lines: list[str], first: int, last: int) -> bool:
    wanted = lines[first:last]
    count = sum(1 for start in range(len(lines)) if lines[start : start + len(wanted)] == wanted)
    return bool(wanted) and count == 1 and any(line.strip() for line in wanted)


def _ended(block: str) -> str:
    return block if not block or block.endswith("\n") else block + "\n"
