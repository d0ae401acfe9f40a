"""A real vLLM on the CPU, started by ``foretrace serve`` with a tiny CWM, and our client before it.

It is installed apart (``make test-vllm``). The model's weights are random, so that nothing here
depends on what it says.
"""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from model.answer import Sampling
from model.client import ModelClient
from model.errors import ContextExceeded, ModelUnknown
from model.retry import Retry, RetryPolicy
from model.serve.checkpoint import find_checkpoint
from model.serve.memory import GIB, kv_bytes
from model.settings import ClientSettings
from model.tokenizer import Tokenizer
from tests.agent.conftest import CODE, FAILING, TESTS, CommandLine, Project
from tests.agent.test_cli_serve import free_port, read_until, until
from tests.model.serve.standin import runs
from tests.model.tokenizers import SMALL, small_tokenizer_file

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(900)]

NAME = "tiny-cwm"
CONTEXT = 16_384
PROMPT = [SMALL, *range(300, 340)]
GREEDY = Sampling(temperature=0.0, max_tokens=24)


@dataclass(frozen=True)
class Served:
    """The server.

    Attributes:
        url: its address, with ``/v1``.
        model: the checkpoint's folder.
        log: all that vLLM printed.
    """

    url: str
    model: Path
    log: Path

    def metric(self, name: str) -> float:
        """A counter of vLLM's, over all its labels."""
        with urllib.request.urlopen(f"{self.url.removesuffix('/v1')}/metrics") as answer:
            text = answer.read().decode()
        return sum(float(value) for value in re.findall(rf"^{name}{{.*}} (\S+)$", text, re.M))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint, with the small tokenizer."""
    folder = tmp_path_factory.mktemp("model") / NAME
    program = Path(__file__).with_name("tinycwm.py")
    subprocess.run([vllm_bin() / "python", program, folder, str(SMALL + 256)], check=True)
    small_tokenizer_file(folder)
    kind = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|begin_of_text|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(kind))
    return folder


@contextmanager
def serving(model: Path, here: Path, port: int) -> Iterator[Served]:
    """The model, served; nothing of it is left afterwards."""
    environment = {
        **os.environ,
        "PATH": f"{vllm_bin()}{os.pathsep}{os.environ['PATH']}",
        "FORETRACE_CACHE": str(here),
        "OMP_NUM_THREADS": "1",
    }
    flags = ["--model", model, "--context", str(CONTEXT), "--dtype", "float32", "--port", str(port)]
    with subprocess.Popen(
        [sys.executable, "-m", "agent.cli", "serve", *flags],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            read_until(child, "foretrace run")
            group = in_group_of_children(child.pid)
            assert len(group) >= 2  # vLLM itself, and its engine
            yield Served(f"http://127.0.0.1:{port}/v1", model, here / "serve" / f"{port}.log")
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=120)
            assert child.returncode == 130, err
            assert not [pid for pid in group if runs(pid)]
        finally:
            child.kill()


@pytest.fixture(scope="module")
def served(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(model, tmp_path_factory.mktemp("here"), free_port()) as made:
        yield made


@pytest.fixture
async def client(served: Served) -> AsyncIterator[ModelClient]:
    async with ModelClient(ClientSettings(served.url, NAME, in_flight=64)) as made:
        yield made


def vllm_bin() -> Path:
    """Where vLLM is installed."""
    place = Path(os.environ.get("FORETRACE_TEST_VLLM", "build/vllm/bin")).absolute()
    if not (place / "vllm").exists():
        pytest.fail(f"there is no vLLM in {place}: make test-vllm installs one")
    return place


def in_group_of_children(pid: int) -> list[int]:
    """All processes in the groups of a process's children."""
    stats = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        stats[int(place.parent.name)] = (int(fields[1]), int(fields[2]))
    groups = {group for parent, group in stats.values() if parent == pid}
    return [each for each, (_, group) in stats.items() if group in groups]


async def test_the_server_has_the_model_and_says_its_context(client: ModelClient) -> None:
    info = await client.check()
    assert info.models == (NAME,)
    assert info.context == CONTEXT
    other = ModelClient(ClientSettings(client.settings.url, "another"))
    async with other:
        with pytest.raises(ModelUnknown, match="another"):
            await other.check()


async def test_token_ids_go_in_and_come_out(client: ModelClient, served: Served) -> None:
    asked = Sampling(temperature=0.0, max_tokens=24, logprobs=True)
    first, again = [await client.complete(PROMPT, asked) for _ in range(2)]
    assert first.ids is not None
    assert 0 < len(first.ids) <= 24
    assert first.ids == again.ids
    assert first.usage.input == len(PROMPT)
    assert first.logprobs is not None
    assert len(first.logprobs) == len(first.ids)
    assert all(each <= 0 for each in first.logprobs)
    assert not client.left_out
    tokenizer = Tokenizer.from_file(served.model / "tokenizer.json")
    assert tokenizer.size == SMALL + 256


async def test_a_stop_id_ends_the_answer_and_is_named(client: ModelClient) -> None:
    whole = await client.complete(PROMPT, GREEDY)
    assert whole.ids is not None
    stop = whole.ids[-1]
    at = whole.ids.index(stop)
    cut = await client.complete(PROMPT, Sampling(temperature=0.0, max_tokens=24, stop_ids=(stop,)))
    assert (cut.ids, cut.finish, cut.stop_id) == (whole.ids[:at], "stop", stop)


