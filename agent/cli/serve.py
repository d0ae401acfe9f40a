"""``foretrace serve``: a vLLM server with CWM's settings, once it is clear that it fits."""

import math
import os
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.asyncrun import run_async
from agent.cli.options import settings_options
from agent.cli.terminal import safe
from agent.config import Settings
from agent.errors import DONE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from model.serve.checkpoint import Checkpoint
    from model.serve.plan import Plan, Wish

_GIB = 1024**3


@click.command("serve")
@click.option(
    "--model",
    metavar="NAME|PATH",
    help="On the hub, a folder, or nano. [the one set, or facebook/cwm]",
)
@click.option("--tp", type=click.IntRange(1, 1024), help="GPUs that share it. [as few as hold it]")
@click.option("--quantization", metavar="NAME", help="Of the weights: fp8, ... [as stored]")
@click.option("--context", type=click.IntRange(min=1), help="Tokens of a request. [131072]")
@click.option("--kv-cache", type=click.FloatRange(min=0, min_open=True), metavar="GIB",
              help="Cache on each device. [what the weights leave]")  # fmt: skip
@click.option("--concurrency", type=click.IntRange(1, 100_000), default=1, show_default=True,
              help="Requests at a time, each as long as the context.")  # fmt: skip
@click.option("--dtype", default="auto", show_default=True, help="Of the numbers computed with.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65_535), default=8000, show_default=True)
@click.option("--force", is_flag=True, help="Start it although it seems not to fit.")
@click.option("--dry-run", is_flag=True, help="Say what it needs and the command, no more.")
@click.argument("more", metavar="[-- VLLM ARGUMENTS]", nargs=-1)
@settings_options
def command(
    tp: int | None,
    quantization: str | None,
    context: int | None,
    kv_cache: float | None,
    concurrency: int,
    dtype: str,
    host: str,
    port: int,
    force: bool,
    dry_run: bool,
    more: tuple[str, ...],
    settings: Settings,
) -> int:
    """Serve a model with vLLM, which has to be installed.

    What the model needs is worked out first and compared with the GPUs there are. The server
    runs until Ctrl-C, or until it ends by itself. What stands after -- is handed to vLLM.
    """
    from model.serve.command import command_line
    from model.serve.generation import write_defaults
    from model.serve.plan import Wish

    if more and not more[0].startswith("-"):
        raise click.UsageError(f"--model names the model, not {more[0]!r} alone")
    if kv_cache is not None and not math.isfinite(kv_cache):
        raise click.UsageError("--kv-cache is a number of GiB")
    cache = None if kv_cache is None else round(kv_cache * _GIB)
    wish = Wish(tp, quantization or None, context, cache, concurrency, dtype)
    checkpoint = _checkpoint(settings)
    program, plan = _plan(checkpoint, wish, optional=dry_run)
    for line in _describe(plan):
        click.echo(safe(line))
    if plan.problem is not None:
        if not force:
            plan.problem.hint += "; --force starts it all the same"
            raise plan.problem
        click.echo(safe(f"  started all the same: {plan.problem.message}"), err=True)
    folder = settings.cache.absolute() / "serve" / str(port)
    defaults = write_defaults(checkpoint.stop_ids, folder)
    arguments = command_line(program, plan, host, port, more, defaults)
    if dry_run:
        click.echo(safe(shlex.join(arguments)))
        return DONE
    return run_async(_serve(arguments, plan, (host, port), settings))


def _checkpoint(settings: Settings) -> "Checkpoint":
    """What is to be served: the model that is set, nano by its own name, or CWM."""
    from agent.predicting import NANO, nano_folder
    from model.nano.checkpoint import shipped
    from model.serve.checkpoint import CWM, find_checkpoint

    if settings.model.name == NANO and not Path(NANO).is_dir():
        return replace(find_checkpoint(str(nano_folder(settings) or shipped())), name=NANO)
    return find_checkpoint(settings.model.name or CWM)


def _plan(checkpoint: "Checkpoint", wish: "Wish", *, optional: bool) -> "tuple[str, Plan]":
    """vLLM's program, and how it will serve."""
    from model.errors import ModelMisconfigured
    from model.serve.command import build_of, find_vllm
    from model.serve.machine import look_around
    from model.serve.plan import make_plan

    machine = look_around()
    try:
        program = find_vllm()
    except ModelMisconfigured:
        if not optional:
            raise
        return "vllm", make_plan(checkpoint, wish, machine)
    build = build_of(program)
    if build == "cpu" and machine.gpus:
        click.echo(safe(f"{program} is the CPU build of vLLM: the GPUs stay unused"), err=True)
        machine = replace(machine, gpus=())
    plan = make_plan(checkpoint, wish, machine)
    if build == "gpu" and not machine.gpus and plan.problem is None:
        plan = replace(plan, problem=ModelMisconfigured(
            f"no GPU is found, and {program} is built for GPUs",
            "docs/serving.md says how to get the CPU build",
        ))  # fmt: skip
    return str(program), plan


def _describe(plan: "Plan") -> "Iterator[str]":
    """What it will take, line by line."""
    from model.serve.plan import gib

    devices = f"{len(plan.gpus)} x {plan.gpus[0].name}" if plan.gpus else "the processor"
    wish, needed = plan.wish, plan.need
    asked = f", {wish.quantization}" if wish.quantization else ""
    yield f"{plan.checkpoint.name} on {devices}{asked}"
    if needed is None:
        yield "  what it needs is not known: it is not here, or of a kind that is not counted"
        return
    each = " on each" if needed.devices > 1 else ""
    requests = "1 request" if wish.requests == 1 else f"{wish.requests} requests"
    cache = wish.requests * needed.request if wish.cache is None else wish.cache
    rows = (
        ("weights", needed.weights),
        (f"cache, {requests} of {wish.context:,} tokens", wish.requests * needed.request),
        ("everything else, estimated", needed.overhead),
        ("together", needed.total(0) + cache),
        ("vLLM may use" if plan.gpus else "available", plan.memory),
    )
    for name, size in rows:
        yield f"  {name:<40}{gib(size):>11}{each}"
    if plan.problem is None and plan.room is not None and plan.gpus:
        yield f"  room for about {plan.room:.1f} such requests at a time"


async def _serve(
    arguments: list[str], plan: "Plan", address: tuple[str, int], settings: Settings
) -> int:
    """Serve until it ends; by itself it does so for a reason, which is an error."""
    from model.serve.command import environment
    from model.serve.server import check_port, started

    def progress(line: str) -> None:
        click.echo(safe(f"  {line}"), err=True)

    check_port(*address)
    log = settings.cache.absolute() / "serve" / f"{address[1]}.log"
    own = environment(plan, os.environ)
    progress(f"starting vLLM; its output goes to {log}")
    async with started(arguments, own, address, log, progress) as server:
        seconds = await server.ready()
        for line in _ready(plan, address, seconds):
            click.echo(safe(line))
        raise await server.end()


def _ready(plan: "Plan", address: tuple[str, int], seconds: float) -> "Iterator[str]":
    """That it serves, and how it is used."""
    host, port = address
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"
    name = plan.checkpoint.name
    yield f"serving {name} at {url} after {seconds:.0f} s; Ctrl-C ends it"
    flags = ["--model-url", url, "--model", name]
    tokenizer = Path(plan.checkpoint.source) / "tokenizer.json"
    if plan.checkpoint.local and tokenizer.is_file():
        flags += ["--tokenizer", str(tokenizer)]
    yield f"  foretrace run ISSUE {shlex.join(flags)}"
    if host not in ("127.0.0.1", "localhost", "::1"):
        yield "  everybody who reaches this address can use it; docs/serving.md says what guards it"
