"""A checkout as a tar stream for a container: the work tree, and the base beyond its reach."""

import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from sandboxes.repository.hostgit import EXACT, HostGit
from sandboxes.sandbox import REPOSITORY

BASE_GIT = "/opt/foretrace/base.git"
"""Inside every sandbox: the base and its ancestors, owned by root."""

_AGENT = 1000
_EARLIEST = 315619200  # 2 January 1980: zip archives, wheels among them, know no earlier date
_CONFIG = """[core]
\trepositoryformatversion = {version}
\tfilemode = true
\tbare = {bare}
[gc]
\tauto = 0
"""
_SHA256 = "[extensions]\n\tobjectFormat = sha256\n"
_IDENTITY = "[user]\n\tname = Agent\n\temail = agent@localhost\n"


def archive(path: Path, branch: str) -> IO[bytes]:
    """Pack a checkout as `sandboxes.repository.checkout.sandbox_archive` describes it."""
    git = HostGit(path / ".git")
    stamp = int(git.line("show", "--no-patch", "--format=%ct", "HEAD"))
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        writer = _Writer(tar, max(stamp, _EARLIEST))
        sha256 = git.line("rev-parse", "--show-object-format") == "sha256"
        _write_base(writer, path / ".git", branch, sha256)
        _write_work_tree(writer, git, path)
        _write_own_git(writer, path / ".git", branch, sha256)
    file.seek(0)
    return file


class _Writer:
    """Adds entries with one owner and one time, and each folder once before what is in it."""

    def __init__(self, tar: tarfile.TarFile, stamp: int) -> None:
        self._tar = tar
        self._stamp = stamp
        self._folders: set[str] = set()

    def folder(self, name: str, owner: int) -> None:
        if name in self._folders:
            return
        self._folders.add(name)
        entry = self._entry(name, owner, 0o755)
        entry.type = tarfile.DIRTYPE
        self._tar.addfile(entry)

    def link(self, name: str, target: str, owner: int) -> None:
        entry = self._entry(name, owner, 0o777)
        entry.type = tarfile.SYMTYPE
        entry.linkname = target
        self._tar.addfile(entry)

    def data(self, name: str, content: bytes, owner: int, mode: int = 0o644) -> None:
        entry = self._entry(name, owner, mode)
        entry.size = len(content)
        self._tar.addfile(entry, io.BytesIO(content))

    def file(self, name: str, path: Path, owner: int, mode: int) -> None:
        # The folder is ours, but a link in place of a file must still not lead out of it.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            entry = self._entry(name, owner, mode)
            entry.size = os.fstat(file.fileno()).st_size
            self._tar.addfile(entry, file)

    def _entry(self, name: str, owner: int, mode: int) -> tarfile.TarInfo:
        entry = tarfile.TarInfo(name)
        entry.uid = entry.gid = owner
        entry.mode = mode
        entry.mtime = self._stamp
        return entry


def _write_base(writer: _Writer, git_dir: Path, branch: str, sha256: bool) -> None:
    root = BASE_GIT.lstrip("/")
    for folder in (str(Path(root).parent), root, f"{root}/refs", f"{root}/info"):
        writer.folder(folder, 0)
    for path in _plain_files(git_dir / "objects"):
        inside = path.relative_to(git_dir).as_posix()
        for parent in reversed(Path(inside).parents[:-1]):
            writer.folder(f"{root}/{parent}", 0)
        writer.file(f"{root}/{inside}", path, 0, 0o444)
    writer.folder(f"{root}/objects", 0)
    config = _CONFIG.format(bare="true", version=int(sha256)) + (_SHA256 if sha256 else "")
    for name, content in _references(git_dir, branch).items():
        writer.data(f"{root}/{name}", content, 0, 0o444)
    writer.data(f"{root}/config", config.encode(), 0, 0o444)
    writer.data(f"{root}/info/attributes", EXACT.encode(), 0, 0o444)


def _write_own_git(writer: _Writer, git_dir: Path, branch: str, sha256: bool) -> None:
    root = f"{REPOSITORY.lstrip('/')}/.git"
    folders = ("", "/refs", "/refs/heads", "/refs/tags", "/objects", "/objects/info", "/info")
    for folder in folders:
        writer.folder(root + folder, _AGENT)
    config = _CONFIG.format(bare="false", version=int(sha256)) + (_SHA256 if sha256 else "")
    files = {
        **_references(git_dir, branch),
        "config": (config + _IDENTITY).encode(),
        "index": _fresh_index(git_dir),
        "info/attributes": EXACT.encode(),
        "info/exclude": b"",
        "objects/info/alternates": f"{BASE_GIT}/objects\n".encode(),
    }
    for name, content in files.items():
        writer.data(f"{root}/{name}", content, _AGENT)


def _references(git_dir: Path, branch: str) -> dict[str, bytes]:
    files = {
        "HEAD": f"ref: refs/heads/{branch}\n".encode(),
        "packed-refs": (git_dir / "packed-refs").read_bytes(),
    }
    if (git_dir / "shallow").exists():
        files["shallow"] = (git_dir / "shallow").read_bytes()
    return files


def _fresh_index(git_dir: Path) -> bytes:
    """An index of the base that knows nothing of this machine's files."""
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder, "index")
        HostGit(git_dir, index=index).run("read-tree", "HEAD")
        return index.read_bytes()


def _write_work_tree(writer: _Writer, git: HostGit, path: Path) -> None:
    root = REPOSITORY.lstrip("/")
    writer.folder(root, _AGENT)
    for entry in git.run("ls-files", "--stage", "-z").split(b"\0")[:-1]:
        about, _, raw = entry.partition(b"\t")
        mode, name = about.split()[0], os.fsdecode(raw)
        for parent in reversed(Path(name).parents[:-1]):
            writer.folder(f"{root}/{parent.as_posix()}", _AGENT)
        place = f"{root}/{name}"
        if mode == b"120000":
            writer.link(place, os.readlink(path / name), _AGENT)  # noqa: PTH115 - exact text
        elif mode == b"160000":
            writer.folder(place, _AGENT)
        else:
            writer.file(place, path / name, _AGENT, 0o755 if mode == b"100755" else 0o644)


def _plain_files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield Path(place, name)
