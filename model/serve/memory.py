"""How much memory a model takes on each device: its weights, its cache, and what else there is.

All sizes are bytes. The cache is counted as vLLM counts it when it decides whether to start: a
layer with a window keeps the window's tokens of each request, and those of the batch being read.
"""

from dataclasses import dataclass

from model.errors import ModelMisconfigured
from model.serve.checkpoint import Shape

GIB = 1024**3

BATCH = 8_192
"""Tokens vLLM reads at a time, as it is started here."""

_IN_FLIGHT = 2 * BATCH
"""Tokens it keeps beyond a window: one batch is worked on while the next one is made ready."""

OVERHEAD = 4 * GIB
"""On each GPU, beside weights and cache: CUDA's own, the graphs, the numbers of one batch on their
way through a layer. An allowance: vLLM measures the real figure when it starts."""

CPU_OVERHEAD = 3 * GIB
"""The same without a GPU, where three processes have Python and torch loaded."""

NUMBER_BYTES = {
    "fp8": 1.0,
    "fp8_per_tensor": 1.0,
    "fp8_per_block": 1.0,
    "fp8_per_channel": 1.0,
    "int8_per_channel_weight_only": 1.0,
    "mxfp8": 1 + 1 / 32,
    "nvfp4_per_token": 1 / 2 + 1 / 16,
    "bitsandbytes": 1 / 2 + 4 / 64,
}
"""What a weight takes when vLLM quantizes it while it loads, scales of blocks included."""


@dataclass(frozen=True, slots=True)
class Need:
    """What serving takes on each device.

    Attributes:
        devices: that share the model.
        weights: a device's share of them.
        request: a device's share of the cache of one request that fills the context.
        overhead: everything else.
    """

    devices: int
    weights: int
    request: int
    overhead: int

    def total(self, requests: int) -> int:
        """With the cache of so many requests."""
        return self.weights + requests * self.request + self.overhead

    def room(self, memory: int) -> float:
        """Requests with a full context whose cache fits beside the rest; below 0 without any."""
        return (memory - self.weights - self.overhead) / self.request


def need(
    shape: Shape,
    context: int,
    devices: int = 1,
    quantization: str | None = None,
    *,
    number: int = 2,
    overhead: int = OVERHEAD,
) -> Need:
    """The need of each device.

    Args:
        shape: of the model.
        context: tokens of the longest request.
        devices: that share each layer (tensor parallel).
        quantization: vLLM's name for it; None for weights as they are stored.
        number: bytes of one number, in the cache and in weights that are not quantized.
        overhead: bytes on each device for everything else.

    Raises:
        ModelMisconfigured: the layers cannot be shared by so many devices.
    """
    check_devices(shape, devices)
    shared = -(-shape.kv_heads // devices)  # more devices than heads keep some of them twice
    request = kv_bytes(shape, context, number) * shared // shape.kv_heads
    weights = -(-weight_bytes(shape, quantization, number) // devices)
    return Need(devices, weights, request, overhead)


def weight_bytes(shape: Shape, quantization: str | None = None, number: int = 2) -> int:
    """Of all weights once they are loaded.

    A quantization that is not known here is taken to save nothing.
    """
    if not shape.parameters:
        return shape.stored
    others = shape.parameters - shape.tables
    return shape.tables * number + round(others * NUMBER_BYTES.get(quantization or "", number))


def token_bytes(shape: Shape, number: int = 2) -> int:
    """A token's key and value in one layer."""
    return 2 * shape.kv_heads * shape.head_dim * number


def kv_bytes(shape: Shape, context: int, number: int = 2) -> int:
    """The cache of one request with so many tokens, all devices together."""
    kept = (context if w is None else min(context, w - 1 + _IN_FLIGHT) for w in shape.windows)
    return token_bytes(shape, number) * sum(kept)


def check_devices(shape: Shape, devices: int) -> None:
    """Pass when so many devices can share the model.

    Raises:
        ModelMisconfigured: the heads cannot be shared out evenly.
    """
    heads, kv_heads = shape.heads, shape.kv_heads
    if heads % devices or (kv_heads % devices and devices % kv_heads):
        raise ModelMisconfigured(
            f"{devices} GPUs cannot share {heads} heads, {kv_heads} of them with a cache, evenly",
            f"--tp {largest_tp(shape, devices)} can",
        )


def largest_tp(shape: Shape, most: int) -> int:
    """The largest number of devices, at most so many, that can share the model."""
    for devices in range(most, 1, -1):
        shared = shape.kv_heads % devices == 0 or devices % shape.kv_heads == 0
        if shape.heads % devices == 0 and shared:
            return devices
    return 1
