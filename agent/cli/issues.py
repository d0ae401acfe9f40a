"""``foretrace issues``: a list of issues looked at, or written in our own form."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.terminal import safe
from agent.errors import DONE, IssueProblem, WrongUse

if TYPE_CHECKING:
    from agent.issue import Issue

_COLUMNS = 120
"""Of a line that goes elsewhere than to a terminal: an issue without a title may be long."""

_TOLD = 20
"""Entries that were skipped, of which each gets a line."""


@click.command("issues")
@click.argument("source", metavar="SOURCE")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write them to this FILE.jsonl; - too."
)
def command(source: str, output: Path | None) -> int:
    """Print the issues of a list, or write them in our own form, so that the list stays as it is.

    SOURCE is FILE.jsonl, FILE.json or FILE.parquet with issues of our own form or rows of
    SWE-bench; OWNER/REPO?label=bug&search=words&state=open&limit=30, or the address of GitHub's
    page with such issues; or a single issue. What cannot be read, and an id that stood before, is
    left out and told on stderr.
    """
    from agent.cli.show import print_lines

    reading = _Reading(source)
    if output is None:
        columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else _COLUMNS
        print_lines(_line(issue, columns) for issue in reading)
    elif str(output) == "-":
        print_lines(_row(issue) for issue in reading)
    else:
        _write(output, reading)
    reading.tell(output)
    return DONE


class _Reading:
    """The issues of a source; what was skipped on the way is told and counted."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._read = 0
        self._skipped = 0

    def __iter__(self) -> "Iterator[Issue]":
        from agent.sources.many import Skipped, read_issues_once

        for entry in read_issues_once(self._source, lambda line: _say(line)):
            if isinstance(entry, Skipped):
                self._skipped += 1
                if self._skipped <= _TOLD:
                    _say(f"skipped: {entry}")
            else:
                self._read += 1
                yield entry
        if not self._read:
            _say_rest(self._skipped)
            raise IssueProblem(f"no issue of {self._source} can be read")

    def tell(self, output: Path | None) -> None:
        """Say how many there were."""
        _say_rest(self._skipped)
        where = "" if output is None or str(output) == "-" else f" written to {output}"
        issues = "1 issue" if self._read == 1 else f"{self._read} issues"
        _say(f"{issues}{where}{f', {self._skipped} skipped' if self._skipped else ''}")


def _write(output: Path, issues: "_Reading") -> None:
    """Write the whole list, or leave what is there as it is."""
    part = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.writelines(f"{_row(issue)}\n" for issue in issues)
        part.replace(output)
    except OSError as error:
        raise WrongUse(f"cannot write {output}: {error.strerror}") from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _line(issue: "Issue", columns: int) -> str:
    from agent.cli.excerpt import one_line

    title = issue.title or issue.text.strip().partition("\n")[0]
    return one_line(" ".join(f"{issue.id}  {title}".splitlines()), columns)


def _row(issue: "Issue") -> str:
    return issue.model_dump_json(exclude_defaults=True)


def _say_rest(skipped: int) -> None:
    if skipped > _TOLD:
        _say(f"skipped: {skipped - _TOLD} more")


def _say(line: str) -> None:
    click.echo(f"  {safe(line)}", err=True)
