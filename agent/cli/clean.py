"""``foretrace clean``: what dead runs left behind."""

import asyncio

import click

from agent.cli.asyncrun import run_async
from agent.cli.options import settings_options
from agent.config import Settings


@click.command("clean")
@click.option("--all", "everything", is_flag=True, help="What living runs use, too.")
@click.option("--engine", metavar="URL", help="The container engine's address.")
@settings_options
def command(everything: bool, settings: Settings) -> int:
    """Remove containers, images and scratch folders that dead runs left behind."""
    return run_async(_clean(everything, settings))


async def _clean(everything: bool, settings: Settings) -> int:
    from agent.scratch import sweep_scratch
    from sandboxes.engine import Engine, sweep

    folders = sweep_scratch(settings.cache, everything=everything)
    engine = await asyncio.to_thread(Engine.connect, settings.engine or None)
    try:
        swept = await sweep(engine, everything=everything)
    finally:
        engine.close()
    click.echo(
        f"removed {len(swept.containers)} containers, {len(swept.images)} images, "
        f"{len(folders)} scratch folders"
    )
    return 0
