"""GitHub's API, asked through PyGithub: waits, redirects, and each failure as one line.

PyGithub has retries of its own. They sleep for up to an hour without a word, so they are off, and
`Patience` waits instead. Every request goes to the host that the user named: PyGithub takes no more
than the path from the addresses that answers hold.
"""

import json
import os
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from agent.errors import IssueProblem
from agent.sources.github.address import Repository
from agent.sources.github.token import Token, token_names
from agent.sources.github.waiting import Patience, wait_asked

if TYPE_CHECKING:
    from github.Requester import Requester

_TIMEOUT = 30
_REDIRECTS = 5
_NEXT = re.compile(r'<([^<>]+)>\s*;[^,]*\brel="?next"?')


@dataclass(frozen=True, slots=True)
class Api:
    """One host's API.

    Attributes:
        address: the repository or the issue that is asked for; errors name it.
        token: what we show who we are with; None for what everybody may see.
        patience: waits.
        requester: PyGithub's, with the base URL and the token.
    """

    address: Repository
    token: Token | None
    patience: Patience
    requester: "Requester"

    def get(self, path: str) -> object:
        """What the API answers, from JSON.

        Raises:
            IssueProblem: it does not answer, or refuses.
        """
        return self._get(path)[1]

    def pages(self, path: str) -> Iterator[object]:
        """A list's pages, one after the other, as their ``Link`` headers lead."""
        following: str | None = path
        while following is not None:
            headers, page = self._get(following)
            yield page
            found = _NEXT.search(headers.get("link", ""))
            following = found[1] if found else None

    def strange(self) -> IssueProblem:
        """What is said of an answer that is none of GitHub's."""
        return IssueProblem(
            f"{self.address.host} does not answer as GitHub does", "check the address"
        )

    def _get(self, path: str) -> tuple[Mapping[str, str], object]:
        redirects = 0
        while True:
            answer = self._ask(path)
            if answer is None:
                continue
            status, headers, body = answer
            if status in (302, 303, 307, 308) and redirects < _REDIRECTS:
                redirects += 1
                path = self._redirected(headers.get("location", ""))
            elif status == 200:
                return headers, self._parsed(body)
            else:
                self._not_answered(status, headers, body)

    def _ask(self, path: str) -> tuple[int, Mapping[str, str], str] | None:
        """One request; None when the connection failed and we have waited."""
        host = self.address.host
        try:
            return self.requester.requestJson("GET", path)
        except OSError as error:  # what requests raises is one
            if type(error).__name__ == "SSLError":
                raise IssueProblem(
                    f"the certificate of {host} is not trusted",
                    "name your certificates' file in SSL_CERT_FILE",
                ) from None
            self.patience.failed(f"{host} does not answer", "check the address and the network")
            return None
        except (RuntimeError, AssertionError):
            # PyGithub's: a redirect to another host, or in a circle.
            raise self._astray() from None
        except ValueError:
            raise self.strange() from None

    def _redirected(self, location: str) -> str:
        own, there = urlsplit(self.address.api), urlsplit(location)
        if (there.scheme, there.netloc) not in ((own.scheme, own.netloc), ("", "")):
            raise self._astray()
        return location if there.netloc else self.address.api + location.removeprefix(own.path)

    def _parsed(self, body: str) -> object:
        try:
            parsed: object = json.loads(body)
        except (ValueError, RecursionError):
            raise self.strange() from None
        return parsed

    def _not_answered(self, status: int, headers: Mapping[str, str], body: str) -> None:
        """Wait if the failure may pass.

        Raises:
            IssueProblem: it will not.
        """
        host, said = self.address.host, _message(body)
        seconds = wait_asked(status, headers, said)
        if seconds is not None:
            more = "wait and try again" if self.token else f"a token may ask more: {self._how()}"
            self.patience.limited(seconds, more)
        elif status >= 500:
            self.patience.failed(f"{host} fails ({status})", "try again later")
        else:
            self._refused(status, said)

    def _refused(self, status: int, said: str) -> NoReturn:
        address, host = self.address, self.address.host
        if status == 401 and self.token:
            raise IssueProblem(
                f"{host} refuses the token from {self.token.source}", "it may have expired"
            )
        if status == 410 and "disabled" in said.lower():
            raise IssueProblem(f"{address}: issues are disabled in this repository")
        if status == 410:
            raise IssueProblem(f"{address} was deleted")
        if status in (401, 404):
            hint = (
                f"the token from {self.token.source} may not see it"
                if self.token
                else f"for a private one a token is needed: {self._how()}"
            )
            raise IssueProblem(f"{address} does not exist at {host}, or is private", hint)
        if status in (301, 302, 303, 307, 308):
            raise self._astray()
        raise IssueProblem(f"{host} refuses to show {address} ({status}{said and ': ' + said})")

    def _how(self) -> str:
        return f"set {token_names(self.address)[1]}, or log in with gh"

    def _astray(self) -> IssueProblem:
        return IssueProblem(
            f"{self.address.host} sends us elsewhere for {self.address}",
            "give the address that a browser ends at",
        )


@contextmanager
def connect(address: Repository, token: Token | None, patience: Patience) -> Iterator[Api]:
    """The API of an address's host; connections are closed in the end."""
    from github import Auth, Github

    client = Github(
        auth=Auth.Token(token.value) if token else None,
        base_url=address.api,
        timeout=_TIMEOUT,
        user_agent="foretrace",
        verify=_certificates(),
        retry=None,
        seconds_between_requests=None,
    )
    try:
        yield Api(address, token, patience, client.requester)
    finally:
        client.close()


def _certificates() -> str | bool:
    """Whom this machine trusts, which may be more than the list that requests comes with."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        if named := os.environ.get(name):
            if not Path(named).exists():
                raise IssueProblem(f"{name} names a file that is not there: {named}")
            return named
    places = ssl.get_default_verify_paths()
    if places.cafile:
        return places.cafile
    hashed = places.capath is not None and any(Path(places.capath).glob("*.0"))
    return places.capath if hashed and places.capath else True


def _message(body: str) -> str:
    """What the server says about a refusal, as one short line."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    said = parsed.get("message") if isinstance(parsed, dict) else None
    if not isinstance(said, str):
        return ""
    return " ".join(said.encode("utf-8", "replace").decode().split())[:200]
