"""A branch with a run's patch: what is in it, where it stands, and that nothing else changes."""

import shutil
from pathlib import Path

import pytest

from agent.errors import WrongUse
from agent.publish.commit import branch_and_commit, branch_for, checkout_of
from agent.publish.submission import NotVerified
from sandboxes.repository.localrepo import read_local
from tests.agent.publish.handed import FIXED, change, head, prices, run_of
from tests.sandboxes.repository.gitrepos import commit, everything_in, git, repository


def test_the_commit_is_the_patch_on_the_commit_that_the_run_began_at(
    tmp_path: Path, place: Path
) -> None:
    base, patch = head(place), change(place)
    commit(place, "Later", notes_txt="other notes\n")
    made = branch_and_commit(run_of(tmp_path / "runs", patch, base), place)
    assert (made.branch, made.onto, made.made) == ("foretrace/clamp", base, True)
    assert made.files == ("prices.py",)
    assert "prices.py | 2 +-" in made.stat
    assert git(place, "rev-parse", "foretrace/clamp") == made.commit
    assert git(place, "rev-parse", "foretrace/clamp^") == base
    assert git(place, "show", "foretrace/clamp:prices.py") == FIXED.strip()
    assert git(place, "show", "foretrace/clamp:notes.txt") == "notes"
    assert git(place, "fsck", "--strict", "--no-dangling") == ""


