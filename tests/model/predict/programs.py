"""A program and what a model writes of it, for the tests of predictors."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from model.client import ModelClient
from model.predict.jsonlines import write_line
from model.predict.predictor import Program
from model.retry import RetryPolicy
from model.settings import ClientSettings
from model.tokenizer import TRACE_TOKENS, Tokenizer
from model.trace.frame import Frame
from tests.model.replies import Reply, say
from tests.model.server import MODEL, ModelServer, model_server
from tests.model.trace.examples import EXAMPLE_SOURCE, EXAMPLE_TEXT

PROGRAM = Program.of_call(EXAMPLE_SOURCE, "f(1)")
END = "<|end_of_text|>"
WRITTEN = EXAMPLE_TEXT.removesuffix(END)
"""What a model writes after the frame that is given, without the token that ends it."""

FRAMES = (
    Frame("call", "def main():\n", {}),
    Frame("line", "    return f(1)\n", {}),
    Frame("call", "def f(a):\n", {"a": "1"}),
    Frame("line", "    b = a + 1\n", {"a": ".."}),
    Frame("line", "    return b\n", {"a": "..", "b": "2"}),
    Frame("return", "    return b\n", value="2"),
    Frame("return", "    return f(1)\n", value="2"),
)
"""The whole trace, the frame that is given included."""

LINES = [write_line(frame) for frame in FRAMES[1:]]
"""The frames that are not given, as a model without CWM's tokens writes them."""
END_LINE = '{"event": "end"}'
GOOD = "\n".join([*LINES, END_LINE])
"""All that such a model writes."""


def ids_of(tokenizer: Tokenizer, text: str) -> list[int]:
    """The ids of a text in which every name of a trace's token is meant as one."""
    ids: list[int] = []
    while text:
        found = [(text.find(name), name) for name in (*TRACE_TOKENS, END) if name in text]
        at, name = min(found, default=(len(text), ""))
        ids += tokenizer.encode(text[:at])
        if name:
            ids.append(tokenizer.special(name))
        text = text[at + len(name) :]
    return ids


def write(tokenizer: Tokenizer, text: str, end: str = END, logprobs: Sequence[float] = ()) -> Reply:
    """What a model writes: this text, and the token that ends it, if any."""
    return say(
        text,
        ids=ids_of(tokenizer, text),
        stop_id=tokenizer.special(end) if end else None,
        finish="stop" if end else "length",
        logprobs=logprobs,
    )


@asynccontextmanager
async def asking(
    *script: Reply, **server: object
) -> AsyncIterator[tuple[ModelServer, ModelClient]]:
    """A server with a script, and a client of it that does not wait long."""
    quick = RetryPolicy(retries=1, base=0.001, most=0.002)
    async with (
        model_server(*script, **server) as served,
        ModelClient(ClientSettings(served.url, MODEL, retry=quick, seed=0)) as client,
    ):
        yield served, client
