"""Bringing a repository to this machine at its base commit, with its future cut off.

Where it comes from differs (`localrepo`, `mirror` and `release` beside this file); what comes out
does not: a folder with the base's files and a git directory in which only the base and
its ancestors exist, so that nothing in it gives the fix away.
"""

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from sandboxes.errors import CheckoutFailed
from sandboxes.repository.archive import archive
from sandboxes.repository.hostgit import GitRefused, HostGit
from sandboxes.repository.localrepo import read_local
from sandboxes.repository.mirror import is_url, read_url
from sandboxes.repository.release import PYPI, read_release
from sandboxes.repository.source import Source

BRANCH = "main"
"""The branch the base commit is on, in the checkout and in the sandbox."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A repository at its base commit.

    Attributes:
        path: the folder with its files; symbolic links in it may lead anywhere, do not follow them.
        base_commit: the commit's id; patches are taken against it.
        name: the project's name: of the folder, the URL's last part, or the PyPI project.
        version: the release's version, when it came from PyPI.
        notes: what the user should know, one sentence each.
        date: when this source was current: the release's upload, or the commit's date; None for
            uncommitted files and folders without history.
    """

    path: Path
    base_commit: str
    name: str
    version: str | None = None
    notes: tuple[str, ...] = ()
    date: datetime | None = None


def prepare_checkout(
    repo: str,
    *,
    base: str | None,
    cache: Path,
    into: Path,
    extra_files: Mapping[str, bytes] | None = None,
    extra_patch: str | None = None,
) -> Checkout:
    """Bring a repository in. Blocks; a caller with an event loop uses a thread.

    Args:
        repo: a path, a git URL, or ``pypi:NAME==VERSION``.
        base: the revision to start from. Without one: the default branch's head of a URL; of a
            path the files as they are now, uncommitted changes and untracked files included.
        cache: a folder for mirrors and source archives, shared by all runs.
        into: where to put the checkout; must not exist, or be an empty folder.
        extra_files: files by path that become part of the base, so that no patch shows them.
        extra_patch: a diff whose changes become part of the base.

    Raises:
        CheckoutFailed: it cannot be brought in; the message is one line.
    """
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise CheckoutFailed(f"{into} is in the way", "give a folder that does not exist yet")
    into.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{into.name}.", dir=into.parent))
    try:
        source = _read(repo, base, cache, scratch)
        if extra_files or extra_patch:
            source = _with_extras(source, extra_files or {}, extra_patch, scratch)
        checkout = _cut(source, scratch / "checkout")
        if into.exists():
            into.rmdir()
        checkout.path.rename(into)
    except GitRefused as refused:
        problem = f"git could not prepare {_shown(repo)}: {refused.reason()}"
        raise CheckoutFailed(problem) from refused
    except OSError as error:
        raise CheckoutFailed(f"cannot prepare {_shown(repo)}: {error}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return replace(checkout, path=into)


def sandbox_archive(checkout: Checkout) -> IO[bytes]:
    """A tar stream to unpack at ``/`` in a container, positioned at its start. Close it after use.

    The files lie at ``/testbed``, owned by uid and gid 1000, with a ``.git`` of their own whose
    objects come from ``/opt/foretrace/base.git``. That one is root's, so that whatever is done to
    ``.git``, the base stays. The same checkout gives the same bytes.
    """
    return archive(checkout.path, BRANCH)


def _shown(repo: str) -> str:
    """A repository's name without a password."""
    head, scheme, rest = repo.partition("://")
    return f"{head}{scheme}{rest.rpartition('@')[2]}" if scheme else repo


def _read(repo: str, base: str | None, cache: Path, scratch: Path) -> Source:
    if not repo.strip():
        raise CheckoutFailed("which repository?", "give a path, a git URL or pypi:NAME==VERSION")
    if base is not None and (not base.strip() or base.startswith("-") or "\0" in base):
        raise CheckoutFailed(f"{base!r} is not a revision", "give a commit, a tag or a branch")
    if repo.startswith(PYPI):
        if base is not None:
            raise CheckoutFailed("a release has no revisions", f"leave out the base {base!r}")
        return read_release(repo, cache, scratch)
    if is_url(repo):
        return read_url(repo, base, cache, scratch)
    if "\0" in repo:
        raise CheckoutFailed("a path cannot hold a null character")
    return read_local(Path(repo).expanduser(), base, scratch)


def _with_extras(
    source: Source, files: Mapping[str, bytes], patch: str | None, scratch: Path
) -> Source:
    """The source with files and a patch taken along, in a commit of ours."""
    shadow = HostGit.create(
        scratch / "extras.git",
        objects=source.git.git_dir / "objects",
        sha256=_is_sha256(source.commit),
    )
    _copy_shallow(source.git, shadow)
    git = replace(shadow, index=scratch / "extras-index")
    git.run("read-tree", source.commit)
    for name, content in files.items():
        _put(git, name, content)
    if patch:
        try:
            arguments = ("apply", "--cached", "--whitespace=nowarn")
            git.run(*arguments, stdin=patch.encode("utf-8", "surrogateescape"))
        except GitRefused as refused:
            problem = f"the patch with the tests does not apply to the base: {refused.reason()}"
            raise CheckoutFailed(problem) from refused
    tree = git.line("write-tree")
    if tree == git.line("rev-parse", source.commit + "^{tree}"):
        return source
    parents = git.line("rev-list", "--parents", "-1", source.commit).split()[1:]
    parent = (parents[0] if parents else None) if source.made_by_us else source.commit
    commit = git.commit(tree, parent, "Tests taken along")
    _copy_tags(source, shadow, parent)
    return replace(source, git=shadow, commit=commit, made_by_us=True)


def _is_sha256(commit: str) -> bool:
    return len(commit) == 64


def _put(git: HostGit, name: str, content: bytes) -> None:
    """Put a file into the index, whatever was in its place; an existing one keeps its mode."""
    parts = name.split("/")
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in parts) or "\0" in name:
        raise CheckoutFailed(f"{name!r} is not a path within the repository")
    before = git.run("ls-files", "--stage", "-z", "--", f":(literal){name}").split(b" ")[0]
    mode = "100755" if before == b"100755" else "100644"
    blob = git.line("hash-object", "-w", "--stdin", stdin=content)
    git.run("update-index", "--add", "--replace", "--cacheinfo", f"{mode},{blob},{name}")


