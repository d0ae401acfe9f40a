"""``foretrace nano record``: programs that others wrote, made into something to measure with."""

import asyncio
import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.asyncrun import run_async
from agent.cli.options import engine_options, settings_options
from agent.cli.terminal import safe
from agent.config import Settings
from agent.errors import DONE, WrongUse

if TYPE_CHECKING:
    from model.nano.record import Record


@click.command("record")
@click.argument("rows", metavar="ROWS", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder to make.")
@engine_options
@settings_options
def command(rows: Path, settings: Settings) -> int:
    """Record programs that others wrote, in a sandbox, for `nano eval --data`.

    ROWS is a file of JSON lines with `code`, `input` and `id`, as CRUXEval publishes them.
    """
    return run_async(_work(rows, settings.out, settings))


async def _work(path: Path, out: Path, settings: Settings) -> int:
    from agent.cli.progressline import ProgressLine
    from agent.nano.foreign import read_rows, recorded
    from sandboxes.docker import DockerSandbox
    from sandboxes.engine import Engine, sweep
    from sandboxes.environment.base import ensure_base

    wanted = read_rows(path)
    engine = await asyncio.to_thread(Engine.connect, settings.engine or None)
    try:
        await sweep(engine)
        python = settings.environment.python or settings.images.python
        image = await ensure_base(engine, python, settings=settings.images, progress=_say)
        limits = settings.sandbox.limits()
        async with DockerSandbox(engine, image.id, limits=limits, run="nano") as sandbox:
            line = ProgressLine(len(wanted))
            found = await recorded(wanted, sandbox, lambda: line.advance("recorded"))
            line.end()
    finally:
        engine.close()
    _write(out, found)
    click.echo(f"{len(found)} of {len(wanted)} programs recorded, in {safe(str(out))}")
    return DONE


def _write(out: Path, found: "list[Record]") -> None:
    text = "".join(record.model_dump_json() + "\n" for record in found)
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "test.jsonl.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    except OSError as error:
        raise WrongUse(f"cannot write to {out}: {error.strerror or error}") from None


def _say(line: str) -> None:
    click.echo(f"  {safe(line)}", err=True)
