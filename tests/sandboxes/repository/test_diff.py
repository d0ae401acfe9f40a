"""The patch of a sandbox: whatever is done to a tree, the patch does it again."""

import asyncio
import io
import os
import tarfile
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from sandboxes.docker import DockerSandbox
from sandboxes.engine import Engine
from sandboxes.repository.diff import (
    DiffFailed,
    PatchRefused,
    apply_patch,
    check_patch,
    normal_patch,
    take_diff,
)
from tests.repobox import Box, box
from tests.sandboxes.repository.gitrepos import commit, git, repository

pytestmark = pytest.mark.engine

SOURCE = {
    "pkg/a.py": b"def f():\n    return 1\n" * 10,
    "pkg/b.py": b"".join(b"line %d\n" % n for n in range(40)),
    "latin.txt": b"caf\xe9\n" * 3,
    "crlf.txt": b"a\r\nb\r\n",
    "no_end": b"no end of line",
    "data.bin": bytes(range(256)) * 4,
    "run.sh": b"#!/bin/sh\n",
    ".gitignore": b"*.log\nignored/\n",
    ".gitattributes": b"* text=auto eol=crlf\n*.py filter=evil diff=evil\n*.txt -diff ident\n",
}


@pytest.fixture
async def some_box(engine: Engine, base_image: str, tmp_path: Path) -> AsyncIterator[Box]:
    path = repository(tmp_path / "source")
    for name, content in SOURCE.items():
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_bytes(content)
    (path / "link").symlink_to("pkg/a.py")
    commit(path, "base")
    async with box(engine, base_image, path) as made:
        yield made


async def change(sandbox: DockerSandbox, command: str) -> None:
    result = await sandbox.run(f"set -e\n{command}", state=None)
    assert result.ok, result.text


async def tree(sandbox: DockerSandbox) -> dict[str, tuple[str, bytes | str]]:
    """Every file of the work tree: its kind and content."""
    pack = "tar --exclude=./.git -cf - ."
    result = await sandbox.run(pack, state=None, output_limit=64 * 1024**2)
    assert result.ok
    found: dict[str, tuple[str, bytes | str]] = {}
    with tarfile.open(fileobj=io.BytesIO(result.head)) as tar:
        for entry in tar:
            if entry.issym():
                found[entry.name] = ("link", entry.linkname)
            elif not entry.isdir():
                file = tar.extractfile(entry)
                assert file is not None
                kind = "program" if entry.mode & 0o100 else "file"
                found[entry.name] = (kind, file.read())
    return found


async def test_every_kind_of_change_comes_back(some_box: Box) -> None:
    base = some_box.checkout.base_commit
    async with some_box.sandbox() as one, some_box.sandbox() as two:
        assert await take_diff(one, base) == ""
        await change(
            one,
            r"""
            sed -i 's/return 1/return 2/;1i # été' pkg/a.py
            mv pkg/b.py 'pkg/c d "e" ü.py'
            printf 'x\xff' >> latin.txt; printf 'c\r\n' >> crlf.txt; printf ' here' >> no_end
            printf '\xe9\n' > $'new\nline*?[\\'
            printf '\0\1' >> data.bin; chmod +x pkg/a.py; rm run.sh; touch empty
            rm link; echo 'a file' > link; ln -s nowhere other
            mkdir __pycache__ ignored; echo > __pycache__/x.pyc; echo > a.log; echo > ignored/x
            """,
        )
        patch = await take_diff(one, base)
        patch.encode()
        for left_out in ("__pycache__", "a.log", "ignored"):
            assert left_out not in patch
        assert "rename from pkg/b.py" in patch
        assert "+# été" in patch
        assert "+    return 2\n" in patch
        await apply_patch(two, patch)
        after = await tree(one)
        for left_out in ("./__pycache__/x.pyc", "./a.log", "./ignored/x"):
            del after[left_out]
        assert await tree(two) == after
        assert await take_diff(two, base) == patch
        assert (await one.run("ls -A /tmp", state=None)).text == ""


