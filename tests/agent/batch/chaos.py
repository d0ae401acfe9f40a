"""Random kills, from a seed: workers, containers, the coordinator, the model's server.

Also a script, for batches too long for the suite::

    FORETRACE_CHAOS_ISSUES=1000 FORETRACE_CHAOS_AT_ONCE=32 pytest tests/agent/batch/test_chaos.py
"""

import asyncio
import contextlib
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sandboxes.engine import RUN, Engine
from tests.agent.batch.batches import Batches
from tests.agent.scriptedmodel import CHAT, Child, serving
from tests.model.http import Exchange
from tests.model.replies import Reply
from tests.model.server import ModelServer

_PAUSE_SECONDS = 4.0
_BEGIN_SECONDS = 120.0


@dataclass
class Conversations:
    """Replies that go by how far each conversation has come: runs may take turns as they like.

    Attributes:
        seconds: each takes.
        most: answers that were under way at once.
    """

    seconds: float = 0.2
    most: int = 0
    _under_way: int = 0
    _script: list[Reply] = field(default_factory=CHAT.resolution)

    async def __call__(self, exchange: Exchange, server: ModelServer) -> None:
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        try:
            await asyncio.sleep(self.seconds)
            messages = exchange.request.json["messages"]
            said = sum(message["role"] == "assistant" for message in messages)
            await self._script[min(said, len(self._script) - 1)](exchange, server)
        finally:
            self._under_way -= 1


class Chaos:
    """A batch that a model decides, and everything that is done to it.

    Attributes:
        done: how often each thing was.
        memory: the most that all processes of the batch had together, in bytes.
    """

    def __init__(self, batches: Batches, engine: Engine, seed: int) -> None:
        self.done: Counter[str] = Counter()
        self.memory = 0
        self._batches = batches
        self._engine = engine
        self._random = random.Random(seed)
        self._replies = Conversations()
        self._server = contextlib.ExitStack()
        self._url = self._server.enter_context(serving(fallback=self._replies)).url
        self._child: Child | None = None

    @property
    def child(self) -> Child:
        assert self._child is not None
        return self._child

    def play(self, at_once: int, kills: int) -> int:
        """Run the batch to its end with so many disturbances; its exit status."""
        with self._server:
            self._start(at_once)
            ways: tuple[Callable[[int], None], ...] = (
                *(self._kill_worker, self._kill_container, self._kill_coordinator),
                self._restart_server,
            )
            order = [ways[number % len(ways)] for number in range(kills)]
            self._random.shuffle(order)
            for way in order:
                self._wait(self._random.uniform(0.3, 1) * _PAUSE_SECONDS)
                if self.child.poll() is not None:
                    break
                way(at_once)
            while self.child.poll() is None:
                self._wait(1.0)
            _, err = self.child.communicate()
            assert "Traceback" not in err, err
            return self.child.returncode

    def _start(self, at_once: int) -> None:
        batches = self._batches
        flags: list[object] = ["--model-url", self._url, "--profile", "chat", "-j", at_once]
        if batches.folder.record.exists():
            flags.append("--resume")
        self._child = batches.foretrace.start("batch", batches.list, *flags)
        deadline = time.monotonic() + _BEGIN_SECONDS
        while not batches.folder.coordinator() and self.child.poll() is None:
            assert time.monotonic() < deadline, "the batch does not begin"
            time.sleep(0.05)

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.memory = max(self.memory, sum(map(_memory, self._processes())))
            time.sleep(0.2)

    def _processes(self) -> list[int]:
        return [self.child.pid, *_children(self.child.pid)]

    def _kill_worker(self, at_once: int) -> None:
        workers = _children(self.child.pid)
        if workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._random.choice(workers), 9)
            self.done["worker"] += 1

    def _kill_container(self, at_once: int) -> None:
        from docker.errors import APIError

        deadline = time.monotonic() + _BEGIN_SECONDS
        while not (ours := self._containers()) and self.child.poll() is None:
            assert time.monotonic() < deadline, "no run begins"
            time.sleep(0.1)
        if ours:
            with contextlib.suppress(APIError):  # it has ended meanwhile
                self._engine.client.api.kill(self._random.choice(ours))
            self.done["container"] += 1

    def _containers(self) -> list[str]:
        runs = {path.name for path in self._batches.folder.runs.iterdir()}
        found = self._engine.client.api.containers(filters={"label": [RUN]})
        return [each["Id"] for each in found if each["Labels"].get(RUN) in runs]

    def _kill_coordinator(self, at_once: int) -> None:
        self.child.kill()
        _, err = self.child.communicate()
        assert "Traceback" not in err, err
        self.done["coordinator"] += 1
        self._start(at_once)

    def _restart_server(self, at_once: int) -> None:
        self._server.close()
        self._wait(self._random.uniform(0.5, 2))
        port = int(self._url.split(":")[2].split("/")[0])
        self._server.enter_context(serving(fallback=self._replies, port=port))
        self.done["server"] += 1


def _children(pid: int) -> list[int]:
    """The processes that a process started."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(each) for each in text.split()]


def _memory(pid: int) -> int:
    """Resident bytes of a process, shared ones by their share."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def owners_left(engine: Engine, runs: Path) -> Iterator[str]:
    """Containers that runs of a batch have left."""
    names = {path.name for path in runs.iterdir()}
    for each in engine.client.api.containers(all=True, filters={"label": [RUN]}):
        if each["Labels"].get(RUN) in names:
            yield str(each["Names"])
