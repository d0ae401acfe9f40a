"""Attempts as their runs' folders tell of them."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent.config import Settings
from agent.events import Event, Forecasted, Submitted, Verified
from agent.issue import Issue
from agent.replay.reading import RecordedRun, open_run
from agent.runfolder import RunResult, own_events
from agent.scratch import scratch_folder
from agent.selecting.candidate import Candidate, Foretold
from agent.selecting.diffs import DoesNotFit, read_changes
from agent.selecting.examining import holds_back, lost_to
from agent.selecting.normal import normal_form
from sandboxes.errors import SandboxError

_LARGEST = 4 * 1024**2
"""Bytes of a file that is read to compare patches of it."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One attempt that has ended.

    Attributes:
        run: its folder, read.
        candidate: what is known of it; the normal form is still missing.
    """

    run: RecordedRun
    candidate: Candidate

    @property
    def ended(self) -> bool:
        """Whether it came to an end of its own: one that the infrastructure ended says nothing."""
        return self.run.result is not None and self.run.result.status != "failed"

    @property
    def verified(self) -> Verified | None:
        """Its verification."""
        return self.run.result.verification if self.run.result else None


def recorded(folder: Path, attempt: int) -> Recorded:
    """An attempt, from its folder.

    Args:
        folder: of the run.
        attempt: the number it is to have.

    Raises:
        WrongUse: it cannot be read.
        TrajectoryCorrupt: its events cannot be.
    """
    run = open_run(folder)
    result = run.result
    ended = result is not None and result.status != "failed"
    usage: Mapping[str, float] = result.usage if result else {}
    verified = result.verification if result else None
    seen = verified is not None and not holds_back(run.record.issue)
    candidate = Candidate(
        attempt=attempt,
        patch=_patch(run.events) if ended else "",
        tokens=int(usage.get("input_tokens", 0) + usage.get("output_tokens", 0)),
        lost=lost_to(verified) if verified is not None and seen else None,
        verdicts=_verdicts(run.events),
        resolved=_resolved(result),
    )
    return Recorded(run, candidate)


async def in_normal_form(
    attempts: Sequence[Candidate], issue: Issue, settings: Settings, known: "BaseFiles"
) -> list[Candidate]:
    """The candidates with their patches' normal forms.

    Args:
        attempts: at one issue.
        issue: that issue.
        settings: where sources are kept.
        known: files of the base, which is added to.
    """
    await known.read(issue, settings, [each.patch for each in attempts])
    return [
        replace(each, form=normal_form(each.patch, known.texts.get)) if each.patch else each
        for each in attempts
    ]


class BaseFiles:
    """Files of one issue's base, as far as patches of it have touched them.

    Attributes:
        texts: by path.
        problem: why they cannot be had; empty where they can. Patches are compared as text then.
    """

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.problem = ""
        self._asked: set[str] = set()

    async def read(self, issue: Issue, settings: Settings, patches: Iterable[str]) -> None:
        """Read what these patches touch and is not known yet."""
        new = {path for patch in patches for path in _touched(patch)} - self._asked
        if not new or self.problem:
            return
        self._asked |= new
        try:
            self.texts |= await asyncio.to_thread(_read, issue, settings, new)
        except SandboxError as error:
            self.problem = f"patches are compared as text: {error.message}"


def _touched(patch: str) -> set[str]:
    """The files that a patch changes."""
    try:
        return {each.old for each in read_changes(patch) if each.old}
    except DoesNotFit:
        return set()


def _read(issue: Issue, settings: Settings, paths: Iterable[str]) -> dict[str, str]:
    from sandboxes.repository.checkout import prepare_checkout

    with scratch_folder(settings.cache) as scratch:
        checkout = prepare_checkout(
            issue.repo,
            base=issue.base,
            cache=settings.cache / "sources",
            into=scratch / "checkout",
        )
        root = checkout.path.resolve()
        found = {path: _text(root, path) for path in paths}
    return {path: text for path, text in found.items() if text is not None}


def _text(root: Path, path: str) -> str | None:
    """A file of a checkout, whose links may lead anywhere; None where it is not to be had."""
    file = root / path
    try:
        if not file.is_relative_to(root) or file.resolve() != file or not file.is_file():
            return None
        if file.stat().st_size > _LARGEST:
            return None
        return file.read_bytes().decode("utf-8", "surrogateescape")
    except (OSError, ValueError, RuntimeError):
        return None


def _patch(events: Iterable[Event]) -> str:
    """The last patch that was handed in and applies; empty for none."""
    handed = [event.data for event in events if isinstance(event.data, Submitted)]
    return next((each.patch for each in reversed(handed) if each.applies), "")


def _verdicts(events: Sequence[Event]) -> dict[str, Foretold]:
    """The last prediction of each test, up to the patch."""
    own = list(own_events(events))
    last = max((n for n, each in enumerate(own) if isinstance(each.data, Submitted)), default=-1)
    told = (event.data for event in own[: last + 1] if isinstance(event.data, Forecasted))
    return {each.test: Foretold(each.verdict, each.confidence) for each in told}


def _resolved(result: RunResult | None) -> bool | None:
    """Whether a run is known to have resolved its issue; None where nothing can tell."""
    if result is None or result.status in ("failed", "submitted"):
        return None
    return result.status == "resolved"
