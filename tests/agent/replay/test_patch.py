"""Patches read for whoever shows them: nothing is lost, and only what changed is marked."""

import difflib
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from agent.replay.patch import ChangedFile, Line, read_patch

PATCH = """\
diff --git a/prices.py b/prices.py
index 4217c1e..f559471 100644
--- a/prices.py
+++ b/prices.py
@@ -5,4 +5,4 @@ def clamp(value, low, high):
     if value < low:
         return low
-    if value < high:
+    if value > high:
         return high
"""


def only(patch: str) -> ChangedFile:
    (file,) = read_patch(patch)
    return file


def lines(file: ChangedFile) -> list[Line]:
    return [line for hunk in file.hunks for line in hunk.lines]


def test_lines_are_numbered_on_both_sides_and_the_changed_word_is_marked() -> None:
    file = only(PATCH)
    assert (file.name, file.count("added"), file.count("removed")) == ("prices.py", 1, 1)
    assert [(line.kind, line.old, line.new) for line in lines(file)] == [
        ("same", 5, 5),
        ("same", 6, 6),
        ("removed", 7, None),
        ("added", None, 7),
        ("same", 8, 8),
    ]
    assert lines(file)[2].parts == (("    if value ", False), ("<", True), (" high:", False))
    assert lines(file)[3].parts == (("    if value ", False), (">", True), (" high:", False))


def test_new_renamed_removed_and_binary_files_say_so() -> None:
    patch = (
        "diff --git a/new.py b/new.py\nnew file mode 100644\n--- /dev/null\n+++ b/new.py\n"
        "@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n"
        "diff --git a/old.py b/old.py\ndeleted file mode 100644\n--- a/old.py\n+++ /dev/null\n"
        "@@ -1 +0,0 @@\n-x\n"
        "diff --git a/a b c.py b/a b d.py\nsimilarity index 100%\nrename from a b c.py\n"
        "rename to a b d.py\n"
        "diff --git a/x.bin b/x.bin\nindex 1..2\nGIT binary patch\nliteral 3\nKcmZ\n"
    )
    new, old, moved, binary = read_patch(patch)
    assert (new.old, new.new) == ("", "new.py")
    assert [line.kind for line in lines(new)] == ["added", "note"]
    assert (old.old, old.new) == ("old.py", "")
    assert "rename to a b d.py" in moved.notes
    assert (moved.old, moved.new) == ("a b c.py", "a b d.py")
    assert "a b d.py" in moved.name
    assert (binary.name, binary.hunks) == ("x.bin", [])
    assert "GIT binary patch" in binary.notes


def test_lines_with_nothing_in_common_are_marked_as_a_whole() -> None:
    patch = "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-alpha beta gamma\n+123456789\n"
    assert [line.parts for line in lines(only(patch))] == [
        (("alpha beta gamma", False),),
        (("123456789", False),),
    ]


def hunk_of(old: Sequence[str], new: Sequence[str]) -> str:
    """A patch that takes some lines away and puts others there."""
    rows = "".join(f"-{line}\n" for line in old) + "".join(f"+{line}\n" for line in new)
    return f"--- a/a\n+++ b/a\n@@ -1,{len(old)} +1,{len(new)} @@\n{rows}"


def test_words_are_compared_between_the_lines_that_are_alike() -> None:
    old = ["    if value < high:", "        return high"]
    new = ["    if value < low:", "        return low", "    if value > high:"]
    new += ["        return high + 0"]
    found = lines(only(hunk_of(old, new)))
    assert [(line.kind, line.old or line.new, line.mate) for line in found if line.mate] == [
        ("removed", 1, 3),
        ("removed", 2, 4),
        ("added", 3, 1),
        ("added", 4, 2),
    ]
    assert found[0].parts == (("    if value ", False), ("<", True), (" high:", False))
    assert found[4].parts == (("    if value ", False), (">", True), (" high:", False))
    assert found[2].parts == ((new[0], False),)


def test_a_long_word_says_more_than_a_sign() -> None:
    old, new = ["return value < highest"], ["return value < low", "return value > highest"]
    assert [line.mate for line in lines(only(hunk_of(old, new)))] == [2, None, 1]


def test_a_large_rewrite_is_compared_by_place_and_leaves_the_rest_its_time() -> None:
    large = [f"number {n} of a line with some words in it" for n in range(100)]
    small = "@@ -201,2 +201,1 @@\n-something else\n-value = 1\n+value = 2\n"
    file = only(hunk_of(large, [f"{line}, changed" for line in large]) + small)
    first, second = (hunk.lines for hunk in file.hunks)
    assert [line.mate for line in first[:100]] == [*range(1, 101)]
    assert [line.mate for line in second] == [None, 201, 202]


@given(st.lists(st.text("ab =", max_size=9), max_size=9), st.lists(st.text("ab =", max_size=9)))
def test_lines_that_belong_together_are_in_order_and_name_one_another(
    old: list[str], new: list[str]
) -> None:
    found = lines(only(hunk_of(old, new)))
    pairs = [(line.old, line.mate) for line in found if line.kind == "removed" and line.mate]
    assert pairs == sorted(pairs)
    assert [mate for _, mate in pairs] == sorted({mate for _, mate in pairs if mate})
    assert pairs == [(line.mate, line.new) for line in found if line.kind == "added" and line.mate]


def test_a_removed_line_that_looks_like_a_header_is_a_line() -> None:
    patch = "--- a/a\n+++ b/a\n@@ -1,2 +1 @@\n--- old\n-diff --git a/x b/x\n+++ new\n"
    file = only(patch)
    assert [(line.kind, line.text) for line in lines(file)] == [
        ("removed", "-- old"),
        ("removed", "diff --git a/x b/x"),
        ("added", "++ new"),
    ]


_LINES = st.lists(st.text(alphabet="ab (.=\t", max_size=12), max_size=12)


@given(_LINES, _LINES)
def test_both_sides_can_be_told_from_it(old: Sequence[str], new: Sequence[str]) -> None:
    diff = difflib.unified_diff(old, new, "a/f", "b/f", lineterm="", n=99)
    files = read_patch("".join(f"{line}\n" for line in diff))
    told = [line for file in files for line in lines(file)]
    if old != new:
        assert [line.text for line in told if line.kind != "added"] == list(old)
        assert [line.text for line in told if line.kind != "removed"] == list(new)
        assert [line.old for line in told if line.old] == list(range(1, len(old) + 1))
        assert [line.new for line in told if line.new] == list(range(1, len(new) + 1))


@given(st.lists(st.sampled_from([*PATCH.splitlines(), "@@ -1 @@", "diff ", "\\", "x"])))
def test_whatever_it_is_it_is_read(rows: Sequence[str]) -> None:
    for file in read_patch("\n".join(rows)):
        assert all(line.text == "".join(text for text, _ in line.parts) for line in lines(file))


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    read_patch(text)
    read_patch(f"@@ -1,3 +1,3 @@\n{text}")


def test_a_patch_of_endless_changed_words_is_read_without_them() -> None:
    pairs = 300
    hunk = "".join(f"{sign}{'ab ' * 600}{sign}\n" for sign in "-+" for _ in range(pairs))
    patch = f"diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,{pairs} +1,{pairs} @@\n{hunk}"
    file = only(patch)
    assert [line.text for line in lines(file)] == [line[1:] for line in hunk.splitlines()]
    marked = [line for line in lines(file) if len(line.parts) > 1]
    assert 0 < len(marked) < pairs
    assert not marked or lines(file)[pairs - 1].parts == ((lines(file)[pairs - 1].text, False),)
