"""A repository behind a URL, kept as a bare mirror: the next checkout is quick, and offline."""

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from sandboxes.errors import CheckoutFailed
from sandboxes.repository.hostgit import GitRefused, HostGit
from sandboxes.repository.localrepo import read_local, resolve
from sandboxes.repository.source import Source

_SCHEMES = ("https", "http", "ssh", "git", "file")
_SCP_LIKE = re.compile(r"(?!-)([\w.~-]+@)?[\w.-]+:(?!:)(?!//)[^-].*")
_DEFAULT = "refs/foretrace/default"
_EVERYTHING = (f"+HEAD:{_DEFAULT}", "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")

# Git is never let ask: nobody sits there in a batch.
_HINTS = (
    (
        r"could not read (Username|Password)|Authentication failed|returned error: 40[13]",
        "git needs credentials for this repository: `gh auth setup-git` gives it GitHub's, a"
        " credential helper those of other hosts",
    ),
    (
        r"Permission denied \(publickey|Host key verification failed",
        "git needs a key that ssh uses without asking (ssh-add), and the host in known_hosts",
    ),
)


def is_url(repo: str) -> bool:
    """Whether a repository's name is a URL, and not a path of this machine."""
    if "://" in repo or "::" in repo:
        return True
    return not Path(repo).exists() and _SCP_LIKE.fullmatch(repo) is not None


def read_url(url: str, base: str | None, cache: Path, scratch: Path) -> Source:
    """A revision of the repository behind a URL, its default branch's head without one.

    The mirror is brought up to date when the revision is not in it, or may have moved (a branch,
    the default); when the URL does not answer then, what the mirror has is used, and said.

    Raises:
        CheckoutFailed: the URL is refused or does not answer, or there is no such revision.
    """
    shown = _checked(url)
    if url.startswith("file://"):
        return read_local(Path(urlsplit(url).path), base or "HEAD", scratch)
    name = _name(shown)
    key = hashlib.sha256(shown.encode()).hexdigest()[:16]
    folder = cache / "mirrors" / f"{name}-{key}.git"
    with _locked(folder.with_suffix(".lock")):
        mirror = HostGit(folder) if (folder / "HEAD").exists() else HostGit.create(folder)
        notes = _bring_in(mirror, url, shown, base)
        commit = resolve(mirror, base or _DEFAULT, shown)
    return Source(mirror, commit, name, notes=notes)


def _checked(url: str) -> str:
    """The URL without its password, once it is known to be one we follow.

    Raises:
        CheckoutFailed: it is not.
    """
    refused = CheckoutFailed("this URL is not followed", "use https, ssh or git, or a local path")
    if url.startswith("-") or re.search(r"[\x00-\x20\x7f]", url):
        raise refused
    if "://" not in url:
        if _SCP_LIKE.fullmatch(url) is None:
            raise refused
        return url
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise refused from None
    if parts.scheme not in _SCHEMES or host.startswith("-"):
        raise refused
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def _name(url: str) -> str:
    last = re.split(r"[/:]", url.rstrip("/"))[-1].removesuffix(".git")
    return re.sub(r"[^\w.-]", "_", last).lstrip(".-") or "repository"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time; the lock goes with the process that holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _bring_in(mirror: HostGit, url: str, shown: str, base: str | None) -> tuple[str, ...]:
    """Fetch what is needed for the revision; notes when an older copy has to do."""
    here = _has(mirror, base or _DEFAULT)
    if base is not None and here and not _may_move(mirror, base):
        return ()
    try:
        _fetch(mirror, url, *_EVERYTHING)
    except GitRefused as refused:
        if here:
            return (f"{shown} does not answer ({refused.reason()}): its copy of last time is used",)
        raise CheckoutFailed(
            f"cannot read {shown}: {refused.reason()}", _hint(str(refused))
        ) from refused
    if base is not None and not _has(mirror, base):
        _fetch_one(mirror, url, base)
    return ()


def _hint(said: str) -> str:
    """What to do about a fetch that failed, by what git said of it."""
    for pattern, hint in _HINTS:
        if re.search(pattern, said):
            return hint
    return "check the address, the network and your access"


def _has(mirror: HostGit, revision: str) -> bool:
    try:
        resolve(mirror, revision, "")
    except CheckoutFailed:
        return False
    return True


def _may_move(mirror: HostGit, revision: str) -> bool:
    """Whether a revision is named after a branch, and not a tag or a commit."""
    name = re.split(r"[~^@]", revision)[0].removeprefix("refs/heads/")
    if name in ("HEAD", "") or revision.startswith("refs/foretrace"):
        return True
    return bool(mirror.run("for-each-ref", f"refs/heads/{name}"))


def _fetch_one(mirror: HostGit, url: str, revision: str) -> None:
    """A commit no branch leads to, or a reference besides branches and tags, if it can be had."""
    if not _COMMIT.fullmatch(revision) and not revision.startswith("refs/"):
        return
    kept = f"refs/foretrace/{revision}" if _COMMIT.fullmatch(revision) else revision
    try:
        _fetch(mirror, url, f"+{revision}:{kept}")
    except GitRefused:
        return


def _fetch(mirror: HostGit, url: str, *references: str) -> None:
    asked = ("--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--quiet")
    environment = {}
    own_ssh = "GIT_SSH_COMMAND" in os.environ or "GIT_SSH" in os.environ
    if not own_ssh and not _configured(mirror, "core.sshCommand"):
        environment["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes"
    mirror.run("fetch", *asked, "--", url, *references, remote=True, environment=environment)


def _configured(git: HostGit, name: str) -> bool:
    try:
        return bool(git.run("config", "--get", name, remote=True))
    except GitRefused:
        return False
