"""Patches as git itself writes them, between two folders' worth of texts."""

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path


def git_patch(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """The patch from some files to others, as `sandboxes.repository.diff` asks git for it."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _git(folder, "init", "--quiet")
        _write(folder, before)
        _git(folder, "add", "--all")
        tree = _git(folder, "write-tree").strip()
        for name in before:
            (folder / name).unlink()
        _write(folder, after)
        _git(folder, "add", "--all")
        options = ["--cached", "--binary", "--full-index", "--find-renames", "--no-color"]
        return _git(folder, "diff", *options, tree)


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "core.autocrlf=false", *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return done.stdout.decode()
