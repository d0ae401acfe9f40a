"""Releases on a Python package index: their source archives as repositories of one commit.

An archive is never unpacked onto the disk and nothing in it is run: its members go straight into
git's objects. What a member may be called is checked here, and by git again when it checks out.
"""

import io
import lzma
import os
import re
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sandboxes.errors import CheckoutFailed
from sandboxes.repository.hostgit import FIXED_DATE, GitRefused, HostGit
from sandboxes.repository.packageindex import obtain
from sandboxes.repository.source import Source

PYPI = "pypi:"
"""What the name of a release begins with."""

_SPEC = re.compile(r"\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*==\s*([\w.!+-]+)\s*")
_HINT = "write it as pypi:NAME==VERSION"
_MOST_BYTES = 2 * 1024**3
_MOST_MEMBERS = 100_000
_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,  # a way of compression that zipfile does not know
    RuntimeError,  # an encrypted zip
    UnicodeError,
    KeyError,  # a hard link to nothing
)


@dataclass(frozen=True, slots=True)
class _Member:
    """A file or a link of an archive: its full name, git's mode, the content's size and bytes."""

    name: str
    mode: str
    size: int
    content: IO[bytes]


def read_release(repo: str, cache: Path, scratch: Path) -> Source:
    """A release's source archive as one commit; it is tagged ``vVERSION`` when checked out.

    Args:
        repo: ``pypi:NAME==VERSION``.
        cache: where archives are kept; one that is there needs no network.
        scratch: an empty folder of the caller's for what is needed on the way.

    Raises:
        CheckoutFailed: there is no such release, it has no source archive, or that is damaged.
    """
    name, version = _parse(repo)
    archive = obtain(name, version, cache)
    git = HostGit.create(scratch / "release.git")
    with tempfile.TemporaryFile(dir=scratch) as stream:
        with _readable(archive.path):
            _write_import(_members(archive.path), stream)
        stream.seek(0)
        try:
            git.run("fast-import", "--quiet", stdin=stream)
        except GitRefused as refused:
            problem = f"{archive.path.name} holds what git cannot: {refused.reason()}"
            raise CheckoutFailed(problem) from refused
    tree = _without_top_folder(git, git.line("rev-parse", "refs/heads/import^{tree}"))
    git.run("update-ref", "-d", "refs/heads/import")
    commit = git.commit(tree, None, f"{name} {version}, as released")
    return Source(
        git, commit, name, version, notes=archive.notes, made_by_us=True, released=archive.released
    )


def fetch_files(release: str, files: Iterable[str], cache: Path) -> dict[str, bytes]:
    """Some files of a release's source archive, by their paths from the project's root.

    Args:
        release: ``NAME==VERSION``, with or without ``pypi:``.
        files: the paths.
        cache: where archives are kept.

    Raises:
        CheckoutFailed: there is no such release, or it lacks one of the files.
    """
    name, version = _parse(release)
    wanted = {"/".join(p for p in file.split("/") if p not in ("", ".")): file for file in files}
    names = {Path(path).name for path in wanted}
    found: dict[str, bytes] = {}
    similar: set[str] = set()
    archive = obtain(name, version, cache)
    with _readable(archive.path):
        for member in _members(archive.path):
            path = member.name.partition("/")[2]
            if path in wanted and member.mode != "120000":
                found[wanted[path]] = member.content.read()
            elif Path(path).name in names:
                similar.add(path)
    missing = [file for file in wanted.values() if file not in found]
    if missing:
        hint = f"it has {', '.join(sorted(similar)[:5])}" if similar else ""
        raise CheckoutFailed(f"the source of {name} {version} lacks {', '.join(missing)}", hint)
    return found


def _parse(spec: str) -> tuple[str, str]:
    """The normalised name and version of a release."""
    from packaging.utils import canonicalize_name
    from packaging.version import InvalidVersion, Version

    match = _SPEC.fullmatch(spec.removeprefix(PYPI))
    if match is None:
        raise CheckoutFailed(f"{spec!r} does not name a release", _HINT)
    try:
        return canonicalize_name(match[1]), str(Version(match[2]))
    except InvalidVersion:
        raise CheckoutFailed(f"{match[2]!r} is not a version", _HINT) from None


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """What the archive libraries raise for a damaged file, as an error of ours."""
    try:
        yield
    except _DAMAGED as error:
        reason = (str(error).splitlines() or ["damaged"])[0].rstrip(":")
        raise CheckoutFailed(f"{path.name} cannot be read: {reason}") from error


def _members(path: Path) -> Iterator[_Member]:
    """The files and links of an archive, within bounds; folders and special files are left out.

    Raises:
        CheckoutFailed: a member would leave the archive's folder, or there is too much.
    """
    count = total = 0
    for member in _zip_members(path) if path.suffix == ".zip" else _tar_members(path):
        count, total = count + 1, total + member.size
        if count > _MOST_MEMBERS or total > _MOST_BYTES:
            raise CheckoutFailed(f"{path.name} unpacks to more than a project should")
        parts = member.name.split("/")
        if member.name.startswith("/") or ".." in parts or "\0" in member.name:
            raise CheckoutFailed(f"{path.name} is not safe: a member is called {member.name!r}")
        if not any(part.lower() == ".git" for part in parts):
            yield member


def _tar_members(path: Path) -> Iterator[_Member]:
    with tarfile.open(path, "r:*") as tar:
        for entry in tar:
            name = entry.name.removeprefix("./")
            if entry.issym():
                target = entry.linkname.encode("utf-8", "surrogateescape")
                yield _Member(name, "120000", len(target), io.BytesIO(target))
            elif entry.isreg() or entry.islnk():
                content = tar.extractfile(entry)
                if content is None:
                    raise tarfile.ExtractError(f"{entry.name} has no content")
                size = content.seek(0, os.SEEK_END)
                content.seek(0)
                yield _Member(name, _mode(entry.mode), size, content)


def _zip_members(path: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            mode = entry.external_attr >> 16
            with archive.open(entry) as content:
                kind = "120000" if stat.S_ISLNK(mode) else _mode(mode)
                yield _Member(entry.filename.removeprefix("./"), kind, entry.file_size, content)


def _mode(mode: int) -> str:
    return "100755" if mode & 0o100 else "100644"


def _write_import(members: Iterable[_Member], stream: IO[bytes]) -> None:
    """A commit of the members, in the language of ``git fast-import``."""
    stream.write(b"commit refs/heads/import\n")
    stream.write(b"committer Foretrace <foretrace@localhost> %b\n" % FIXED_DATE.encode())
    stream.write(b"data 0\n\n")
    for member in members:
        name = member.name.encode("utf-8", "surrogateescape")
        for special, escaped in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n")):
            name = name.replace(special, escaped)
        stream.write(b'M %b inline "%b"\n' % (member.mode.encode(), name))
        stream.write(b"data %d\n" % member.size)
        start = stream.tell()
        shutil.copyfileobj(member.content, stream)
        if stream.tell() - start != member.size:
            raise EOFError(f"{member.name} is not as long as it says")
        stream.write(b"\n")
    stream.write(b"done\n")


def _without_top_folder(git: HostGit, tree: str) -> str:
    """The project's own tree: archives have a folder of the release's name around it."""
    entries = git.run("ls-tree", "-z", tree).split(b"\0")[:-1]
    if len(entries) == 1 and entries[0].split()[1] == b"tree":
        return entries[0].split()[2].decode()
    return tree
