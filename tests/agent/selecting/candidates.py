"""Candidates made by hand: a letter is a patch."""

from agent.selecting.candidate import OTHER, REPRODUCED, RESOLVED, Candidate, Foretold, Outcome
from agent.selecting.normal import NormalForm

OUTCOMES: dict[str, Outcome] = {"y": RESOLVED, "n": REPRODUCED, "?": OTHER}


def form(letter: str) -> NormalForm:
    return NormalForm((("x.py", letter),))


def candidate(
    attempt: int,
    patch: str = "a",
    outcomes: str = "",
    *,
    tokens: int = 0,
    lost: tuple[str, ...] | None = (),
    verdicts: dict[str, tuple[str, float]] | None = None,
    resolved: bool | None = None,
) -> Candidate:
    """One.

    Args:
        attempt: its number.
        patch: the same letter is the same patch; empty for none.
        outcomes: of the generated tests, one letter each: see `OUTCOMES`.
        tokens, lost, resolved: as in `Candidate`.
        verdicts: by test, the verdict and the confidence.
    """
    told = {test: Foretold(*each) for test, each in (verdicts or {}).items()}
    return Candidate(
        attempt=attempt,
        patch=patch,
        form=form(patch) if patch else None,
        tokens=tokens,
        lost=lost,
        outcomes={f"test {n}": OUTCOMES[each] for n, each in enumerate(outcomes)},
        verdicts=told,
        resolved=resolved,
    )