def test_author_and_committer_are_the_user(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(tmp_path / "runs", change(place), head(place))
    form = "--format=%an <%ae>|%cn <%ce>"
    assert branch_and_commit(run, place).author == "Ada L <ada@example.org>"
    assert git(place, "log", "-1", form, "foretrace/clamp") == "|".join(
        ["Ada L <ada@example.org>"] * 2
    )
    git(place, "config", "user.email", "here@example.org")
    assert branch_and_commit(run, place, branch="b").author == "Ada L <here@example.org>"
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Grace")
    assert branch_and_commit(run, place, branch="c").author == "Grace <here@example.org>"


def test_without_an_identity_it_says_how_to_give_one(
    tmp_path: Path, place: Path, somebody: Path
) -> None:
    somebody.write_text("")
    run = run_of(tmp_path / "runs", change(place), head(place))
    with pytest.raises(WrongUse) as caught:
        branch_and_commit(run, place)
    assert "does not know your name" in caught.value.message
    assert caught.value.hint == "git config --global user.name ..."


def test_a_dirty_checkout_stays_as_it_is_byte_for_byte(tmp_path: Path, place: Path) -> None:
    run = run_of(tmp_path / "runs", change(place), head(place))
    (place / "prices.py").write_text("half done\n")
    (place / "untracked.txt").write_text("mine\n")
    (place / "notes.txt").write_text("staged\n")
    git(place, "add", "notes.txt")
    (place / "notes.txt").unlink()
    before, status = everything_in(place), git(place, "status", "--porcelain")
    branch_and_commit(run, place)
    after = everything_in(place)
    new = {name for name in after if name not in before}
    assert {name: after[name] for name in before} == before
    assert {name.split("/")[1] for name in new} == {"objects", "refs"}
    assert [name for name in new if "/refs/" in name] == [".git/refs/heads/foretrace/clamp"]
    assert git(place, "status", "--porcelain") == status
    assert git(place, "symbolic-ref", "HEAD") == "refs/heads/trunk"


CLONED = {
    "shallow": ("--depth=1", "file://{}"),
    "partial": ("--filter=blob:none", "file://{}"),
    "borrowing": ("--shared", "{}"),
}


@pytest.mark.parametrize(
    "kind", ["detached", "worktree", "bare", "packed", "deep", "sha256", *CLONED]
)
def test_every_kind_of_checkout_takes_a_branch(tmp_path: Path, place: Path, kind: str) -> None:
    if kind == "sha256":
        place = prices(tmp_path / "prices256", "--object-format=sha256")
    base, patch = head(place), change(place)
    there = place
    if kind == "detached":
        git(place, "checkout", "--quiet", "--detach")
    elif kind == "worktree":
        there = tmp_path / "linked"
        git(place, "worktree", "add", "--quiet", str(there))
    elif kind == "bare":
        there = tmp_path / "bare.git"
        git(tmp_path, "clone", "--quiet", "--bare", str(place), str(there))
    elif kind == "packed":
        git(place, "gc", "--quiet")
    elif kind in CLONED:
        commit(place, "Later", other_txt="other\n")
        git(place, "config", "uploadpack.allowFilter", "true")
        flag, where = CLONED[kind]
        git(tmp_path, "clone", "--quiet", flag, where.format(place), kind)
        there = tmp_path / kind
        patch, base = change(place), head(place)
    elif kind == "deep":
        there = place / "deep"
        there.mkdir()
    made = branch_and_commit(run_of(tmp_path / "runs", patch, base), there)
    assert git(there, "show", f"{made.branch}:prices.py") == FIXED.strip()
    assert git(there, "rev-parse", f"{made.branch}^") == base
    assert git(there, "fsck", "--strict", "--no-dangling") == ""


def test_renames_modes_links_and_bytes_arrive(tmp_path: Path, place: Path) -> None:
    commit(place, "More", data_bin="\x01\x02" * 500, tool_sh="#!/bin/sh\n", old_txt="a\n" * 40)
    (place / "data.bin").write_bytes(bytes(range(256)) * 8)
    base = commit(place, "Bytes")

    def changed(clone: Path) -> None:
        (clone / "data.bin").write_bytes(bytes(reversed(range(256))) * 8)
        (clone / "tool.sh").chmod(0o755)
        (clone / "old.txt").rename(clone / "new name.txt")
        (clone / "link").symlink_to("prices.py")
        (clone / "notes.txt").unlink()
        (clone / "crlf.txt").write_bytes(b"one\r\ntwo\r\n")

    made = branch_and_commit(run_of(tmp_path / "runs", change(place, changed), base), place)
    listing = git(place, "ls-tree", "-r", made.branch).splitlines()
    modes = {line.partition("\t")[2]: line.split()[0] for line in listing}
    assert modes == {
        "crlf.txt": "100644",
        "data.bin": "100644",
        "link": "120000",
        "new name.txt": "100644",
        "prices.py": "100644",
        "tool.sh": "100755",
    }
    git(place, "worktree", "add", "--quiet", str(tmp_path / "look"), made.branch)
    assert (tmp_path / "look/data.bin").read_bytes() == bytes(reversed(range(256))) * 8
    assert (tmp_path / "look/crlf.txt").read_bytes() == b"one\r\ntwo\r\n"
    assert "old.txt => new name.txt" in made.stat
    assert "mode change 100644 => 100755 tool.sh" in made.stat


# The branch's name ------------------------------------------------------------------------------


def test_a_branch_that_is_taken_gets_a_number(tmp_path: Path, place: Path) -> None:
    run = run_of(tmp_path / "runs", change(place), head(place))
    git(place, "branch", "foretrace/clamp")
    git(place, "branch", "foretrace/clamp-2")
    git(place, "pack-refs", "--all")
    assert branch_and_commit(run, place).branch == "foretrace/clamp-3"
    assert git(place, "rev-parse", "foretrace/clamp") == head(place)


def test_asked_again_it_finds_the_branch_that_it_made(tmp_path: Path, place: Path) -> None:
    run = run_of(tmp_path / "runs", change(place), head(place))
    first = branch_and_commit(run, place)
    again = branch_and_commit(run, place)
    assert (again.commit, again.branch, again.made) == (first.commit, first.branch, False)
    assert again.message == first.message
    other = branch_and_commit(run, place, message="In other words")
    assert (other.branch, other.made) == ("foretrace/clamp-2", True)
    assert git(place, "log", "-1", "--format=%B", other.branch) == "In other words"


def test_a_branch_that_is_called_foretrace_leaves_no_room_below(
    tmp_path: Path, place: Path
) -> None:
    run = run_of(tmp_path / "runs", change(place), head(place))
    git(place, "branch", "foretrace")
    assert branch_and_commit(run, place).branch == "foretrace-clamp"


def test_a_name_of_the_users_is_taken_as_it_is_or_refused(tmp_path: Path, place: Path) -> None:
    run = run_of(tmp_path / "runs", change(place), head(place))
    assert branch_and_commit(run, place, branch="fix/clamp").branch == "fix/clamp"
    for name, words in (
        ("trunk", "there is a branch trunk already"),
        ("fix", "there is a branch fix already"),
        ("trunk/x", "there is a branch trunk/x already"),
        *(
            (bad, "no name for a branch")
            for bad in ("-d", "a..b", "a b", "", "x.lock", "a\0b", "HEAD", "@{-1}")
        ),
    ):
        with pytest.raises(WrongUse, match=words):
            branch_and_commit(run, place, branch=name)
    assert git(place, "branch", "--format=%(refname:short)").split() == ["fix/clamp", "trunk"]


@pytest.mark.parametrize(
    ("id", "name"),
    [
        ("o__r-7", "o__r-7"),
        ("--force", "force"),
        ("a..b...c", "a.b.c"),
        ("x.lock", "x"),
        ("x.lock.lock.", "x"),
        ("@{-1}~^: \x1b[31m\n", "1-31m"),
        ("../../etc/passwd", "etc-passwd"),
        ("漢字", "issue"),
        ("a" * 300, "a" * 60),
    ],
)
def test_an_issues_id_becomes_a_name_that_git_takes(
    tmp_path: Path, place: Path, id: str, name: str
) -> None:
    run = run_of(tmp_path / "runs", change(place), head(place), id=id)
    assert branch_for(run) == f"foretrace/{name}"
    assert branch_and_commit(run, place).branch == f"foretrace/{name}"


# What does not work -----------------------------------------------------------------------------


def problem(caught: pytest.ExceptionInfo[WrongUse]) -> str:
    said = f"{caught.value.message}\n{caught.value.hint}"
    assert said.count("\n") == 1
    return said


def test_a_base_that_is_not_there_is_said_and_another_may_be_named(
    tmp_path: Path, place: Path
) -> None:
    run = run_of(tmp_path / "runs", change(place), "8be3b8d10a3e" * 3 + "abcd")
    with pytest.raises(WrongUse) as caught:
        branch_and_commit(run, place)
    assert "the commit that the run began at, 8be3b8d10a3e, is not in" in problem(caught)
    assert "--onto REV" in problem(caught)
    assert branch_and_commit(run, place, onto="HEAD").onto == head(place)
    with pytest.raises(WrongUse, match="has no revision 'nowhere'"):
        branch_and_commit(run, place, onto="nowhere", branch="other")


@pytest.mark.parametrize("kind", ["changed", "folder"])
def test_a_run_on_files_that_no_commit_holds_says_so(
    tmp_path: Path, place: Path, kind: str
) -> None:
    patch, there = change(place), place
    (place / "notes.txt").write_text("half done\n")
    if kind == "folder":
        there = tmp_path / "folder"
        shutil.copytree(place, there, ignore=shutil.ignore_patterns(".git"))
    (tmp_path / "scratch").mkdir()
    source = read_local(there, None, tmp_path / "scratch")
    run = run_of(tmp_path / "runs", patch, source.commit, notes=source.notes)
    with pytest.raises(WrongUse) as caught:
        branch_and_commit(run, place)
    assert f"the run began at files that no commit holds ({source.notes[0]})" in problem(caught)
    assert "HEAD is the one checked out" in problem(caught)


def test_a_run_with_tests_added_for_it_says_so(tmp_path: Path, place: Path) -> None:
    tests = {"patch": "x", "when": "start"}
    run = run_of(tmp_path / "runs", change(place), "ab" * 20, tests_from=tests)
    with pytest.raises(WrongUse) as caught:
        branch_and_commit(run, place)
    assert "tests that were added for it" in problem(caught)


def test_a_patch_that_does_not_fit_leaves_nothing_behind(tmp_path: Path, place: Path) -> None:
    patch = change(place)
    base = commit(place, "Rewritten", prices_py="nothing of it is left\n")
    before = everything_in(place)
    with pytest.raises(WrongUse) as caught:
        branch_and_commit(run_of(tmp_path / "runs", patch, base), place)
    assert f"the patch does not fit {base[:12]}" in problem(caught)
    assert everything_in(place) == before


@pytest.mark.parametrize("path", [".git/hooks/post-checkout", "../out", "sub/.GIT/config"])
def test_a_patch_that_leaves_the_repository_is_refused(
    tmp_path: Path, place: Path, path: str
) -> None:
    patch = (
        f"diff --git a/{path} b/{path}\nnew file mode 100755\n"
        f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+#!/bin/sh\n"
    )
    before = everything_in(tmp_path)
    with pytest.raises(WrongUse, match="does not fit"):
        branch_and_commit(run_of(tmp_path / "elsewhere", patch, head(place)), place)
    shutil.rmtree(tmp_path / "elsewhere")
    assert everything_in(tmp_path) == before


def test_a_patch_that_changes_nothing_makes_no_commit(tmp_path: Path, place: Path) -> None:
    patch = (
        "diff --git a/notes.txt b/notes.txt\n--- a/notes.txt\n+++ b/notes.txt\n"
        "@@ -1 +1 @@\n-notes\n+notes\n"
    )
    run = run_of(tmp_path / "runs", patch, head(place))
    with pytest.raises(WrongUse, match="changes nothing at"):
        branch_and_commit(run, place)
    assert git(place, "branch", "--format=%(refname:short)") == "trunk"


@pytest.mark.parametrize("kind", ["none", "plain", "unborn", "file"])
def test_what_is_no_checkout_is_said_to_be_none(tmp_path: Path, place: Path, kind: str) -> None:
    run = run_of(tmp_path / "runs", change(place), head(place))
    there = tmp_path / kind
    if kind == "plain":
        there.mkdir()
    elif kind == "unborn":
        repository(there)
    elif kind == "file":
        there.write_text("")
    with pytest.raises(WrongUse) as caught:
        branch_and_commit(run, there)
    assert kind in problem(caught)


@pytest.mark.parametrize("status", ["submitted", "unresolved", "failed"])
def test_what_is_not_verified_is_handed_on_only_when_that_is_wanted(
    tmp_path: Path, place: Path, status: str
) -> None:
    run = run_of(tmp_path / "runs", change(place), head(place), status=status)  # type: ignore[arg-type]
    with pytest.raises(NotVerified) as caught:
        branch_and_commit(run, place)
    assert f"the run is {status}" in caught.value.message
    assert "--unverified" in caught.value.hint
    made = branch_and_commit(run, place, unverified=True)
    assert "It is NOT verified: test_above still fails." in made.message


def test_a_run_without_a_patch_has_nothing_to_hand_on(tmp_path: Path, place: Path) -> None:
    run = run_of(tmp_path / "runs", "", head(place), status="unresolved")
    with pytest.raises(NotVerified, match="has no patch: test_above still fails"):
        branch_and_commit(run, place, unverified=True)


def test_an_empty_message_commits_nothing(tmp_path: Path, place: Path) -> None:
    run = run_of(tmp_path / "runs", change(place), head(place))
    for message in ("", " \n", "a\0b"):
        with pytest.raises(WrongUse, match="message"):
            branch_and_commit(run, place, message=message)
    assert git(place, "branch", "--format=%(refname:short)") == "trunk"


def test_the_checkout_of_a_run_is_the_folder_it_was_told(tmp_path: Path, place: Path) -> None:
    patch, base = change(place), head(place)
    for repo, there in ((str(place), place), ("https://github.com/o/r", None), ("/gone", None)):
        run = run_of(tmp_path / f"runs{len(repo)}", patch, base, repo=repo)
        assert checkout_of(run) == there
