"""A program, a server whose model knows how it goes on, and the flags that lead there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from model.predict.predictor import Program
from model.tokenizer import Tokenizer
from tests.agent.conftest import CommandLine
from tests.model.debugger.knowing import executed, stepping
from tests.model.replies import Reply
from tests.model.server import ModelServer, threaded_model_server
from tests.model.tokenizers import small_tokenizer_file

SOURCE = """\
def g(n):
    total = 0
    for i in range(n):
        total += i
    return total


def f(a):
    b = g(a)
    c = g(b)
    return b + c
"""
CALL = "f(3)"


@dataclass(frozen=True)
class Known:
    """What a test needs to ask for a prediction.

    Attributes:
        file: with the program, in the command line's folder.
        flags: the file, the call and the model.
        tokenizer: the model's.
        server: that has the model.
    """

    file: Path
    flags: list[str]
    tokenizer: Tokenizer
    server: ModelServer


@contextmanager
def known_program(
    foretrace: CommandLine, *script: Reply, source: str = SOURCE, call: str = CALL
) -> Iterator[Known]:
    """A server that answers with these replies; without any, as the program really goes on."""
    file = foretrace.folder / "work.py"
    file.write_text(source)
    tokenizer_file = small_tokenizer_file(foretrace.folder)
    tokenizer = Tokenizer.from_file(tokenizer_file)
    known = None if script else stepping(tokenizer, executed(Program.of_call(source, call)))
    with threaded_model_server(*script, fallback=known, encode=tokenizer.encode) as server:
        model = ["--model-url", server.url, "--profile", "cwm", "--tokenizer", str(tokenizer_file)]
        yield Known(file, [file.name, "--call", call, *model], tokenizer, server)