def _copy_shallow(source: HostGit, target: HostGit) -> None:
    if (source.git_dir / "shallow").exists():
        shutil.copyfile(source.git_dir / "shallow", target.git_dir / "shallow")


def _tags(source: Source, commit: str) -> dict[str, str]:
    """The tags that name an ancestor of the commit, or itself: name to object."""
    form = "--format=%(objectname) %(refname)"
    try:
        lines = source.git.run("for-each-ref", "--merged", commit, form, "refs/tags")
    except GitRefused:
        return {}
    pairs = (line.partition(" ") for line in os.fsdecode(lines).splitlines())
    return {name: target for target, _, name in pairs}


def _copy_tags(source: Source, target: HostGit, commit: str | None) -> None:
    if commit is not None:
        for name, tagged in _tags(source, commit).items():
            target.run("update-ref", name, tagged)


def _cut(source: Source, path: Path) -> Checkout:
    """A repository of its own that holds the source's commit and what leads to it."""
    git_dir = path / ".git"
    git = replace(HostGit.create(git_dir, sha256=_is_sha256(source.commit)), work_tree=path)
    if source.version is not None:
        source.git.run("update-ref", f"refs/tags/v{source.version}", source.commit)
    wanted = {f"refs/heads/{BRANCH}": source.commit, **_tags(source, source.commit)}
    specs = "".join(f"{target}:{name}\n" for name, target in wanted.items())
    asked = ("--no-tags", "--no-write-fetch-head", "--update-shallow", "--quiet", "--stdin")
    git.run("fetch", *asked, "--", str(source.git.git_dir), stdin=os.fsencode(specs))
    git.run("pack-refs", "--all")
    git.run("read-tree", "--reset", "-u", source.commit)
    git.run("symbolic-ref", "HEAD", f"refs/heads/{BRANCH}")
    git.run("config", "core.bare", "false")
    date = source.released
    if date is None and not source.made_by_us:
        stamp = int(git.line("show", "--no-patch", "--format=%ct", source.commit))
        date = datetime.fromtimestamp(stamp, UTC)
    notes = (*source.notes, *_remarks(git))
    return Checkout(path, source.commit, source.name, source.version, notes, date)


def _remarks(git: HostGit) -> list[str]:
    """What of a repository does not come along."""
    notes = []
    entries = git.run("ls-files", "--stage", "-z").split(b"\0")
    links = [os.fsdecode(e.partition(b"\t")[2]) for e in entries if e.startswith(b"160000 ")]
    if links:
        some = ", ".join(links[:3]) + (", ..." if len(links) > 3 else "")
        are = "submodules are" if len(links) > 1 else "submodule is"
        notes.append(f"{len(links)} {are} left empty: {some}")
    try:
        git.run("grep", "--cached", "-q", "-e", "filter=lfs", "--", ":(glob)**/.gitattributes")
        notes.append("files kept in Git LFS stay pointers")
    except GitRefused:
        pass  # no such attribute
    return notes
