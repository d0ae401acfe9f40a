"""Repositories made for tests, with a git of their own configuration."""

import os
import subprocess
from pathlib import Path

_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_AUTHOR_DATE": "2021-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2021-01-01T00:00:00Z",
}


def git(path: Path, *arguments: str, check: bool = True) -> str:
    """Run git in a folder; what it printed, stripped."""
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *arguments],
        cwd=path,
        env=_ENVIRONMENT,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output = done.stdout.decode("utf-8", "surrogateescape")
    assert not check or done.returncode == 0, output
    return output.strip()


def commit(path: Path, message: str, **files: str | None) -> str:
    """Write files (``a__b_py`` is ``a/b.py``; None deletes), commit everything, return the id."""
    for name, content in files.items():
        file = path / name.replace("__", "/").replace("_", ".")
        if content is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
    git(path, "add", "--all")
    git(path, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(path, "rev-parse", "HEAD")


def repository(path: Path, *options: str) -> Path:
    """An empty repository."""
    path.mkdir(parents=True)
    git(path, "init", "--quiet", "--initial-branch=trunk", *options)
    return path


def everything_in(path: Path) -> dict[str, bytes | str]:
    """Each file's bytes and each link's target below a folder, ``.git`` included."""
    found: dict[str, bytes | str] = {}
    for folder, folders, names in os.walk(path):
        for name in [*names, *folders]:
            entry = Path(folder, name)
            key = str(entry.relative_to(path))
            if entry.is_symlink():
                found[key] = os.readlink(entry)  # noqa: PTH115
            elif entry.is_file():
                found[key] = entry.read_bytes()
    return found


def all_objects(path: Path) -> set[str]:
    """Every object a repository has in any form, reachable or not."""
    form = "--batch-check=%(objectname)"
    return set(git(path, "cat-file", "--batch-all-objects", "--unordered", form).splitlines())
