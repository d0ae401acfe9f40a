"""A patch as rows and pieces: pairs of lines, colours, the part in view, the tree of files."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from agent.replay.patch import ChangedFile, read_patch
from agent.tui.screens.patch.cells import merged, window
from agent.tui.screens.patch.colours import SideColours
from agent.tui.screens.patch.filetree import leaves
from agent.tui.screens.patch.outcomes import OutcomeRow, in_words
from agent.tui.screens.patch.rows import DiffRow, coloured, drawn, rows_of
from tests.agent.tui.patches import ONE_FILE, THREE_FILES

TEXT = st.text(st.characters(exclude_characters="\n"), max_size=60)


def rows(patch: str, *, beside: bool) -> list[DiffRow]:
    files = read_patch(patch)
    return rows_of(files, [coloured(file) for file in files], beside)


def sides(row: DiffRow) -> tuple[str | None, str | None]:
    left, right = row.left, row.right
    return (left.line.text if left else None), (right.line.text if right else None)


def test_one_column_has_the_lines_in_their_order() -> None:
    kinds = [
        (row.kind, row.left.line.kind if row.left else "") for row in rows(ONE_FILE, beside=False)
    ]
    same, lines = ("lines", "same"), [("lines", "removed"), ("lines", "added")]
    assert kinds == [("file", ""), ("hunk", ""), same, same, same, *lines, same, same]


def test_the_old_stands_beside_what_takes_its_place() -> None:
    pairs = [sides(row) for row in rows(THREE_FILES, beside=True) if row.kind == "lines"]
    assert ("    if value < low:", "    if value < low:") in pairs
    assert ("    if value < high:", "    if value > high:") in pairs
    assert (None, '    Both ends count."""') in pairs
    assert ("        return high", "        return high") in pairs
    assert (None, '"""Rates."""') in pairs
    gone = "        total = sum(line.price * 1.19 for line in self.lines)"
    assert (gone, "        total = sum(line.price for line in self.lines)") in pairs


@given(st.lists(st.sampled_from(["same", "removed", "added"]), max_size=30))
def test_no_line_is_lost_beside_one_another(kinds: list[str]) -> None:
    signs = {"same": " ", "removed": "-", "added": "+"}
    lines = [f"{signs[kind]}{number}" for number, kind in enumerate(kinds)]
    old = sum(kind != "added" for kind in kinds)
    new = sum(kind != "removed" for kind in kinds)
    head = f"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,{old} +1,{new} @@\n"
    found = [row for row in rows(head + "\n".join(lines), beside=True) if row.kind == "lines"]
    lefts = [row.left.line.text for row in found if row.left and row.left.line.kind != "added"]
    rights = [row.right.line.text for row in found if row.right]
    assert lefts == [line[1:] for line in lines if line[0] != "+"]
    assert rights == [line[1:] for line in lines if line[0] != "-"]


@given(TEXT, st.integers(0, 40), st.integers(2, 40))
def test_the_view_is_as_wide_as_it_is_told(text: str, left: int, width: int) -> None:
    line = read_patch(f"diff --git a/x b/x\n@@ -0,0 +1 @@\n+{text}\n")[0].hunks[0].lines[0]
    pieces = merged(drawn(line), (), "new", "new-word")
    seen = window(pieces, left, width, "new")
    assert sum(cell_len(piece) for _, piece in seen) == width


@given(
    st.lists(TEXT, max_size=30), st.sampled_from(["a.py", "a.md", "a.json", "a", "a.c", "a.html"])
)
def test_colours_are_of_the_line_or_there_are_none(lines: list[str], path: str) -> None:
    colours = SideColours(path, lines)
    for at, line in enumerate(lines):
        spans = colours.of(at)
        assert not spans or sum(length for length, _ in spans) == len(line)


def test_what_spans_lines_has_the_colour_of_what_it_is() -> None:
    colours = SideColours("a.py", ['"""One', "def two", '"""', "def three(): ..."])
    assert colours.of(1) == ((7, "string"),)
    assert tuple(style for _, style in colours.of(3) if style)[:2] == ("keyword", "name")


def test_a_line_too_long_for_colours_is_drawn_without() -> None:
    colours = SideColours("a.py", ["x = 1", "y" * 5000, "z = 2"])
    assert colours.of(1) == ()
    assert colours.of(2)


def test_files_stand_below_their_folders() -> None:
    found = leaves(["src/b/two.py", "src/one.py", "setup.py", "src/b/c/three.py"])
    assert [(leaf.name, leaf.depth, leaf.file) for leaf in found] == [
        ("setup.py", 0, 2),
        ("src/", 0, -1),
        ("one.py", 1, 1),
        ("b/", 1, -1),
        ("two.py", 2, 0),
        ("c/", 2, -1),
        ("three.py", 3, 3),
    ]


def test_what_a_file_is_called_when_a_patch_does_not_say() -> None:
    assert [row.text for row in rows_of([ChangedFile()], [[]], beside=False)] == ["(no name)"]


def test_tests_are_counted_by_what_became_of_them() -> None:
    told = in_words(
        [
            OutcomeRow("a", "passed", "failed"),
            OutcomeRow("b", "failed", "failed"),
            OutcomeRow("c", "failed", "passed"),
            OutcomeRow("d", "passed", "passed"),
            OutcomeRow("e", "passed", "failed", flaky=True),
        ]
    )
    assert told == "1 broken, 2 failing, 1 mended, 1 kept"
    assert in_words([]) == "no test has run"
