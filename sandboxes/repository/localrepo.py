"""A repository or a plain folder of this machine, as something to check out from.

The folder may be hostile: git never runs inside it. Its references and the plain parts of its
configuration are read as text, its objects through alternates, its files through a git directory
and an index of our own. Nothing in it is changed.
"""

import os
import re
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from sandboxes.errors import CheckoutFailed
from sandboxes.repository.hostgit import LITTER, GitRefused, HostGit
from sandboxes.repository.source import Source

_HASH = re.compile(rb"([0-9a-f]{40}|[0-9a-f]{64})\s*")
_REFERENCE = re.compile(r"refs/[^\x00-\x20\x7f~^:?*\[\\]+")
_HINT = "give a path, a git URL or pypi:NAME==VERSION"
_LITTER = "".join(f"{pattern}\n" for pattern in LITTER).encode()
_MOST_FILES = 200_000
_MOST_BYTES = 4 * 1024**3


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where a repository keeps what: a linked work tree has its own HEAD and index."""

    private: Path
    common: Path


def read_local(path: Path, base: str | None, scratch: Path) -> Source:
    """A revision of a local repository, or the folder as it is.

    Args:
        path: a repository (a bare one too) or a plain folder.
        base: the revision; None for the files as they are now, uncommitted changes and untracked
            files included, ignored ones not.
        scratch: an empty folder of the caller's for what is needed on the way.

    Raises:
        CheckoutFailed: there is nothing to check out, or no such revision.
    """
    if not path.exists():
        raise CheckoutFailed(f"{path} does not exist", _HINT)
    if not path.is_dir():
        raise CheckoutFailed(f"{path} is not a folder", "give the folder of a repository")
    path = path.resolve()
    layout = _layout(path)
    if layout is None:
        if base is not None:
            raise CheckoutFailed(f"{path} is not a git repository, so it has no {base!r}")
        return _plain_folder(path, scratch)
    git, head = _shadow(layout, scratch)
    if base is not None:
        return Source(git, resolve(git, base, str(path)), path.name)
    if layout.private == path:  # a bare repository has no files to take along
        if head is None:
            raise CheckoutFailed(f"{path} has no commits yet")
        return Source(git, head, path.name.removesuffix(".git"))
    return _working_tree(path, layout, git, head, scratch)


def resolve(git: HostGit, revision: str, where: str) -> str:
    """The commit a revision names.

    Raises:
        CheckoutFailed: it names none.
    """
    problem = CheckoutFailed(
        f"{where} has no revision {revision!r}", "give a commit, a tag or a branch it has"
    )
    if revision.startswith("-") or not revision.strip():
        raise problem
    try:
        return git.line("rev-parse", "--verify", "--quiet", revision + "^{commit}")
    except GitRefused:
        raise problem from None


def _layout(path: Path) -> _Layout | None:
    """Find the git directory of a folder, if it has one, as git itself would."""
    entry = path / ".git"
    if entry.is_symlink():
        raise CheckoutFailed(f"{entry} is a symbolic link", "give the repository it leads to")
    if entry.is_dir():
        return _Layout(entry, _common(entry)) if _is_git_dir(entry) else None
    if not entry.exists():
        return _Layout(path, path) if _is_git_dir(path) else None
    target = _small(entry).partition(b"gitdir:")[2].strip()
    private = (path / os.fsdecode(target)).resolve()
    if not target or not _is_git_dir(private) or not _belongs_together(entry, private):
        raise CheckoutFailed(f"{entry} does not lead to this folder's git directory")
    return _Layout(private, _common(private))


def _belongs_together(entry: Path, private: Path) -> bool:
    """Whether a git directory knows the folder that claims it; else any could be claimed."""
    back = os.fsdecode(_small(private / "gitdir").strip())
    if back:
        return (private / back).resolve() == entry
    return any(private.is_relative_to(parent / ".git") for parent in entry.parents)


def _is_git_dir(path: Path) -> bool:
    common = _common(path)
    folders = (common / "objects", common / "refs")
    return (path / "HEAD").is_file() and all(folder.is_dir() for folder in folders)


def _common(private: Path) -> Path:
    shared = os.fsdecode(_small(private / "commondir").strip())
    return (private / shared).resolve() if shared else private


def _small(path: Path) -> bytes:
    """A small file's bytes; nothing when it is missing, large, or not a plain file."""
    try:
        about = path.lstat()
        plain = stat.S_ISREG(about.st_mode) and about.st_size < 64 * 1024
        return path.read_bytes() if plain else b""
    except OSError:
        return b""


