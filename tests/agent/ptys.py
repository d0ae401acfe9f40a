"""A process on a terminal of its own, and a user who reads the screen and types."""

import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

CTRL_C = "\x03"
CTRL_D = "\x04"
ENTER = "\r"

_PATIENCE_SECONDS = 120.0
_STYLES = re.compile(r"\x1b\[[0-9;]*[mK]")


class OnTerminal:
    """A process that runs on a terminal. Use as a context manager: leaving it kills the process.

    Attributes:
        raw: everything the terminal received.
    """

    def __init__(
        self,
        command: Sequence[object],
        *,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        stdout: int | None = None,
    ) -> None:
        """Args: stdout: of the process, where it is not to be the terminal."""
        self.raw = b""
        self._seen = 0
        self._master, self.slave = pty.openpty()
        self.process = subprocess.Popen(
            [str(word) for word in command],
            cwd=folder,
            env=dict(os.environ, TERM="xterm", **(environment or {})),
            stdin=self.slave,
            stdout=self.slave if stdout is None else stdout,
            stderr=self.slave,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)
        os.close(self.slave)

    @property
    def screen(self) -> str:
        """Everything shown so far, without colours."""
        return _STYLES.sub("", self.raw.decode("utf-8", "replace")).replace("\r\n", "\n")

    def wait_for(self, text: str) -> None:
        """Until the text appears after what was waited for before."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (found := self.screen.find(text, self._seen)) < 0:
            assert time.monotonic() < deadline, f"{text!r} did not appear:\n{self.screen}"
            ended = self.process.poll() is not None
            if not self._receive(0.05) and ended:
                raise AssertionError(f"{text!r} did not appear before the end:\n{self.screen}")
        self._seen = found + len(text)

    def press(self, keys: str) -> None:
        """Type keys as they are."""
        os.write(self._master, keys.encode())

    def type(self, line: str) -> None:
        """Type a line and Enter."""
        self.press(line + ENTER)

    def end(self) -> int:
        """Wait for the process; returns its status."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it does not end:\n{self.screen}"
            self._receive(0.05)
        while self._receive(0):
            pass
        return self.process.returncode

    def mode(self) -> list[object]:
        """The terminal's settings."""
        return termios.tcgetattr(self.slave)

    def _receive(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        self.raw += os.read(self._master, 65536)
        return True


def _take_terminal() -> None:
    """In the child, which leads a session without a terminal: this one shall be its own."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
