"""Whether a model fits, and what is proposed where it does not."""

from pathlib import Path

import pytest

from model.errors import ModelMisconfigured
from model.serve.checkpoint import CWM, Checkpoint, find_checkpoint
from model.serve.gpu import Gpu
from model.serve.machine import Machine
from model.serve.memory import GIB
from model.serve.plan import Plan, Wish, make_plan
from tests.model.serve.standin import checkpoint

H100 = Gpu("H100", 80 * GIB, 80 * GIB)
SMALL = Gpu("L4", 24 * GIB, 24 * GIB)


def machine(*gpus: Gpu, memory: int = 20, bf16: bool = False) -> Machine:
    return Machine(gpus, memory * GIB, bf16)


def plan(wish: Wish, *gpus: Gpu) -> Plan:
    return make_plan(find_checkpoint(CWM), wish, machine(*gpus))


def refused(made: Plan) -> tuple[str, str]:
    assert made.problem is not None
    return made.problem.message, made.problem.hint


def test_one_gpu_of_80_gb_holds_cwm_in_eight_bits_only() -> None:
    message, hint = refused(plan(Wish(), H100))
    assert "facebook/cwm needs 77.2 GiB; vLLM may use 72.0 GiB of H100" in message
    assert "--quantization fp8" in hint
    fits = plan(Wish(quantization="fp8"), H100)
    assert fits.problem is None
    assert fits.wish.tp == 1
    assert fits.room is not None
    assert 2 < fits.room < 4


def test_two_gpus_are_taken_where_one_is_too_few_and_no_more_than_needed() -> None:
    two = plan(Wish(), H100, H100)
    assert two.problem is None
    assert (two.wish.tp, len(two.gpus), two.wish.context) == (2, 2, 131_072)
    assert plan(Wish(quantization="fp8"), H100, H100).wish.tp == 1
    assert plan(Wish(tp=4), *[H100] * 4).wish.tp == 4
    # Three cannot share eight heads.
    assert plan(Wish(), *[H100] * 3).wish.tp == 2


def test_what_is_proposed_fits() -> None:
    for wish, gpus in (
        (Wish(), [H100]),
        (Wish(tp=1, requests=20), [H100] * 8),
        (Wish(requests=7), [H100] * 2),
        (Wish(quantization="fp8", requests=5), [H100]),
    ):
        _, hint = refused(plan(wish, *gpus))
        assert hint.startswith("it fits with ")
        for way in hint.removeprefix("it fits with ").split(", or "):
            flag, value = way.split()
            name = {"--concurrency": "requests"}.get(flag, flag.removeprefix("--"))
            changes = {name: value if name == "quantization" else int(value)}
            fields = {
                "tp": wish.tp,
                "requests": wish.requests,
                "quantization": wish.quantization,
                **changes,
            }
            assert plan(Wish(**fields), *gpus).problem is None  # type: ignore[arg-type]


def test_where_nothing_helps_larger_gpus_are_asked_for() -> None:
    message, hint = refused(plan(Wish(), SMALL))
    assert "vLLM may use 21.6 GiB of L4" in message
    assert hint == "it takes more or larger GPUs"


def test_more_gpus_than_there_are_is_refused() -> None:
    message, hint = refused(plan(Wish(tp=8), H100, H100))
    assert message == "--tp 8 needs 8 GPUs, 2 found (H100)"
    assert "--tp" in hint
    with pytest.raises(ModelMisconfigured, match="3 GPUs cannot share"):
        plan(Wish(tp=3), H100, H100, H100)


def test_a_gpu_that_others_use_is_named() -> None:
    taken = Gpu("H100", 80 * GIB, 50 * GIB)
    message, hint = refused(plan(Wish(), H100, taken))
    assert message == "other programs hold 30.0 GiB of the 80.0 GiB of GPU 1 (H100)"
    assert "nvidia-smi" in hint


def test_a_cache_of_a_given_size_must_hold_the_requests() -> None:
    made = plan(Wish(cache=8 * GIB), H100, H100)
    assert made.problem is None
    assert made.room is not None
    assert 1 < made.room < 2
    message, _ = refused(plan(Wish(cache=8 * GIB, requests=2), H100, H100))
    assert "2 requests of 131,072 tokens needs 12.5 GiB of cache" in message


def test_a_context_longer_than_the_models_is_refused() -> None:
    with pytest.raises(ModelMisconfigured, match="131,072 tokens, not 131,073"):
        plan(Wish(context=131_073), H100, H100)


def test_without_a_gpu_the_main_memory_counts(tmp_path: Path) -> None:
    message, hint = refused(plan(Wish()))
    assert "no GPU is found, and 20.0 GiB of main memory are available" in message
    assert "GPUs" in hint
    small = find_checkpoint(str(checkpoint(tmp_path)))
    assert make_plan(small, Wish(), machine()).problem is None
    message, _ = refused(make_plan(small, Wish(tp=2), machine()))
    assert message == "no GPU is found, and 2 are wanted"
    _, hint = refused(make_plan(small, Wish(requests=500), machine(memory=12)))
    assert hint.startswith("it fits with --context ")


def test_a_processor_without_bfloat16_computes_with_32_bits(tmp_path: Path) -> None:
    small = find_checkpoint(str(checkpoint(tmp_path)))
    slow, fast = (make_plan(small, Wish(), machine(bf16=each)) for each in (False, True))
    assert (slow.wish.dtype, fast.wish.dtype) == ("float32", "auto")
    assert slow.need is not None
    assert fast.need is not None
    assert slow.need.weights == 2 * fast.need.weights
    assert slow.need.request == 2 * fast.need.request


def test_a_model_that_is_not_known_is_left_to_vllm() -> None:
    unknown = Checkpoint("some/model", "some/model", None, local=False)
    made = make_plan(unknown, Wish(), machine(H100))
    assert (made.problem, made.need, made.room) == (None, None, None)
    assert refused(make_plan(unknown, Wish(tp=2), machine(H100)))[0].startswith("--tp 2 needs 2")
    assert make_plan(unknown, Wish(), machine()).problem is None
