"""What ``foretrace publish`` prints."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent.cli.terminal import safe

if TYPE_CHECKING:
    from agent.publish.commit import Published
    from agent.publish.github import PullRequest


def commit_lines(published: "Published") -> Iterator[str]:
    """The commit for a person: where it is, whose it is, what it changes."""
    was = "" if published.made else ", which was there already"
    yield f"branch {safe(published.branch)} in {safe(str(published.checkout))}{was}"
    yield f"commit {published.commit[:12]} on {published.onto[:12]}, by {safe(published.author)}"
    yield ""
    yield from (f"  {safe(line)}" for line in published.message.rstrip().split("\n"))
    yield ""
    yield from (safe(line) for line in published.stat.splitlines())


def published_json(published: "Published", sent: "PullRequest | None") -> str:
    """The same, and the pull request if there is one, as one object."""
    fields = {
        "checkout": str(published.checkout),
        "branch": published.branch,
        "commit": published.commit,
        "onto": published.onto,
        "author": published.author,
        "message": published.message,
        "files": list(published.files),
        "made": published.made,
        "pull_request": {"url": sent.url, "number": sent.number} if sent else None,
    }
    return json.dumps(fields)
