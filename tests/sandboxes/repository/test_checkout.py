"""Checkouts: what comes along, what does not, and that nothing of a repository runs here."""

import os
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandboxes.errors import CheckoutFailed
from sandboxes.repository.checkout import Checkout, prepare_checkout, sandbox_archive
from tests.sandboxes.repository.gitrepos import all_objects, commit, everything_in, git, repository

Prepare = Callable[..., Checkout]


@pytest.fixture
def prepare(tmp_path: Path) -> Prepare:
    """Prepares checkouts, each in a folder of its own."""
    counter = iter(range(1000))

    def call(repo: str | Path, base: str | None = None, **more: object) -> Checkout:
        into = tmp_path / "out" / str(next(counter))
        return prepare_checkout(
            str(repo),
            base=base,
            cache=tmp_path / "cache",
            into=into,
            **more,  # type: ignore[arg-type]
        )

    return call


@pytest.fixture
def three(tmp_path: Path) -> tuple[Path, list[str]]:
    """A repository of three commits with a tag each, and a branch beside the second."""
    path = repository(tmp_path / "three")
    ids = [commit(path, "first", a_py="one\n")]
    git(path, "tag", "v1")
    ids.append(commit(path, "second", a_py="two\n", b_py="b\n"))
    git(path, "tag", "-a", "v2", "-m", "annotated")
    git(path, "checkout", "-q", "-b", "side")
    ids.append(commit(path, "aside", side_py="side\n"))
    git(path, "checkout", "-q", "trunk")
    ids.append(commit(path, "the fix", a_py="SECRET FIX\n"))
    git(path, "tag", "v3")
    return path, ids