async def test_repositories_within_are_folders_like_any_other(some_box: Box) -> None:
    base = some_box.checkout.base_commit
    async with some_box.sandbox() as one, some_box.sandbox() as two:
        await change(
            one,
            """
            export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a
            make() { mkdir -p "$1"; (cd "$1"; git init -q; echo "$1" > file; echo > x.log); }
            make with; (cd with; git add .; git commit -qm x)
            make without; make deep/er; make deep/er/still; make pkg; make ignored; make 'we ird'
            (cd pkg; git add .; git commit -qm x)
            echo broken > deep/.git
            """,
        )
        patch = await take_diff(one, base)
        names = ["deep/er/file", "deep/er/still/file", "pkg/file", "we ird/file", "with/file"]
        assert [
            line.partition(" b/")[2] for line in patch.splitlines() if line.startswith("diff --git")
        ] == [*names, "without/file"]
        await apply_patch(two, patch)
        assert await take_diff(two, base) == patch
        assert (await one.run("find . -name .seed", state=None)).text == ""


@pytest.mark.parametrize(
    "damage",
    [
        "rm -rf .git",
        "rm -rf .git; echo 'gitdir: /nowhere' > .git",
        "rm -rf .git/objects; echo nonsense > .git/HEAD; echo x > .git/index",
        "git commit -qam 'hidden in a commit'; git tag -f keep; git gc -q --prune=now",
        "git update-index --assume-unchanged pkg/a.py; git add -A; git rm -q --cached run.sh",
        "git config core.fsmonitor 'touch /tmp/ran; false'; git config filter.evil.clean 'echo x'",
        "git config --global filter.evil.clean 'echo x'; git config --global core.autocrlf true",
        "git config --global diff.external 'touch /tmp/ran'; echo '*' > .git/info/exclude",
        "chmod 000 pkg/b.py pkg",
        "git replace -f HEAD $(git commit-tree -m x HEAD^{tree})",
    ],
)
async def test_whatever_became_of_git_the_patch_is_the_same(damage: str, some_box: Box) -> None:
    base = some_box.checkout.base_commit
    async with some_box.sandbox() as sandbox:
        await change(sandbox, "sed -i s/1/2/ pkg/a.py; echo new > new.py")
        expected = await take_diff(sandbox, base)
        assert expected.count("diff --git") == 2
        await change(sandbox, damage)
        assert await take_diff(sandbox, base) == expected
        assert (await sandbox.run("ls /tmp", state=None)).text == ""


async def test_the_base_is_beyond_the_agent(some_box: Box) -> None:
    async with some_box.sandbox() as sandbox:
        for attempt in (
            "rm -rf /opt/foretrace/base.git",
            "echo x > /opt/foretrace/base.git/HEAD",
            "touch /opt/foretrace/base.git/objects/pack/x",
            "mv /opt/foretrace /opt/other",
            "chmod -R u+w /opt/foretrace/base.git",
        ):
            assert not (await sandbox.run(attempt, state=None)).ok
        history = await sandbox.run("git status --porcelain; git log --format=%s", state=None)
        assert history.text == "base\n"
        work = "git stash -u -q; echo x > x; git add x; git commit -qm mine; git gc -q; git fsck"
        assert (await sandbox.run(f"echo > y; {work}", state=None)).ok


async def test_names_with_a_space_at_the_end_of_a_part_come_back_too(some_box: Box) -> None:
    async with some_box.sandbox() as sandbox, some_box.sandbox() as clean:
        await sandbox.run("printf 'a\\0b' > 'binary '; : > 'empty '; echo x > 'text '; mkdir 'd '")
        await sandbox.run("printf '\\0' > 'd /x'; chmod +x 'd /x'; : > 'd /empty'")
        patch = await take_diff(sandbox, some_box.checkout.base_commit)
        assert patch.count("diff --git") == 5
        await apply_patch(clean, patch)
        assert await tree(clean) == await tree(sandbox)
        assert await take_diff(clean, some_box.checkout.base_commit) == patch


async def test_a_link_that_moves_into_a_folder_of_its_name_comes_back(some_box: Box) -> None:
    base = some_box.checkout.base_commit
    async with some_box.sandbox() as sandbox, some_box.sandbox() as clean:
        await change(sandbox, "mv link kept; mkdir link; mv kept link/inside")
        patch = await take_diff(sandbox, base)
        await apply_patch(clean, patch)
        assert await tree(clean) == await tree(sandbox)


