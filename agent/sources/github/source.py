"""One issue from GitHub, by its address."""

from pydantic import ValidationError

from agent.issue import Issue
from agent.sources.github.address import is_address, parse_address
from agent.sources.github.api import connect
from agent.sources.github.reading import Found, issue_from
from agent.sources.github.token import find_token
from agent.sources.github.waiting import Patience
from agent.sources.source import IssueSource, Progress


def read_github(source: str, progress: Progress, patience: Patience | None = None) -> Issue:
    """The issue at an address.

    Args:
        source: its address, or ``OWNER/REPO#N``.
        progress: gets a line before each wait.
        patience: how long to wait; a quarter of an hour without one.

    Raises:
        IssueProblem: it is not there, is a pull request, or cannot be read.
    """
    asked = parse_address(source)
    with connect(asked, find_token(asked), patience or Patience(asked.host, progress)) as api:
        answer = api.get(f"/repos/{asked.owner}/{asked.repo}/issues/{asked.number}")
        try:
            return issue_from(api, asked, Found.model_validate(answer))
        except ValidationError:
            raise api.strange() from None


GITHUB = IssueSource(claims=is_address, read=read_github)
"""Addresses of issues on GitHub and on Enterprise servers."""
