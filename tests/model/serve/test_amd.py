"""Which GPUs there are, as AMD's programs say it."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model.serve.amd import read_amd_smi, read_rocm_smi, seen
from model.serve.gpu import Gpu, in_order

MIB = 1024**2
MI300X = Gpu("AMD Instinct MI300X", 196_592 * MIB, 196_309 * MIB, "amd")
BUSY = Gpu("AMD Instinct MI300X", 196_592 * MIB, 100 * MIB, "amd")

STATIC = [{"gpu": n, "asic": {"market_name": MI300X.name, "vendor_id": "0x1002"}} for n in range(2)]


def metric(number: int, total: object, free: object) -> dict[str, object]:
    sizes = {"total_vram": total, "used_vram": 0, "free_vram": free}
    shown = {name: {"value": value, "unit": "MB"} for name, value in sizes.items()}
    return {"gpu": number, "mem_usage": shown}


METRICS = [metric(0, 196_592, 196_309), metric(1, 196_592, 100)]

CARDS = {
    "card0": {
        "VRAM Total Memory (B)": str(MI300X.total),
        "VRAM Total Used Memory (B)": str(MI300X.total - MI300X.free),
        "Card Series": MI300X.name,
        "Card Model": "0x74a1",
    },
    "card1": {
        "VRAM Total Memory (B)": str(BUSY.total),
        "VRAM Total Used Memory (B)": str(BUSY.total - BUSY.free),
        "Card series": BUSY.name,
    },
    "system": {"Driver version": "6.10.5"},
}


@pytest.mark.parametrize("wrapped", [False, True])
def test_both_forms_of_amd_smi_are_read(wrapped: bool) -> None:
    forms = [{"gpu_data": each} if wrapped else each for each in (METRICS, STATIC)]
    metrics, static = (json.dumps(form) for form in forms)
    assert in_order(read_amd_smi(metrics, static)) == (MI300X, BUSY)
    assert in_order(read_amd_smi("WARNING: an old driver\n" + metrics, static)) == (MI300X, BUSY)
    assert [gpu.name for gpu in in_order(read_amd_smi(metrics, ""))] == ["AMD GPU"] * 2


def test_rocm_smi_is_read() -> None:
    assert in_order(read_rocm_smi(json.dumps(CARDS))) == (MI300X, BUSY)


def test_what_tells_no_size_or_is_part_of_a_processor_is_no_gpu_to_count_on() -> None:
    metrics = [metric(0, "N/A", "N/A"), METRICS[1], metric(2, 512, 500), {"gpu": 3}]
    assert in_order(read_amd_smi(json.dumps(metrics), json.dumps(STATIC))) == (BUSY,)
    cards = {"card0": {"Card Series": "x"}, "card1": CARDS["card1"], "card2": "N/A"}
    assert in_order(read_rocm_smi(json.dumps(cards))) == (BUSY,)


@pytest.mark.parametrize(
    ("environment", "left"),
    [
        ({}, (MI300X, BUSY)),
        ({"HIP_VISIBLE_DEVICES": "1"}, (BUSY,)),
        ({"CUDA_VISIBLE_DEVICES": "1,0"}, (BUSY, MI300X)),
        ({"HIP_VISIBLE_DEVICES": "0", "CUDA_VISIBLE_DEVICES": "1"}, (MI300X,)),
        ({"ROCR_VISIBLE_DEVICES": "1", "HIP_VISIBLE_DEVICES": "0"}, (BUSY,)),
        ({"ROCR_VISIBLE_DEVICES": "1", "HIP_VISIBLE_DEVICES": "1"}, ()),
        ({"HIP_VISIBLE_DEVICES": ""}, ()),
    ],
)
def test_the_environment_chooses_in_two_steps(
    environment: dict[str, str], left: tuple[Gpu, ...]
) -> None:
    assert in_order(seen({"0": MI300X, "1": BUSY}, environment)) == left


@given(st.text(), st.text())
@example("[" * 100_000, "{" * 100_000)
@example('{"gpu_data": {"gpu": 0}}', '[[], 1, null, {"gpu": "x"}]')
@example('{"card0": {"VRAM Total Memory (B)": "-1"}, "card": {}}', "")
def test_any_output_is_read(one: str, other: str) -> None:
    assert all(gpu.total >= 0 for gpu in read_amd_smi(one, other).values())
    assert all(gpu.total >= 0 for gpu in read_rocm_smi(one).values())
