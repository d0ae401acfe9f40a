"""``foretrace trace``: record what a program does, in a sandbox, and show it frame by frame."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from agent.cli.asyncrun import run_async
from agent.cli.options import engine_options, settings_options
from agent.cli.program import say
from agent.cli.recorded import Recorded, sandbox_of, target_of, unrunnable
from agent.cli.terminal import safe
from agent.config import Settings
from agent.errors import DONE, NOT_VERIFIED

if TYPE_CHECKING:
    from sandboxes.recording import Recording, RecordingLimits

_NO_ENTRY = "a FILE with --call 'f(1)' or --script, or --test ID"


@click.command("trace")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--call", metavar="EXPR", help="Record this call on FILE: 'f(1)'.")
@click.option("--test", metavar="ID", help="Record this test, as pytest names it.")
@click.option("--script", is_flag=True, help="Record FILE as it is run.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "cwm", "json"]),
    default="text",
    help="Text for people, the model's own form, or a JSON object for each frame.",
)
@click.option(
    "--repo", metavar="WHERE", help="FILE's project: its environment is built, as in run."
)
@click.option("--base", metavar="REV", help="This revision of it.")
@click.option("--events", type=click.IntRange(1), default=10_000, help="End after so many.")
@click.option("--depth", type=click.IntRange(0), default=0, help="End when calls are so deep.")
@click.option("--time", type=click.FloatRange(0.1), default=30.0, help="End after so many seconds.")
@click.option("--function", "functions", multiple=True, metavar="NAME", help="Only these.")
@engine_options
@settings_options
def command(
    file: Path | None,
    call: str | None,
    test: str | None,
    script: bool,
    form: Literal["text", "cwm", "json"],
    repo: str | None,
    base: str | None,
    events: int,
    depth: int,
    time: float,
    functions: tuple[str, ...],
    settings: Settings,
) -> int:
    """Run a call, a test or a script in a sandbox and show each line it ran, with its locals.

    FILE alone is put into a fresh sandbox with the Python files beside it; with --repo it is a path
    in that repository.
    """
    from sandboxes.recording import RecordingLimits

    if sum((call is not None, test is not None, script)) != 1 or (file is None and test is None):
        raise click.UsageError(f"say what to record: {_NO_ENTRY}")
    limits = RecordingLimits(events=events, depth=depth, seconds=time)
    asked = Recorded(file, repo, call, test, script)
    return run_async(_trace(asked, base, form, limits, functions, settings))


async def _trace(
    asked: Recorded,
    base: str | None,
    form: Literal["text", "cwm", "json"],
    limits: "RecordingLimits",
    functions: tuple[str, ...],
    settings: Settings,
) -> int:
    from agent.cli.traceview import FORMS
    from model.trace.recording import read_recording
    from sandboxes.recording import record

    async with sandbox_of(asked, base, settings, say) as sandbox:
        target = await target_of(asked, sandbox)
        recording = await record(sandbox, target, limits, functions=functions)
    if recording.end == "error":
        raise unrunnable(asked, recording)
    text = FORMS[form](read_recording(recording.text), asked.call is not None)
    click.echo(safe(text) if sys.stdout.isatty() else text, nl=False)
    return _concluded(asked, recording)


def _concluded(asked: Recorded, recording: "Recording") -> int:
    """Say what kept the trace from its regular end, and which status that is."""
    what = asked.call or asked.test or asked.file
    if recording.end == "left" and recording.error is None:
        return DONE
    if recording.error and recording.error[0] != "SystemExit":
        complaint = f"{what} raised {recording.error[0]}: {recording.error[1]}"
    else:
        complaint = _ENDS.get(recording.end, "the recording ended early")
        complaint += f": {recording.detail}" if recording.detail else ""
    click.echo(f"foretrace: {safe(' '.join(complaint.split()))}", err=True)
    return NOT_VERIFIED


_ENDS = {
    "events": "a limit ended the trace",
    "depth": "a limit ended the trace",
    "bytes": "a limit ended the trace",
    "time": "a limit ended the trace",
    "exit": "the program ended itself",
    "killed": "the program was killed",
}
