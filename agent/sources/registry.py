"""The sources of issues. A new one is its file and a line here."""

from agent.issue import Issue
from agent.sources.github.source import GITHUB
from agent.sources.rows import ROWS
from agent.sources.source import IssueSource, Progress
from agent.sources.textfile import TEXT

SOURCES: tuple[IssueSource, ...] = (GITHUB, ROWS, TEXT)
"""Asked in this order; the first that claims what the user named reads it."""


def read_issue(source: str, progress: Progress = lambda line: None) -> Issue:
    """The issue that the user named.

    Args:
        source: a text file, ``-`` for standard input, ``FILE.jsonl#ID``, the address of an issue on
            GitHub, or ``OWNER/REPO#N``.
        progress: gets a line when the user has to wait, for a rate limit for example.

    Raises:
        IssueProblem: there is no such issue, or it cannot be read.
        SourceUnavailable: what it is read from does not answer.
    """
    chosen = next(each for each in SOURCES if each.claims(source))
    return chosen.read(source, progress)
