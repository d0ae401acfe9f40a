"""A registry of one image on the loopback, which every engine may ask without TLS.

It speaks as much of the distribution protocol as a pull needs: a version, manifests, blobs. The
image comes from the engine itself, as ``docker save`` writes it.
"""

import contextlib
import hashlib
import json
import shutil
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sandboxes.engine import Engine

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar"


class Registry:
    """A registry that is being served.

    Attributes:
        address: ``127.0.0.1:PORT``, with which images' names begin.
        refuses: the HTTP status of every answer; 0 to answer properly.
        asked: the paths of all requests.
    """

    def __init__(self, folder: Path) -> None:
        self.address = ""
        self.refuses = 0
        self.asked: list[str] = []
        self.holding = threading.Event()
        self.holding.set()
        self._folder = folder
        self._manifests: dict[str, bytes] = {}
        self._blobs: dict[str, Path] = {}

    def hold(self, engine: Engine, image: str, name: str) -> None:
        """Offer an image of the engine's as ``name`` (``python:3.11-slim``). Blocks."""
        archive = self._folder / "image.tar"
        with archive.open("wb") as file:
            for piece in engine.client.api.get_image(image):
                file.write(piece)
        saved = self._folder / "saved"
        with tarfile.open(archive) as tar:
            tar.extractall(saved, filter="data")
        archive.unlink()
        parts = json.loads((saved / "manifest.json").read_text())[0]
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": self._blob(saved / parts["Config"], _CONFIG),
            "layers": [self._blob(saved / layer, _LAYER) for layer in parts["Layers"]],
        }
        repository, _, tag = name.partition(":")
        content = json.dumps(manifest).encode()
        for reference in (tag, f"sha256:{hashlib.sha256(content).hexdigest()}"):
            self._manifests[f"/v2/{repository}/manifests/{reference}"] = content

    def _blob(self, file: Path, kind: str) -> dict[str, object]:
        with file.open("rb") as content:
            digest = f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"
        self._blobs[digest] = file
        return {"mediaType": kind, "size": file.stat().st_size, "digest": digest}

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer a GET or a HEAD."""
        self.asked.append(request.path)
        self.holding.wait()
        blob = self._blobs.get(request.path.rpartition("/blobs/")[2])
        manifest = self._manifests.get(request.path)
        if self.refuses:
            _send(request, self.refuses, b'{"errors": [{"code": "X", "message": "go away"}]}')
        elif request.path == "/v2/":
            _send(request, 200, b"{}")
        elif manifest is not None:
            _send(request, 200, manifest, _MANIFEST)
        elif blob is not None:
            _send(request, 200, blob, "application/octet-stream")
        else:
            _send(request, 404, b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "none"}]}')


def _send(
    request: BaseHTTPRequestHandler, status: int, body: bytes | Path, kind: str = "application/json"
) -> None:
    size = len(body) if isinstance(body, bytes) else body.stat().st_size
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(size))
    request.send_header("Docker-Distribution-Api-Version", "registry/2.0")
    if kind == _MANIFEST and isinstance(body, bytes):
        digest = hashlib.sha256(body).hexdigest()
        request.send_header("Docker-Content-Digest", f"sha256:{digest}")
    if status == 401:
        request.send_header("WWW-Authenticate", 'Basic realm="test"')
    request.end_headers()
    if request.command == "HEAD":
        return
    if isinstance(body, bytes):
        request.wfile.write(body)
    else:
        with body.open("rb") as file:
            shutil.copyfileobj(file, request.wfile)


@contextlib.contextmanager
def served() -> Iterator[Registry]:
    """A registry without an image, on a free port."""
    with tempfile.TemporaryDirectory() as folder:
        registry = Registry(Path(folder))

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                registry.answer(self)

            do_HEAD = do_GET

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            registry.address = f"127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield registry
            finally:
                registry.holding.set()
                server.shutdown()
                thread.join()