async def test_a_link_to_itself_makes_room_for_a_folder_and_takes_its_place(
    engine: Engine, base_image: str, tmp_path: Path
) -> None:
    path = repository(tmp_path / "source")
    (path / "loop").symlink_to("loop")
    (path / "folder").mkdir()
    (path / "folder" / "file").write_bytes(b"a\r\nb")
    commit(path, "base")
    async with box(engine, base_image, path) as made, made.sandbox() as one, made.sandbox() as two:
        await change(one, "rm loop; mkdir loop; mv folder/file loop; rmdir folder")
        await change(one, "ln -s folder folder; : > loop/empty; printf '\\0' > loop/bytes")
        patch = await take_diff(one, made.checkout.base_commit)
        await change(two, "git init -q inner/empty; git init -q inner/full; echo x > inner/full/x")
        await change(one, "mkdir -p inner/full; echo x > inner/full/x")
        before = await tree(two)
        with pytest.raises(PatchRefused):
            await apply_patch(two, patch.replace("loop/empty", "../empty"))
        assert await tree(two) == before
        await apply_patch(two, patch)
        await change(two, "rm -r inner/empty inner/full/.git")
        assert await tree(two) == await tree(one)


async def test_a_patch_that_does_not_fit_is_refused_whole(some_box: Box) -> None:
    base = some_box.checkout.base_commit
    async with some_box.sandbox() as one, some_box.sandbox() as two:
        await change(one, "echo new > new.py; sed -i s/1/2/ pkg/a.py; printf x >> data.bin")
        patch = await take_diff(one, base)
        await change(two, "sed -i s/1/3/ pkg/a.py")
        before = await tree(two)
        with pytest.raises(PatchRefused, match=r"pkg/a\.py: patch does not apply \(pkg/a\.py:1\)"):
            await apply_patch(two, patch)
        assert await tree(two) == before
        await check_patch(two, patch)  # but it fits the base
        for wrong, said in (
            ("nonsense\n", "No valid patches"),
            (patch.replace("return 1", "return 7"), "does not apply"),
            (patch.replace("new.py", "../new.py"), "invalid path"),
            (patch.replace("new.py", ".git/hooks/x"), "invalid path"),
            (patch[:-15], "corrupt patch"),
        ):
            with pytest.raises(PatchRefused, match=said) as caught:
                await apply_patch(two, wrong)
            assert "\n" not in caught.value.message
            with pytest.raises(PatchRefused):
                await check_patch(two, wrong)
        await apply_patch(two, "")
        with pytest.raises(DiffFailed, match="not a commit"):
            await take_diff(two, "HEAD; touch /tmp/x")


async def test_a_patch_in_another_encoding_becomes_text(some_box: Box) -> None:
    base = some_box.checkout.base_commit
    async with some_box.sandbox() as one, some_box.sandbox() as two:
        await change(one, r"printf '\xe9\n' >> latin.txt; echo '# a' >> pkg/a.py")
        raw = await one.run("git -c core.attributesFile=/dev/null diff --text", state=None)
        assert b"\xe9" in raw.head
        patch = await normal_patch(two, raw.head)
        assert patch == await take_diff(one, base)
        with pytest.raises(PatchRefused):
            await normal_patch(two, raw.head.replace(b"return 1", b"return \xe9"))


async def test_a_submodule_stays_as_recorded(
    engine: Engine, base_image: str, tmp_path: Path
) -> None:
    inner = repository(tmp_path / "inner")
    commit(inner, "inner", x_py="x\n")
    path = repository(tmp_path / "outer")
    git(path, "submodule", "--quiet", "add", str(inner), "libs/inner")
    commit(path, "one", a_py="a\n")
    async with box(engine, base_image, path) as made, made.sandbox() as sandbox:
        assert await take_diff(sandbox, made.checkout.base_commit) == ""
        await change(sandbox, "cd libs/inner; git init -q; echo x > x; echo b >> ../../a.py")
        patch = await take_diff(sandbox, made.checkout.base_commit)
        assert patch.count("diff --git") == 1


