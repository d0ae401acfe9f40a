"""A patch as HTML: lines numbered on both sides, changed words marked."""

from agent.export.markup import Html, element, folded, join
from agent.replay.patch import ChangedFile, Hunk, Line, read_patch

_SIGNS = {"same": " ", "added": "+", "removed": "−", "note": ""}
_MARKS = {"added": "ins", "removed": "del"}
_MOST_LINES = 3000
"""Of one file; a page with more is of no use to anybody."""


def patch_html(patch: str) -> Html:
    """All files of a patch, each to be folded up."""
    return join(*map(_file, read_patch(patch)))


def _file(file: ChangedFile) -> Html:
    counts = join(
        element("span", f"+{file.count('added')}", class_="plus"),
        " ",
        element("span", f"−{file.count('removed')}", class_="minus"),
    )
    notes = [element("p", note, class_="note") for note in file.notes]
    hunks, left_out = _within(file.hunks)
    rows = [row for hunk in hunks for row in _hunk(hunk)]
    table = element("div", element("table", *rows, class_="diff"), class_="wide")
    more = [element("p", f"{left_out} more lines are in the patch itself", class_="note")]
    title = join(element("code", file.name or "(no name)"), " ", counts)
    parts = [*notes, table] if rows else notes
    return folded(title, *parts, *(more if left_out else []), is_open=True, class_="file")


def _within(hunks: list[Hunk]) -> tuple[list[Hunk], int]:
    """As many lines as there is room for, and how many are left out."""
    kept: list[Hunk] = []
    room, every = _MOST_LINES, sum(len(hunk.lines) for hunk in hunks)
    for hunk in hunks:
        if room:
            kept.append(Hunk(hunk.heading, hunk.lines[:room]))
            room -= len(kept[-1].lines)
    return kept, every - sum(len(hunk.lines) for hunk in kept)


def _hunk(hunk: Hunk) -> list[Html]:
    heading = element("tr", element("td", hunk.heading, colspan="4"), class_="hunk")
    return [heading, *map(_line, hunk.lines)]


def _line(line: Line) -> Html:
    mark = _MARKS.get(line.kind, "")
    whole = all(changed for _, changed in line.parts)
    text = [
        element(mark, text) if changed and mark and not whole else text
        for text, changed in line.parts
    ]
    return element(
        "tr",
        element("td", str(line.old or ""), class_="number"),
        element("td", str(line.new or ""), class_="number"),
        element("td", _SIGNS[line.kind], class_="sign"),
        element("td", *text, class_="code"),
        class_=line.kind,
    )
