"""A real vLLM on the CPU, started by ``foretrace serve`` as a user does, with a tiny CWM.

It is installed apart (``make test-models``). The model's weights are random, so that no test can
depend on what it says.
"""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.agent.test_cli_serve import read_until
from tests.model.serve.standin import runs
from tests.model.tokenizers import SMALL, small_tokenizer_file

NAME = "tiny-cwm"
CONTEXT = 16_384
AT_A_TIME = 16
"""Requests that are worked on; others wait."""


@dataclass(frozen=True)
class Served:
    """The server.

    Attributes:
        url: its address, with ``/v1``.
        model: the checkpoint's folder.
        log: all that vLLM printed.
        processes: vLLM's.
    """

    url: str
    model: Path
    log: Path
    processes: tuple[int, ...]

    def metric(self, name: str) -> float:
        """A counter of vLLM's, over all its labels."""
        with urllib.request.urlopen(f"{self.url.removesuffix('/v1')}/metrics") as answer:
            text = answer.read().decode()
        return sum(float(value) for value in re.findall(rf"^{name}{{.*}} (\S+)$", text, re.M))

    def ask(self, path: str, **fields: object) -> dict:
        """A request of another client's, which knows nothing of CWM."""
        body = json.dumps({"model": self.model.name, **fields}).encode()
        request = urllib.request.Request(f"{self.url}/{path}", body)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())


def vllm_bin() -> Path:
    """Where vLLM is installed: with the Python of the tests, or where ``make`` puts it."""
    beside = Path(sys.executable).parent
    place = beside if (beside / "vllm").exists() else Path("build/vllm/bin").absolute()
    if not (place / "vllm").exists():
        pytest.fail(f"there is no vLLM in {place}: make test-models installs one")
    return place


def make_model(folder: Path) -> Path:
    """A tiny CWM in this folder, with the small tokenizer."""
    program = Path(__file__).with_name("tinycwm.py")
    subprocess.run([vllm_bin() / "python", program, folder, str(SMALL + 256)], check=True)
    small_tokenizer_file(folder)
    name_tokenizer(folder)
    return folder


def name_tokenizer(folder: Path) -> None:
    """What transformers wants to know of a ``tokenizer.json``, and a template for chats."""
    template = "{% for m in messages %}{{ m.role + ': ' + m.content + '\n' }}{% endfor %}"
    kind = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|begin_of_text|>",
        "chat_template": template,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(kind))


@contextmanager
def serving(model: Path, here: Path, port: int, context: int = CONTEXT) -> Iterator[Served]:
    """The model, served; nothing of it is left afterwards.

    Args:
        model: the checkpoint's folder.
        here: a folder for what the server writes.
        port: it listens on.
        context: tokens of a request.
    """
    environment = {
        **os.environ,
        "PATH": f"{vllm_bin()}{os.pathsep}{os.environ['PATH']}",
        "FORETRACE_CACHE": str(here),
        "OMP_NUM_THREADS": "1",
    }
    flags = ["--model", model, "--context", str(context), "--dtype", "float32", "--port", str(port)]
    more = ["--", "--max-num-seqs", str(AT_A_TIME)]
    with subprocess.Popen(
        [sys.executable, "-m", "agent.cli", "serve", *flags, *more],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            read_until(child, "foretrace run")
            group = in_group_of_children(child.pid)
            assert len(group) >= 2  # vLLM itself, and its engine
            log = here / "serve" / f"{port}.log"
            yield Served(f"http://127.0.0.1:{port}/v1", model, log, group)
            killed = not any(runs(pid) for pid in group)
            if not killed:
                child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=120)
            assert child.returncode == (3 if killed else 130), err
            assert not [pid for pid in group if runs(pid)]
        finally:
            child.kill()


def kill(served: Served) -> None:
    """End vLLM as the system does when there is no memory left."""
    for pid in served.processes:
        if runs(pid):
            os.kill(pid, signal.SIGKILL)


def in_group_of_children(pid: int) -> tuple[int, ...]:
    """All processes in the groups of a process's children."""
    stats = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        stats[int(place.parent.name)] = (int(fields[1]), int(fields[2]))
    groups = {group for parent, group in stats.values() if parent == pid}
    return tuple(each for each, (_, group) in stats.items() if group in groups)
