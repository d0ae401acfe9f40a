"""``foretrace doctor``: what works here."""

import click

from agent.cli.options import settings_options
from agent.cli.terminal import safe
from agent.config import Settings
from agent.errors import DONE, INFRASTRUCTURE

_MARKS = {
    "ok": ("ok     ", "green"),
    "missing": ("missing", "red"),
    "unused": ("unused ", "yellow"),
}


@click.command("doctor")
@click.option("--engine", metavar="URL", help="The container engine's address.")
@settings_options
def command(settings: Settings) -> int:
    """Say what works on this machine, and what mends the rest."""
    from agent.doctor import examine

    status = DONE
    for finding in examine(settings):
        mark, colour = _MARKS[finding.state]
        click.echo(f"{click.style(mark, fg=colour)}  {finding.name:<14} {safe(finding.detail)}")
        if finding.mend:
            click.echo(f"{'':9}mend it: {safe(finding.mend)}")
        if finding.state == "missing":
            status = INFRASTRUCTURE
    return status