def _shadow(layout: _Layout, scratch: Path) -> tuple[HostGit, str | None]:
    """A git directory of ours with the repository's references and objects, and its HEAD."""
    theirs = _plain_settings(layout.common / "config", scratch)
    if theirs.get("extensions.refstorage", "files") != "files":
        raise CheckoutFailed("the repository keeps its references in a form that is not supported")
    git = HostGit.create(
        scratch / "shadow.git",
        objects=layout.common / "objects",
        exact=False,
        sha256=theirs.get("extensions.objectformat") == "sha256",
    )
    for name in ("core.filemode", "core.autocrlf", "core.eol"):
        if re.fullmatch(r"[a-z]+", theirs.get(name, "")):
            git.run("config", name, theirs[name])
    shallow = _small(layout.common / "shallow")
    if shallow and all(_HASH.fullmatch(line) for line in shallow.splitlines()):
        (git.git_dir / "shallow").write_bytes(shallow)
    references = _references(layout.common)
    head = _small(layout.private / "HEAD").strip()
    name = os.fsdecode(head.partition(b"ref:")[2].strip())
    commit = references.get(name) or (head.decode() if _HASH.fullmatch(head) else None)
    known = _existing(git, {**references, **({"HEAD": commit} if commit else {})})
    lines = [f"{target} {ref}\n" for ref, target in sorted(known.items()) if ref != "HEAD"]
    (git.git_dir / "packed-refs").write_text("".join(lines), errors="surrogateescape")
    if commit is not None and "HEAD" not in known:
        raise CheckoutFailed("the repository's current commit is missing; it is damaged")
    if commit is not None:
        (git.git_dir / "HEAD").write_text(commit + "\n")
    return git, commit


def _plain_settings(config: Path, scratch: Path) -> dict[str, str]:
    """A repository's settings as text; includes are not followed."""
    if not _small(config):
        return {}
    try:
        reading = ("config", "--file", str(config), "--no-includes", "-z", "--list")
        output = HostGit(scratch).run(*reading)
    except GitRefused as refused:
        raise CheckoutFailed(f"{config} cannot be read: {refused.reason()}") from refused
    pairs = (entry.partition("\n") for entry in output.decode("utf-8", "replace").split("\0"))
    return {name: value for name, _, value in pairs}


def _references(common: Path) -> dict[str, str]:
    """Branches, remote branches and tags by full name; symbolic ones are left out."""
    found: dict[str, str] = {}
    packed = common / "packed-refs"
    if packed.is_file() and not packed.is_symlink():
        for line in packed.read_bytes().splitlines():
            target, _, name = line.partition(b" ")
            if _HASH.fullmatch(target):
                found[os.fsdecode(name)] = target.decode()
    for folder, _, names in os.walk(common / "refs"):
        for each in names:
            file = Path(folder, each)
            target = _small(file)
            if _HASH.fullmatch(target):
                found[file.relative_to(common).as_posix()] = target.strip().decode()
    return {name: target for name, target in found.items() if _REFERENCE.fullmatch(name)}


def _existing(git: HostGit, references: dict[str, str]) -> dict[str, str]:
    """Those of the references whose objects are there."""
    names = list(references)
    wanted = "".join(references[name] + "\n" for name in names).encode()
    answers = git.run("cat-file", "--batch-check=%(objecttype)", stdin=wanted).decode().splitlines()
    return {
        name: references[name]
        for name, answer in zip(names, answers, strict=True)
        if answer in ("commit", "tag")
    }


def _plain_folder(path: Path, scratch: Path) -> Source:
    _bounded(path)
    git = HostGit.create(scratch / "shadow.git", exact=False)
    (git.git_dir / "info/exclude").write_bytes(_LITTER)
    tree, notes = _add_everything(HostGit(git.git_dir, path, scratch / "index"))
    if not git.run("ls-tree", "--name-only", tree):
        raise CheckoutFailed(f"{path} is empty", "give a folder that holds a project")
    commit = git.commit(tree, None, "The folder as it was")
    notes = ("no git repository: the folder was taken as it is", *notes)
    return Source(git, commit, path.name, notes=notes, made_by_us=True)


