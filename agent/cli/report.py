"""What a person reads at the end of a run: the patch, the tests before and after, where it lies."""

from collections.abc import Mapping

import click

from agent.cli.terminal import safe
from agent.events import TestReport, Verified
from agent.run import Run

_COLOURS = {"resolved": "green", "submitted": "yellow", "unresolved": "red", "failed": "red"}
_PATCH_COLOURS = {"+": "green", "-": "red", "@": "cyan"}
_TESTS_SHOWN = 20


def report(run: Run) -> None:
    """Print a run that has ended."""
    if run.patch:
        click.echo()
        print_patch(run.patch)
    if run.result.verification is not None:
        print_verification(run.result.verification)
    result = run.result
    if run.error is None:  # else it is told as every error is
        click.echo()
        click.secho(result.status, fg=_COLOURS[result.status], bold=True, nl=False)
        click.echo(f": {safe(result.reason)}")
    times = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in result.timings.items())
    click.echo(f"  {result.steps} steps" + (f"; {times}" if times else ""))
    if used := _used(result.usage):
        click.echo(f"  {used}")
    click.echo(f"  trajectory: {run.folder / 'events.jsonl'}")


def _used(usage: Mapping[str, float]) -> str:
    """What the model cost; nothing when there was none."""
    read, written = usage.get("input_tokens", 0), usage.get("output_tokens", 0)
    if not read and not written:
        return ""
    cached = usage.get("cached_tokens", 0)
    share = f" ({cached / read:.0%} of them cached)" if read and cached else ""
    cost = f"; {usage['cost']:.4f} US dollars" if "cost" in usage else ""
    return f"tokens: {read:,.0f} read{share}, {written:,.0f} written{cost}"


def print_patch(patch: str) -> None:
    """Print a diff, coloured on a terminal."""
    for line in patch.splitlines():
        heading = line.startswith(("+++", "---"))
        colour = None if heading else _PATCH_COLOURS.get(line[:1])
        click.secho(safe(line), fg=colour, bold=heading)


def print_verification(verified: Verified) -> None:
    """Print the tests before and after, the interesting ones by name."""
    click.echo()
    if not verified.applied:
        click.secho("the patch does not apply", fg="red")
    shown = [*verified.fail_to_pass]
    shown += [each for each in verified.pass_to_pass if each.after != each.before or each.flaky]
    if shown:
        click.echo("before   after    test")
    for each in shown[:_TESTS_SHOWN]:
        click.echo(_line(each))
    if len(shown) > _TESTS_SHOWN:
        click.echo(f"... and {len(shown) - _TESTS_SHOWN} more")
    kept = sum(each.before == each.after == "passed" for each in verified.pass_to_pass)
    if verified.pass_to_pass:
        click.echo(f"{kept} of {len(verified.pass_to_pass)} tests to be kept pass before and after")
    for note in verified.notes:
        click.echo(f"note: {safe(note)}")


def _line(test: TestReport) -> str:
    flaky = "  (flaky)" if test.flaky else ""
    return f"{_status(test.before)}  {_status(test.after)}  {safe(test.test)}{flaky}"


def _status(status: str) -> str:
    return click.style(f"{status:<7}", fg="green" if status == "passed" else "red")
