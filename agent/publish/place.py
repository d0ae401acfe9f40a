"""The user's checkout as a place that a branch is added to, kept at arm's length.

The checkout may be hostile: its configuration and its hooks can name programs that git would run.
So git never works inside it. It is read as `sandboxes.repository.localrepo` reads it; objects and
one reference are written through a git directory of ours that has the checkout's objects and
references, and none of its configuration.
"""

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.errors import WrongUse
from sandboxes.errors import CheckoutFailed
from sandboxes.repository.hostgit import GitRefused, HostGit
from sandboxes.repository.localrepo import read_local, resolve

_HINT = "name a folder with a checkout of the repository"
_BRANCHES = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Place:
    """A checkout.

    Attributes:
        top: its uppermost folder.
        git: a git directory of ours that sees all that is there; what is new stays in it.
        common: the checkout's own git directory.
        scratch: for what is needed on the way.
    """

    top: Path
    git: HostGit
    common: Path
    scratch: Path

    def resolve(self, revision: str) -> str:
        """The commit that a revision names.

        Raises:
            WrongUse: it names none.
        """
        try:
            return resolve(self.git, revision, str(self.top))
        except CheckoutFailed as problem:
            raise WrongUse(problem.message, problem.hint) from None

    def branches(self) -> dict[str, str]:
        """The branches there are: name to commit."""
        form = "--format=%(objectname) %(refname)"
        lines = self.git.line("for-each-ref", form, _BRANCHES).splitlines()
        pairs = (line.partition(" ") for line in lines)
        return {name.removeprefix(_BRANCHES): commit for commit, _, name in pairs}

    def is_taken(self, branch: str, known: Iterable[str]) -> bool:
        """Whether no branch of this name can be made: it is there, or a part of it, or one below.

        Args:
            branch: its name.
            known: the names of the branches there are.
        """
        parts = branch.split("/")
        above = {"/".join(parts[:count]) for count in range(1, len(parts))}
        if any(name == branch or name.startswith(f"{branch}/") for name in known):
            return True
        return _is_there(self.common / _BRANCHES / branch) or any(
            self.is_blocked(name, known) for name in above
        )

    def is_blocked(self, folder: str, known: Iterable[str]) -> bool:
        """Whether no branch can be made below a name, because something else has it."""
        path = self.common / _BRANCHES / folder
        return folder in known or (_is_there(path) and not _is_folder(path))

    def add(self, commit: str, parent: str, branch: str) -> None:
        """Put a commit of ours there, and a new branch at it; nothing else changes.

        Raises:
            WrongUse: the branch came to be meanwhile, or nothing can be written.
        """
        try:
            revisions = f"{commit}\n^{parent}\n".encode()
            packed = self.git.run("pack-objects", "--revs", "--stdout", "-q", stdin=revisions)
            inlet = self._inlet(sha256=len(commit) == 64)
            inlet.run("unpack-objects", "-q", stdin=packed)
            inlet.run("update-ref", f"{_BRANCHES}{branch}", commit, "0" * len(commit))
        except GitRefused as refused:
            raise WrongUse(f"cannot make the branch {branch}: {refused.reason()}") from None

    def _inlet(self, *, sha256: bool) -> HostGit:
        """A git directory of ours with the checkout's own objects and references."""
        git = HostGit.create(self.scratch / "inlet.git", sha256=sha256)
        for name in ("objects", "refs"):
            shutil.rmtree(git.git_dir / name)
            (git.git_dir / name).symlink_to(self.common / name)
        packed = self.common / "packed-refs"
        if packed.is_file() and not packed.is_symlink():
            (git.git_dir / "packed-refs").symlink_to(packed)
        return git

    def settings(self) -> Mapping[str, str]:
        """The checkout's own configuration, as text: nothing that it names is followed or run."""
        path = self.common / "config"
        if not path.is_file() or path.is_symlink():
            return {}
        reading = ("config", "--file", str(path), "--no-includes", "-z", "--list")
        try:
            listed = self.git.run(*reading).decode("utf-8", "replace").split("\0")
        except GitRefused as refused:
            raise WrongUse(f"{path} cannot be read: {refused.reason()}") from None
        pairs = (entry.partition("\n") for entry in listed)
        return {name: value for name, _, value in pairs if name}

    def general(self, name: str) -> str:
        """What the user's own configuration says, not the checkout's; empty for nothing."""
        try:
            said = self.git.run("config", "--includes", "--get", name, remote=True)
        except GitRefused:
            return ""
        return said.decode("utf-8", "replace").strip()


@contextmanager
def opened(folder: Path) -> Iterator[Place]:
    """A checkout, named by any folder in it.

    Raises:
        WrongUse: there is none, or it has no commit.
    """
    folder = folder.expanduser().absolute()
    if not folder.is_dir():
        raise WrongUse(f"there is no folder {folder}", _HINT)
    top = next((each for each in (folder, *folder.parents) if _is_there(each / ".git")), folder)
    with tempfile.TemporaryDirectory(prefix="foretrace-publish-") as scratch:
        try:
            source = read_local(top, "HEAD", Path(scratch))
        except CheckoutFailed as problem:
            raise WrongUse(problem.message, _HINT) from None
        except GitRefused as refused:
            raise WrongUse(f"cannot read {top}: {refused.reason()}", _HINT) from None
        yield Place(top, source.git, _common(source.git, top), Path(scratch))


def _common(git: HostGit, top: Path) -> Path:
    """The git directory whose objects ours sees; its branches must be its own."""
    objects = Path((git.git_dir / "objects/info/alternates").read_text().removesuffix("\n"))
    common = objects.parent
    folders = (common / "refs", common / _BRANCHES)
    if not (common / "HEAD").is_file() or not all(map(_is_folder, folders)):
        raise WrongUse(f"{top} keeps its branches or its objects elsewhere", _HINT)
    return common


def _is_folder(path: Path) -> bool:
    """Whether it is a folder, and no link to one."""
    return path.is_dir() and not path.is_symlink()


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()
