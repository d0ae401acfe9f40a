"""What became of each task, as it is kept, and the table of them all."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from model.questions.question import Answer, Mark
from model.questions.replies import whole
from model.trace.score import wilson


class Given(BaseModel):
    """An answer and its mark, as they are kept.

    Attributes:
        text, problem, facts: see `model.questions.question.Answer`.
        right, detail, measures: see `model.questions.question.Mark`.
        tokens: reused, computed, written.
    """

    model_config = ConfigDict(frozen=True)

    text: str
    problem: str = ""
    right: bool | None = None
    detail: str = ""
    measures: dict[str, bool | None] = {}
    facts: dict[str, object] = {}
    tokens: tuple[int, int, int] = (0, 0, 0)

    @classmethod
    def of(cls, answer: Answer, mark: Mark) -> "Given":
        """From an answer and its mark."""
        tokens = answer.tokens
        return cls(
            text=whole(answer.text),
            problem=whole(answer.problem),
            right=mark.right,
            detail=whole(mark.detail),
            measures=dict(mark.measures),
            facts={whole(name): _whole(fact) for name, fact in answer.facts.items()},
            tokens=(tokens.reused, tokens.computed, tokens.written),
        )


class Result(BaseModel):
    """What became of one task.

    Attributes:
        id: of the task.
        answers: all that were drawn.
        seconds: it took.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    answers: tuple[Given, ...]
    seconds: float = 0.0

    def rights(self) -> list[bool]:
        """Of the answers that somebody can mark, whether each is right."""
        return [each.right for each in self.answers if each.right is not None]


@dataclass(frozen=True, slots=True)
class Measure:
    """A share of tasks.

    Attributes:
        name: of what is measured.
        share: the mean over the tasks; NaN where there are none.
        low, high: its 95 % interval, after Wilson, with the tasks as trials.
        tasks: how many count.
    """

    name: str
    share: float
    low: float
    high: float
    tasks: int


def table(results: Sequence[Result], *, samples: int = 1, votes: bool = False) -> list[Measure]:
    """What came out.

    ``pass@1`` is the share of answers that are right, ``pass@k`` an estimate without bias of how
    often one of k is, ``best foreseen`` how often that one is of which a simulation foresees most,
    ``majority`` how often the most frequent answer is, and ``answered`` the share of answers that
    could be read.

    Args:
        results: one for each task.
        samples: answers to each.
        votes: whether answers are counted against one another.
    """
    rights = [found for each in results if (found := each.rights())]
    measures = [_measure("pass@1", [_share(found) for found in rights])]
    if samples > 1:
        chances = [chance(len(found), sum(found), min(samples, len(found))) for found in rights]
        measures.append(_measure(f"pass@{samples}", chances))
        if any(merit(given.facts) is not None for each in results for given in each.answers):
            measures.append(_measure("best foreseen", _told(map(best_foreseen, results))))
        if votes:
            measures.append(_measure("majority", _told(map(majority, results))))
    read = [
        _share([bool(given.text) for given in each.answers]) for each in results if each.answers
    ]
    measures.append(_measure("answered", read))
    return [*measures, *_others(results)]


def chance(drawn: int, right: int, k: int) -> float:
    """How likely one of k answers at least is right, if ``right`` of those drawn are."""
    return 1.0 - math.comb(drawn - right, k) / math.comb(drawn, k)


def majority(result: Result) -> bool | None:
    """Whether the most frequent answer is right; of several the one that came first."""
    given = [each for each in result.answers if each.text]
    if not given:
        return False if result.rights() else None
    most = Counter(each.text for each in given).most_common(1)[0][0]
    return next(each.right for each in given if each.text == most)


def _whole(fact: object) -> object:
    if isinstance(fact, Mapping):
        return {whole(str(name)): _whole(value) for name, value in fact.items()}
    return whole(fact) if isinstance(fact, str) else fact


def merit(facts: Mapping[str, object]) -> int | None:
    """What a simulation foresees of an answer: what goes well less what goes wrong.

    Args:
        facts: of the answer; None is the result where they tell of no simulation.
    """
    if "foreseen" not in facts:
        return None
    foreseen = facts["foreseen"]
    values = list(foreseen.values()) if isinstance(foreseen, Mapping) else [foreseen]
    return sum(value is True for value in values) - sum(value is False for value in values)


def best_foreseen(result: Result) -> bool | None:
    """Whether that answer is right of which the most is foreseen; of several the first."""
    given = [each for each in result.answers if each.text]
    if not given:
        return False if result.rights() else None
    return max(given, key=lambda each: merit(each.facts) or 0).right


def _others(results: Sequence[Result]) -> list[Measure]:
    found: dict[str, list[float]] = {}
    for result in results:
        mine: dict[str, list[bool]] = {}
        for given in result.answers:
            for name, value in given.measures.items():
                if value is not None:
                    mine.setdefault(name, []).append(value)
        for name, values in mine.items():
            found.setdefault(name, []).append(_share(values))
    return [_measure(name, shares) for name, shares in found.items()]


def _told(rights: Iterable[bool | None]) -> list[float]:
    return [float(right) for right in rights if right is not None]


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values)


def _measure(name: str, shares: Iterable[float]) -> Measure:
    shares = list(shares)
    share = math.fsum(shares) / len(shares) if shares else math.nan
    return Measure(name, share, *wilson(share if shares else 0.0, len(shares)), len(shares))