async def test_special_tokens_are_kept_in_the_text(client: ModelClient) -> None:
    drawn = Sampling(temperature=2.0, top_p=1.0, max_tokens=60, seed=1)
    answers = await asyncio.gather(*(client.complete(PROMPT, drawn) for _ in range(4)))
    kept = [each for each in answers if each.ids and max(each.ids) >= SMALL]
    assert kept
    for answer in kept:
        assert answer.ids is not None
        special = [each for each in answer.ids if each >= SMALL]
        assert answer.text.count("<|") >= len(special)


async def test_a_prompt_that_grows_is_read_from_the_cache(
    client: ModelClient, served: Served
) -> None:
    long = [SMALL, *(500 + n % 1_000 for n in range(3_000))]
    hits = served.metric("vllm:prefix_cache_hits_total")
    first = await client.complete(long, GREEDY)
    grown = await client.complete([*long, 7, 8, 9], GREEDY)
    assert first.usage.cached == 0
    assert 2_800 < grown.usage.cached <= len(long)
    assert served.metric("vllm:prefix_cache_hits_total") - hits == grown.usage.cached


async def test_a_request_that_is_cancelled_ends_on_the_server(
    client: ModelClient, served: Served
) -> None:
    speaking = asyncio.Event()
    written = served.metric("vllm:generation_tokens_total")
    # Without chance the model soon says the same again and again, and so comes to no end.
    asked = Sampling(temperature=0.0, max_tokens=16_000)
    task = asyncio.create_task(client.complete(PROMPT, asked, on_text=lambda text: speaking.set()))
    await speaking.wait()
    assert served.metric("vllm:num_requests_running") == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(until, lambda: not served.metric("vllm:num_requests_running"))
    assert not served.metric("vllm:num_requests_waiting")
    assert served.metric("vllm:generation_tokens_total") - written < 16_000


async def test_a_prompt_beyond_the_context_is_told_with_its_limit(client: ModelClient) -> None:
    with pytest.raises(ContextExceeded) as exceeded:
        await client.complete([5] * (CONTEXT + 10), GREEDY)
    assert exceeded.value.limit == CONTEXT


async def test_64_requests_at_a_time_are_all_answered(client: ModelClient) -> None:
    answers = await asyncio.gather(
        *(client.complete([*PROMPT, 100 + n], GREEDY) for n in range(64))
    )
    assert len(answers) == 64
    assert all(each.ids and each.retries == 0 for each in answers)


def test_what_a_request_needs_is_not_counted_below_what_vllm_counts(served: Served) -> None:
    shape = find_checkpoint(str(served.model)).shape
    assert shape is not None
    found = re.search(
        r"Maximum concurrency for 16,384 tokens .*: ([\d.]+)x", served.log.read_text()
    )
    assert found is not None
    theirs = GIB / float(found[1])
    # Ours has two batches of 8,192 tokens in flight, as on a GPU; here it is one of 2,048.
    assert theirs <= kv_bytes(shape, CONTEXT, 4) <= 3 * theirs


@pytest.mark.engine
def test_a_run_that_is_stopped_stops_its_request(served: Served, tmp_path: Path) -> None:
    project = Project(tmp_path / "prices")
    project.path.mkdir()
    project.git("init", "--quiet", "--initial-branch=main")
    project.write(**{"prices.py": CODE, "tests/test_prices.py": TESTS})
    project.commit()
    (tmp_path / "issue.txt").write_text("clamp(11, 0, 9) gives 11\n")
    foretrace = CommandLine(tmp_path)
    # Without chance the model does not come to an end by itself; see above.
    foretrace.environment["FORETRACE_MODEL__TEMPERATURE"] = "0"
    flags = ["--model-url", served.url, "--model", NAME, "--profile", "cwm"]
    flags += ["--tokenizer", str(served.model), "--test", FAILING[0]]
    child = foretrace.start("run", tmp_path / "issue.txt", "--repo", project.path, *flags)
    try:
        until(lambda: served.metric("vllm:num_requests_running") == 1, 300)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=120)
    finally:
        child.kill()
    assert child.returncode == 130, err
    until(lambda: not served.metric("vllm:num_requests_running"))


async def test_a_server_that_is_restarted_in_the_middle_is_waited_for(
    model: Path, tmp_path: Path
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/v1"
    speaking = asyncio.Event()
    retries: list[Retry] = []
    patient = RetryPolicy(retries=200, most=1.0)
    async with ModelClient(ClientSettings(url, NAME, retry=patient)) as client:
        with serving(model, tmp_path, port):
            task = asyncio.create_task(
                client.complete(
                    PROMPT,
                    Sampling(temperature=0.0, max_tokens=16_000),
                    on_text=lambda text: speaking.set(),
                    on_retry=retries.append,
                )
            )
            await speaking.wait()
        again = serving(model, tmp_path, port)
        await asyncio.to_thread(again.__enter__)
        try:
            answer = await task
        finally:
            await asyncio.to_thread(again.__exit__, None, None, None)
    assert answer.ids
    assert len(retries) == answer.retries > 0
