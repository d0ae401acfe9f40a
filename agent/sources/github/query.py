"""Which issues of a repository on GitHub are asked for: labels, state, words, how many.

They are named as ``OWNER/REPO?label=bug&search=words``, or by the address of the page on which
GitHub shows them.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from agent.errors import IssueProblem
from agent.sources.github.address import GITHUB_COM, OWNER, REPO, Repository, parse_site
from agent.sources.source import is_there

LIMIT = 30
"""Issues, where no limit is named: each may take a request for its comments."""

_MOST = 10_000
_STATES = ("open", "closed", "all")
_SHORT = re.compile(rf"({OWNER})/({REPO})(\?.*)?", re.DOTALL)
_PAGE = re.compile(rf"/({OWNER})/({REPO})(?:/issues|/labels/([^/]+))?/?")
_WORD = re.compile(r'-?(?:[\w-]+:)?(?:"[^"]*"|[^\s"]+)')
_FILES = (".txt", ".md", ".rst", ".log", ".json", ".jsonl", ".parquet")
_LOGIC = re.compile(r"[()]|\b(?:AND|OR|NOT)\b")
_HINT = "as in OWNER/REPO?label=bug&search=words&state=open&limit=30"


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for.

    Attributes:
        repository: whose issues.
        labels: all of which an issue must have.
        state: ``open``, ``closed`` or ``all``.
        words: for GitHub's search, its own qualifiers among them; empty for no search.
        limit: the most issues; None where the user named none.
    """

    repository: Repository
    labels: tuple[str, ...] = ()
    state: str = "open"
    words: str = ""
    limit: int | None = None

    @property
    def searched(self) -> str:
        """The same in the language of GitHub's search."""
        labels = [f'label:"{name.replace(chr(34), "")}"' for name in self.labels]
        state = [] if self.state == "all" else [f"state:{self.state}"]
        return " ".join([f"repo:{self.repository}", "is:issue", *state, *labels, self.words])


def is_query(source: str) -> bool:
    """Whether what the user named is meant as issues of a repository.

    A file of this name goes first, and without a ``?`` what looks like the name of one.
    """
    if re.match(r"https?://", source, re.IGNORECASE):
        try:
            return _PAGE.fullmatch(parse_site(source, "")[1].path) is not None
        except IssueProblem:
            return False
    short = _SHORT.fullmatch(source)
    if short is None or is_there(source):
        return False
    return bool(short[3]) or not (source.endswith(_FILES) or Path(short[1]).is_dir())


def parse_query(source: str) -> Query:
    """What is asked for.

    Raises:
        IssueProblem: something in it has no meaning.
    """
    if short := _SHORT.fullmatch(source):
        repository, label = GITHUB_COM.repository(short[1], short[2]), None
        told = (short[3] or "").removeprefix("?")
    else:
        site, parts = parse_site(source, _HINT)
        found = _PAGE.fullmatch(parts.path)
        if found is None:
            raise IssueProblem(f"these are no issues of a repository: {source}", _HINT)
        repository, label, told = site.repository(found[1], found[2]), found[3], parts.query
    query = Query(repository, (unquote(label),) if label else ())
    for name, value in parse_qsl(told, keep_blank_values=True):
        if value.strip():
            query = _with(query, name, value.strip())
    return query


def _with(query: Query, name: str, value: str) -> Query:
    """The query, and what one parameter of it says."""
    match name:
        case "label":
            return replace(query, labels=(*query.labels, value))
        case "labels":
            more = tuple(each.strip() for each in value.split(",") if each.strip())
            return replace(query, labels=query.labels + more)
        case "search":
            return replace(query, words=f"{query.words} {value}".strip())
        case "state":
            return replace(query, state=_one_of(value, _STATES))
        case "limit":
            return replace(query, limit=_count(value))
        case "q":
            return _with_words(query, value)
        case "page":
            return query
    raise IssueProblem(f"issues are not chosen by {name!r}", _HINT)


def _with_words(query: Query, words: str) -> Query:
    """The query, and what stands in the search field of GitHub's page."""
    rest: list[str] = []
    told = replace(query, state="all")
    for word in _WORD.findall(words):
        name, _, value = word.partition(":")
        value = value.strip('"')
        if name in ("repo", "org", "user", "-repo") and value != str(query.repository):
            raise IssueProblem(f"the search is for another repository: {word}", _HINT)
        if name in ("is", "type") and value in ("pr", "pull-request"):
            raise IssueProblem("pull requests are not issues", "leave is:pr out")
        if name in ("is", "state") and value in ("open", "closed"):
            told = replace(told, state=value)
        elif name == "label" and value and "," not in value:
            told = replace(told, labels=(*told.labels, value))
        elif name != "repo" and word not in ("is:issue", "type:issue"):
            rest.append(word)
    if _LOGIC.search(words):  # then no word can be taken out of it
        return replace(query, state="all", words=f"({words})")
    return replace(told, words=" ".join(rest))


def _one_of(value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise IssueProblem(f"there is no state {value!r}", f"there are: {', '.join(known)}")
    return value


def _count(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", value) or not 1 <= int(value) <= _MOST:
        raise IssueProblem(f"the limit is a number from 1 to {_MOST}, not {value!r}", _HINT)
    return int(value)
