"""A run's patch as a commit on a branch of its own, in the user's checkout.

The commit is made in an index of ours and stands on the commit that the run began at. No file of
the checkout changes, nor its index, nor the branch that is checked out.
"""

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from agent.errors import WrongUse
from agent.publish.place import Place, opened
from agent.publish.submission import patch_of, prepared_of
from agent.publish.words import message_of
from agent.replay.reading import RecordedRun
from agent.sources.source import slug
from sandboxes.repository.hostgit import GitRefused

_LONGEST = 60
_MOST_NAMES = 1000
_ONTO = "say which commit the patch goes on (--onto REV; HEAD is the one checked out)"


@dataclass(frozen=True, slots=True)
class Published:
    """A commit on a branch. Texts are as they were written: not safe to print.

    Attributes:
        checkout: the uppermost folder of the checkout that it is in.
        branch: its name, without ``refs/heads/``.
        commit: its id.
        onto: the commit that it stands on.
        message: of the commit.
        author: name and address.
        files: that it changes.
        stat: the same as git counts them, for people.
        made: False where the very same commit was there already.
    """

    checkout: Path
    branch: str
    commit: str
    onto: str
    message: str
    author: str
    files: tuple[str, ...]
    stat: str
    made: bool

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0].strip()


def branch_and_commit(
    run: RecordedRun,
    checkout: Path,
    *,
    branch: str | None = None,
    message: str | None = None,
    onto: str | None = None,
    unverified: bool = False,
) -> Published:
    """Make a branch with the run's patch as its one commit. Blocks.

    Asked again, it finds the branch that it made before.

    Args:
        run: that handed the patch in.
        checkout: any folder of the repository on this machine.
        branch: its name; after the issue, and free, without one.
        message: of the commit; `agent.publish.words` writes one without it.
        onto: the revision that the commit stands on; the one that the run began at without it.
        unverified: a patch that is not verified will do.

    Raises:
        WrongUse: the checkout, the branch or the commit to stand on is not to be had, or the patch
            does not fit.
        NotVerified: there is no patch that may be handed on.
    """
    patch = patch_of(run, unverified=unverified)
    wanted = _sound(message_of(run) if message is None else message)
    with opened(checkout) as place:
        parent = _parent(run, place, onto)
        tree = _tree(place, patch, parent)
        name, there = _branch(place, run, branch, tree, parent, wanted if message else None)
        if there is not None:
            wanted = _message(place, there)
        who = _identity(place)
        commit = there or _commit(place, tree, parent, wanted, who)
        if there is None:
            place.add(commit, parent, name)
        listing = ("diff-tree", "-r", "-z", "--name-only", "--no-renames", parent, commit)
        names = os.fsdecode(place.git.run(*listing)).split("\0")
        return Published(
            checkout=place.top,
            branch=name,
            commit=commit,
            onto=parent,
            message=wanted,
            author=_author(place, commit),
            files=tuple(each for each in names if each),
            stat=_stat(place, parent, commit),
            made=there is None,
        )


def branch_for(run: RecordedRun) -> str:
    """The name of a branch for the run, taken or not."""
    name = re.sub(r"[.]{2,}", ".", slug(run.record.issue.id))[:_LONGEST]
    name = re.sub(r"(?:[-._]|[.]lock)*\Z", "", name.strip("-._"))
    return f"foretrace/{name or 'issue'}"


def checkout_of(run: RecordedRun) -> Path | None:
    """Where the run's repository is on this machine; None for one that is not."""
    repo = run.record.issue.repo
    return Path(repo).expanduser() if repo and ":" not in repo and Path(repo).is_dir() else None


# What it stands on ------------------------------------------------------------------------------


def _parent(run: RecordedRun, place: Place, onto: str | None) -> str:
    if onto is not None:
        return place.resolve(onto)
    prepared = prepared_of(run)
    if prepared is None:
        raise WrongUse(f"the run {run.record.id} does not say which commit it began at", _ONTO)
    try:
        return place.resolve(prepared.base_commit)
    except WrongUse:
        pass
    taken = next((note for note in prepared.notes if re.search(r"\btaken (along|as)\b", note)), "")
    tests = run.record.issue.tests_from
    if taken:
        raise WrongUse(f"the run began at files that no commit holds ({taken})", f"commit; {_ONTO}")
    if tests is not None and tests.when == "start":
        raise WrongUse("the run began with tests that were added for it", _ONTO)
    raise WrongUse(
        f"the commit that the run began at, {prepared.base_commit[:12]}, is not in {place.top}",
        f"fetch it, or {_ONTO}",
    )


