"""Many issues from GitHub: those of a repository with certain labels, or that a search finds.

Labels and a state are a list's, which is exact and has no end; words are GitHub's search's, which
knows of no more than the first thousand.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches
from itertools import islice
from typing import Annotated
from urllib.parse import quote, urlencode

from pydantic import StringConstraints, TypeAdapter, ValidationError

from agent.errors import IssueProblem
from agent.sources.github.address import OWNER, REPO, Repository
from agent.sources.github.api import Api, connect
from agent.sources.github.query import LIMIT, Query, is_query, parse_query
from agent.sources.github.reading import Found, Label, Wire, issue_from
from agent.sources.github.token import find_token
from agent.sources.github.waiting import Patience
from agent.sources.source import ListSource, Placed, Progress, Skipped

_PER_PAGE = 100
_MOST_LABEL_PAGES = 10
_FULL_NAME = re.compile(rf"{OWNER}/{REPO}\Z")


class _Repository(Wire):
    full_name: Annotated[str, StringConstraints(pattern=_FULL_NAME)]
    has_issues: bool = True


class _SearchPage(Wire):
    items: tuple[Found, ...]


_LIST_PAGE = TypeAdapter(tuple[Found, ...])
_LABEL_PAGE = TypeAdapter(tuple[Label, ...])


def read_listed(
    source: str, progress: Progress, patience: Patience | None = None
) -> Iterator[Placed]:
    """The issues that the user asked for, each with its comments; pull requests are left out.

    Args:
        source: what `parse_query` reads.
        progress: gets a line before each wait, and one where more issues may be there.
        patience: how long to wait; a quarter of an hour without one.

    Raises:
        IssueProblem: there is no such repository or label, no issue is like that, or the API
            refuses.
    """
    asked = parse_query(source)
    host = asked.repository
    with connect(host, find_token(host), patience or Patience(host.host, progress)) as api:
        try:
            query = _settled(api, asked)
            api = replace(api, address=query.repository)
            limit, count = query.limit or LIMIT, 0
            for found in islice(_found(api, query), limit):
                count += 1
                yield _placed(api, query.repository, found)
            if not count:
                raise _nothing(api, query)
        except ValidationError:
            raise api.strange() from None
    if query.limit is None and count == LIMIT:
        progress(f"no more than {LIMIT} issues are read; limit=N in the address takes more")


def _settled(api: Api, query: Query) -> Query:
    """The query for the repository as it is called now: a search does not follow old names.

    Raises:
        IssueProblem: it is not there, or has no issues.
    """
    asked = query.repository
    answer = api.get(f"/repos/{asked.owner}/{asked.repo}")
    there = _Repository.model_validate(answer)
    if not there.has_issues:
        raise IssueProblem(f"{asked}: issues are disabled in this repository")
    owner, _, name = there.full_name.partition("/")
    return replace(query, repository=asked.repository(owner, name))


def _found(api: Api, query: Query) -> Iterator[Found]:
    place = query.repository
    if query.words or any("," in name for name in query.labels):
        parameters = {"q": query.searched, "per_page": str(_PER_PAGE)}
        pages = (
            _SearchPage.model_validate(page).items
            for page in api.pages(f"/search/issues?{urlencode(parameters, quote_via=quote)}")
        )
    else:
        parameters = {"state": query.state, "per_page": str(_PER_PAGE)}
        if query.labels:
            parameters["labels"] = ",".join(query.labels)
        path = f"/repos/{place.owner}/{place.repo}/issues"
        pages = (
            _LIST_PAGE.validate_python(page)
            for page in api.pages(f"{path}?{urlencode(parameters, quote_via=quote)}")
        )
    for page in pages:
        yield from (found for found in page if found.pull_request is None)


def _placed(api: Api, repository: Repository, found: Found) -> Placed:
    address = repository.issue(found.number)
    try:
        return f"#{found.number}", issue_from(replace(api, address=address), address, found)
    except IssueProblem as error:
        return Skipped(f"#{found.number}", error.message, address.id)


def _nothing(api: Api, query: Query) -> IssueProblem:
    """Why nothing was found: perhaps a label that is not there."""
    place = query.repository
    if query.labels:
        known: list[str] = []
        path = f"/repos/{place.owner}/{place.repo}/labels?per_page={_PER_PAGE}"
        for page in islice(api.pages(path), _MOST_LABEL_PAGES):
            known += [" ".join(each.name.split()) for each in _LABEL_PAGE.validate_python(page)]
        small = {name.lower(): name for name in known}
        for name in query.labels:
            if name.lower() not in small and len(known) < _PER_PAGE * _MOST_LABEL_PAGES:
                near = get_close_matches(name.lower(), small, n=5) or [*small][:20]
                named = ", ".join(small[each] for each in near)
                return IssueProblem(
                    f"{place} has no label {name!r}", f"it has: {named}" * bool(near)
                )
    kind = "" if query.state == "all" else f"{query.state} "
    like = " that is like that" if query.labels or query.words else ""
    return IssueProblem(f"{place} has no {kind}issue{like}")


GITHUB_ISSUES = ListSource(
    claims=is_query, read=lambda source, progress: read_listed(source, progress)
)
"""Issues of a repository on GitHub or on an Enterprise server."""
