"""NVIDIA's GPUs, as ``nvidia-smi`` names them."""

from collections.abc import Mapping

from model.serve.asking import asked
from model.serve.gpu import Gpu, chosen, in_order

_MIB = 1024**2
_QUERY = "--query-gpu=index,uuid,name,memory.total,memory.free"


def find_gpus(environment: Mapping[str, str]) -> tuple[Gpu, ...]:
    """Those a program will see in this environment, in its order."""
    table = asked("nvidia-smi", _QUERY, "--format=csv,noheader,nounits")
    return read_gpus(table, environment.get("CUDA_VISIBLE_DEVICES"))


def read_gpus(table: str, visible: str | None) -> tuple[Gpu, ...]:
    """The GPUs of nvidia-smi's table.

    Args:
        table: lines of index, uuid, name, and MiB in total and free.
        visible: ``CUDA_VISIBLE_DEVICES``, which chooses and orders them; None for all.
    """
    found: dict[str, Gpu] = {}
    for line in table.splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) != 5 or not (fields[3].isdecimal() and fields[4].isdecimal()):
            continue  # a part of a GPU, or one whose memory is the machine's, tells no size
        gpu = Gpu(fields[2], int(fields[3]) * _MIB, int(fields[4]) * _MIB)
        found[fields[0]] = found[fields[1]] = gpu
    return in_order(chosen(found, visible))
