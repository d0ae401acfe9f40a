"""``foretrace tui --web``: the terminal UI in a browser."""

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import click

from agent.cli.asyncrun import run_async
from agent.cli.terminal import safe
from agent.config import Settings
from agent.errors import DONE, WrongUse

HOST, PORT = "127.0.0.1", 8765


def serve_screen(
    settings: Settings, words: Sequence[str], host: str, port: int, *, others: bool
) -> int:
    """Serve the UI until Ctrl-C; runs go on without it.

    Args:
        settings: of the folder of runs.
        words: arguments of ``foretrace tui`` for every screen that is opened.
        host: where to listen.
        port: 0 takes a free one.
        others: whether other machines may reach it.

    Raises:
        WrongUse: the extra ``web`` is not installed, or it cannot listen there.
    """
    if find_spec("textual_serve") is None:
        raise WrongUse(
            "a screen in the browser needs the extra web", "pip install 'foretrace[web]'"
        )
    from agent.tui.web.address import listen
    from agent.tui.web.server import ScreenServer

    listening, address = listen(host, port, others=others)
    log = settings.out.absolute() / "started" / "web.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    server = ScreenServer([sys.executable, "-m", "agent.cli", "tui", *words], address, log)
    if not address.local:
        click.echo(
            "foretrace: other machines can reach this, and nothing is encrypted: who reads the"
            " address on the way can do on this machine whatever you can",
            err=True,
        )
    click.echo(f"Foretrace is at {safe(address.url)}")
    click.echo("  the address is the key to it; Ctrl-C ends it, and runs go on", err=True)
    run_async(server.serve_until_cancelled(listening))
    return DONE


def words_of(
    run: Path | None, out: Path, config: Path | None, asked: tuple[Path, str] | None
) -> list[str]:
    """Arguments of ``foretrace tui`` that open the same in a process of its own."""
    words = [f"--out={out}"]
    if config is not None:
        words.append(f"--config={config}")
    if asked is not None:
        words += [f"--trace={asked[0]}", f"--call={asked[1]}"]
    return [*words, *(["--", str(run)] if run is not None else [])]
