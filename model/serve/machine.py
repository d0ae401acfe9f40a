"""What there is to serve a model on: GPUs as their makers' programs name them, or main memory."""

import os
from dataclasses import dataclass
from pathlib import Path

from model.serve import amd, nvidia
from model.serve.gpu import Gpu

_FAST_BF16 = frozenset({"avx512_bf16", "amx_bf16"})


@dataclass(frozen=True, slots=True)
class Machine:
    """What a server may use.

    Attributes:
        gpus: those it will see, in its order; empty for none.
        memory: bytes of main memory that are available.
        bf16: whether the processor computes with bfloat16.
    """

    gpus: tuple[Gpu, ...]
    memory: int
    bf16: bool


def look_around() -> Machine:
    """This machine."""
    gpus = nvidia.find_gpus(os.environ) or amd.find_gpus(os.environ)
    return Machine(gpus, _available(), bool(_FAST_BF16 & _flags()))


def _available() -> int:
    """Bytes of main memory that can be had without swapping."""
    for line in _lines(Path("/proc/meminfo")):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _flags() -> frozenset[str]:
    """What the processor can do, in the kernel's words."""
    for line in _lines(Path("/proc/cpuinfo")):
        if line.startswith("flags"):
            return frozenset(line.split())
    return frozenset()


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
