"""A pull request for a branch: worked out first, shown, and sent once the user has said so.

The repository that it is for is the one that the issue names; where it names none, the remote's
own. A token goes to a host that the user named, in an issue's address, a URL or ``GH_HOST``, and to
github.com: never to one that the checkout's configuration alone speaks of.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from agent.errors import SourceUnavailable, WrongUse
from agent.publish.commit import Published
from agent.publish.place import opened
from agent.publish.plain import plain
from agent.publish.remote import Remote, address_in, push, remote_of
from agent.publish.submission import is_verified
from agent.publish.words import address_of, body_of
from agent.replay.reading import RecordedRun
from agent.sources.github.address import Address
from agent.sources.github.api import connect
from agent.sources.github.token import Token, find_token, token_names
from agent.sources.github.waiting import Patience
from agent.sources.source import Progress

_TITLE = 250


@dataclass(frozen=True, slots=True)
class Plan:
    """A pull request that nobody has sent yet. Texts are not safe to print.

    Attributes:
        published: the branch it is for.
        remote: where the branch goes.
        repository: where the pull request is opened.
        base: the branch that it asks to be merged into.
        title: of the pull request.
        body: in Markdown.
        draft: whether it is opened as one.
        verified: whether the patch passed its verification.
    """

    published: Published
    remote: Remote
    repository: Address
    base: str
    title: str
    body: str
    draft: bool
    verified: bool
    token: Token = field(repr=False)

    def lines(self) -> list[str]:
        """Everything that would be sent, for the user to look at; not safe to print."""
        kind = "draft pull request" if self.draft else "pull request"
        base = f"{_name(self.repository)} on {self.repository.host}, branch {self.base}"
        return [
            *([] if self.verified else ["NOT VERIFIED: the pull request says so", ""]),
            f"push     {self.published.branch} ({self.published.commit[:12]})",
            f"to       {self.remote.shown}",
            f"by       {self.published.author}",
            f"then a   {kind}",
            f"into     {base}",
            "",
            *self.published.stat.splitlines(),
            "",
            f"title    {self.title}",
            "",
            *self.body.splitlines(),
        ]


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request that was opened."""

    url: str
    number: int


def plan(
    run: RecordedRun,
    published: Published,
    *,
    remote: str = "origin",
    base: str | None = None,
    draft: bool = True,
    progress: Progress = lambda line: None,
) -> Plan:
    """Work out a pull request. Asks for the default branch at most; nothing is sent. Blocks.

    Args:
        run: that made the change.
        published: the branch with it.
        remote: a remote of the checkout, or a URL; a fork's will do.
        base: the branch to be merged into; the repository's default without one.
        draft: open it as a draft.
        progress: gets a line before each wait.

    Raises:
        WrongUse: there is no such remote, or no token for its host.
        SourceUnavailable: the host does not answer.
    """
    with opened(published.checkout) as place:
        there = remote_of(place, remote)
    repository = _repository(run, there)
    token = _token(run, there, repository)
    if base is None:
        base = _default_branch(repository, token, progress)
    return Plan(
        published=published,
        remote=there,
        repository=repository,
        base=base,
        title=published.subject[:_TITLE],
        body=body_of(run, published.stat, published.onto),
        draft=draft,
        verified=is_verified(run),
        token=token,
    )


def send(plan: Plan, progress: Progress = lambda line: None) -> PullRequest:
    """Push the branch and open the pull request: only for a user who has seen the plan. Blocks.

    A branch that is there already is not pushed again, so that it can be tried once more.

    Raises:
        WrongUse: the host refuses it.
        SourceUnavailable: the host does not answer, or does not take the branch.
    """
    branch, remote, repository = plan.published.branch, plan.remote.address, plan.repository
    progress(f"pushing {branch} to {plan.remote.shown}")
    with opened(plan.published.checkout) as place:
        push(place, plan.remote, plan.published.commit, branch)
    head = branch if remote.owner == repository.owner else f"{remote.owner}:{branch}"
    asked: dict[str, object] = {
        "title": plan.title,
        "body": plan.body,
        "head": head,
        "base": plan.base,
        "draft": plan.draft,
    }
    if remote.owner == repository.owner and remote.repo != repository.repo:
        asked["head_repo"] = remote.repo
    progress(f"opening the pull request at {repository.host}")
    answer = _ask(repository, plan.token, progress, "POST", "/pulls", asked)
    url, number = answer.get("html_url"), answer.get("number")
    if not isinstance(url, str) or not isinstance(number, int):
        raise _strange(repository)
    return PullRequest(url, number)


