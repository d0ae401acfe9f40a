"""Which process something belongs to, in a form that outlives the process.

A container, an image or a scratch folder carries its owner's token. Whoever cleans up later can
tell from it whether that process is still there: process ids are used again, so the token holds the
machine's boot and the process's start time as well.
"""

import functools
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Owner:
    """A process.

    Attributes:
        boot: names this boot of this machine.
        pid: the process id.
        start: when it started, in clock ticks since the boot.
    """

    boot: str
    pid: int
    start: int

    @classmethod
    def current(cls) -> "Owner":
        """This process."""
        return cls(_boot(), os.getpid(), _start_time(os.getpid()) or 0)

    @classmethod
    def parse(cls, token: str) -> "Owner | None":
        """The owner a token names, or None when it is not a token of ours."""
        boot, *numbers = token.split(".")
        if len(numbers) != 2 or not all(number.isdecimal() for number in numbers):
            return None
        return cls(boot, int(numbers[0]), int(numbers[1]))

    @property
    def token(self) -> str:
        """The owner in letters, digits and dots."""
        return f"{self.boot}.{self.pid}.{self.start}"

    def here(self) -> bool:
        """Whether it was a process of this boot of this machine: of others nothing is known."""
        return self.boot == _boot()

    def alive(self) -> bool:
        """Whether the process is still there; an unknown machine's processes count as alive."""
        return not self.here() or _start_time(self.pid) == self.start


@functools.cache
def _boot() -> str:
    try:
        text = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    except OSError:  # not Linux: the engine is then on another machine anyway
        text = os.uname().nodename
    return "".join(sign for sign in text if sign.isalnum())[:16]


def _start_time(pid: int) -> int | None:
    """Clock ticks from the boot to the process's start, or None when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name in parentheses may hold spaces and parentheses itself.
    return int(stat.rpartition(")")[2].split()[19])
