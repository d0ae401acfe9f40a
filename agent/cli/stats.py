"""``foretrace stats``: what runs say together; how far predictions can be trusted."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.options import settings_options
from agent.cli.terminal import safe
from agent.config import Settings
from agent.errors import DONE, WrongUse

if TYPE_CHECKING:
    from agent.preflight.calibration import Calibration, Share


@click.command("stats")
@click.argument("places", nargs=-1, type=click.Path(path_type=Path), metavar="[RUNS]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, nothing else.")
@settings_options
def command(places: tuple[Path, ...], as_json: bool, settings: Settings) -> int:
    """Say how far a model's predictions of tests can be trusted.

    RUNS are runs' folders, or folders of runs; without any, where runs are written. Only runs with
    --simulate have predictions.
    """
    from agent.preflight.calibration import all_events, calibrate, trajectories

    places = places or (settings.out,)
    paths = [*trajectories(places)]
    if not paths:
        where = ", ".join(map(str, places))
        raise WrongUse(f"there is no run in {where}", "name a run's folder, or a folder of runs")
    try:
        found = calibrate(all_events(paths))
    except OSError as error:
        raise WrongUse(f"cannot read {error.filename}: {error.strerror}") from None
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in found], ensure_ascii=False))
        return DONE
    runs = "1 run" if len(paths) == 1 else f"{len(paths)} runs"
    if not found:
        click.echo(f"{runs}, none with predictions: start them with --simulate advise")
    for each in found:
        click.echo(f"{safe(each.model)} (predictor {each.predictor}), {runs}")
        click.echo("\n".join(_lines(each)))
    return DONE


def _lines(each: "Calibration") -> list[str]:
    brier = "-" if each.brier is None else f"{each.brier:.3f}"
    lines = [
        f"  forecasts {each.forecasts}, unsure {each.unsure}, compared with the outcome"
        f" {each.compared}; Brier score {brier}",
        "            precision        recall",
        *(
            f"  {said}      {_share(each.precision(said)):<16} {_share(each.recall(said))}"
            for said in ("pass", "fail")
        ),
        f"  test runs saved {each.saved}, wrongly skipped {each.wrongly_refused}",
    ]
    bins = [one for one in each.reliability() if one.right.of]
    if bins:
        lines.append("  confidence    mean   right")
        lines += [
            f"  {one.low:.1f} to {one.high:.1f}    {one.confidence:.2f}   {_share(one.right)}"
            for one in bins
        ]
    return lines


def _share(share: "Share") -> str:
    if share.value is None:
        return "-"
    return f"{share.value:.0%} ({share.hits} of {share.of})"


def _as_json(each: "Calibration") -> dict[str, object]:
    shares = {
        f"{name}_{said}": {"hits": share.hits, "of": share.of}
        for said in ("pass", "fail")
        for name, share in (("precision", each.precision(said)), ("recall", each.recall(said)))
    }
    return {
        "model": each.model,
        "predictor": each.predictor,
        "forecasts": each.forecasts,
        "unsure": each.unsure,
        "compared": each.compared,
        "brier": each.brier,
        "saved": each.saved,
        "wrongly_skipped": each.wrongly_refused,
        **shares,
        "reliability": [
            {
                "low": one.low,
                "high": one.high,
                "confidence": one.confidence,
                "right": one.right.hits,
                "of": one.right.of,
            }
            for one in each.reliability()
        ],
    }
