"""The sources of many issues. A new one is its file and a line here."""

from agent.sources.github.listing import GITHUB_ISSUES
from agent.sources.jsonfile import JSON_FILE
from agent.sources.lines import LINES
from agent.sources.parquet import PARQUET
from agent.sources.source import ListSource

FILES: tuple[ListSource, ...] = (LINES, JSON_FILE, PARQUET)
"""Those that are files, of which one issue can be named too."""

LISTS: tuple[ListSource, ...] = (GITHUB_ISSUES, *FILES)
"""Asked in this order; the first that claims what the user named reads it."""


def claiming(sources: tuple[ListSource, ...], source: str) -> ListSource | None:
    """The first of these that claims what the user named."""
    return next((each for each in sources if each.claims(source)), None)
