"""How often nano is right, by how sure it is, as a picture."""

from pathlib import Path

from agent.errors import WrongUse
from agent.nano.evaluation import Report


def plot(report: Report, picture: Path) -> None:
    """Draw traces and verdicts, each beside the diagonal on which certainty would be honest.

    Args:
        report: of an evaluation.
        picture: to write; its ending says the form (``.svg``, ``.png``).

    Raises:
        WrongUse: matplotlib is not installed.
    """
    try:
        from matplotlib import rcParams
        from matplotlib.figure import Figure
    except ImportError:
        raise WrongUse(
            "pictures need matplotlib, which is not installed", "pip install 'foretrace[nano]'"
        ) from None
    rcParams["svg.hashsalt"] = "foretrace"  # else every picture would be another
    figure = Figure(figsize=(7.5, 3.6), layout="constrained")
    traces, verdicts = figure.subplots(1, 2, sharey=True)
    traces.set(xlabel="probability of the least likely frame", ylabel="right, %", title="traces")
    verdicts.set(xlabel="confidence of the verdict", title="tests")
    for axes, found in ((traces, report.traces), (verdicts, report.verdicts)):
        bins = [each for each in found.bins if each.right.of]
        axes.plot([0, 1], [0, 100], linestyle=":", color="grey")
        axes.plot(
            [each.confidence for each in bins],
            [100 * (each.right.value or 0) for each in bins],
            marker="o",
        )
        axes.set(xlim=(0, 1.02), ylim=(0, 102))
        for each in bins:
            place = each.confidence, 100 * (each.right.value or 0)
            axes.annotate(f"{each.right.of}", place, fontsize=7, xytext=(3, -9),
                          textcoords="offset points")  # fmt: skip
    figure.savefig(picture, metadata={"Date": None} if picture.suffix == ".svg" else None)
