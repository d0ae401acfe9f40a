"""The arithmetic of memory, against figures worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ModelMisconfigured
from model.serve.checkpoint import CWM_SHAPE, Shape
from model.serve.memory import (
    BATCH,
    GIB,
    NUMBER_BYTES,
    OVERHEAD,
    kv_bytes,
    largest_tp,
    need,
    token_bytes,
    weight_bytes,
)


def test_cwms_parameters_are_those_of_its_layers() -> None:
    attention = 6_144 * 48 * 128 * 2 + 6_144 * 8 * 128 * 2
    feed_forward = 3 * 6_144 * 21_504
    layer = attention + feed_forward + 2 * 6_144
    assert CWM_SHAPE.parameters == 64 * layer + CWM_SHAPE.tables + 6_144
    assert len(CWM_SHAPE.windows) == 64
    assert CWM_SHAPE.windows.count(8_192) == 3 * CWM_SHAPE.windows.count(None) == 48


def test_cwms_weights_are_65_gb_and_about_half_in_eight_bits() -> None:
    assert round(weight_bytes(CWM_SHAPE) / 1e9) == 65
    # The tables at both ends, 1.58e9 numbers, stay in 16 bits.
    assert weight_bytes(CWM_SHAPE, "fp8") == 32_581_097_472 + 1_576_009_728
    assert round(weight_bytes(CWM_SHAPE, "bitsandbytes") / 1e9, 1) == 20.6
    assert weight_bytes(CWM_SHAPE, "something new") == weight_bytes(CWM_SHAPE)
    assert weight_bytes(CWM_SHAPE, number=4) == 2 * weight_bytes(CWM_SHAPE)


def test_a_token_of_cwm_takes_4_kib_a_layer() -> None:
    assert token_bytes(CWM_SHAPE) == 2 * 8 * 128 * 2 == 4_096
    # Short of the windows, every layer keeps every token.
    assert kv_bytes(CWM_SHAPE, 1) == 64 * 4_096
    assert kv_bytes(CWM_SHAPE, 8_192) == 2 * GIB


def test_a_full_context_keeps_whole_windows_and_what_is_in_flight() -> None:
    full = 16 * 131_072 * 4_096
    sliding = 48 * (8_191 + 2 * BATCH) * 4_096
    assert full == 8 * GIB
    assert kv_bytes(CWM_SHAPE, 131_072) == full + sliding
    # Without windows it would be 32 GiB.
    assert kv_bytes(CWM_SHAPE, 131_072) < 13 * GIB


def test_gpus_share_weights_and_heads() -> None:
    one, two, eight = (need(CWM_SHAPE, 131_072, n) for n in (1, 2, 8))
    sixteen = need(CWM_SHAPE, 131_072, 16)
    assert two.weights == one.weights // 2
    assert two.request == one.request // 2
    assert eight.request == one.request // 8 == sixteen.request  # a head is not split
    assert one.overhead == two.overhead == OVERHEAD
    assert two.total(3) == two.weights + 3 * two.request + OVERHEAD
    assert two.room(two.total(3)) == pytest.approx(3)


@pytest.mark.parametrize(("devices", "can"), [(3, 2), (5, 4), (7, 4), (12, 8)])
def test_gpus_that_cannot_share_the_heads_are_refused(devices: int, can: int) -> None:
    with pytest.raises(ModelMisconfigured, match=f"{devices} GPUs cannot share") as refused:
        need(CWM_SHAPE, 1_000, devices)
    assert f"--tp {can} " in refused.value.hint
    assert largest_tp(CWM_SHAPE, devices) == can
    need(CWM_SHAPE, 1_000, can)


def test_weights_stored_quantized_are_as_large_as_they_are() -> None:
    stored = Shape(0, 0, 1_000, (None,), 4, 2, 32, 4_096)
    for quantization in (None, "fp8"):
        assert weight_bytes(stored, quantization) == weight_bytes(stored, number=4) == 1_000


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    kv_heads = draw(st.integers(1, 16))
    tables = draw(st.integers(0, 10**9))
    parameters = tables + draw(st.integers(1, 10**11))
    windows = draw(st.lists(st.none() | st.integers(1, 10**5), min_size=1, max_size=40))
    context = draw(st.integers(1, 10**6))
    heads = kv_heads * draw(st.integers(1, 8))
    head_dim = draw(st.integers(1, 256))
    return Shape(
        parameters, tables, 2 * parameters, tuple(windows), heads, kv_heads, head_dim, context
    )


@given(shapes(), st.integers(1, 10**6), st.integers(0, 10**6), st.integers(1, 64))
def test_more_is_never_less(shape: Shape, context: int, more: int, requests: int) -> None:
    small, large = (need(shape, tokens) for tokens in (context, context + more))
    assert small.request <= large.request
    assert small.total(requests) < small.total(requests + 1)
    assert small.room(10**12) <= small.room(10**12 + more)
    alone = token_bytes(shape) * len(shape.windows)
    assert 0 < kv_bytes(shape, context) <= alone * context


@given(shapes(), st.integers(1, 10**6), st.integers(2, 64))
def test_sharing_never_costs_more_on_each_gpu_and_never_loses_anything(
    shape: Shape, context: int, most: int
) -> None:
    devices = largest_tp(shape, most)
    alone, shared = need(shape, context), need(shape, context, devices)
    assert shared.weights <= alone.weights <= shared.weights * devices
    assert shared.request <= alone.request <= shared.request * devices + devices


@given(shapes(), st.sampled_from(sorted(NUMBER_BYTES)))
def test_quantizing_never_makes_weights_larger(shape: Shape, quantization: str) -> None:
    quantized = weight_bytes(shape, quantization)
    assert shape.tables * 2 <= quantized <= weight_bytes(shape)