def _bounded(path: Path) -> None:
    """Refuse a folder that is hardly a project: a home, a disk."""
    files = size = 0
    for folder, _, names in os.walk(path):
        files += len(names)
        for name in names:
            try:
                size += Path(folder, name).lstat().st_size
            except OSError:
                continue
        if files > _MOST_FILES or size > _MOST_BYTES:
            raise CheckoutFailed(
                f"{path} is too large to be taken as a project", "make it a git repository first"
            )


def _working_tree(
    path: Path, layout: _Layout, git: HostGit, head: str | None, scratch: Path
) -> Source:
    """HEAD and what is uncommitted on top of it, as one more commit."""
    index = scratch / "index"
    with_files = HostGit(git.git_dir, path, index)
    excludes = _small(layout.common / "info/exclude")
    (git.git_dir / "info/exclude").write_bytes(excludes.rstrip(b"\n") + b"\n" + _LITTER)
    _start_index(layout, with_files, index, head)
    tree, notes = _add_everything(with_files)
    before = git.line("rev-parse", f"{head}^{{tree}}") if head else None
    if tree == before and head is not None:
        return Source(git, head, path.name)
    if head is None:
        if not git.run("ls-tree", "--name-only", tree):
            raise CheckoutFailed(f"{path} has no commits and no files yet")
        commit = git.commit(tree, None, "The folder as it was")
        notes = ("the repository has no commits yet: its files were taken as they are", *notes)
        return Source(git, commit, path.name, notes=notes, made_by_us=True)
    changed = git.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", head, tree)
    count = changed.count(b"\0")
    taken = f"{count} uncommitted file{'s' if count != 1 else ''} taken along"
    commit = git.commit(tree, head, "Uncommitted changes taken along")
    return Source(git, commit, path.name, notes=(taken, *notes), made_by_us=True)


def _start_index(layout: _Layout, git: HostGit, index: Path, head: str | None) -> None:
    """Begin with a copy of the repository's index: it knows files added although ignored."""
    for file in [layout.private / "index", *layout.private.glob("sharedindex.*")]:
        if file.is_file() and not file.is_symlink():
            shutil.copy2(file, index if file.name == "index" else git.git_dir / file.name)
    try:
        git.run("ls-files", "--stage")
    except GitRefused:
        index.unlink()
    if not index.exists() and head is not None:
        git.run("read-tree", head)


def _add_everything(git: HostGit) -> tuple[str, tuple[str, ...]]:
    """Put all files into the index; repositories within stay as they were recorded, or out.

    Returns:
        The tree, and notes.
    """
    recorded = _links(git)
    _remove(git, recorded)  # git would ask a recorded repository for its state, and run it
    try:
        git.run("add", "--all", "--", ".")
    except GitRefused as refused:
        raise CheckoutFailed(f"cannot read {git.work_tree}: {refused.reason()}") from refused
    nested = _links(git)
    _remove(git, nested)
    if recorded:
        entries = b"".join(b"160000 %b\t%b\0" % (commit, name) for name, commit in recorded.items())
        git.run("update-index", "-z", "--index-info", stdin=entries)
    new = sorted(os.fsdecode(name) for name in nested.keys() - recorded.keys())
    notes = tuple(f"{name!r} is a repository of its own and was left out" for name in new)
    return git.line("write-tree"), notes


def _links(git: HostGit) -> dict[bytes, bytes]:
    """Repositories within this one, as the index has them: path to commit."""
    entries = git.run("ls-files", "--stage", "-z").split(b"\0")
    pairs = (entry.partition(b"\t") for entry in entries if entry.startswith(b"160000 "))
    return {name: about.split()[1] for about, _, name in pairs}


def _remove(git: HostGit, links: dict[bytes, bytes]) -> None:
    if links:
        names = b"".join(name + b"\0" for name in links)
        git.run("update-index", "-z", "--force-remove", "--stdin", stdin=names)
