"""What a commit and a pull request say: what was wrong, who made the change, which tests saw it.

Titles, names of tests and reasons are somebody else's words and go through `plain`. The one word
that closes an issue is ours, and names the issue that the run was about.
"""

import textwrap
from collections.abc import Iterator

from agent.errors import IssueProblem
from agent.events import TestReport, Verified
from agent.publish.plain import block, code, plain
from agent.publish.submission import is_verified, model_of
from agent.replay.reading import RecordedRun
from agent.sources.github.address import Address, parse_address

_SUBJECT = 72
_WIDTH = 72
_IN_MESSAGE = 10
_IN_BODY = 50


def message_of(run: RecordedRun) -> str:
    """The commit's message; the user may edit it."""
    tests = [f"  {each.before} -> {each.after}  {plain(each.test)}" for each in told(run)]
    more = len(tests) - _IN_MESSAGE
    tests = tests[:_IN_MESSAGE] + ([f"  and {more} more"] if more > 0 else [])
    parts = [subject_of(run), closing(run), *map(_wrapped, _made(run)), "\n".join(tests)]
    return "\n\n".join(part for part in parts if part) + "\n"


def subject_of(run: RecordedRun) -> str:
    """One line that says what it is about: the issue's title."""
    issue = run.record.issue
    lines = (line.strip(" \t-#>*") for line in (issue.title, *issue.text.splitlines(), issue.id))
    line = next((each for each in lines if each), "")
    return plain(line, _SUBJECT) or "Resolve an issue"


def closing(run: RecordedRun) -> str:
    """What links the commit to the issue on GitHub; a verified one closes it. Empty elsewhere."""
    address = address_of(run)
    if address is None:
        return ""
    return f"{'Fixes' if is_verified(run) else 'Refs'} {address}"


def address_of(run: RecordedRun) -> Address | None:
    """The issue's place on GitHub; None where it was read elsewhere."""
    try:
        return parse_address(run.record.issue.url)
    except IssueProblem:
        return None


def body_of(run: RecordedRun, stat: str, base: str) -> str:
    """A pull request's text, in Markdown.

    Args:
        run: that made the change.
        stat: the files that it changes, as git counts them.
        base: the commit that it stands on.
    """
    return "\n".join(_body(run, stat, base)) + "\n"


def told(run: RecordedRun) -> list[TestReport]:
    """The tests worth naming: those that were to pass, and those that changed."""
    verified = run.result.verification if run.result else None
    if verified is None:
        return []
    kept = verified.pass_to_pass
    return [*verified.fail_to_pass, *(t for t in kept if t.before != t.after or t.flaky)]


def _made(run: RecordedRun) -> Iterator[str]:
    """Who made it, and what the verification saw."""
    yield f"Foretrace made this change in the run {plain(run.record.id)}."
    result = run.result
    verified = result.verification if result else None
    if not is_verified(run):
        reason = plain(result.reason) if result else ""
        yield f"It is NOT verified: {reason or 'nothing verified it'}."
    if verified is not None:
        yield f"On a clean sandbox, before and after it: {_counted(verified)}."


def _counted(verified: Verified) -> str:
    wanted, kept = verified.fail_to_pass, verified.pass_to_pass
    mended = sum(each.before != "passed" and each.after == "passed" for each in wanted)
    held = sum(each.before == each.after == "passed" for each in kept)
    parts = []
    if wanted:
        parts.append(f"{mended} of {len(wanted)} tests that were to pass do so now")
    if kept:
        parts.append(f"{held} of {len(kept)} that passed still do")
    return ", ".join(parts) or "no test says anything of it"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _body(run: RecordedRun, stat: str, base: str) -> Iterator[str]:
    if not is_verified(run):
        reason = plain(run.result.reason) if run.result else ""
        yield f"> **This change is not verified:** {code(reason or 'nothing verified it')}"
        yield ""
    if link := closing(run):
        yield f"{link}."
        yield ""
    yield "## What changes"
    yield ""
    yield from block(stat)
    yield ""
    yield from _verification(run, base)
    yield from _how(run)


def _verification(run: RecordedRun, base: str) -> Iterator[str]:
    verified = run.result.verification if run.result else None
    yield "## Verification"
    yield ""
    if verified is None:
        yield "None: no test was named that says whether the issue is resolved."
        yield ""
        return
    yield "The patch was applied to a clean sandbox, and the tests were run before and after it."
    yield f"The branch stands on {base[:12]}. In numbers: {_counted(verified)}."
    yield ""
    if tests := told(run):
        yield "| test | before | after |"
        yield "|---|---|---|"
        for each in tests[:_IN_BODY]:
            flaky = " (flaky)" if each.flaky else ""
            yield f"| {code(each.test)} | {plain(each.before)} | {plain(each.after)}{flaky} |"
        if len(tests) > _IN_BODY:
            yield f"| and {len(tests) - _IN_BODY} more | | |"
        yield ""


def _how(run: RecordedRun) -> Iterator[str]:
    model = model_of(run)
    by = f"the policy {code(run.record.policy)}{f' and the model {code(model)}' if model else ''}"
    steps = run.result.steps if run.result else 0
    yield "## How it was made"
    yield ""
    yield f"By Foretrace, in the run {code(run.record.id)}, with {by}, in {steps} steps."
    yield "Please read it as you would read anybody's change."
