"""Applying a patch to files of the user's: looked at first, and all of it or nothing.

Git works from a directory of ours and on their files alone, so that neither the repository's
settings nor its hooks have a say, and its index and history stay as they are.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from agent.errors import WrongUse
from agent.replay.patch import read_patch
from sandboxes.errors import CheckoutFailed
from sandboxes.repository.hostgit import GitRefused, HostGit

_HINT = "name a folder with a checkout of the repository"


@dataclass(frozen=True, slots=True)
class Checked:
    """A patch that fits a checkout.

    Attributes:
        top: the checkout's uppermost folder.
        patch: in git's form.
        files: that it changes; not safe to print.
    """

    top: Path
    patch: str
    files: tuple[str, ...]


def check(patch: str, folder: Path) -> Checked:
    """See whether a patch fits the files of a checkout; nothing is changed.

    Raises:
        WrongUse: it does not, or there is no checkout.
    """
    top = _top(folder.expanduser().absolute())
    _git_apply(top, patch, "--check")
    return Checked(top, patch, tuple(file.name for file in read_patch(patch)))


def apply(checked: Checked) -> None:
    """Change the files; where one does not fit any more, none is changed.

    Raises:
        WrongUse: that is so.
    """
    _git_apply(checked.top, checked.patch)


def _top(folder: Path) -> Path:
    if not folder.is_dir():
        raise WrongUse(f"there is no folder {folder}", _HINT)
    found = next((each for each in (folder, *folder.parents) if (each / ".git").exists()), None)
    if found is None:
        raise WrongUse(f"{folder} is not in a checkout", _HINT)
    return found


def _git_apply(top: Path, patch: str, *flags: str) -> None:
    data = as_bytes(patch)
    with tempfile.TemporaryDirectory(prefix="foretrace-apply-") as scratch:
        git = HostGit(HostGit.create(Path(scratch, "git")).git_dir, work_tree=top)
        try:
            git.run("apply", *flags, "--whitespace=nowarn", "-", stdin=data)
        except GitRefused as refused:
            raise WrongUse(
                f"the patch does not fit {top}: {refused.reason()}",
                "nothing was changed; check out the commit that the run began at",
            ) from None
        except CheckoutFailed as problem:
            raise WrongUse(problem.message, problem.hint) from None


def as_bytes(patch: str) -> bytes:
    """A patch as a file has it; bytes that were no UTF-8 are what they were."""
    try:
        return patch.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return patch.encode("utf-8", "replace")
