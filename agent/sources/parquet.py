"""Issues from a Parquet file, as data sets are published; DuckDB reads it, some rows at a time."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from agent.errors import IssueProblem, WrongUse
from agent.sources.forms import FIELDS, IDS, issue_from
from agent.sources.source import ListSource, Placed, Progress, open_file

if TYPE_CHECKING:
    import duckdb

_MAGIC = b"PAR1"
_ROWS = 64
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "memory_limit": "2GB",
    "temp_directory": "",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


def _read(source: str, progress: Progress) -> Iterator[Placed]:
    with open_file(Path(source)) as file:
        try:
            import duckdb
        except ImportError:
            raise WrongUse(
                "Parquet files are read with DuckDB, and it is not installed",
                "pip install 'foretrace[data]'",
            ) from None
        try:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise IssueProblem(f"{source} is not a Parquet file")
            with closing(duckdb.connect(":memory:", config=_SETTINGS)) as connection:
                for number, row in enumerate(_rows(connection, file, source), start=1):
                    yield issue_from(row, f"row {number}")
        except duckdb.Error as error:
            said = " ".join(str(error).partition("\n")[0].split())[:200]
            raise IssueProblem(f"cannot read {source}: {said}") from None


def _rows(
    connection: "duckdb.DuckDBPyConnection", file: BinaryIO, source: str
) -> Iterator[dict[str, object]]:
    # A path would be taken for a pattern or an address; this name is neither.
    name = f"/proc/self/fd/{file.fileno()}"
    connection.execute("SELECT * FROM read_parquet(?) LIMIT 0", [name])
    columns = [column[0] for column in connection.description or () if column[0] in FIELDS]
    if not IDS & set(columns):
        raise IssueProblem(
            f"{source} holds no issues: no column is called {' or '.join(sorted(IDS))}"
        )
    # Only these: others, times for example, may need more than DuckDB to become Python's.
    wanted = ", ".join(f'"{column}"' for column in columns)
    connection.execute(f"SELECT {wanted} FROM read_parquet(?)", [name])
    while rows := connection.fetchmany(_ROWS):
        for row in rows:
            yield {
                column: _without_nulls(value)
                for column, value in zip(columns, row, strict=True)
                if value is not None
            }


def _without_nulls(value: object) -> object:
    """What is null is not there: every struct of a column has all its fields."""
    if not isinstance(value, dict):
        return value
    return {name: each for name, each in value.items() if each is not None}


PARQUET = ListSource(claims=lambda source: Path(source).suffix == ".parquet", read=_read)
"""Parquet files."""
