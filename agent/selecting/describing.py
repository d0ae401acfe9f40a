"""A choice among attempts with all there is to say of it: who, why, how well such choices do."""

from collections.abc import Mapping, Sequence

from agent.selecting.candidate import Candidate, Choice
from agent.selecting.estimators import over_issues
from agent.selecting.recorded import Recorded
from agent.selecting.registry import CHOOSING, STRATEGIES
from agent.selecting.selection import AttemptRow, Estimated, Generated, Selection


def selection_of(
    strategy: str,
    attempts: Sequence[Recorded],
    candidates: Sequence[Candidate],
    *,
    wanted: int | None = None,
    tests: Generated | None = None,
    notes: Sequence[str] = (),
    estimated: bool = True,
) -> Selection:
    """A choice among attempts at one issue.

    Args:
        strategy: what chooses, by its name.
        attempts: at least one.
        candidates: the same, with all that is known of them.
        wanted: attempts that there could have been; those there are without it.
        tests: of the generated ones.
        notes: as in `Selection`.
        estimated: whether estimates are wanted.
    """
    choices = {name: each.choose(candidates) for name, each in STRATEGIES.items()}
    chosen: Choice = choices[strategy]
    runs = {each.candidate.attempt: each for each in attempts}
    letters = _letters(candidates)
    known = known_outcomes(attempts, candidates)
    return Selection(
        issue=attempts[0].run.record.issue.id,
        strategy=strategy,
        wanted=wanted or len(attempts),
        attempts=tuple(_row(runs[each.attempt], each, letters) for each in candidates),
        chosen=chosen.attempt,
        run=runs[chosen.attempt].run.folder.name if chosen.attempt is not None else None,
        reasons=chosen.reasons,
        others={
            name: each.attempt
            for name, each in choices.items()
            if name != strategy and STRATEGIES[name].informed(known or candidates)
        },
        tests=tests or Generated(),
        estimates=estimates([known]) if known and estimated else (),
        notes=tuple(notes),
    )


def known_outcomes(
    attempts: Sequence[Recorded], candidates: Sequence[Candidate]
) -> list[Candidate]:
    """The candidates to estimate from; none where it is not known of all that ended how they did.

    Args:
        attempts: at one issue.
        candidates: the same.
    """
    ended = {each.candidate.attempt for each in attempts if each.ended}
    counting = [each for each in candidates if each.attempt in ended]
    return counting if all(each.resolved is not None for each in counting) else []


def estimates(issues: Sequence[Sequence[Candidate]], seed: int = 0) -> tuple[Estimated, ...]:
    """How well each strategy does with 1, 2, 4, ... attempts, and with all of them.

    Those are left out that have nothing to go by.

    Args:
        issues: the candidates of each, all known to resolve it or not.
        seed: of what is drawn.
    """
    most = max(map(len, issues), default=0)
    sizes = sorted({*(1 << n for n in range(most.bit_length()) if 1 << n <= most), most} - {0})
    every = [each for candidates in issues for each in candidates]
    # The oracle's number is pass@k: where one resolves the issue, that is chosen.
    names = [name for name in CHOOSING if STRATEGIES[name].informed(every)]
    found = []
    for k in sizes:
        for name in ("pass", *names):
            made = over_issues(issues, k, STRATEGIES.get(name), seed)
            found.append(
                Estimated(
                    name=name,
                    k=k,
                    value=made.value,
                    low=made.low,
                    high=made.high,
                    issues=made.issues,
                    exact=made.exact,
                )
            )
    return tuple(found)


def _row(attempt: Recorded, candidate: Candidate, letters: Mapping[object, str]) -> AttemptRow:
    result = attempt.run.result
    return AttemptRow(
        attempt=candidate.attempt,
        run=attempt.run.folder.name,
        status=result.status if result else "running",
        patch=letters.get(candidate.form, ""),
        tokens=candidate.tokens,
        lost=candidate.lost,
        outcomes=dict(candidate.outcomes),
        resolved=candidate.resolved,
    )


def _letters(candidates: Sequence[Candidate]) -> dict[object, str]:
    """A name for each normal form: A, B, ..., Z, A1, B1, ..."""
    forms = dict.fromkeys(
        each.form for each in candidates if each.form is not None and not each.form.empty
    )
    return {form: f"{chr(65 + n % 26)}{n // 26 or ''}" for n, form in enumerate(forms)}
