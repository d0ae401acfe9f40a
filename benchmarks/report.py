"""The results as Markdown: the machine, the date, and a section for every table."""

import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import peers
from benchmarks.benchmark import Table


def render(tables: Iterable[Table], engine: str, minutes: float) -> str:
    """The whole report."""
    versions = ", ".join(f"{name} {version}" for name, version in peers.versions().items())
    head = f"""# Results

Written by a run of the benchmarks, not by hand. To repeat it: `make benchmarks`.

- {datetime.now(UTC):%Y-%m-%d}, {minutes:.0f} minutes
- {os.cpu_count()} cores, {_processor()}; {platform.system()} {platform.release().split("-")[0]}, \
Python {platform.python_version()}
- {engine}
- beside {versions}

Contenders take turns in interleaved rounds, each in a process of its own, all from the same image \
and under the same limits of memory, processors and processes. A figure is a median with its \
quartiles in brackets.
"""
    return "\n".join([head, *(section(table) for table in tables)])


def section(table: Table) -> str:
    """One table, with its heading and what stands below it."""
    lines = [f"## {table.title}", ""]
    lines += [_row(table.head), _row(["---"] + ["---:"] * (len(table.head) - 1))]
    lines += [_row(row) for row in table.rows]
    if table.goals:
        lines.append("")
        lines += [
            f"- goal {'met' if goal.met else '**missed**'}: {goal.text}" for goal in table.goals
        ]
    for note in table.notes:
        lines += ["", note]
    return "\n".join([*lines, ""])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
