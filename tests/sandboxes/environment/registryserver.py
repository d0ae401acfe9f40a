"""A container registry for tests: reads out one image over HTTP, as the distribution API says."""

import hashlib
import http.server
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandboxes.engine import Engine

_DOCKER = "application/vnd.docker."
_MANIFEST = f"{_DOCKER}distribution.manifest.v2+json"


@dataclass
class Registry:
    """A registry that is running.

    Attributes:
        address: ``127.0.0.1:PORT``; engines speak plain HTTP with that.
        asked: the paths asked for, with their methods.
        refuses: when set, every answer is this status.
        refuses_blobs: when set, an image's parts are answered with this status.
    """

    address: str = ""
    asked: list[str] = field(default_factory=list)
    refuses: int = 0
    refuses_blobs: int = 0
    manifests: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[str, Path] = field(default_factory=dict)

    def add(self, engine: "Engine", image: str, name: str, folder: Path) -> None:
        """Have an image of the engine's under a name such as ``python:3.11-slim``."""
        packed = folder / "image.tar"
        with packed.open("wb") as file:
            for chunk in engine.client.api.get_image(image):
                file.write(chunk)
        with tarfile.open(packed) as tar:
            tar.extractall(folder, filter="data")
        packed.unlink()
        about = json.loads((folder / "manifest.json").read_text())[0]
        self._manifest(name, folder / about["Config"], [folder / each for each in about["Layers"]])

    def add_name(self, name: str, folder: Path) -> None:
        """Have a name whose image nobody can get whole."""
        part = folder / "part"
        part.write_text("{}")
        self._manifest(name, part, [part])

    def _manifest(self, name: str, config: Path, layers: list[Path]) -> None:
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": self._blob(config, "container.image.v1+json"),
            "layers": [self._blob(layer, "image.rootfs.diff.tar.gzip") for layer in layers],
        }
        repository, _, tag = name.rpartition(":")
        text = json.dumps(manifest).encode()
        for reference in (tag, _digest(text)):
            self.manifests[f"/v2/{repository}/manifests/{reference}"] = text

    def _blob(self, path: Path, kind: str) -> dict[str, object]:
        with path.open("rb") as file:
            digest = "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
        self.blobs[digest] = path
        return {"mediaType": _DOCKER + kind, "size": path.stat().st_size, "digest": digest}


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@contextmanager
def registry() -> Iterator[Registry]:
    """A registry on a free port of this machine, empty at first."""
    held = Registry()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            held.asked.append(f"{self.command} {self.path}")
            blob = held.blobs.get(self.path.rpartition("/")[2])
            manifest = held.manifests.get(self.path)
            refused = held.refuses or ("/blobs/" in self.path and held.refuses_blobs)
            if refused:
                self._head(refused, "application/json", 2)
                self._body(b"{}")
            elif manifest is not None:
                self._head(200, _MANIFEST, len(manifest), _digest(manifest))
                self._body(manifest)
            elif "/blobs/" in self.path and blob is not None:
                self._head(200, "application/octet-stream", blob.stat().st_size)
                if self.command == "GET":
                    with blob.open("rb") as file:
                        while chunk := file.read(1 << 20):
                            self.wfile.write(chunk)
            else:
                self._head(200 if self.path == "/v2/" else 404, "application/json", 2)
                self._body(b"{}")

        do_HEAD = do_GET

        def _head(self, status: int, kind: str, size: int, digest: str = "") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(size))
            if digest:
                self.send_header("Docker-Content-Digest", digest)
            self.end_headers()

        def _body(self, data: bytes) -> None:
            if self.command == "GET":
                self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held.address = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield held
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
