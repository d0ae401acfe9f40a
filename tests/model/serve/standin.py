"""Programs that stand in for vLLM, nvidia-smi and amd-smi: real processes, on the path."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_VLLM = '''\
#!{python}
"""Behaves as vLLM does when it is started: prints, then serves or dies."""

import http.server, json, os, signal, subprocess, sys, time

behaviour = json.loads({behaviour!r})
folder = {folder!r}


def note_process():
    with open(os.path.join(folder, "pids"), "a") as file:
        file.write(f"{{os.getpid()}}\\n")


note_process()
with open(os.path.join(folder, "started.json"), "w") as file:
    json.dump({{"arguments": sys.argv[1:], "environment": dict(os.environ)}}, file)
if behaviour["stubborn"]:
    signal.signal(signal.SIGTERM, lambda *_: None)  # its child does not inherit that
if behaviour["child"]:
    code = "import time; time.sleep(600)"
    child = subprocess.Popen([sys.executable, "-c", code])
    with open(os.path.join(folder, "pids"), "a") as file:
        file.write(f"{{child.pid}}\\n")
for line in behaviour["says"]:
    print(line, flush=True)
if behaviour["status"] is not None:
    sys.exit(behaviour["status"])


class Handler(http.server.BaseHTTPRequestHandler):
    loading = behaviour["loading"]

    def do_GET(self):
        if self.path == "/health" and Handler.loading:
            Handler.loading -= 1
            self.send_error(503)
            return
        if self.path == "/die":
            print("\\n".join(behaviour["last_words"]), flush=True)
            os._exit(1)
        body = json.dumps({{"data": [{{"id": "stand-in"}}]}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


arguments = dict(zip(sys.argv, sys.argv[1:]))
address = (arguments["--host"], int(arguments["--port"]))
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
'''


@dataclass(frozen=True)
class StandIn:
    """A program named ``vllm``, and what became of it.

    Attributes:
        folder: on the path.
    """

    folder: Path

    @property
    def path(self) -> str:
        return f"{self.folder}{os.pathsep}{os.environ['PATH']}"

    @property
    def arguments(self) -> list[str]:
        started: dict[str, list[str]] = json.loads((self.folder / "started.json").read_text())
        return started["arguments"]

    @property
    def environment(self) -> dict[str, str]:
        started: dict[str, dict[str, str]] = json.loads((self.folder / "started.json").read_text())
        return started["environment"]

    @property
    def was_started(self) -> bool:
        return (self.folder / "started.json").exists()

    def left(self) -> list[int]:
        """Its processes that still run."""
        pids = [int(line) for line in (self.folder / "pids").read_text().split()]
        return [pid for pid in pids if runs(pid)]


def stand_in(
    folder: Path,
    *says: str,
    status: int | None = None,
    loading: int = 0,
    stubborn: bool = False,
    child: bool = False,
    last_words: Sequence[str] = (),
) -> StandIn:
    """A ``vllm`` in this folder.

    Args:
        folder: made when it is not there.
        says: lines it prints first.
        status: it then ends with; None to serve.
        loading: times it says first that it is not healthy yet.
        stubborn: whether it ignores being asked to end.
        child: whether it has a child.
        last_words: lines it prints when it dies, which ``GET /die`` makes it.
    """
    behaviour = {
        "says": says,
        "status": status,
        "loading": loading,
        "stubborn": stubborn,
        "child": child,
        "last_words": list(last_words),
    }
    text = _VLLM.format(python=sys.executable, behaviour=json.dumps(behaviour), folder=str(folder))
    _executable(folder / "vllm", text)
    return StandIn(folder)


def gpus(folder: Path, *free: tuple[str, int, int]) -> None:
    """An ``nvidia-smi`` in this folder that names GPUs: name, MiB in total, MiB free."""
    rows = [
        f"{n}, GPU-{n:08x}, {name}, {total}, {left}" for n, (name, total, left) in enumerate(free)
    ]
    _executable(folder / "nvidia-smi", _says("\n".join(rows)))


def amd_gpus(folder: Path, *free: tuple[str, int, int], old: bool = False) -> None:
    """An ``amd-smi``, or an old ``rocm-smi``, that names GPUs: name, MiB in total, MiB free."""
    if old:
        cards = {
            f"card{n}": {
                "VRAM Total Memory (B)": str(total * 1024**2),
                "VRAM Total Used Memory (B)": str((total - left) * 1024**2),
                "Card Series": name,
            }
            for n, (name, total, left) in enumerate(free)
        }
        _executable(folder / "rocm-smi", _says(json.dumps(cards)))
        return
    metric, static = (
        [
            {"gpu": n, "mem_usage": {"total_vram": _mb(total), "free_vram": _mb(left)}}
            for n, (_, total, left) in enumerate(free)
        ],
        [{"gpu": n, "asic": {"market_name": name}} for n, (name, _, _) in enumerate(free)],
    )
    text = (
        '#!/bin/sh\nif [ "$1" = metric ]; then\n'
        f"cat <<'END'\n{json.dumps({'gpu_data': metric})}\nEND\nelse\n"
        f"cat <<'END'\n{json.dumps({'gpu_data': static})}\nEND\nfi\n"
    )
    _executable(folder / "amd-smi", text)


def _mb(value: int) -> dict[str, object]:
    return {"value": value, "unit": "MB"}


def _says(text: str) -> str:
    return f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n"


def checkpoint(folder: Path, *, weights: int = 1_000_000, **changes: object) -> Path:
    """A folder that looks like a small CWM: a configuration, and a file of so many bytes."""
    config = {
        "architectures": ["CwmForCausalLM"],
        "hidden_size": 64,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 32,
        "vocab_size": 512,
        "max_position_embeddings": 131_072,
        "sliding_window": 64,
        "layer_types": ["full_attention", *["sliding_attention"] * 3],
        "dtype": "bfloat16",
        **changes,
    }
    folder.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in config.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(kept))
    with (folder / "model.safetensors").open("wb") as file:
        file.truncate(weights)
    return folder


def _executable(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def runs(pid: int) -> bool:
    """Whether a process is there, and not one that only waits to be buried."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"
