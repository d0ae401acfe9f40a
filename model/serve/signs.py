"""What vLLM's output means: how far it has come, and in one line why it ended.

Its lines are for its developers, hundreds of them before it serves. They hold names of models and
files, so that they are as untrusted as these are: what is passed on is cut to one short line.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from model.errors import ModelError, ModelMisconfigured, ServerFailed

_LONGEST = 300
"""Characters of a line of vLLM's that are passed on."""

_STEPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"Fetching \d+ files:\s+(\d+)%"), "downloading the model: {0} %"),
    (re.compile(r"Starting to load model"), "loading the model"),
    (re.compile(r"checkpoint shards:\s+(\d+)% Completed"), "loading the weights: {0} %"),
    (re.compile(r"Model loading took ([\d.]+) GiB"), "the weights are loaded: {0} GiB"),
    (re.compile(r"Dynamo bytecode transform|Compiling a graph"), "compiling the model"),
    (re.compile(r"Capturing CUDA graphs"), "capturing CUDA graphs"),
    (
        re.compile(r"Maximum concurrency for ([\d,]+) tokens per request: ([\d.]+)x"),
        "room for {1} requests of {0} tokens at a time",
    ),
)


def read_step(line: str) -> str | None:
    """How far vLLM has come, if a line of its output says so."""
    for pattern, text in _STEPS:
        if found := pattern.search(line):
            return text.format(*found.groups())
    return None


@dataclass(frozen=True, slots=True)
class _Cause:
    """A reason to end that has a remedy.

    Attributes:
        sign: by which it is known in the output.
        error: what it is for whoever called us.
        message: for the user, with the groups of the sign.
        hint: what to do.
    """

    sign: re.Pattern[str]
    error: Callable[[str, str], ModelError]
    message: str
    hint: str


def _failed(message: str, hint: str) -> ModelError:
    return ServerFailed(message, hint, passing=False)


_SMALLER = "a smaller --context, --quantization fp8 or more GPUs (--tp) take less"

_CAUSES = (
    _Cause(
        re.compile(r"setpriv: failed to execute ([^\n]+): ([^\n:]+)"),
        ModelMisconfigured,
        "{0} cannot be started ({1})",
        "install it anew",
    ),
    _Cause(
        re.compile(
            r"max seq len \((\d+)\)[^\n]*?([\d.]+) GiB KV cache is needed[^\n]*?"
            r"KV cache memory \(([\d.]+) GiB\)"
        ),
        _failed,
        "a request of {0} tokens needs {1} GiB of cache, and {2} GiB are left for it",
        _SMALLER,
    ),
    _Cause(
        re.compile(r"No available memory for the cache blocks"),
        _failed,
        "the weights leave no memory for the cache",
        _SMALLER,
    ),
    _Cause(
        re.compile(r"Free memory on device \S* ?\(([\d.]+)/([\d.]+) GiB\) on startup"),
        _failed,
        "only {0} of a GPU's {1} GiB are free",
        "nvidia-smi or amd-smi names the programs that hold the rest",
    ),
    _Cause(
        re.compile(r"OutOfMemoryError|(?:CUDA|HIP) out of memory"),
        _failed,
        "a GPU's memory was not enough",
        _SMALLER,
    ),
    _Cause(
        re.compile(r"[Aa]ddress already in use"),
        ModelMisconfigured,
        "the port is taken by another program",
        "--port chooses another one",
    ),
    _Cause(
        re.compile(r"GatedRepoError|Access to model \S+ is restricted|gated repo"),
        ModelMisconfigured,
        "the hub gives this model only to those who accepted its licence",
        "accept it on the model's page, and log in with: hf auth login",
    ),
    _Cause(
        re.compile(
            r"Invalid repository ID or local directory|is not a valid model identifier"
            r"|Repo id must be in the form|RepositoryNotFoundError|LocalEntryNotFoundError"
        ),
        ModelMisconfigured,
        "vLLM finds no such model, neither here nor on the hub",
        "give a folder with config.json and weights, or a name on the hub that can be reached",
    ),
    _Cause(
        re.compile(
            r"Failed to infer device type|libcuda(?:rt)?\.so|No CUDA GPUs are available"
            r"|Found no NVIDIA driver|CUDA driver version is insufficient"
        ),
        _failed,
        "vLLM finds no GPU that it can use",
        "nvidia-smi or amd-smi says whether the driver works; vLLM's CPU build does without a GPU",
    ),
    _Cause(
        re.compile(
            r"User-specified max_model_len \((\d+)\) is greater than the derived max_model_len "
            r"\(\w+=(\d+)"
        ),
        ModelMisconfigured,
        "the model has a context of {1} tokens, not {0}",
        "--context {1} is the most",
    ),
    _Cause(
        re.compile(r"Unknown quantization method: ([^\n.]+)\. Must be one of ([^\n]+)"),
        ModelMisconfigured,
        "this vLLM knows no quantization {0}",
        "it knows {1}",
    ),
    _Cause(
        re.compile(r"unrecognized arguments: ([^\n]+)"),
        ModelMisconfigured,
        "this vLLM does not know: {0}",
        "0.20 and newer know what foretrace gives it: pip install -U vllm",
    ),
    _Cause(
        re.compile(r"Model architectures? \[?([^\n\]]*?)\]? (?:is|are) not supported"),
        ModelMisconfigured,
        "this vLLM does not know the architecture {0}",
        "a newer one may: pip install -U vllm",
    ),
    _Cause(
        re.compile(r"\bvllm[\w ]{0,40}: error: ([^\n]+)"),
        ModelMisconfigured,
        "{0}",
        "vllm serve --help=all says what it takes",
    ),
)

_ERROR = re.compile(r"\b(?:(?:\w+\.)*\w*(?:Error|Exception): |Value error, )(\S[^\n]*)")
_ELSEWHERE = re.compile(r"root cause|initialization failed", re.IGNORECASE)


def read_end(lines: Sequence[str], status: int, log: str) -> ModelError:
    """Why vLLM ended.

    Args:
        lines: the last ones of its output.
        status: it ended with; negative for a signal.
        log: where all of its output is.
    """
    text = "\n".join(lines)
    where = f"its whole output: {log}"
    for cause in _CAUSES:
        if found := cause.sign.search(text):
            groups = [_short(group or "") for group in found.groups()]
            message = f"vLLM ended: {cause.message.format(*groups)}"
            return cause.error(message, f"{cause.hint.format(*groups)}; {where}")
    said = _last_error(lines)
    if said:
        return ServerFailed(f"vLLM ended: {said}", where, passing=False)
    how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
    return ServerFailed(f"vLLM {how} without saying why", where, passing=False)


def _last_error(lines: Sequence[str]) -> str:
    """The last line that is an error, but for those that only point to another one."""
    for line in reversed(lines):
        if _ELSEWHERE.search(line):
            continue
        if found := _ERROR.search(line):
            return _short(found[1])
    return ""


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
