"""The sources of many issues. A new one is its file and a line here."""

from agent.sources.jsonfile import JSON_FILE
from agent.sources.lines import LINES
from agent.sources.parquet import PARQUET
from agent.sources.source import ListSource

LISTS: tuple[ListSource, ...] = (LINES, JSON_FILE, PARQUET)
"""Asked in this order; the first that claims what the user named reads it."""


def list_named(source: str) -> ListSource | None:
    """The source of a list that claims what the user named."""
    return next((each for each in LISTS if each.claims(source)), None)
