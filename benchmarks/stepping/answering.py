"""A model server that answers at once, and watches what its client spends between two answers.

``python -m benchmarks.stepping.answering ANSWER`` prints its address. When its input ends, it
prints for each answer but the last the seconds of processor time that the process which started it
took from the answer's last event to the next request's last byte. ANSWER is a JSON file: the
answer's pieces, one a token, each a text and an id.
"""

import asyncio
import json
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

MODEL = "at-once"
CONTEXT = 1_000_000
"""Tokens: no step of a benchmark comes near."""

_PAUSE = 0.02
"""Seconds between an answer's last event and those before it, which are read meanwhile: a model
takes longer for a token."""

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"


@dataclass
class _Server:
    """What it says, and what it saw.

    Attributes:
        pieces: of the answer.
        clock: the id of its client's processor clock.
        spent: the client's seconds between each answer and the next request.
    """

    pieces: list[tuple[str, int]]
    clock: int
    spent: list[float] = field(default_factory=list)
    _answered: float = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests on one connection until it is closed."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                _, _, length = head.partition("content-length:")
                body = await reader.readexactly(int(length.split()[0]) if length else 0)
                if not body:
                    await _send(writer, b"application/json", _listing())
                    continue
                if self._answered:
                    self.spent.append(time.clock_gettime(self.clock) - self._answered)
                *events, last, done = self._events("/chat/" in head, body)
                await _send(writer, b"text/event-stream", b"".join(events), len(last) + len(done))
                await asyncio.sleep(_PAUSE)
                self._answered = time.clock_gettime(self.clock)
                writer.write(last + done)
        except asyncio.IncompleteReadError:
            writer.close()

    def _events(self, chat: bool, body: bytes) -> list[bytes]:
        # Of a chat's tokens a server without a tokenizer knows nothing; four bytes are about one.
        tokens = len(body) // 4 if chat else len(json.loads(body)["prompt"])
        choices: list[dict[str, object]] = [
            {"delta": {"content": text}} if chat else {"text": text, "token_ids": [id_]}
            for text, id_ in self.pieces
        ]
        choices[-1]["finish_reason"] = "stop"
        usage = {"prompt_tokens": tokens, "completion_tokens": len(self.pieces)}
        events: list[dict[str, object]] = [
            {"id": "1", "model": MODEL, "choices": [{"index": 0, **choice}]} for choice in choices
        ]
        events.append({"id": "1", "model": MODEL, "choices": [], "usage": usage})
        return [*(f"data: {json.dumps(each)}\n\n".encode() for each in events), b"data: [DONE]\n\n"]


async def _send(writer: asyncio.StreamWriter, kind: bytes, content: bytes, more: int = 0) -> None:
    """An answer of this content and ``more`` bytes, which are still to come."""
    writer.write(_HEAD % (kind, len(content) + more) + content)
    await writer.drain()


def _listing() -> bytes:
    listed = {"id": MODEL, "object": "model", "max_model_len": CONTEXT}
    return json.dumps({"object": "list", "data": [listed]}).encode()


def _processor_clock(process: int) -> int:
    """The id of another process's processor clock, as Linux makes them up (clock_getcpuclockid)."""
    return (~process << 3) | 2


async def _main(pieces: list[tuple[str, int]]) -> None:
    server = _Server(pieces, _processor_clock(os.getppid()))
    # A request of a hundred thousand tokens is to be read in few pieces.
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=1 << 24)
    host, port = listening.sockets[0].getsockname()
    print(f"http://{host}:{port}/v1", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    json.dump(server.spent, sys.stdout)


if __name__ == "__main__":
    asyncio.run(_main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
