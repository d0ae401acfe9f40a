"""Applying patches to texts: what git writes is understood, whatever the files hold."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.selecting.diffs import DoesNotFit, read_changes
from tests.agent.selecting.gitpatches import git_patch

LINES = st.sampled_from(["", "a", "b", "-- a", "++ b", "@@ -1 +1 @@", "\\", " x", "diff --git a b"])
TEXTS = st.builds(
    lambda lines, end: "\n".join(lines) + end, st.lists(LINES, max_size=30), st.sampled_from("\n ")
)


@settings(max_examples=15, deadline=None)
@given(before=TEXTS, after=TEXTS)
def test_a_patch_makes_of_the_old_text_the_new_one(before: str, after: str) -> None:
    patch = git_patch({"x.txt": before}, {"x.txt": after})
    changes = read_changes(patch)
    assert len(changes) == (before != after)
    for change in changes:
        assert (change.old, change.new) == ("x.txt", "x.txt")
        assert change.applied(before) == after


def test_files_come_go_and_move() -> None:
    long = "".join(f"line {number}\n" for number in range(30))
    before = {"gone.py": "x = 1\n", "old name.py": long, "kept.py": "a\n"}
    after = {"new é.py": "y = 2\n", "moved/here.py": long + "more\n", "kept.py": "b\n"}
    changes = {(each.old, each.new): each for each in read_changes(git_patch(before, after))}
    assert changes.keys() == {
        ("gone.py", ""),
        ("", "new é.py"),
        ("old name.py", "moved/here.py"),
        ("kept.py", "kept.py"),
    }
    assert changes["old name.py", "moved/here.py"].applied(long) == long + "more\n"
    assert changes["", "new é.py"].applied("") == "y = 2\n"
    assert changes["", "new é.py"].mode == "100644"


def test_binary_files_are_kept_as_git_gives_them() -> None:
    (change,) = read_changes(git_patch({"x": "a\0b"}, {"x": "a\0c"}))
    assert change.binary.startswith("GIT binary patch")
    assert not change.hunks


def test_a_text_that_is_not_the_old_one_is_refused() -> None:
    (change,) = read_changes(git_patch({"x": "a\nb\n"}, {"x": "a\nc\n"}))
    for other in ("", "a\n", "a\nx\n", "b\na\n"):
        with pytest.raises(DoesNotFit):
            change.applied(other)


NO_PATCHES = {
    "words": "words",
    "another form": "--- a/x\n+++ b/x\n",
    "cut off": "diff --git a/x b/x\n@@ -1,9 +1,9 @@\n a\n",
    "null": "\0",
    "quotes": 'diff --git "' + '\\"' * 1_000_000,
}


@pytest.mark.parametrize("text", NO_PATCHES.values(), ids=NO_PATCHES)
def test_what_is_no_patch_is_refused(text: str) -> None:
    with pytest.raises(DoesNotFit):
        read_changes(text)


def test_nothing_is_a_patch_of_nothing() -> None:
    assert read_changes("") == []


@given(text=st.text(alphabet=st.sampled_from("diff --git a/x\n@@ -1,2 +\\\"'"), max_size=200))
def test_whatever_the_text_is_it_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(DoesNotFit):
        read_changes("diff --git " + text)
