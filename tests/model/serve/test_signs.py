"""What is read in vLLM's output: lines of its own, as it prints them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ModelError, ModelMisconfigured, ServerFailed
from model.serve.signs import read_end, read_step

WORKER = "(EngineCore pid=77) ERROR 11-24 20:16:00 [core.py:1021] "

STEPS = [
    (
        "(Worker pid=9) INFO 11-24 20:15:57 [cpu_model_runner.py:68] Starting to load model /m...",
        "loading the model",
    ),
    (
        "Loading safetensors checkpoint shards:  50% Completed | 7/14 [00:03<00:03,  2.01it/s]",
        "loading the weights: 50 %",
    ),
    (
        "INFO [kv_cache_utils.py:2327] CPU KV cache size: 780,335 tokens, Maximum concurrency for "
        "4,096 tokens per request: 190.51x",
        "room for 190.51 requests of 4,096 tokens at a time",
    ),
    ("INFO:     Application startup complete.", None),
    ("", None),
]

ENDS: list[tuple[str, type[ModelError], str, str]] = [
    (
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 504.00 MiB. GPU 0 has a "
        "total capacity of 79.19 GiB of which 120.06 MiB is free.",
        ServerFailed,
        "a GPU's memory was not enough",
        "--quantization fp8",
    ),
    (
        "ValueError: To serve at least one request with the model's max seq len (131072), (12.50 "
        "GiB KV cache is needed, which is larger than the available KV cache memory (4.25 GiB). "
        "Based on the available memory, the estimated maximum model length is 30000. ",
        ServerFailed,
        "a request of 131072 tokens needs 12.50 GiB of cache, and 4.25 GiB are left for it",
        "--context",
    ),
    (
        "ValueError: Free memory on device cuda:0 (11.00/79.19 GiB) on startup is less than "
        "desired GPU memory utilization (0.9, 71.27 GiB). Decrease GPU memory utilization",
        ServerFailed,
        "only 11.00 of a GPU's 79.19 GiB are free",
        "nvidia-smi",
    ),
    (
        "OSError: [Errno 98] Address already in use",
        ModelMisconfigured,
        "the port is taken",
        "--port",
    ),
    (
        "huggingface_hub.errors.HFValidationError: Repo id must be in the form 'repo_name' or "
        "'namespace/repo_name': '/nothing'. Use `repo_type` argument if needed.",
        ModelMisconfigured,
        "finds no such model",
        "config.json",
    ),
    (
        "OSError: You are trying to access a gated repo.\nMake sure to have access to it at its "
        "page.\nhuggingface_hub.errors.GatedRepoError: 401 Client Error.",
        ModelMisconfigured,
        "accepted its licence",
        "hf auth login",
    ),
    (
        "RuntimeError: Failed to infer device type, please set the environment variable "
        "`VLLM_LOGGING_LEVEL=DEBUG` to turn on verbose logging",
        ServerFailed,
        "no GPU that it can use",
        "CPU build",
    ),
    (
        "ImportError: libcuda.so.1: cannot open shared object file: No such file or directory",
        ServerFailed,
        "no GPU that it can use",
        "nvidia-smi",
    ),
    (
        "vllm: error: unrecognized arguments: --enable-prompt-tokens-details",
        ModelMisconfigured,
        "does not know: --enable-prompt-tokens-details",
        "pip install -U vllm",
    ),
    (
        "  Value error, User-specified max_model_len (9999999) is greater than the derived "
        "max_model_len (max_position_embeddings=131072.0 or model_max_length=None in model's",
        ModelMisconfigured,
        "a context of 131072 tokens, not 9999999",
        "--context 131072 ",
    ),
    (
        "  Value error, Model architectures ['NewForCausalLM'] are not supported for now.",
        ModelMisconfigured,
        "the architecture 'NewForCausalLM'",
        "newer",
    ),
    (
        "vllm serve: error: argument --dtype: invalid choice: 'int1'",
        ModelMisconfigured,
        "vLLM ended: argument --dtype: invalid choice: 'int1'",
        "--help=all",
    ),
    (
        "pydantic_core._pydantic_core.ValidationError: 1 validation error for ModelConfig\n"
        "  Value error, Unknown quantization method: nonsense. Must be one of ['awq', 'fp8'].",
        ModelMisconfigured,
        "vLLM ended: this vLLM knows no quantization nonsense",
        "it knows ['awq', 'fp8'].; ",
    ),
    (
        "pydantic_core._pydantic_core.ValidationError: 1 validation error for ModelConfig\n"
        "  Value error, something is not as it should be [type=value_error]\n"
        "    For further information visit a page",
        ServerFailed,
        "vLLM ended: something is not as it should be",
        "/log",
    ),
    ("KeyError: 'layers.0.what'", ServerFailed, "vLLM ended: 'layers.0.what'", "/log"),
    ("Segmentation", ServerFailed, "ended with status 1 without saying why", "/log"),
]


@pytest.mark.parametrize(("line", "step"), STEPS)
def test_a_step_is_told_in_our_words(line: str, step: str | None) -> None:
    assert read_step(line) == step


@pytest.mark.parametrize(("said", "kind", "message", "hint"), ENDS)
def test_the_end_is_told_in_one_line(
    said: str, kind: type[ModelError], message: str, hint: str
) -> None:
    noise = [
        f"{WORKER}Traceback (most recent call last):",
        *(f"{WORKER}{line}" for line in said.splitlines()),
        "RuntimeError: Engine core initialization failed. See root cause above. Failed core "
        "proc(s): {}",
        "[rank0]: WARNING the process group was not destroyed",
    ]
    for lines in (said.splitlines(), noise):
        error = read_end(lines, 1, "/log")
        assert type(error) is kind
        assert message in error.message
        assert "\n" not in error.message + error.hint
        assert hint in error.hint
        assert error.hint.endswith("/log")


def test_a_signal_is_named() -> None:
    assert "was ended by signal 9" in read_end([], -9, "/log").message


@given(st.lists(st.text(max_size=400), max_size=20), st.integers(-64, 255))
def test_any_output_ends_in_one_short_line(lines: list[str], status: int) -> None:
    for line in lines:
        read_step(line)
    error = read_end(lines, status, "/log")
    assert len(error.message) < 500
    assert "\n" not in error.message
    assert "\n" not in error.hint


def test_output_without_spaces_or_end_is_read_at_once() -> None:
    for flood in ("Error: " * 9_000, "x." * 30_000 + "Error: y", "max seq len (" * 5_000):
        assert len(read_end([flood] * 20, 1, "/log").message) < 500
