"""vLLM's command line and environment: CWM's settings, and what this machine asks for."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from model.errors import ModelMisconfigured
from model.serve.memory import BATCH, GIB
from model.serve.plan import UTILIZATION, Plan

Build = Literal["cpu", "gpu"]

_GUIDE = "docs/serving.md"


def find_vllm() -> Path:
    """The program: that on the path, or the one beside the Python that runs this.

    Raises:
        ModelMisconfigured: there is none.
    """
    beside = Path(sys.executable).parent / "vllm"
    found = shutil.which("vllm") or shutil.which(beside)
    if found is None:
        raise ModelMisconfigured(
            "vLLM is not installed",
            f"pip install 'foretrace[vllm]' on a machine with a GPU; {_GUIDE} has the other ways",
        )
    return Path(found)


def build_of(program: Path) -> Build | None:
    """What a vLLM was built for, by the names of the packages beside it; None for unknown."""
    names = _packages(program)
    if not names:
        return None
    return "cpu" if any("cpu" in name for name in names) else "gpu"


def version_of(program: Path) -> str:
    """A vLLM's version, by the same names; empty for unknown."""
    versions = (name.removesuffix(".dist-info").rpartition("-")[2] for name in _packages(program))
    return max(versions, key=len, default="")


def _packages(program: Path) -> list[str]:
    installed = program.resolve().parent.parent / "lib"
    return [path.name for path in installed.glob("python3*/site-packages/vllm*.dist-info")]


def command_line(
    program: str | Path,
    plan: Plan,
    host: str,
    port: int,
    more: Sequence[str] = (),
    defaults: Path | None = None,
) -> list[str]:
    """What starts the server.

    Args:
        program: vLLM's.
        plan: how the model is served.
        host: the address it listens on.
        port: the same.
        more: arguments as they are; where they repeat one of ours, they win.
        defaults: the folder with what holds where a request does not say; None for the model's.
    """
    wish = plan.wish
    command = [str(program), "serve", plan.checkpoint.source]
    command += ["--served-model-name", plan.checkpoint.name, "--host", host, "--port", str(port)]
    command += ["--dtype", wish.dtype]
    if wish.context is not None:
        command += ["--max-model-len", str(wish.context)]
    command += ["--enable-prefix-caching", "--enable-prompt-tokens-details"]
    if defaults is not None:
        command += ["--generation-config", str(defaults)]
    if wish.quantization:
        command += ["--quantization", wish.quantization]
    if not plan.gpus:
        # Compiling and capturing graphs are for GPUs. A prompt is read whole, for the CPU build of
        # 0.32 ends when a request with a seed has a prompt that it reads in parts.
        return [*command, "--enforce-eager", "--no-enable-chunked-prefill", *more]
    command += ["--tensor-parallel-size", str(wish.tp)]
    command += ["--max-num-batched-tokens", str(BATCH)]
    if wish.cache is None:
        command += ["--gpu-memory-utilization", str(UTILIZATION)]
    else:
        command += ["--kv-cache-memory-bytes", str(wish.cache)]
    return [*command, *more]


def environment(plan: Plan, inherited: Mapping[str, str]) -> dict[str, str]:
    """The server's environment: the user's, and nothing is reported to anybody."""
    own = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    if plan.checkpoint.local:
        own["HF_HUB_OFFLINE"] = "1"
    if not plan.gpus:
        own["TORCHDYNAMO_DISABLE"] = "1"
        own["VLLM_CPU_KVCACHE_SPACE"] = str(_whole_gib(plan))
    return {**inherited, **own}


def _whole_gib(plan: Plan) -> int:
    """The cache's size on the processor, which vLLM takes in whole GiB."""
    size = plan.wish.cache
    if size is None:
        size = plan.wish.requests * plan.need.request if plan.need else 0
    return max(1, -(-size // GIB))
