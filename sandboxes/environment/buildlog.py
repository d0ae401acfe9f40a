"""The log of a build: what its commands printed, without what nobody may read."""

from collections import deque
from pathlib import Path

from sandboxes.hostnet import BuildNetwork

_TAIL_LINES = 20


class BuildLog:
    """The log of one build: every line masked, kept in a file when there is one.

    Args:
        path: where the lines go; None keeps only the last ones.
        network: knows what must be masked.
    """

    def __init__(self, path: Path | None, network: BuildNetwork) -> None:
        self.path = path
        self._network = network
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._part = ""
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """Empty the file: the log of an earlier build of the same name is not this one's."""
        if self.path is not None:
            self.path.write_text("", encoding="utf-8")

    def command(self, command: str) -> None:
        """Note which command follows; its output is what `tail` gives from now on."""
        self.flush()
        self._write(f"$ {command}")
        self._tail.clear()

    def output(self, data: bytes) -> None:
        """Add output; a line is written once it is complete, so that no secret is cut in two."""
        text = self._part + data.decode("utf-8", "replace").replace("\r\n", "\n").replace(
            "\r", "\n"
        )
        *lines, self._part = text.split("\n")
        if len(self._part) > 64 * 1024:
            lines.append(self._part)
            self._part = ""
        if lines:
            self._write("\n".join(lines))

    def flush(self) -> None:
        """Write what is left of a line without an end."""
        if self._part:
            self._write(self._part)
            self._part = ""

    def tail(self) -> str:
        """The last lines of the last command's output."""
        self.flush()
        return "\n".join(self._tail)

    def _write(self, text: str) -> None:
        text = self._network.mask(text)
        self._tail.extend(text.split("\n"))
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(text + "\n")
