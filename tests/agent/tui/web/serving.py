"""``foretrace tui --web`` as a process, for tests."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.agent.conftest import CommandLine
from tests.agent.scriptedmodel import until

_SAYS = "Foretrace is at "


@dataclass(frozen=True)
class Served:
    """A screen that is served.

    Attributes:
        url: as it was printed.
        process: of the server.
    """

    url: str
    process: subprocess.Popen[str]

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port is not None
        return port

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def screens(self) -> list[int]:
        """Processes of screens that are open."""
        listed = subprocess.run(
            ["ps", "-o", "pid=,stat=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
        ).stdout
        rows = [line.split() for line in listed.splitlines()]
        return [int(pid) for pid, state in rows if not state.startswith("Z")]


@contextmanager
def serving(foretrace: CommandLine, *flags: str) -> Iterator[Served]:
    """Serve until the block is left; then the server must end as it should."""
    process = foretrace.start("tui", "--web", "--port", "0", *flags)
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.startswith(_SAYS), process.communicate()
        served = Served(said.removeprefix(_SAYS).strip(), process)
        yield served
        before = served.screens()
        process.send_signal(signal.SIGTERM)
        _, complaints = process.communicate(timeout=60)
        assert "Traceback" not in complaints
        assert process.returncode == 128 + signal.SIGTERM
        until(lambda: not [pid for pid in before if _alive(pid)])
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _alive(pid: int) -> bool:
    """Whether it runs; one that nobody has asked for its status yet does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
