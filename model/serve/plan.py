"""Whether a model fits on this machine as it is wished for, and what would make it fit."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from model.errors import ModelMisconfigured
from model.serve.checkpoint import Checkpoint, Shape
from model.serve.gpu import Gpu, Maker
from model.serve.machine import Machine
from model.serve.memory import CPU_OVERHEAD, GIB, Need, check_devices, largest_tp, need

UTILIZATION = 0.9
"""Of a GPU's memory, what vLLM takes."""

CONTEXT = 131_072
"""Tokens of the longest request unless told otherwise; CWM's."""

_ASK: dict[Maker, str] = {
    "nvidia": "nvidia-smi names them; end them, or choose others with CUDA_VISIBLE_DEVICES",
    "amd": "amd-smi process names them; end them, or choose others with HIP_VISIBLE_DEVICES",
}
"""What to do where other programs hold a GPU's memory."""

_SMALLEST = 4_096
"""A context below this is not worth proposing."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How a model is to be served.

    Attributes:
        tp: GPUs that share it; None for as few as hold it.
        quantization: vLLM's name for it; None for weights as they are stored.
        context: tokens of the longest request; None for the model's, `CONTEXT` at most.
        cache: bytes of KV cache on each device; None for what is left of a GPU.
        requests: with a full context at the same time.
        dtype: vLLM's name of the numbers computed with.
    """

    tp: int | None = None
    quantization: str | None = None
    context: int | None = None
    cache: int | None = None
    requests: int = 1
    dtype: str = "auto"


@dataclass(frozen=True, slots=True)
class Plan:
    """How a model will be served.

    Attributes:
        checkpoint: the model.
        wish: as it was, with nothing left open but the cache, and the context of a model whose
            shape is not known.
        gpus: that will hold it; empty for the processor.
        need: of each of them; None where the model's shape is not known.
        memory: bytes of each that may be used.
        problem: why it does not fit; None where it does, or nothing is known.
    """

    checkpoint: Checkpoint
    wish: Wish
    gpus: tuple[Gpu, ...]
    need: Need | None
    memory: int
    problem: ModelMisconfigured | None

    @property
    def room(self) -> float | None:
        """Requests with a full context whose cache there is room for."""
        if self.need is None:
            return None
        if self.wish.cache is not None:
            return self.wish.cache / self.need.request
        return self.need.room(self.memory)


def make_plan(checkpoint: Checkpoint, wish: Wish, machine: Machine) -> Plan:
    """The way to serve a model on a machine, whether or not it fits.

    Raises:
        ModelMisconfigured: it cannot be served in that way anywhere.
    """
    shape = checkpoint.shape
    wish = replace(wish, dtype=_dtype(wish.dtype, machine))
    if shape is not None:
        context = wish.context or min(shape.context, CONTEXT)
        if context > shape.context:
            raise ModelMisconfigured(
                f"{checkpoint.name} has a context of {shape.context:,} tokens, not {context:,}",
                f"--context {shape.context} is the most",
            )
        wish = replace(wish, context=context)
    if machine.gpus:
        return _on_gpus(checkpoint, wish, machine.gpus)
    return _on_processor(checkpoint, wish, machine)


def _dtype(wished: str, machine: Machine) -> str:
    """Without hardware for it, a processor computes many times slower with bfloat16."""
    return "float32" if wished == "auto" and not (machine.gpus or machine.bf16) else wished


def _number(dtype: str) -> int:
    """Bytes of a number. vLLM's ``auto`` serves 32-bit checkpoints with 16 bits, too."""
    return 4 if dtype in ("float32", "float") else 2


def _on_gpus(checkpoint: Checkpoint, wish: Wish, gpus: tuple[Gpu, ...]) -> Plan:
    shape = checkpoint.shape
    if shape is None:
        tp = wish.tp or 1
        return Plan(checkpoint, replace(wish, tp=tp), gpus[:tp], None, 0, _few(tp, gpus))
    if wish.tp is None:
        wish = replace(wish, tp=_fewest(shape, wish, gpus))
    assert wish.tp is not None
    check_devices(shape, wish.tp)
    chosen = gpus[: wish.tp]
    memory = _usable(chosen)
    needed = _need(shape, wish)
    problem = _few(wish.tp, gpus) or _too_small_cache(needed, wish)
    if problem is None and _taken(needed, wish) > memory:
        hint = _ways_out(shape, wish, gpus)
        problem = _too_much(
            checkpoint, needed, wish, f"vLLM may use {gib(memory)} of {chosen[0].name}", hint
        )
    problem = problem or _busy(chosen)
    return Plan(checkpoint, wish, chosen, needed, memory, problem)


def _on_processor(checkpoint: Checkpoint, wish: Wish, machine: Machine) -> Plan:
    """Without a GPU the cache has a size of its own: that of the requests wished for."""
    if wish.tp not in (None, 1):
        hint = "leave --tp out to serve on the processor, where that is fast enough"
        none = ModelMisconfigured(f"no GPU is found, and {wish.tp} are wanted", hint)
        return Plan(checkpoint, wish, (), None, machine.memory, none)
    wish = replace(wish, tp=1)
    shape = checkpoint.shape
    if shape is None:
        return Plan(checkpoint, wish, (), None, machine.memory, None)
    # Prompts are read whole there, and until then no layer lets go of what is outside its window.
    shape = replace(shape, windows=(None,) * len(shape.windows))
    needed = _need(shape, wish, CPU_OVERHEAD)
    problem = _too_small_cache(needed, wish)
    if problem is None and _taken(needed, wish) > machine.memory:
        smaller = _smaller(shape, wish, machine.memory, CPU_OVERHEAD)
        hint = f"it fits with {smaller}" if smaller else "it takes GPUs, or more memory"
        available = f"no GPU is found, and {gib(machine.memory)} of main memory are available"
        problem = _too_much(checkpoint, needed, wish, available, hint)
    return Plan(checkpoint, wish, (), needed, machine.memory, problem)


