"""What the patch screen shows of a run: its patch, and its tests before and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.events import Event, Submitted, Verified
from agent.replay.patch import ChangedFile, read_patch
from agent.replay.reading import RecordedRun
from agent.replay.steps import steps_of
from agent.tui.screens.patch.outcomes import OutcomeRow, seen_tests, verified_tests
from agent.tui.screens.patch.rows import Hunked, coloured
from agent.tui.words import title


@dataclass(frozen=True, slots=True)
class Patched:
    """A patch to look at. Texts are as they were written: not safe to draw.

    Attributes:
        title: what it is of.
        patch: in git's form; empty for none yet.
        files: the same, read.
        hunks: of each file.
        about: what there is to know of it, in our words.
        tests: before and after.
        tests_from: where they were run, in our words.
        name: of the file it would be saved as.
        checkout: where it may belong; empty where that is not on this machine.
    """

    title: str
    patch: str
    files: tuple[ChangedFile, ...]
    hunks: tuple[tuple[Hunked, ...], ...]
    about: str
    tests: tuple[OutcomeRow, ...]
    tests_from: str
    name: str
    checkout: str

    @property
    def counts(self) -> str:
        """How much changes; empty for nothing."""
        if not self.files:
            return ""
        added, removed = (
            sum(file.count(kind) for file in self.files) for kind in ("added", "removed")
        )
        plural = "" if len(self.files) == 1 else "s"
        return f"{len(self.files)} file{plural}  +{added} -{removed}"


def patch_of(run: RecordedRun) -> Patched:
    """The last patch that was handed in, and what came of it."""
    handed_in = _handed_in(run.events)
    verified = next((e.data for e in reversed(run.events) if isinstance(e.data, Verified)), None)
    tests = verified_tests(verified) if verified else seen_tests(steps_of(run.events))
    where = "verified in a clean sandbox" if verified else "as the run saw them, first and last"
    return patched(
        run,
        handed_in.patch if handed_in else "",
        about=_about(run, handed_in, verified),
        tests=tests,
        tests_from=where if tests else "",
    )


def patched(
    run: RecordedRun,
    patch: str,
    *,
    about: str,
    tests: Sequence[OutcomeRow] = (),
    tests_from: str = "",
    suffix: str = "",
) -> Patched:
    """A patch of a run, ready to be shown; reading a long one takes a while.

    Args:
        run: whose.
        patch: in git's form.
        about: what there is to know of it.
        tests, tests_from: see `Patched`.
        suffix: of the name it would be saved as.
    """
    files = tuple(read_patch(patch)) if patch else ()
    issue = run.record.issue
    local = issue.repo and ":" not in issue.repo and Path(issue.repo).is_dir()
    return Patched(
        title=f"{issue.id}  {title(issue)}",
        patch=patch,
        files=files,
        hunks=tuple(tuple(coloured(file)) for file in files),
        about=about,
        tests=tuple(tests),
        tests_from=tests_from,
        name=f"{run.folder.name}{suffix}",
        checkout=issue.repo if local else "",
    )


def _handed_in(events: Sequence[Event]) -> Submitted | None:
    """The last that applies; one that does not, where there is no other."""
    found = [event.data for event in events if isinstance(event.data, Submitted)]
    return next((each for each in reversed(found) if each.applies), found[-1] if found else None)


def _about(run: RecordedRun, handed_in: Submitted | None, verified: Verified | None) -> str:
    if handed_in is None:
        return "nothing is handed in yet" if run.result is None else "nothing was handed in"
    by = "handed in by the policy" if handed_in.by == "policy" else "taken as it stood at the end"
    if not handed_in.applies or (verified and not verified.applied):
        return f"{by}; it does not apply"
    if verified is None:
        return f"{by}; not verified yet" if run.result is None else f"{by}; not verified"
    return f"{by}; {'✓ it resolves the issue' if verified.resolved else '✗ it does not resolve it'}"