def _tree(place: Place, patch: str, parent: str) -> str:
    """The parent's tree with the patch applied: in an index, where no filter has a say."""
    git = replace(place.git, index=place.scratch / "publish-index")
    try:
        git.run("read-tree", parent)
        data = patch.encode("utf-8", "surrogatepass")
        git.run("apply", "--cached", "--whitespace=nowarn", "-", stdin=data)
        tree = git.line("write-tree", "--missing-ok")
    except GitRefused as refused:
        raise WrongUse(f"the patch does not fit {parent[:12]}: {refused.reason()}", _ONTO) from None
    if tree == place.git.line("rev-parse", f"{parent}^{{tree}}"):
        raise WrongUse(f"the patch changes nothing at {parent[:12]}: it is there already")
    return tree


# The branch -------------------------------------------------------------------------------------


def _branch(
    place: Place, run: RecordedRun, named: str | None, tree: str, parent: str, message: str | None
) -> tuple[str, str | None]:
    """The name, and the commit that it has already where that is the very one to be made."""
    known = place.branches()
    if named is not None:
        _check_name(place, named)
    first = named or branch_for(run)
    if named is None and place.is_blocked("foretrace", known):
        first = first.replace("/", "-", 1)
    for name in [first] if named else _names(first):
        if (there := known.get(name)) and _is_same(place, there, tree, parent, message):
            return name, there
        if not place.is_taken(name, known):
            return name, None
    raise WrongUse(f"there is a branch {first} already", "name another with --branch")


def _names(first: str) -> list[str]:
    """A name, and what is tried where it is taken."""
    return [first, *(f"{first}-{number}" for number in range(2, _MOST_NAMES))]


def _check_name(place: Place, name: str) -> None:
    try:
        if name.startswith("-") or name == "HEAD":
            raise WrongUse(f"{name!r} is no name for a branch")
        place.git.run("check-ref-format", f"refs/heads/{name}")
    except (GitRefused, ValueError):
        raise WrongUse(f"{name!r} is no name for a branch", "as in fix/clamp") from None


def _is_same(place: Place, there: str, tree: str, parent: str, message: str | None) -> bool:
    form = "--format=%T %P"
    shown = place.git.line("log", "-1", "--no-show-signature", form, there)
    return shown == f"{tree} {parent}" and message in (None, _message(place, there))


# The commit -------------------------------------------------------------------------------------


def _sound(message: str) -> str:
    text = message.replace("\r\n", "\n").strip()
    if not text:
        raise WrongUse("the message is empty", "nothing was committed")
    if "\0" in text:
        raise WrongUse("a message holds no null character", "nothing was committed")
    return text + "\n"


def _commit(place: Place, tree: str, parent: str, message: str, who: dict[str, str]) -> str:
    data = message.encode("utf-8", "replace")
    try:
        made = place.git.run(
            "commit-tree", tree, "-p", parent, "-F", "-", stdin=data, environment=who
        )
    except GitRefused as refused:
        raise WrongUse(f"git makes no commit: {refused.reason()}") from None
    return made.decode().strip()


def _identity(place: Place) -> dict[str, str]:
    """Name and address of the user, as git would find them: for this checkout, else in general."""
    own = place.settings()
    found = {}
    for part in ("name", "email"):
        told = os.environ.get(f"GIT_AUTHOR_{part.upper()}", "").strip()
        value = told or own.get(f"user.{part}", "").strip() or place.general(f"user.{part}")
        if not value:
            raise WrongUse(f"git does not know your {part}", f"git config --global user.{part} ...")
        found[part] = value.replace("\0", "")
    roles = ("AUTHOR", "COMMITTER")
    return {f"GIT_{role}_{part.upper()}": found[part] for role in roles for part in found}


def _message(place: Place, commit: str) -> str:
    raw = place.git.run("cat-file", "commit", commit)
    return raw.partition(b"\n\n")[2].decode("utf-8", "replace")


def _author(place: Place, commit: str) -> str:
    return place.git.line("log", "-1", "--no-show-signature", "--format=%an <%ae>", commit)


def _stat(place: Place, parent: str, commit: str) -> str:
    flags = ("--stat=72", "--summary", "--find-renames", "--no-ext-diff", "--no-textconv")
    shown = place.git.run("diff-tree", *flags, "--no-color", parent, commit)
    return shown.decode("utf-8", "replace").rstrip()
