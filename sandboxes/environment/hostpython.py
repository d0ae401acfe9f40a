"""Interpreters that uv or pyenv installed on this host, for Pythons that nothing else has.

One is put into a base image at the very place where it lies on the host: what is compiled into it,
and into its libraries, then holds there too. Packages installed beside it stay behind.
"""

import os
import platform
import re
import shlex
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LEFT_BEHIND = re.compile(r"(^|/)(site-packages|test|tests|idlelib|turtledemo)(/|$)|\.a$")
_OLDEST_MINOR = 6
_NEEDED = "ctypes, ensurepip, hashlib, ssl, venv, zlib"
_RELEASE = Path("/etc/os-release")


@dataclass(frozen=True, slots=True)
class HostPython:
    """An interpreter on this host.

    Attributes:
        python: ``3.8`` and the like.
        release: its whole version.
        folder: where it is installed, with ``bin`` and ``lib`` in it.
        tool: what installed it.
    """

    python: str
    release: str
    folder: Path
    tool: str

    def __str__(self) -> str:
        return f"{self.tool}'s Python {self.release}"

    def making_room(self) -> str:
        """A script of root's that makes its folder, and lets everybody reach it."""
        return (
            f"mkdir -p {shlex.quote(str(self.folder))}\n"
            f"folder={shlex.quote(str(self.folder))}\n"
            'while [ "$folder" != / ]; do\n'
            '    chmod a+x "$folder"\n'
            '    folder=$(dirname "$folder")\n'
            "done"
        )

    def linking(self) -> str:
        """A script of root's that makes it the ``python3`` of the image."""
        program = shlex.quote(str(self.folder / "bin" / f"python{self.python}"))
        return (
            f"ln -sfn {program} /usr/local/bin/python3\n"
            f"ln -sfn {program} /usr/local/bin/python{self.python}"
        )

    def trying(self) -> str:
        """A script that fails where it does not run, or lacks what installers need."""
        return f"python3 -c 'import sys, {_NEEDED}; print(sys.version)'"

    def pack(self, archive: Path) -> None:
        """Write a tar file of it, to be unpacked at ``/``. Blocks.

        Raises:
            OSError: it cannot be read, or the archive not be written.
        """
        programs = {"python", "python3", f"python{self.python}"}
        with tarfile.open(archive, "w") as tar:
            for name in ("bin", "include", "lib"):
                for path in _below(self.folder / name):
                    within = path.relative_to(self.folder).as_posix()
                    if _LEFT_BEHIND.search(within):
                        continue
                    if name == "bin" and path.name not in {name, *programs}:
                        continue
                    tar.add(path, str(path).lstrip("/"), recursive=False, filter=_roots)


def find_host_python(python: str) -> HostPython | None:
    """The newest release of a Python that uv or pyenv has installed here. Blocks.

    Args:
        python: ``3.8`` and the like; sandboxes need 3.6 or newer.
    """
    if not re.fullmatch(r"3\.\d+", python) or int(python[2:]) < _OLDEST_MINOR:
        return None
    for tool, root, pattern in _places(python):
        found = []
        for folder in _below_once(root):
            told = re.fullmatch(pattern, folder.name)
            if told and (folder / "bin" / f"python{python}").is_file():
                found.append((int(told[1]), folder))
        if found:
            patch, folder = max(found)
            return HostPython(python, f"{python}.{patch}", folder, tool)
    return None


def host_suite() -> str:
    """The Debian suite that this host is; empty for another system."""
    try:
        text = _RELEASE.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = re.search(r'^VERSION_CODENAME="?(\w+)"?$', text, re.MULTILINE)
    return found[1] if found else ""


def _places(python: str) -> Iterator[tuple[str, Path, str]]:
    """Who installs interpreters, where, and what their folders are called; the best first."""
    home = Path.home()
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
    version = rf"{re.escape(python)}\.(\d+)"
    yield "uv", uv, rf"cpython-{version}-linux-{re.escape(platform.machine())}-gnu"
    yield "pyenv", Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions", version


def _below_once(root: Path) -> list[Path]:
    """The folders in a folder; those that are links stand for another one of them."""
    try:
        return [
            path for path in root.resolve().iterdir() if path.is_dir() and not path.is_symlink()
        ]
    except OSError:
        return []


def _below(root: Path) -> Iterator[Path]:
    """A folder and all in it; links are not followed."""
    yield root
    for folder, folders, names in os.walk(root):
        yield from (Path(folder, name) for name in sorted([*folders, *names]))


def _roots(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mode |= 0o444 | (0o111 if member.isdir() or member.mode & 0o100 else 0)
    return member
