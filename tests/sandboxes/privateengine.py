"""An engine of a test's own: stopped, started anew and gone for good, unlike the one all share.

It has its own folders, socket and network namespace, so that nothing of the shared engine is
touched: a second daemon in the same network namespace would delete the first one's bridge.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from sandboxes.engine import Engine

_PATH = os.environ.get("PATH", "") + os.pathsep + "/usr/local/sbin:/usr/sbin:/sbin"
_READY_SECONDS = 60.0
_NO_NETWORK = ("--bridge", "none", "--iptables=false", "--ip-forward=false", "--ip-masq=false")


def why_not() -> str:
    """Why no daemon can be started here; empty when one can."""
    if os.geteuid() != 0:
        return "starting an engine needs root"
    missing = [name for name in ("dockerd", "unshare") if not shutil.which(name, path=_PATH)]
    return f"there is no {missing[0]} on this machine" if missing else ""


class Daemon:
    """A dockerd of its own.

    Attributes:
        url: where it listens.
    """

    def __init__(self, folder: Path) -> None:
        self.url = f"unix://{folder}/docker.sock"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, keeps: bool = True) -> None:
        """Start it and wait until it answers. Blocks.

        Args:
            keeps: whether containers live on while it is away.
        """
        folder = self._folder
        options = [*_NO_NETWORK, *(["--live-restore"] if keeps else [])]
        with (folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *("unshare", "--net", "dockerd", *options),
                    *("--host", self.url, "--pidfile", folder / "pid"),
                    *("--data-root", folder / "data", "--exec-root", folder / "exec"),
                ],
                env={**os.environ, "PATH": _PATH},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            with contextlib.suppress(Exception):
                Engine.connect(self.url).close()
                return
            said = (folder / "log").read_text(errors="replace")[-2000:]
            assert self._process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.05)

    def stop(self) -> None:
        """End the daemon as its service manager does. Blocks."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)
            self._process = None

    def end(self) -> None:
        """End it and whatever it kept. Blocks."""
        if self._process is None:
            self.start()
        engine = Engine.connect(self.url)
        for each in engine.client.api.containers(all=True):
            engine.forget_container(each["Id"])
        engine.close()
        self.stop()
        # One that kept containers may have left its folder mounted on itself.
        if str(self._folder / "data") in Path("/proc/self/mountinfo").read_text().split():
            subprocess.run(["umount", self._folder / "data"], check=True)


@contextlib.asynccontextmanager
async def daemon() -> AsyncIterator[Daemon]:
    """A daemon that runs, without any image; gone at the end."""
    # Not pytest's own folder: a socket's path may have 108 bytes only.
    folder = Path(tempfile.mkdtemp(prefix="foretrace-engine-"))
    made = Daemon(folder)
    try:
        await asyncio.to_thread(made.start)
        yield made
    finally:
        await asyncio.to_thread(made.end)
        shutil.rmtree(folder)