def _repository(run: RecordedRun, remote: Remote) -> Address:
    """Where the pull request belongs."""
    repository = address_of(run) or address_in(run.record.issue.repo) or remote.address
    if repository.site != remote.address.site:
        raise WrongUse(
            f"the issue is at {repository.site}, and {remote.name} at {remote.address.site}",
            "name a remote there with --remote",
        )
    return repository


def _token(run: RecordedRun, remote: Remote, repository: Address) -> Token:
    """What we show who we are with.

    Raises:
        WrongUse: there is none, or nobody but the checkout's configuration named the host.
    """
    named = [address_of(run), address_in(run.record.issue.repo)]
    sites = {each.site for each in named if each is not None}
    meant = os.environ.get("GH_HOST", "").strip().lower()
    by_user = remote.named or meant in (repository.host, urlsplit(repository.site).netloc)
    if not (repository.host == "github.com" or repository.site in sites or by_user):
        raise WrongUse(
            f"only the checkout's configuration speaks of {repository.host}: it gets no token",
            f"name the remote by its URL, {remote.shown}, or set GH_HOST",
        )
    token = find_token(repository)
    if token is None:
        names = token_names(repository)
        raise WrongUse(
            f"a pull request at {repository.host} needs a token",
            f"set {names[1]}, or log in with gh",
        )
    return token


def _default_branch(repository: Address, token: Token, progress: Progress) -> str:
    found = _ask(repository, token, progress, "GET", "", None).get("default_branch")
    if not isinstance(found, str) or not found:
        raise _strange(repository)
    return found


# The API ----------------------------------------------------------------------------------------


def _ask(
    repository: Address,
    token: Token,
    progress: Progress,
    verb: str,
    path: str,
    body: Mapping[str, object] | None,
) -> Mapping[str, object]:
    """One request about a repository. It is made once: what was sent may have arrived."""
    place = f"/repos/{repository.owner}/{repository.repo}{path}"
    with connect(repository, token, Patience(repository.host, progress)) as api:
        try:
            status, _, text = api.requester.requestJson(verb, place, input=body)
        except OSError as error:
            name = type(error).__name__
            raise SourceUnavailable(f"{repository.host} does not answer ({name})") from None
        except (RuntimeError, AssertionError, ValueError):
            raise _strange(repository) from None
    try:
        answer: object = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    known = answer if isinstance(answer, dict) else {}
    if status in (200, 201):
        return known
    raise _refused(repository, token, status, _said(known))


def _refused(
    repository: Address, token: Token, status: int, said: str
) -> WrongUse | SourceUnavailable:
    name, host = _name(repository), repository.host
    if status >= 500 or status == 429 or "rate limit" in said.lower():
        return SourceUnavailable(f"{host} does not take it now ({status}: {said})", "try it later")
    if status == 401:
        return WrongUse(f"{host} refuses the token from {token.source}", "it may have expired")
    if status in (403, 404):
        return WrongUse(
            f"the token from {token.source} may not open a pull request at {name}, or it is not"
            " there",
            said,
        )
    if status in (301, 302, 307, 308):
        return WrongUse(f"{name} has moved", "name the remote by its new URL, with --remote")
    hint = "where there are no drafts, --ready opens it as ready" if "draft" in said.lower() else ""
    return WrongUse(f"{host} refuses it: {said or status}", hint)


def _said(answer: Mapping[str, object]) -> str:
    """What the host says of a refusal, as one short line."""
    parts = [answer.get("message")]
    errors = answer.get("errors")
    for each in errors[:3] if isinstance(errors, list) else []:
        parts.append(each.get("message") if isinstance(each, dict) else each)
    return plain("; ".join(part for part in parts if isinstance(part, str)))


def _strange(repository: Address) -> SourceUnavailable:
    return SourceUnavailable(f"{repository.host} does not answer as GitHub does")


def _name(repository: Address) -> str:
    return f"{repository.owner}/{repository.repo}"
