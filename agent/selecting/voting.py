"""What the strategies have in common: patches that say the same vote for each other."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from agent.selecting.candidate import Candidate, Choice
from agent.selecting.normal import NormalForm

Key = Callable[[Candidate], float]
"""How good a candidate is in one respect; more is better."""

NOTHING = Choice(None, ("no attempt has a patch",))


def with_patch(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those that can be chosen, by their numbers: a patch that comes to nothing is none."""
    usable = [each for each in candidates if each.form is not None and not each.form.empty]
    return sorted(usable, key=lambda each: each.attempt)


def votes(candidates: Sequence[Candidate]) -> Mapping[NormalForm | None, int]:
    """How many candidates have each normal form."""
    return Counter(each.form for each in candidates)


def best_of(candidates: Sequence[Candidate], keys: Mapping[str, Key]) -> Choice:
    """The best in the first respect; of equals the best in the second, and so on.

    After the last of them the majority decides, then the fewest tokens, then who came first.

    Args:
        candidates: that have a patch; at least one.
        keys: the respects, by the words for them after "the attempts with ...".
    """
    count = votes(candidates)
    respects: dict[str, Key] = {
        **keys,
        "the most common patch": lambda each: count[each.form],
        "the fewest tokens": lambda each: -each.tokens,
    }

    def rank(each: Candidate) -> tuple[float, ...]:
        return (*(-key(each) for key in respects.values()), each.attempt)

    ranking = sorted(candidates, key=rank)
    reasons = []
    left = list(ranking)
    for words, key in respects.items():
        most = key(left[0])
        best = [each for each in left if key(each) == most]
        if len(best) < len(left):
            reasons.append(f"{_attempts(best)}: {words}, of {_attempts(left)}")
        left = best
    if len(left) > 1:
        reasons.append(f"attempt {left[0].attempt}: the first of {len(left)} that are alike in all")
    if len(ranking) == 1:
        reasons.append(f"attempt {ranking[0].attempt} is the only one with a patch")
    return Choice(ranking[0].attempt, tuple(reasons), tuple(each.attempt for each in ranking))


def leader(candidates: Sequence[Candidate], left: int) -> NormalForm | None:
    """The normal form that has the majority whatever comes; None while there is none.

    Args:
        candidates: so far.
        left: attempts still to come, which may all agree on any patch.
    """
    ranked = Counter(votes(with_patch(candidates))).most_common(2)
    if not ranked:
        return None
    (form, most), second = ranked[0], ranked[1][1] if len(ranked) > 1 else 0
    return form if most > second + left else None


def _attempts(candidates: Sequence[Candidate]) -> str:
    numbers = sorted(each.attempt for each in candidates)
    if len(numbers) == 1:
        return f"attempt {numbers[0]}"
    return f"attempts {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
