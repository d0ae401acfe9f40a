"""nano's tokens a second: our own forward pass beside transformers and vLLM, on this machine."""

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.benchmark import Bench, Goal, Table
from benchmarks.contenders.process import ROOT, ContenderFailed
from benchmarks.measure import Summary, interleaved

_TITLES = {"ours": "Foretrace (NumPy)", "transformers": "transformers", "vllm": "vLLM, on the CPU"}
_PROGRAM = Path(__file__).with_name("decoding") / "contender.py"
_PEERS = ROOT / "build" / "vllm" / "bin" / "python"
_PROMPT = 256
_TOKENS = 128
_TOGETHER = 16
_GOAL_TOKENS = 1000
_GOAL_SECONDS = 1.0
_PATIENCE = 300.0


class Nano:
    """Start, read a prompt, write; alone and many at a time."""

    name = "nano"
    goal = "nano's start and its tokens a second, beside transformers and vLLM"

    async def run(self, bench: Bench) -> list[Table]:
        """Measure.

        Raises:
            ContenderFailed: our own way does not start.
        """
        from model.nano.checkpoint import read_checkpoint, shipped

        folder = Path(os.environ.get("FORETRACE_NANO") or shipped())
        parameters = read_checkpoint(folder).parameters
        bench.progress("nano: starting each of those that run it")
        absent: dict[str, str] = {}
        async with contextlib.AsyncExitStack() as stack:
            running: dict[str, _Running] = {}
            for name in _TITLES:
                try:
                    opened = _opened(name, folder, bench.scratch)
                    running[name] = await stack.enter_async_context(opened)
                except ContenderFailed as failure:
                    absent[name] = str(failure)
            if "ours" in absent:
                raise ContenderFailed(f"{_TITLES['ours']}: {absent['ours']}")
            bench.progress("nano: reading and writing, in turns")
            rounds = 2 if bench.quick else 8
            times = await _times(running, rounds)
        rows = [_row(name, running.get(name), times, absent) for name in _TITLES]
        rate, *_ = _rates(times["ours"])
        return [
            Table(
                f"nano: a model of {parameters / 1e6:.1f} million parameters, on one core",
                [
                    "",
                    "start to first token, s",
                    f"a prompt of {_PROMPT} tokens, ms",
                    "tokens/s, one answer",
                    f"tokens/s, {_TOGETHER} at a time",
                ],
                rows,
                [
                    Goal(f"at least {_GOAL_TOKENS:,} tokens/s of one answer", rate >= _GOAL_TOKENS),
                    Goal(
                        f"start-up within {_GOAL_SECONDS:.0f} s",
                        running["ours"].started <= _GOAL_SECONDS,
                    ),
                ],
                [
                    "Each has one thread, float32 and greedy choice; every prompt is a new one. "
                    f"In brackets: the quartiles of {rounds} rounds.",
                    "transformers writes several as one batch, vLLM as its scheduler likes, "
                    "ours one token of each in turn.",
                ],
            )
        ]


@dataclass
class _Running:
    """One that has loaded the model.

    Attributes:
        started: seconds from the start of its process to its first token.
    """

    process: asyncio.subprocess.Process
    chance: random.Random
    started: float = 0.0

    async def seconds(self, count: int, tokens: int) -> float:
        """What it takes to write so many tokens after each of so many prompts.

        Raises:
            ContenderFailed: it does not answer.
        """
        prompts = [self.chance.choices(range(256), k=_PROMPT) for _ in range(count)]
        line = json.dumps({"prompts": prompts, "tokens": tokens})
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        return float((await self.answer())["seconds"])

    async def answer(self) -> dict[str, float]:
        """Its next line.

        Raises:
            ContenderFailed: there is none.
        """
        assert self.process.stdout is not None
        try:
            line = await asyncio.wait_for(self.process.stdout.readline(), _PATIENCE)
        except TimeoutError:
            raise ContenderFailed(f"no answer within {_PATIENCE:.0f} s") from None
        if not line:
            raise ContenderFailed("its process ended")
        answer: dict[str, float] = json.loads(line)
        return answer


@dataclass(frozen=True, slots=True)
class _Times:
    """Seconds of: one token, many tokens, and many tokens of many answers."""

    first: Summary
    alone: Summary
    together: Summary


@contextlib.asynccontextmanager
async def _opened(name: str, folder: Path, scratch: Path) -> AsyncIterator[_Running]:
    python = Path(sys.executable) if name == "ours" else _PEERS
    if not python.exists():
        raise ContenderFailed("not installed: make test-models")
    started = time.perf_counter()
    with (scratch / f"{name}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            str(python),
            str(_PROGRAM),
            name,
            str(folder),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env=_environment(),
            start_new_session=True,
        )
    try:
        running = _Running(process, random.Random(name))
        await running.answer()
        await running.seconds(1, 1)
        running.started = time.perf_counter() - started
        yield running
    finally:
        if process.returncode is None:
            assert process.stdin is not None
            process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), 30)
            except TimeoutError:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        # Else vLLM takes a thread for every core, whatever it is told above.
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "TORCHDYNAMO_DISABLE": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "HF_HUB_OFFLINE": "1",
    }


async def _times(running: dict[str, _Running], rounds: int) -> dict[str, _Times]:
    names = list(running)

    async def taken(count: int, tokens: int) -> dict[str, Summary]:
        async def sample(name: str) -> float:
            return await running[name].seconds(count, tokens)

        return await interleaved(names, rounds, sample, warm=1)

    first = await taken(1, 1)
    alone = await taken(1, 1 + _TOKENS)
    together = await taken(_TOGETHER, 1 + _TOKENS)
    return {name: _Times(first[name], alone[name], together[name]) for name in names}


def _row(
    name: str, running: _Running | None, times: dict[str, _Times], absent: dict[str, str]
) -> list[str]:
    if running is None:
        return [_TITLES[name], absent[name], "", "", ""]
    mine = times[name]
    alone, low, high = _rates(mine)
    together = _TOGETHER * (_TOKENS + 1) / mine.together.median
    return [
        _TITLES[name],
        f"{running.started:.2f}",
        f"{mine.first.median * 1e3:.1f}",
        f"{alone:,.0f} ({low:,.0f} to {high:,.0f})",
        f"{together:,.0f}, prompts included",
    ]


def _rates(times: _Times) -> tuple[float, float, float]:
    """Tokens a second of one answer, its prompt left out: the median, and the quartiles."""
    alone, first = times.alone, times.first.median
    taken = (alone.median, alone.high, alone.low)
    median, low, high = (_TOKENS / max(seconds - first, 1e-9) for seconds in taken)
    return median, low, high
