"""``foretrace nano eval``: how nano does on programs that it was not trained on."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.terminal import safe
from agent.errors import DONE, WrongUse

if TYPE_CHECKING:
    from agent.nano.evaluation import Report
    from agent.nano.measuring import Measurement
    from model.nano.record import Record


@click.command("eval")
@click.option("--weights", type=click.Path(path_type=Path), help="Of a model of one's own.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="Where `foretrace nano data` wrote.",
)
@click.option("--most", type=click.IntRange(1), default=1000, help="Programs, spread over all.")
@click.option("-j", "--jobs", type=click.IntRange(1), default=2, help="Processes.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the report and a plot there.")
@click.option("--calibrate", is_flag=True, help="Choose what is believed; kept in nano.json.")
@click.option(
    "--right",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.9,
    help="With --calibrate: the share that is to be right of what is believed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, nothing else.")
def command(
    weights: Path | None,
    data: Path,
    most: int,
    jobs: int,
    out: Path | None,
    calibrate: bool,
    right: float,
    as_json: bool,
) -> int:
    """Measure nano on held-out programs: whole traces, single frames, outputs, verdicts.

    It writes each trace on from its own words. With --calibrate the programs are those of `valid`,
    and the threshold is chosen from which on a trace is believed; without it those of `test`.
    """
    from agent.nano.evaluation import summed_up, threshold
    from agent.nano.held import as_json as written
    from agent.nano.held import read_split, set_sure
    from model.nano.checkpoint import read_checkpoint, shipped

    folder = weights or shipped()
    checkpoint = read_checkpoint(folder)
    split = "valid" if calibrate else "test"
    records = read_split(data, split)
    found, of = _measured(records, folder, most, jobs, as_json)
    sure = checkpoint.reach.sure
    if calibrate:
        sure = threshold(found, right)
        set_sure(folder, sure)
    report = summed_up(found, of, sure)
    facts = {
        "parameters": checkpoint.parameters,
        "context": checkpoint.reach.context,
        "split": split,
        "of": len(records),
    }
    content = json.dumps(facts | written(report))
    if out is not None:
        _keep(out, content, report, as_json)
    if as_json:
        click.echo(content)
    else:
        name = "nano" if weights is None else safe(str(weights))
        click.echo(
            f"{name}, {checkpoint.parameters / 1e6:.1f} million parameters, on {report.programs:,} "
            f"of {len(records):,} programs of {safe(str(data))}, {split}"
        )
        click.echo("\n".join(_table(report)))
    if calibrate and not as_json:
        click.echo(f"\nbelieved from {sure:.3f} on; written to {safe(str(folder))}")
    return DONE


def _measured(
    records: "Sequence[Record]", folder: Path, most: int, jobs: int, quiet: bool
) -> "tuple[list[Measurement], int]":
    from agent.cli.progressline import ProgressLine
    from agent.nano.evaluation import measured, spread

    chosen = spread(records, most)
    line = ProgressLine(len(chosen), quiet=quiet)

    def told(count: int) -> None:
        for _ in range(count):
            line.advance("programs measured")

    found = measured(chosen, folder, jobs, told)
    line.end()
    return found, len(chosen)


def _keep(out: Path, content: str, report: "Report", quiet: bool) -> None:
    """Write the report, and a plot where that can be drawn."""
    from agent.nano.reliabilityplot import plot

    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "eval.json").write_text(content + "\n", encoding="utf-8")
        plot(report, out / "calibration.svg")
    except OSError as error:
        raise WrongUse(f"cannot write to {out}: {error.strerror or error}") from None
    except WrongUse as problem:
        if not quiet:
            click.echo(f"  no plot: {problem.message} ({problem.hint})", err=True)


def _table(report: "Report") -> list[str]:
    from agent.cli.nanoevalview import lines_of

    return lines_of(report)
