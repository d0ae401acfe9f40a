"""``foretrace batch``: many issues, several at once; ``batch ctl`` tells it things."""

import asyncio
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from agent.cli.asyncrun import run_async
from agent.cli.batchcompare import command as compare
from agent.cli.options import engine_options, model_options, run_options, settings_options
from agent.config import Settings
from agent.errors import DONE, INFRASTRUCTURE, WrongUse

if TYPE_CHECKING:
    from agent.batch.coordinator import Coordinator
    from agent.batch.folder import BatchRecord
    from agent.batch.issuelist import Entries
    from agent.batch.plan import Plan

P = ParamSpec("P")
R = TypeVar("R")


_OTHERS = (["ctl"], ["compare"])


class _Batch(click.Group):
    """``batch ISSUES`` is what a batch is mostly about: it needs no word of its own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args if args[:1] in _OTHERS else ["start", *args])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, found, rest = super().resolve_command(ctx, args)
        return ("" if name == "start" else name), found, rest


@click.command(cls=_Batch)
def command() -> None:
    """Let the agent resolve many issues."""


def batch_options(function: Callable[P, R]) -> Callable[P, R]:
    """Flags that say how much a batch does at once."""
    many = click.IntRange(min=1)
    options = (
        click.option("-j", "batch_concurrency", type=many, help="Runs at once.", metavar="N"),
        click.option("--attempts", "batch_attempts", type=many, help="Runs of each issue."),
        click.option("--workers", "batch_workers", type=many, help="Processes for the runs."),
        click.option("--builds", "batch_builds", type=many, help="Images prepared at once."),
        click.option("--requests", "batch_requests", type=many, help="Model requests at once."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@command.command("start", hidden=True)
@click.argument("issues", metavar="ISSUES")
@batch_options
@click.option("--name", metavar="NAME", help="Of the batch; by default after ISSUES.")
@click.option("--resume", is_flag=True, help="Go on with what is missing, or was not to be had.")
@click.option(
    "--on-bad",
    type=click.Choice(["skip", "stop"]),
    default="skip",
    help="What becomes of entries that are no issues.",
)
@run_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines, nothing else.")
@model_options
@engine_options
@settings_options
def start(
    issues: str,
    name: str | None,
    resume: bool,
    on_bad: str,
    script: Path | None,
    steered: str | None,
    as_json: bool,
    settings: Settings,
) -> int:
    """Let the agent resolve many issues, several at once.

    ISSUES is a list (JSON lines of SWE-bench rows or of our own, Parquet), or a search on GitHub;
    with --resume also a batch. A batch is a folder with everything in it, named after ISSUES.

    Ctrl-C ends it after what is running, a second one now; --resume goes on. While it runs,
    `foretrace batch ctl BATCH` can pause it, resume it, change how much runs at once, and more.
    `foretrace batch compare A B` says what one batch resolved and another did not.
    """
    from agent.batch.folder import BatchFolder, batch_at, is_batch, name_for
    from agent.batch.plan import Plan

    if steered or settings.confirm != "none":
        raise WrongUse("nobody can be asked in a batch", "leave out --confirm and --steered")
    if not resume and is_batch(Path(issues)):
        raise WrongUse(f"{issues} is a batch", "--resume goes on with it")
    if is_batch(Path(issues)):
        folder = BatchFolder(Path(issues))
    else:
        folder = batch_at(settings.out, name or name_for(issues))
    if is_batch(folder.path) and not resume:
        raise WrongUse(
            f"there is a batch in {folder.path} already",
            "--resume goes on with it, --name makes another",
        )
    strict = on_bad == "stop"
    if resume:
        record = folder.read()
        settings = _as_before(record, settings)
        entries = None if folder.issues.exists() else _entries(record.source, strict)
        plan = Plan(folder, settings, script or record.script, entries, strict)
    else:
        entries = _entries(issues, strict)
        record = _record(issues, settings, script)
        folder.create(record)
        plan = Plan(folder, settings, script, entries, strict)
    return run_async(_run(plan, record.policy, as_json))


def _entries(source: str, strict: bool) -> "Entries":
    """The issues of a list; what is wrong with its beginning is told before anything is made."""
    from agent.errors import IssueProblem
    from agent.sources.many import read_issues_once
    from agent.sources.source import Skipped

    def waiting(line: str) -> None:
        from agent.cli.terminal import safe

        click.echo(f"  {safe(line)}", err=True)

    entries = read_issues_once(source, waiting)
    first = next(entries, None)
    if isinstance(first, Skipped) and strict:
        raise IssueProblem(f"{source}: {first}", "--on-bad skip leaves such out")
    return iter(()) if first is None else chain([first], entries)


def _record(source: str, settings: Settings, script: Path | None) -> "BatchRecord":
    """What a batch sets out to do, as of now."""
    from importlib.metadata import version

    from agent.batch.folder import BatchRecord
    from agent.policies.registry import policy_name

    return BatchRecord(
        source=source,
        attempts=settings.batch.attempts,
        policy=policy_name(settings, script),
        script=script,
        started=datetime.now(UTC),
        settings=settings.model_dump(mode="json", exclude_unset=True),
        versions={"foretrace": version("foretrace")},
    )


def _as_before(record: "BatchRecord", now: Settings) -> Settings:
    """A batch's settings, with those over them that are set now: another model's address, say."""
    said = now.model_dump(mode="json", exclude_unset=True)
    return Settings(**_laid_over(record.settings, said))  # type: ignore[arg-type]  # validated


def _laid_over(below: dict[str, object], above: dict[str, object]) -> dict[str, object]:
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        both = isinstance(under, dict) and isinstance(value, dict)
        merged[name] = _laid_over(under, value) if both else value  # type: ignore[arg-type]
    return merged


async def _run(plan: "Plan", policy: str, as_json: bool) -> int:
    """Run a batch, and say what became of it.

    Raises:
        KeyboardInterrupt: it was stopped before its end.
    """
    from agent.batch.coordinator import Coordinator
    from agent.cli.batchview import report, watching
    from agent.scratch import sweep_scratch
    from sandboxes.engine import Engine, sweep
    from sandboxes.errors import SandboxError

    engine = await asyncio.to_thread(Engine.connect, plan.settings.engine or None)
    try:
        await sweep(engine)
        await asyncio.to_thread(sweep_scratch, plan.settings.cache)
        if policy == "cwm":
            await _ask_model(plan.settings)
        with watching(as_json) as watch:
            coordinator = Coordinator(plan, engine, watch)
            _heed_interrupts(coordinator)
            status = await coordinator.run()
    except OSError as error:
        raise SandboxError(
            f"cannot write to the batch {plan.folder.path}: {error.strerror or error}",
            "--resume goes on with it once that is mended",
        ) from None
    finally:
        engine.close()
    if not as_json:
        report(status)
    if coordinator.stopped:
        raise KeyboardInterrupt
    missing = status.total - status.done
    return INFRASTRUCTURE if missing else DONE


async def _ask_model(settings: Settings) -> None:
    """See that the model is there before anything starts; one that loads is waited for later.

    Raises:
        ModelError: it is not, and the user does not want to wait for it.
    """
    from agent.policies.cwm.connect import describe_server
    from model.errors import ServerFailed, ServerUnreachable

    try:
        await describe_server(settings.model)
    except ServerFailed:
        return
    except ServerUnreachable:
        if not settings.model.wait:
            raise


def _heed_interrupts(coordinator: "Coordinator") -> None:
    """The first Ctrl-C lets what runs end, the second stops it."""

    def interrupted() -> None:
        if pressed:
            coordinator.halt("Ctrl-C")
        else:
            coordinator.drain("Ctrl-C")
        pressed.append(True)

    pressed: list[bool] = []
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupted)


@command.command("ctl")
@click.argument("batch", metavar="BATCH")
@click.argument("do", type=click.Choice(["pause", "resume", "concurrency", "requeue", "stop"]))
@click.argument("what", required=False, metavar="[N|ISSUE]")
@settings_options
def control(batch: str, do: str, what: str | None, settings: Settings) -> int:
    """Tell a batch that runs what to do.

    BATCH is its folder or its name. pause starts nothing new until resume; concurrency N runs N
    issues at once; requeue ISSUE makes all attempts at an issue again; stop ends the batch after
    what is running.
    """
    from agent.batch.control import Command, ctl
    from agent.batch.folder import batch_at

    takes = {"concurrency": "a number", "requeue": "an issue's id"}
    if (do in takes) != (what is not None):
        raise WrongUse(f"{do} needs {takes[do]}" if do in takes else f"{do} takes nothing")
    if do == "concurrency" and not (what or "").isdecimal():
        raise WrongUse(f"{what} is no number")
    number = int(what or 0) if do == "concurrency" else 0
    told = Command.model_validate({"do": do, "number": number, "issue": what or ""})
    ctl(batch_at(settings.out, batch), told)
    return DONE


command.add_command(compare)
