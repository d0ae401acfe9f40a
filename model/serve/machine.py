"""What there is to serve a model on: GPUs as ``nvidia-smi`` names them, or main memory."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_MIB = 1024**2
_QUERY = "--query-gpu=index,uuid,name,memory.total,memory.free"
_FAST_BF16 = frozenset({"avx512_bf16", "amx_bf16"})


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU. Sizes are bytes."""

    name: str
    total: int
    free: int


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
    return Machine(_gpus(), _available(), bool(_FAST_BF16 & _flags()))


def _gpus() -> tuple[Gpu, ...]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    command = [program, _QUERY, "--format=csv,noheader,nounits"]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()  # a driver that does not answer serves nobody
    return read_gpus(ended.stdout, os.environ.get("CUDA_VISIBLE_DEVICES"))


def read_gpus(table: str, visible: str | None) -> tuple[Gpu, ...]:
    """The GPUs of nvidia-smi's table.

    Args:
        table: lines of index, uuid, name, and MiB in total and free.
        visible: ``CUDA_VISIBLE_DEVICES``, which chooses and orders them; None for all. As CUDA
            does, what stands after one that is not there is not seen.
    """
    found: dict[str, Gpu] = {}
    for line in table.splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) != 5 or not (fields[3].isdecimal() and fields[4].isdecimal()):
            continue  # a part of a GPU, or one whose memory is the machine's, tells no size
        gpu = Gpu(fields[2], int(fields[3]) * _MIB, int(fields[4]) * _MIB)
        found[fields[0]] = found[fields[1]] = gpu
    if visible is None:
        return tuple(gpu for name, gpu in found.items() if name.isdecimal())
    chosen: list[Gpu] = []
    for name in (part.strip() for part in visible.split(",")):
        if name not in found:
            break
        chosen.append(found[name])
    return tuple(chosen)


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
