"""How far a long command has come: one line that changes on a terminal, now and then one elsewhere.

It is written to stderr, so that what a command prints stays clean.
"""

import shutil
import sys
import time

import click

from agent.cli.terminal import safe

_EVERY_SECONDS = 0.1
_TENTHS = 10


class ProgressLine:
    """Says how many of so many things are done.

    Args:
        total: things there are.
        before: those that were done before.
        quiet: say nothing.
    """

    def __init__(self, total: int, before: int = 0, *, quiet: bool = False) -> None:
        self._total = total
        self._before = before
        self._done = before
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._started = time.monotonic()
        self._shown_at = 0.0
        self._tenth = self._tenths()

    def advance(self, told: str) -> None:
        """One more is done.

        Args:
            told: how it goes, in a few words.
        """
        self._done += 1
        if self._quiet:
            return
        now = time.monotonic()
        if self._terminal:
            if now - self._shown_at >= _EVERY_SECONDS or self._done == self._total:
                self._shown_at = now
                width = shutil.get_terminal_size().columns
                click.echo(
                    f"\r\x1b[K{safe(self._line(told, now))[: width - 1]}", nl=False, err=True
                )
        elif self._tenths() != self._tenth:
            self._tenth = self._tenths()
            click.echo(safe(self._line(told, now)), err=True)

    def end(self) -> None:
        """Nothing more comes: what follows begins on a line of its own."""
        if self._terminal and self._shown_at:
            click.echo("", err=True)

    def _line(self, told: str, now: float) -> str:
        mine = self._done - self._before
        left = (now - self._started) / mine * (self._total - self._done)
        rest = f", {_duration(left)} left" if self._done < self._total else ""
        return f"  {self._done}/{self._total}  {told}{rest}"

    def _tenths(self) -> int:
        return self._done * _TENTHS // max(self._total, 1)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
