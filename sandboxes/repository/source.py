"""What every kind of repository comes down to: a git directory of ours with a commit in it."""

from dataclasses import dataclass
from datetime import datetime

from sandboxes.repository.hostgit import HostGit


@dataclass(frozen=True, slots=True)
class Source:
    """Something to check out from.

    Attributes:
        git: a git directory of ours that can see the commit and its ancestors.
        commit: what to check out.
        name: the project's name.
        version: its version, when it was asked for by one.
        notes: what the user should know.
        made_by_us: the commit is not the project's own; what is taken along may become part of it.
        released: when a release was published, if that is known.
    """

    git: HostGit
    commit: str
    name: str
    version: str | None = None
    notes: tuple[str, ...] = ()
    made_by_us: bool = False
    released: datetime | None = None
