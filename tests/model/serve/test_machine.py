"""Which GPUs there are, as nvidia-smi says it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.serve.gpu import Gpu
from model.serve.machine import look_around
from model.serve.nvidia import read_gpus

MIB = 1024**2
TABLE = """\
0, GPU-aa, NVIDIA H100 80GB HBM3, 81559, 81000
1, GPU-bb, NVIDIA H100 80GB HBM3, 81559, 500
2, GPU-cc, NVIDIA L4, 23034, 22900
"""
H100, BUSY, L4 = (
    Gpu("NVIDIA H100 80GB HBM3", 81_559 * MIB, 81_000 * MIB),
    Gpu("NVIDIA H100 80GB HBM3", 81_559 * MIB, 500 * MIB),
    Gpu("NVIDIA L4", 23_034 * MIB, 22_900 * MIB),
)


@pytest.mark.parametrize(
    ("visible", "seen"),
    [
        (None, (H100, BUSY, L4)),
        ("2,0", (L4, H100)),
        ("GPU-bb", (BUSY,)),
        (" 1 , 2 ", (BUSY, L4)),
        ("0,9,1", (H100,)),
        ("", ()),
        ("-1", ()),
    ],
)
def test_the_environment_chooses_and_orders_gpus(visible: str | None, seen: tuple[Gpu]) -> None:
    assert read_gpus(TABLE, visible) == seen


def test_what_tells_no_size_is_no_gpu_to_count_on() -> None:
    table = "0, GPU-aa, NVIDIA GB10, [N/A], [N/A]\nNo devices were found\n\n"
    assert read_gpus(table + TABLE.partition("\n")[2], None) == (BUSY, L4)
    assert read_gpus(table, None) == ()


@given(st.text(), st.none() | st.text())
def test_any_output_is_read(table: str, visible: str | None) -> None:
    assert all(gpu.total >= 0 for gpu in read_gpus(table, visible))


def test_this_machine_has_memory() -> None:
    assert look_around().memory > 0
