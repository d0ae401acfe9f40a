"""Which prediction is for which issue, and what is for none."""

from collections.abc import Iterable
from dataclasses import dataclass

from agent.grading.predictions import Prediction
from agent.issue import Issue
from agent.sources.source import Skipped


@dataclass(frozen=True, slots=True)
class Matched:
    """Predictions and the issues they are for.

    Attributes:
        pairs: in the order of the issues.
        issues: ids of all issues, with a prediction or without.
        left_out: predictions and issues that are none, or that belong to nothing.
    """

    pairs: tuple[tuple[Prediction, Issue], ...]
    issues: tuple[str, ...]
    left_out: tuple[Skipped, ...]

    @property
    def without(self) -> list[str]:
        """Ids of the issues that nothing was predicted for."""
        predicted = {prediction.issue for prediction, _ in self.pairs}
        return [issue for issue in self.issues if issue not in predicted]


def match(
    predictions: Iterable[Prediction | Skipped], entries: Iterable[Issue | Skipped]
) -> Matched:
    """Bring both together; of the issues only those are held that something was predicted for.

    Args:
        predictions: of each issue one at most, as `read_predictions` gives them.
        entries: the issues, each once.
    """
    left_out: list[Skipped] = []
    by_id: dict[str, Prediction] = {}
    for each in predictions:
        if isinstance(each, Skipped):
            left_out.append(Skipped(f"prediction, {each.where}", each.why, each.id))
        else:
            by_id[each.issue] = each
    pairs: list[tuple[Prediction, Issue]] = []
    issues: list[str] = []
    for entry in entries:
        if isinstance(entry, Skipped):
            left_out.append(Skipped(f"issue, {entry.where}", entry.why, entry.id))
            continue
        issues.append(entry.id)
        if entry.id in by_id:
            pairs.append((by_id.pop(entry.id), entry))
    why = "the list has no issue of that id"
    left_out += [Skipped("prediction", why, issue) for issue in by_id]
    return Matched(tuple(pairs), tuple(issues), tuple(left_out))