def _need(shape: Shape, wish: Wish, overhead: int | None = None) -> Need:
    counted = partial(
        need,
        shape,
        wish.context or CONTEXT,
        wish.tp or 1,
        wish.quantization,
        number=_number(wish.dtype),
    )
    return counted() if overhead is None else counted(overhead=overhead)


def _taken(needed: Need, wish: Wish) -> int:
    """Bytes of each device."""
    if wish.cache is not None:
        return needed.total(0) + wish.cache
    return needed.total(wish.requests)


def _usable(gpus: tuple[Gpu, ...]) -> int:
    """Bytes of the smallest that vLLM takes."""
    return int(UTILIZATION * min((gpu.total for gpu in gpus), default=0))


def _fewest(shape: Shape, wish: Wish, gpus: tuple[Gpu, ...]) -> int:
    """As few GPUs as hold the model; where all together do not, as many as can share it."""
    most = largest_tp(shape, len(gpus))
    for tp in range(1, most + 1):
        if largest_tp(shape, tp) == tp:
            tried = replace(wish, tp=tp)
            if _taken(_need(shape, tried), tried) <= _usable(gpus[:tp]):
                return tp
    return most


def _few(tp: int, gpus: tuple[Gpu, ...]) -> ModelMisconfigured | None:
    if tp <= len(gpus):
        return None
    found = f"{len(gpus)} found ({gpus[0].name})"
    return ModelMisconfigured(f"--tp {tp} needs {tp} GPUs, {found}", "leave --tp out to use these")


def _busy(gpus: tuple[Gpu, ...]) -> ModelMisconfigured | None:
    """vLLM does not start where others hold what it is to take."""
    for number, gpu in enumerate(gpus):
        if gpu.free < UTILIZATION * gpu.total:
            return ModelMisconfigured(
                f"other programs hold {gib(gpu.total - gpu.free)} of the {gib(gpu.total)} of GPU "
                f"{number} ({gpu.name})",
                _ASK[gpu.maker],
            )
    return None


def _too_small_cache(needed: Need, wish: Wish) -> ModelMisconfigured | None:
    if wish.cache is None or wish.cache >= wish.requests * needed.request:
        return None
    requests = "a request" if wish.requests == 1 else f"{wish.requests} requests"
    return ModelMisconfigured(
        f"{requests} of {wish.context:,} tokens needs {gib(wish.requests * needed.request)} of "
        f"cache on each device, more than {gib(wish.cache)}",
        "give a larger --kv-cache, a smaller --context or a smaller --concurrency",
    )


def _too_much(
    checkpoint: Checkpoint, needed: Need, wish: Wish, available: str, hint: str
) -> ModelMisconfigured:
    where = f" on each of {needed.devices} GPUs" if needed.devices > 1 else ""
    message = f"{checkpoint.name} needs {gib(_taken(needed, wish))}{where}; {available}"
    return ModelMisconfigured(message, hint)


def _ways_out(shape: Shape, wish: Wish, gpus: tuple[Gpu, ...]) -> str:
    """Changes each of which alone makes it fit."""
    ways: list[str] = []
    for flag, tried in _changes(shape, wish, len(gpus)):
        if _taken(_need(shape, tried), tried) <= _usable(gpus[: tried.tp]):
            ways.append(flag)
    if smaller := _smaller(shape, wish, _usable(gpus[: wish.tp])):
        ways.append(smaller)
    return f"it fits with {', or '.join(ways)}" if ways else "it takes more or larger GPUs"


def _changes(shape: Shape, wish: Wish, gpus: int) -> Iterator[tuple[str, Wish]]:
    if wish.quantization is None and shape.parameters:
        yield "--quantization fp8", replace(wish, quantization="fp8")
    for tp in range((wish.tp or 1) + 1, gpus + 1):
        if largest_tp(shape, tp) == tp:
            yield f"--tp {tp}", replace(wish, tp=tp)
    if wish.requests > 1:
        yield "--concurrency 1", replace(wish, requests=1)


def _smaller(shape: Shape, wish: Wish, memory: int, overhead: int | None = None) -> str:
    """The largest context that fits, halving it each time; empty where none does."""
    context = (wish.context or CONTEXT) // 2
    while context >= _SMALLEST and wish.cache is None:
        if _need(shape, replace(wish, context=context), overhead).total(wish.requests) <= memory:
            return f"--context {context}"
        context //= 2
    return ""


def name_gpus(gpus: tuple[Gpu, ...]) -> str:
    """GPUs as people read them: those of one kind together; empty for none."""
    kinds = Counter((gpu.name, gpu.total) for gpu in gpus)
    return ", ".join(f"{n} x {name} ({gib(total)})" for (name, total), n in kinds.items())


def gib(size: float) -> str:
    """Bytes as people read them; less than a tenth of a GiB in MiB."""
    return f"{size / GIB:.1f} GiB" if size >= GIB / 10 else f"{size / GIB * 1024:.1f} MiB"
