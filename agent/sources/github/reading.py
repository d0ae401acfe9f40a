"""What GitHub says of an issue, as an issue of ours: title, labels, text and comments.

What people wrote is taken as it is, up to a size; what is left out is said in its place.
"""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter

from agent.errors import IssueProblem
from agent.issue import Issue
from agent.sources.github.address import Address, is_pull_request, parse_address
from agent.sources.github.api import Api

MAX_BODY = 60_000
"""Characters of the issue's own text; GitHub allows 65,536."""

MAX_COMMENT = 8_000
"""Characters of one comment: a long log, cut."""

MAX_COMMENTS = 50
"""Comments, the first ones: those that say what is wrong."""

MAX_TALK = 60_000
"""Characters of all comments together."""

_PER_PAGE = 50


def _written(value: object) -> object:
    """Text as people wrote it; half a surrogate pair, which no file can hold, is replaced."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\r\n", "\n")


_Text = Annotated[str, BeforeValidator(_written)]


class Wire(BaseModel):
    """What the API answers."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Label(Wire):
    """A label, which is written by whoever may set it."""

    name: _Text = ""


class _User(Wire):
    login: _Text = ""


class _Comment(Wire):
    body: _Text = ""
    user: _User | None = None


class Found(Wire):
    """An issue as the API answers it; a pull request is one that has this key."""

    number: int
    title: _Text = ""
    body: _Text = ""
    html_url: _Text = ""
    labels: tuple[Label | _Text, ...] = ()
    comments: int = 0
    pull_request: object = None


_COMMENTS = TypeAdapter(tuple[_Comment, ...])


def issue_from(api: Api, asked: Address, found: Found) -> Issue:
    """The issue, with its comments, for which the API is asked again.

    Raises:
        IssueProblem: it is a pull request, is empty, or its comments cannot be read.
        ValidationError: the comments are none.
    """
    address = _moved(asked, found)
    if found.pull_request is not None:
        raise is_pull_request(address)
    comments = _comments(api, address) if found.comments else ()
    title = " ".join(found.title.split())
    text = compose(title, found, comments)
    if not text.strip():
        raise IssueProblem(f"{address} is empty")
    return Issue(id=address.id, repo=address.clone_url, text=text, title=title, url=address.url)


def _moved(asked: Address, found: Found) -> Address:
    """Where the issue is now: it, or its repository, may have moved since."""
    if not found.html_url or urlsplit(found.html_url).netloc != urlsplit(asked.site).netloc:
        return asked
    try:
        repository, _, _ = found.html_url.rpartition(
            f"/{'pull' if found.pull_request else 'issues'}/"
        )
        return parse_address(f"{repository}/issues/{found.number}")
    except IssueProblem:
        return asked


def _comments(api: Api, address: Address) -> tuple[_Comment, ...]:
    path = f"/repos/{address.owner}/{address.repo}/issues/{address.number}/comments"
    comments: tuple[_Comment, ...] = ()
    for page in api.pages(f"{path}?per_page={_PER_PAGE}"):
        more = _COMMENTS.validate_python(page)
        comments += more
        if len(comments) >= MAX_COMMENTS or not more:
            break
    return comments[:MAX_COMMENTS]


def compose(title: str, found: Found, comments: tuple[_Comment, ...]) -> str:
    """The issue as one text: title, labels, what its author wrote, and what was answered."""
    names = [each if isinstance(each, str) else each.name for each in found.labels]
    labels = ", ".join(" ".join(name.split()) for name in names if name.strip())
    parts = [title, f"Labels: {labels}" if labels else "", _cut(found.body.strip(), MAX_BODY)]
    room, shown = MAX_TALK, 0
    for comment in comments:
        said = _cut(comment.body.strip(), MAX_COMMENT)
        if len(said) > room:
            break
        room -= len(said)
        shown += 1
        if said:
            author = comment.user.login if comment.user and comment.user.login else "somebody"
            parts.append(f"Comment by {author}:\n{said}")
    left_out = max(found.comments, len(comments)) - shown
    if left_out:
        parts.append(f"[{left_out} more comment{'s' * (left_out > 1)} left out]")
    return "\n\n".join(part for part in parts if part) + "\n" * any(parts)


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return f"{text[:most]}\n[{len(text) - most} more characters left out]"