def test_only_the_past_comes_along(three: tuple[Path, list[str]], prepare: Prepare) -> None:
    path, ids = three
    checkout = prepare(path, "v2")
    assert checkout.base_commit == ids[1]
    assert (checkout.path / "a.py").read_text() == "two\n"
    assert git(checkout.path, "status", "--porcelain") == ""
    assert git(checkout.path, "log", "--all", "--format=%s").splitlines() == ["second", "first"]
    assert git(checkout.path, "tag").split() == ["v1", "v2"]
    future = {ids[2], ids[3], git(path, "rev-parse", "HEAD:a.py"), git(path, "rev-parse", "HEAD:")}
    assert not future & all_objects(checkout.path)
    assert ids[0] in all_objects(checkout.path)
    names = [p.name for p in (checkout.path / ".git").rglob("*")]
    assert not {"FETCH_HEAD", "logs", "ORIG_HEAD", "alternates"} & set(names)
    assert "remote" not in (checkout.path / ".git/config").read_text()
    assert str(path) not in str(everything_in(checkout.path / ".git").values())
    assert checkout.date == datetime(2021, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("base", ["v1", "trunk~2", "refs/tags/v1", "FULL", "SHORT", "side~2"])
def test_a_revision_can_be_named_in_every_way(
    base: str, three: tuple[Path, list[str]], prepare: Prepare
) -> None:
    path, ids = three
    base = {"FULL": ids[0], "SHORT": ids[0][:9]}.get(base, base)
    assert prepare(path, base).base_commit == ids[0]


def test_the_working_tree_comes_as_it_is(tmp_path: Path, prepare: Prepare) -> None:
    path = repository(tmp_path / "dirty")
    head = commit(path, "one", a_py="a\n", b_py="b\n", c_py="c\n", _gitignore="*.log\n")
    assert prepare(path).base_commit == head  # nothing to take along
    (path / "a.py").write_text("changed\n")
    (path / "b.py").unlink()
    (path / "staged.py").write_text("staged\n")
    (path / "new file.py").write_text("new\n")
    (path / "out.log").write_text("ignored\n")
    (path / "kept.log").write_text("forced\n")
    (path / "__pycache__").mkdir()
    (path / "__pycache__/a.pyc").write_bytes(b"x")
    git(path, "add", "staged.py")
    git(path, "add", "--force", "kept.log")
    before = everything_in(path)
    one, two = prepare(path), prepare(path)
    assert everything_in(path) == before
    files = {p.name for p in one.path.iterdir()}
    assert files == {".git", ".gitignore", "a.py", "c.py", "kept.log", "new file.py", "staged.py"}
    assert (one.path / "a.py").read_text() == "changed\n"
    assert one.base_commit == two.base_commit != head
    assert git(one.path, "rev-parse", "HEAD~1") == head
    assert one.notes == ("5 uncommitted files taken along",)
    assert one.date is None
    assert prepare(path, "HEAD").base_commit == head  # asked for, a revision is what it is


def test_a_folder_without_git_is_taken_whole(tmp_path: Path, prepare: Prepare) -> None:
    (tmp_path / "plain/pkg").mkdir(parents=True)
    (tmp_path / "plain/pkg/a.py").write_text("a\n")
    (tmp_path / "plain/run").write_text("#!/bin/sh\n")
    (tmp_path / "plain/run").chmod(0o755)
    nested = repository(tmp_path / "plain/nested")
    commit(nested, "inner", x_py="x\n")
    one, two = prepare(tmp_path / "plain"), prepare(tmp_path / "plain")
    assert one.base_commit == two.base_commit
    assert git(one.path, "log", "--format=%s") == "The folder as it was"
    assert os.access(one.path / "run", os.X_OK)
    assert not (one.path / "nested").exists()
    assert any("nested" in note for note in one.notes)
    assert not (tmp_path / "plain/.git").exists()


def test_a_repository_without_commits_is_taken_as_a_folder(
    tmp_path: Path, prepare: Prepare
) -> None:
    path = repository(tmp_path / "unborn")
    with pytest.raises(CheckoutFailed, match="no commits"):
        prepare(path)
    (path / "a.py").write_text("a\n")
    assert (prepare(path).path / "a.py").exists()


@pytest.mark.parametrize(
    ("repo", "base", "said"),
    [
        ("missing", None, "does not exist"),
        ("file", None, "not a folder"),
        ("empty", None, "is empty"),
        ("empty", "v1", "not a git repository"),
        ("repo", "nope", "no revision 'nope'"),
        ("repo", "--upload-pack=touch x", "not a revision"),
        ("repo", "", "not a revision"),
        ("repo", "HEAD:a.py", "no revision"),
        ("", None, "which repository"),
        ("ext::sh -c touch% x", None, "not followed"),
        ("--upload-pack=x://y", None, "not followed"),
        ("https://-oProxyCommand=x/y", None, "not followed"),
        ("ftp://example.org/x", None, "not followed"),
        ("pypi:humanize", None, "does not name a release"),
        ("pypi:humanize==1", "v1", "no revisions"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    repo: str, base: str | None, said: str, tmp_path: Path, prepare: Prepare
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    commit(repository(tmp_path / "repo"), "one", a_py="a\n")
    name = str(tmp_path / repo) if repo.isalpha() else repo
    with pytest.raises(CheckoutFailed, match=said) as caught:
        prepare(name, base)
    assert "\n" not in caught.value.message
    assert caught.value.hint or base
    assert not list((tmp_path / "out").iterdir())  # no scratch is left


def test_nothing_of_a_hostile_repository_runs(tmp_path: Path, prepare: Prepare) -> None:
    canary = tmp_path / "canary"
    path = repository(tmp_path / "hostile")
    run = f"touch {canary}; cat"
    commit(path, "one", a_txt="a\n", _gitattributes="*.txt filter=evil diff=evil\n", b_txt="b\n")
    inner = repository(path / "inner")
    commit(inner, "inner", x_py="x\n")
    git(path, "add", "inner")
    git(path, "commit", "-q", "-m", "with inner")
    for each in (path, inner):
        for name in ("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor"):
            git(each, "config", name, run)
        for name in ("clean", "smudge", "process"):
            git(each, "config", f"filter.evil.{name}", run)
        git(each, "config", "diff.evil.textconv", run)
        git(each, "config", "diff.external", run)
        git(each, "config", "uploadpack.packObjectsHook", run)
        git(each, "config", "gpg.program", run)
        git(each, "config", "commit.gpgSign", "true")
        (each / "included").write_text(f"[core]\n\tfsmonitor = {run}\n")
        git(each, "config", "include.path", str(each / "included"))
        hooks = each / ".git/hooks"
        hooks.mkdir(exist_ok=True)
        for name in ("post-checkout", "reference-transaction", "post-index-change", "pre-commit"):
            (hooks / name).write_text(f"#!/bin/sh\ntouch {canary}\n")
            (hooks / name).chmod(0o755)
    (path / "a.txt").write_text("changed\n")
    (inner / "x.py").write_text("changed\n")
    canary.unlink(missing_ok=True)  # making it was enough to run some of it
    for base in (None, "HEAD", "HEAD~1"):
        checkout = prepare(path, base)
        sandbox_archive(checkout).close()
        assert not canary.exists()
    git(path, "status")
    assert canary.exists()  # the trap was armed


def test_links_stay_links(tmp_path: Path, prepare: Prepare) -> None:
    path = repository(tmp_path / "links")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text("secret")
    (path / "out").symlink_to(tmp_path / "outside/secret")
    (path / "folder").symlink_to(tmp_path / "outside")
    (path / "dangling").symlink_to("../../../nowhere")
    commit(path, "links", a_py="a\n")
    (path / "later").symlink_to("/etc/passwd")
    checkout = prepare(path)
    for name in ("out", "folder", "dangling", "later"):
        assert (checkout.path / name).is_symlink()
    with sandbox_archive(checkout) as stream, tarfile.open(fileobj=stream) as tar:
        found = {entry.name: entry.linkname for entry in tar if entry.issym()}
    assert found == {
        "testbed/out": str(tmp_path / "outside/secret"),
        "testbed/folder": str(tmp_path / "outside"),
        "testbed/dangling": "../../../nowhere",
        "testbed/later": "/etc/passwd",
    }


def test_the_other_forms_of_a_repository(
    three: tuple[Path, list[str]], tmp_path: Path, prepare: Prepare
) -> None:
    path, ids = three
    git(path, "clone", "-q", "--bare", str(path), str(tmp_path / "bare.git"))
    bare = prepare(tmp_path / "bare.git")
    assert (bare.base_commit, bare.name) == (ids[3], "bare")

    git(path, "worktree", "add", "-q", str(tmp_path / "linked"), "side")
    (tmp_path / "linked/new.py").write_text("new\n")
    linked = prepare(tmp_path / "linked")
    assert git(linked.path, "rev-parse", "HEAD~1") == ids[2]
    assert (linked.path / "new.py").exists()

    git(path, "clone", "-q", "--depth=1", f"file://{path}", str(tmp_path / "shallow"))
    shallow = prepare(tmp_path / "shallow")
    assert shallow.base_commit == ids[3]
    assert git(shallow.path, "log", "--format=%s") == "the fix"

    git(path, "clone", "-q", "--shared", str(path), str(tmp_path / "shared"))
    shared = prepare(tmp_path / "shared", "v1")
    assert shared.base_commit == ids[0]
    assert not (shared.path / ".git/objects/info/alternates").exists()

    assert prepare(f"file://{path}", "v1").base_commit == ids[0]

    new = repository(tmp_path / "sha256", "--object-format=sha256")
    head = commit(new, "one", a_py="a\n")
    assert prepare(new).base_commit == head
    assert len(head) == 64


def test_a_git_directory_of_somebody_else_is_not_claimed(
    three: tuple[Path, list[str]], tmp_path: Path, prepare: Prepare
) -> None:
    path, _ = three
    thief = tmp_path / "thief"
    thief.mkdir()
    (thief / ".git").write_text(f"gitdir: {path / '.git'}\n")
    with pytest.raises(CheckoutFailed, match="does not lead"):
        prepare(thief)
    (thief / ".git").unlink()
    (thief / ".git").symlink_to(path / ".git")
    with pytest.raises(CheckoutFailed, match="symbolic link"):
        prepare(thief)


def test_submodules_and_large_files_are_mentioned(tmp_path: Path, prepare: Prepare) -> None:
    inner = repository(tmp_path / "inner")
    commit(inner, "inner", x_py="x\n")
    path = repository(tmp_path / "outer")
    commit(path, "one", data__big_bin="pointer\n", data___gitattributes="*.bin filter=lfs\n")
    git(path, "submodule", "--quiet", "add", str(inner), "libs/inner")
    head = commit(path, "two")
    checkout = prepare(path)
    assert checkout.base_commit == head  # a populated submodule is no change
    assert any("libs/inner" in note for note in checkout.notes)
    assert any("LFS" in note for note in checkout.notes)
    assert not any((checkout.path / "libs/inner").iterdir())
    with sandbox_archive(checkout) as stream, tarfile.open(fileobj=stream) as tar:
        assert tar.getmember("testbed/libs/inner").isdir()


def test_tests_taken_along_are_part_of_the_base(
    three: tuple[Path, list[str]], tmp_path: Path, prepare: Prepare
) -> None:
    path, ids = three
    patch = "diff --git a/b.py b/b.py\n--- a/b.py\n+++ b/b.py\n@@ -1 +1 @@\n-b\n+patched\n"
    files = {"tests/new.py": b"test\r\n\xff", "a.py": b"replaced\n"}
    checkout = prepare(path, "v2", extra_files=files, extra_patch=patch)
    again = prepare(path, "v2", extra_files=files, extra_patch=patch)
    assert checkout.base_commit == again.base_commit
    assert git(checkout.path, "rev-parse", "HEAD~1") == ids[1]
    assert git(checkout.path, "tag").split() == ["v1", "v2"]
    assert (checkout.path / "tests/new.py").read_bytes() == b"test\r\n\xff"
    assert (checkout.path / "a.py").read_bytes() == b"replaced\n"
    assert (checkout.path / "b.py").read_bytes() == b"patched\n"
    assert prepare(path, "v2", extra_files={"b.py": b"b\n"}).base_commit == ids[1]
    with pytest.raises(CheckoutFailed, match="does not apply"):
        prepare(path, "v1", extra_patch=patch)
    for name in ("../out", "/abs", "a/../../b", ".git/hooks/x", "sub/.GIT/config", "", "x\0"):
        with pytest.raises(CheckoutFailed, match="not a path within"):
            prepare(path, "v2", extra_files={name: b""})

    (tmp_path / "plain").mkdir()
    (tmp_path / "plain/a.py").write_text("a\n")
    plain = prepare(tmp_path / "plain", extra_files={"t.py": b"t\n"})
    assert git(plain.path, "rev-list", "--count", "HEAD") == "1"  # one commit, as without


def test_a_surrounding_git_does_not_leak_in(
    three: tuple[Path, list[str]], prepare: Prepare, tmp_path: Path
) -> None:
    path, ids = three
    other = repository(tmp_path / "other")
    commit(other, "other", z_py="z\n")
    strange = {
        "GIT_DIR": str(other / ".git"),
        "GIT_WORK_TREE": str(other),
        "GIT_INDEX_FILE": str(other / ".git/index"),
        "GIT_OBJECT_DIRECTORY": str(other / ".git/objects"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.hooksPath",
        "GIT_CONFIG_VALUE_0": str(tmp_path),
        "GIT_TRACE": "1",
    }
    code = (
        "import sys; from pathlib import Path\n"
        "from sandboxes.repository.checkout import prepare_checkout\n"
        "print(prepare_checkout(sys.argv[1], base='v2', cache=Path(sys.argv[2]), "
        "into=Path(sys.argv[3])).base_commit)"
    )
    arguments = [str(path), str(tmp_path / "cache"), str(tmp_path / "into")]
    done = subprocess.run(
        [os.sys.executable, "-c", code, *arguments],  # type: ignore[attr-defined]
        env={**os.environ, **strange},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ids[1]


def test_the_archive_keeps_the_base_out_of_reach(
    three: tuple[Path, list[str]], prepare: Prepare
) -> None:
    path, _ = three
    (path / "run.sh").write_text("#!/bin/sh\n")
    (path / "run.sh").chmod(0o700)
    checkout = prepare(path)
    with sandbox_archive(checkout) as one, sandbox_archive(checkout) as two:
        assert one.read() == two.read()
        one.seek(0)
        with tarfile.open(fileobj=one) as tar:
            entries = {entry.name: entry for entry in tar}
    for name, entry in entries.items():
        base = name.startswith("opt/foretrace")
        assert base or name.startswith("testbed")
        assert (entry.uid, entry.gid) == ((0, 0) if base else (1000, 1000))
        assert not base or entry.isdir() or entry.mode == 0o444
    assert entries["testbed/run.sh"].mode == 0o755
    assert entries["testbed/a.py"].mode == 0o644
    packs = [name for name in entries if name.endswith(".pack")]
    assert packs
    assert all(name.startswith("opt/foretrace/base.git/objects/pack/") for name in packs)


def test_what_is_in_the_way_stays(three: tuple[Path, list[str]], tmp_path: Path) -> None:
    (tmp_path / "into").mkdir()
    (tmp_path / "into/precious").write_text("x")
    with pytest.raises(CheckoutFailed, match="in the way"):
        prepare_checkout(str(three[0]), base=None, cache=tmp_path / "cache", into=tmp_path / "into")
    assert (tmp_path / "into/precious").exists()


_names = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12
).filter(lambda name: name not in (".", "..") and not name.lower().startswith(".git"))
_files = st.dictionaries(
    st.lists(_names, min_size=1, max_size=3).map("/".join),
    st.tuples(st.binary(max_size=40), st.booleans()),
    min_size=1,
    max_size=6,
)


@settings(max_examples=12, deadline=None)
@given(_files)
def test_a_folder_comes_through_byte_for_byte(files: dict[str, tuple[bytes, bool]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        source, written = Path(place, "source"), {}
        source.mkdir()
        for name, (content, executable) in files.items():
            file = source / name
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            except (OSError, ValueError):
                continue  # a name that is another's folder, or too long
            file.chmod(0o755 if executable else 0o644)
            written[f"testbed/{name}"] = (content, executable)
        checkout = prepare_checkout(
            str(source), base=None, cache=Path(place, "cache"), into=Path(place, "into")
        )
        with sandbox_archive(checkout) as stream, tarfile.open(fileobj=stream) as tar:
            came = {}
            for entry in tar:
                member = tar.extractfile(entry)
                if member is not None and not entry.name.startswith(("testbed/.git/", "opt/")):
                    came[entry.name] = (member.read(), entry.mode == 0o755)
        assert came == written


def test_an_edit_of_the_same_size_right_after_a_commit_is_taken_along(
    tmp_path: Path, prepare: Prepare
) -> None:
    at = repository(tmp_path / "project")
    commit(at, "one", a_py="x = 1\n")
    # git compares times first, and looks into a file only where its index is no newer than it.
    os.utime(at / "a.py", (1_700_000_000, 1_700_000_000))
    git(at, "update-index", "--refresh")
    os.utime(at / ".git" / "index", (1_700_000_000, 1_700_000_000))
    (at / "a.py").write_text("x = 2\n")
    os.utime(at / "a.py", (1_700_000_000, 1_700_000_000))
    one = prepare(at)
    assert one.notes == ("1 uncommitted file taken along",)
