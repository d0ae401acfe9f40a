"""Where a branch is sent: a remote of the checkout, or a URL that the user names.

The remote's name is looked up in the checkout's configuration, which is read as text; what git
does on the way to the host is the user's own configuration's affair, credentials included. No hook
runs here. Remotes that are folders are refused: git would run their hooks on this machine.
"""

import os
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from agent.errors import IssueProblem, SourceUnavailable, WrongUse
from agent.publish.place import Place
from agent.sources.github.address import Address, parse_address
from sandboxes.repository.hostgit import GitRefused

_SCP_LIKE = re.compile(r"(?:[\w.~-]+@)?([A-Za-z0-9][\w.-]*):(?!/|:)([^\s]+)")
_SSH = "GIT_SSH_COMMAND"
_SCHEMES = ("https", "http", "ssh")
_HINT = "name a remote with --remote, or its URL: https://HOST/OWNER/REPO or git@HOST:OWNER/REPO"


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository on a host that a branch can be sent to.

    Attributes:
        name: as the user named it.
        url: what git is given; may hold a password, so it is not shown.
        address: host, owner and repository; its number means nothing.
        named: the user gave the URL itself, so that no configuration decides where things go.
    """

    name: str
    url: str = field(repr=False)
    address: Address
    named: bool

    @property
    def shown(self) -> str:
        """Where it is, without a user's name or a password."""
        return self.address.clone_url


def remote_of(place: Place, name: str) -> Remote:
    """A remote by its name or its URL.

    Raises:
        WrongUse: there is none, or it is no repository on a host.
    """
    if _looks_like_url(name):
        return Remote(name, name, _address(name, "this URL"), named=True)
    settings = place.settings()
    url = settings.get(f"remote.{name}.pushurl") or settings.get(f"remote.{name}.url")
    if not url:
        found = (re.fullmatch(r"remote\.(.+)\.url", each) for each in settings)
        names = sorted(each[1] for each in found if each)
        there = f"there are: {', '.join(names)}" if names else "there are none"
        raise WrongUse(f"{place.top} has no remote {name}", f"{there}; {_HINT}")
    return Remote(name, url, _address(url, f"the remote {name}"), named=False)


def push(place: Place, remote: Remote, commit: str, branch: str) -> None:
    """Send a commit to a new branch of that name. Does nothing where it is there already.

    Raises:
        WrongUse: the branch is there, and is another one.
        SourceUnavailable: the host does not answer, or does not take it.
    """
    reference = f"refs/heads/{branch}"
    try:
        listed = _ask(place, "ls-remote", "--quiet", "--", remote.url, reference)
        rows = [line.split("\t") for line in listed.decode("utf-8", "replace").splitlines()]
        there = next((row[0] for row in rows if row[-1] == reference), None)
        if there == commit:
            return
        if there is not None:
            raise WrongUse(
                f"{remote.shown} has another branch {branch}", "name another with --branch"
            )
        flags = ("--quiet", "--no-verify", "--no-follow-tags", "--recurse-submodules=no")
        absent = f"--force-with-lease={reference}:"
        what = f"{commit}:{reference}"
        _ask(place, "push", *flags, absent, "--", remote.url, what)
    except GitRefused as refused:
        reason = refused.reason()
        problem = f"{remote.shown} does not take the branch: {reason}"
        raise SourceUnavailable(problem, _why(str(refused))) from None


def _ask(place: Place, *arguments: str) -> bytes:
    """Talk to a host; ssh asks nobody for a password, where the user did not say how it is run."""
    own = _SSH in os.environ or "GIT_SSH" in os.environ
    quiet = {} if own or place.general("core.sshCommand") else {_SSH: "ssh -o BatchMode=yes"}
    return place.git.run(*arguments, remote=True, environment=quiet)


def _why(said: str) -> str:
    if re.search(r"could not read (Username|Password)|Authentication failed|error: 40[13]", said):
        return "git needs credentials that may write there: `gh auth setup-git` gives it GitHub's"
    if re.search(r"Permission denied \(publickey|Host key verification failed", said):
        return "git needs a key that ssh uses without asking (ssh-add), and the host in known_hosts"
    if "403" in said or "denied to" in said:
        return "fork the repository and name the fork's remote with --remote"
    return ""


def _looks_like_url(name: str) -> bool:
    return "://" in name or "::" in name or _SCP_LIKE.fullmatch(name) is not None


def address_in(url: str) -> Address | None:
    """The repository that a URL names, whatever git would speak to reach it; None for no such."""
    scp_like = None if "://" in url else _SCP_LIKE.fullmatch(url)
    try:
        parts = urlsplit(url)
        scheme, host, port, path = parts.scheme, parts.hostname or "", parts.port, parts.path
    except ValueError:
        return None
    if scp_like is not None:
        scheme, host, port, path = "ssh", scp_like[1].lower(), None, scp_like[2]
    if scheme not in _SCHEMES or not host or any(sign in url for sign in "?#\n"):
        return None
    if scheme == "ssh":
        scheme, port = "https", None
        host = "github.com" if host == "ssh.github.com" else host
    place = f"{host}:{port}" if port else host
    path = path.strip("/").removesuffix(".git")
    try:
        return parse_address(f"{scheme}://{place}/{path}/issues/1")
    except IssueProblem:
        return None


def _address(url: str, what: str) -> Address:
    found = address_in(url)
    if found is None:
        raise WrongUse(f"{what} is not a repository on a host that can be asked", _HINT)
    return found