_name = st.one_of(
    st.sampled_from(["a", "b", "c.py", "dir", "sp ace", "q\"uo'te", "new\nline", "tab\t", "ü"]),
    st.sampled_from(["*", "[x]", "back\\slash", "-dash", "#", "!", " l", "t ", "\udcff", "é"]),
)
_path = st.lists(_name, min_size=1, max_size=2).map("/".join)
_line = st.sampled_from(
    [b"one", b"two", b"", b"\t", b"caf\xc3\xa9", b"\xff", b"diff --git a/x b/x", b"@@ -1 +1 @@"]
)
_end = st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b"\r", b"", b"\0\n"])
_text = st.lists(st.tuples(_line, _end).map(b"".join), max_size=12).map(b"".join)
_entry = st.one_of(
    st.tuples(st.sampled_from(["file", "file", "program"]), _text),
    st.tuples(st.just("link"), st.sampled_from([b"a", b"../x", b"nowhere", b"\xff"])),
)
_tree = st.dictionaries(_path, _entry, min_size=1, max_size=5)
_Tree = dict[str, tuple[str, bytes]]


def _partly_kept(drawn: tuple[_Tree, _Tree, list[bool]]) -> tuple[_Tree, _Tree]:
    """The second tree keeps some of the first's entries, so that changes and renames occur."""
    before, after, keep = drawn
    kept = dict(entry for entry, kept in zip(before.items(), keep, strict=False) if kept)
    return before, {**kept, **after}


_pair = st.tuples(_tree, _tree, st.lists(st.booleans(), min_size=5, max_size=5)).map(_partly_kept)


def packed(files: _Tree) -> bytes:
    """A tree as a tar stream; what lies below another's file is left out."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, (kind, content) in files.items():
            if name.partition("/")[0] != name and name.partition("/")[0] in files:
                continue
            entry = tarfile.TarInfo(name)
            entry.mode = 0o755 if kind == "program" else 0o644
            if kind == "link":
                entry.type, entry.linkname = tarfile.SYMTYPE, os.fsdecode(content)
            else:
                entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content if kind != "link" else b""))
    return stream.getvalue()


@settings(
    max_examples=3,
    phases=[Phase.explicit, Phase.generate],  # shrinking would take hours
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(pairs=st.lists(_pair, min_size=12, max_size=12))
def test_any_change_comes_back_byte_for_byte(
    engine: Engine,
    base_image: str,
    pairs: list[tuple[_Tree, _Tree]],
) -> None:
    """Twelve pairs of trees share a container: the first of each is a commit of its history."""
    with tempfile.TemporaryDirectory() as folder:
        path = repository(Path(folder, "source"))
        (path / "seed").write_text("seed\n")
        commit(path, "seed")
        for before, _ in pairs:
            for old in path.iterdir():
                if old.name != ".git":
                    old.unlink() if old.is_symlink() or old.is_file() else _remove(old)
            with tarfile.open(fileobj=io.BytesIO(packed(before))) as tar:
                tar.extractall(path, filter="fully_trusted")
            commit(path, "a tree")
        commits = git(path, "rev-list", "--reverse", "HEAD").splitlines()[1:]
        asyncio.run(_check_pairs(engine, base_image, path, list(zip(commits, pairs, strict=True))))


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder)


async def _check_pairs(
    engine: Engine,
    base_image: str,
    path: Path,
    pairs: list[tuple[str, tuple[_Tree, _Tree]]],
) -> None:
    put = "find . -mindepth 1 -maxdepth 1 ! -name .git -exec rm -rf {} +; tar -xf -"
    async with box(engine, base_image, path) as made, made.sandbox() as sandbox:
        for base, (before, after) in pairs:
            note(f"this pair: {before} -> {after}")
            assert (await sandbox.run(put, state=None, stdin=packed(after))).ok
            wanted = await tree(sandbox)
            patch = await take_diff(sandbox, base)
            patch.encode()
            assert (await sandbox.run(put, state=None, stdin=packed(before))).ok
            assert await take_diff(sandbox, base) == ""
            await apply_patch(sandbox, patch)
            assert await tree(sandbox) == wanted
            assert await take_diff(sandbox, base) == patch
