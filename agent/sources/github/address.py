"""Addresses on GitHub: which host, repository and issue, and where its API is."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from agent.errors import IssueProblem
from agent.sources.source import is_there

OWNER = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,99})"
REPO = r"(?!\.{1,2}(?:[/#]|\Z))[A-Za-z0-9._-]{1,100}"
_NUMBER = r"[1-9][0-9]{0,17}"
_PATH = re.compile(rf"/({OWNER})/({REPO})/(issues|pull)/({_NUMBER})/?")
_SHORT = re.compile(rf"({OWNER})/({REPO})#({_NUMBER})")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}")
_HINT = "it should look like https://github.com/OWNER/REPO/issues/N"


@dataclass(frozen=True, slots=True)
class Site:
    """GitHub, or an Enterprise server.

    Attributes:
        scheme: ``https``, or ``http`` for this machine.
        host: in lower case, without a port.
        port: None for the scheme's own.
    """

    scheme: str
    host: str
    port: int | None

    @property
    def site(self) -> str:
        """Where people look at it: scheme, host and port."""
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{self.host}{port}"

    @property
    def api(self) -> str:
        """The API's base: a host of its own at GitHub, a path on an Enterprise server."""
        if self.host == "github.com" or self.host.endswith(".ghe.com"):
            return f"{self.scheme}://api.{self.host}"
        return f"{self.site}/api/v3"

    def repository(self, owner: str, repo: str) -> "Repository":
        """One of its repositories."""
        return Repository(self.scheme, self.host, self.port, owner, repo)


@dataclass(frozen=True, slots=True)
class Repository(Site):
    """A repository's place.

    Attributes:
        owner: the user or organisation.
        repo: the repository's name.
    """

    owner: str
    repo: str

    @property
    def clone_url(self) -> str:
        """What git clones; never holds a token."""
        return f"{self.site}/{self.owner}/{self.repo}"

    def issue(self, number: int) -> "Address":
        """One of its issues."""
        return Address(self.scheme, self.host, self.port, self.owner, self.repo, number)

    def __str__(self) -> str:
        return f"{self.owner}/{self.repo}"


@dataclass(frozen=True, slots=True)
class Address(Repository):
    """An issue's place.

    Attributes:
        number: the issue's number.
    """

    number: int

    @property
    def url(self) -> str:
        """The issue's page."""
        return f"{self.clone_url}/issues/{self.number}"

    @property
    def id(self) -> str:
        """Names the issue as SWE-bench names its own."""
        return f"{self.owner}__{self.repo}-{self.number}"

    def __str__(self) -> str:
        return f"{self.owner}/{self.repo}#{self.number}"


GITHUB_COM = Site("https", "github.com", None)


def is_address(source: str) -> bool:
    """Whether what the user named is meant as a web address or as ``OWNER/REPO#N``.

    A file of this name, or a list whose line is named, goes first.
    """
    if re.match(r"https?://", source, re.IGNORECASE):
        return True
    short = _SHORT.fullmatch(source)
    if short is None or short[2].endswith((".jsonl", ".json", ".parquet")):
        return False
    return not is_there(source) and not Path(source.rpartition("#")[0]).is_file()


def parse_address(source: str) -> Address:
    """The place that an address names.

    Raises:
        IssueProblem: it is not the address of an issue, or not one that we follow.
    """
    if short := _SHORT.fullmatch(source):
        return GITHUB_COM.repository(short[1], short[2]).issue(int(short[3]))
    site, parts = parse_site(source, _HINT)
    found = _PATH.fullmatch(parts.path)
    if found is None:
        raise IssueProblem(f"this is not the address of an issue: {source}", _HINT)
    address = site.repository(found[1], found[2]).issue(int(found[4]))
    if found[3] == "pull":
        raise is_pull_request(address)
    return address


def parse_site(source: str, hint: str) -> tuple[Site, SplitResult]:
    """The server that a web address names, and the address in its parts.

    Raises:
        IssueProblem: it is not a web address, or not one that we follow.
    """
    try:
        parts = urlsplit(source)
        host, port = (parts.hostname or "").removeprefix("www."), parts.port
    except ValueError:
        raise IssueProblem("this is not a web address", hint) from None
    if "@" in parts.netloc:
        # Not shown: what stands there may be a token.
        raise IssueProblem(
            "an issue's address holds no user name or password",
            "leave it out; a token is taken from the environment or from gh",
        )
    if not _HOST.fullmatch(host):
        raise IssueProblem("this is not a web address", hint)
    if parts.scheme == "http" and not _LOOPBACK.fullmatch(host):
        raise IssueProblem(f"{host} is asked over https only", "write https:// instead of http://")
    return Site(parts.scheme, host, port), parts


def is_pull_request(address: Address) -> IssueProblem:
    """What is said of a number that is not an issue's."""
    return IssueProblem(
        f"{address} is a pull request, not an issue",
        "name the issue that it is about, or save its text to a file and give that file",
    )
