"""The real program in a real terminal: tmux draws it, a test reads what is drawn and types."""

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

TMUX = shutil.which("tmux")
WITHOUT = "there is no tmux; apt-get install tmux"

_PATIENCE_SECONDS = 120.0


class Terminal:
    """One terminal of 80 by 24 cells, or as large as it was asked for."""

    def __init__(self, server: str, ended: Path) -> None:
        """Args: server: tmux's name for it. ended: where the program's status comes to stand."""
        self._server = server
        self._ended = ended

    def tmux(self, *words: str) -> str:
        """Call tmux on this terminal's server; returns what it prints."""
        command = ["tmux", "-L", self._server, "-f", os.devnull, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def text(self) -> str:
        """What is on the screen."""
        return self.tmux("capture-pane", "-p")

    def shows(self, *texts: str) -> str:
        """Wait until texts are on the screen; returns all that is."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while missing := [each for each in texts if each not in (shown := self.text())]:
            assert time.monotonic() < deadline, f"{missing} do not appear:\n{shown}"
            time.sleep(0.1)
        return shown

    def type(self, text: str) -> None:
        """Type letters."""
        self.tmux("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names for them."""
        self.tmux("send-keys", *keys)

    def resize(self, width: int, height: int) -> None:
        """As if the user pulled at the window's edge."""
        self.tmux("resize-window", "-x", str(width), "-y", str(height))

    @property
    def pid(self) -> int:
        """Of the program."""
        shell = self.tmux("display-message", "-p", "#{pane_pid}").strip()
        (child,) = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
        return int(child)

    def status(self) -> int:
        """Wait for the program's end; returns its status."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not (said := self._ended.read_text()):
            assert time.monotonic() < deadline, f"it does not end:\n{self.text()}"
            time.sleep(0.05)
        return int(said)


@contextmanager
def terminal(
    *arguments: object,
    folder: Path,
    environment: Mapping[str, str],
    size: tuple[int, int] = (80, 24),
) -> Iterator[Terminal]:
    """``foretrace`` in a terminal of its own; leaving the block closes it.

    Args:
        arguments: of ``foretrace``.
        folder: where it is called.
        environment: of it, whole.
        size: columns and rows.
    """
    name = f"foretrace-test-{uuid.uuid4().hex[:8]}"
    ended = folder / f"{name}.status"
    ended.touch()
    shown = Terminal(name, ended)
    words = ["sh", "-c", '"$@"; echo $? > "$0"', str(ended)]
    words += [sys.executable, "-m", "agent.cli", *map(str, arguments)]
    width, height = size
    sets = [word for each in _ours(environment) for word in ("-e", each)]
    try:
        shown.tmux(
            *("start-server", ";", "set-option", "-g", "remain-on-exit", "on", ";"),
            *("set-option", "-g", "default-terminal", "screen-256color", ";"),
            *("new-session", "-d", "-x", str(width), "-y", str(height), "-c", str(folder)),
            *sets,
            *words,
        )
        yield shown
    finally:
        subprocess.run(["tmux", "-L", name, "kill-server"], capture_output=True)


def _ours(environment: Mapping[str, str]) -> list[str]:
    """What is set beside what the test itself has: tmux's server has that already."""
    return [
        f"{name}={value}" for name, value in environment.items() if os.environ.get(name) != value
    ]
