"""AMD's GPUs, as ``amd-smi`` names them, or the older ``rocm-smi``."""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import from_json

from model.serve.asking import asked
from model.serve.gpu import Gpu, chosen, in_order

_MIB = 1024**2
_LEAST = 2 * 1024**3
"""Bytes of memory below which a GPU is that of a processor, on which nobody serves."""


class _Size(BaseModel):
    """Its unit is called MB and means MiB."""

    value: int = Field(ge=0)


class _Asic(BaseModel):
    market_name: str = "AMD GPU"


class _Static(BaseModel):
    gpu: int
    asic: _Asic = _Asic()


class _Memory(BaseModel):
    total_vram: _Size
    free_vram: _Size


class _Metric(BaseModel):
    gpu: int
    mem_usage: _Memory


class _Card(BaseModel):
    """A card of rocm-smi, whose first letters were small in older releases."""

    total: int = Field(alias="vram total memory (b)", ge=0)
    used: int = Field(alias="vram total used memory (b)", ge=0)
    series: str = Field(alias="card series", default="AMD GPU")


def find_gpus(environment: Mapping[str, str]) -> tuple[Gpu, ...]:
    """Those a program will see in this environment, in its order."""
    metrics = asked("amd-smi", "metric", "--mem-usage", "--json")
    found = read_amd_smi(metrics, asked("amd-smi", "static", "--asic", "--json"))
    if not found:
        flags = ("--showproductname", "--showmeminfo", "vram", "--json")
        found = read_rocm_smi(asked("rocm-smi", *flags))
    return in_order(seen(found, environment))


def seen(found: Mapping[str, Gpu], environment: Mapping[str, str]) -> dict[str, Gpu]:
    """Those of them that HIP's programs see: one variable chooses among what the other left."""
    left = chosen(found, environment.get("ROCR_VISIBLE_DEVICES"))
    hip = environment.get("HIP_VISIBLE_DEVICES", environment.get("CUDA_VISIBLE_DEVICES"))
    return chosen(left, hip)


def read_amd_smi(metrics: str, static: str) -> dict[str, Gpu]:
    """GPUs by number.

    Args:
        metrics: ``amd-smi metric --mem-usage --json``.
        static: ``amd-smi static --asic --json``, for the names.
    """
    names: dict[int, str] = {}
    for entry in _entries(static):
        try:
            known = _Static.model_validate(entry)
        except ValidationError:
            continue
        names[known.gpu] = known.asic.market_name
    found: dict[str, Gpu] = {}
    for entry in _entries(metrics):
        try:
            metric = _Metric.model_validate(entry)
        except ValidationError:
            continue  # a size that is not told, as "N/A", is none to count on
        memory = metric.mem_usage
        total, free = memory.total_vram.value * _MIB, memory.free_vram.value * _MIB
        if total >= _LEAST:
            name = names.get(metric.gpu, "AMD GPU")
            found[str(metric.gpu)] = Gpu(name, total, free, "amd")
    return found


def read_rocm_smi(text: str) -> dict[str, Gpu]:
    """GPUs by number, of ``rocm-smi --showproductname --showmeminfo vram --json``."""
    found: dict[str, Gpu] = {}
    content = _json(text)
    for name, entry in content.items() if isinstance(content, dict) else ():
        if not (name.startswith("card") and isinstance(entry, dict)):
            continue
        try:
            card = _Card.model_validate({str(key).lower(): each for key, each in entry.items()})
        except ValidationError:
            continue
        if card.total >= _LEAST:
            free = max(card.total - card.used, 0)
            found[name.removeprefix("card")] = Gpu(card.series, card.total, free, "amd")
    return found


def _entries(text: str) -> Iterator[object]:
    """One for each GPU: newer releases have the list in a field."""
    content = _json(text)
    if isinstance(content, dict):
        content = content.get("gpu_data")
    yield from content if isinstance(content, list) else ()


def _json(text: str) -> object:
    """None for what is none; warnings may stand before it."""
    begins = [at for sign in "[{" if (at := text.find(sign)) >= 0]
    try:
        content: object = from_json(text[min(begins, default=0) :])
    except ValueError:
        return None
    return content
