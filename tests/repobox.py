"""Sandboxes of real checkouts for tests: the checkout's archive on top of a base image."""

import shutil
import subprocess
import sys
import tarfile
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sandboxes.docker import DockerSandbox
from sandboxes.engine import Engine
from sandboxes.repository.checkout import Checkout, prepare_checkout, sandbox_archive

SITE_PACKAGES = "opt/pytest"
"""Where `with_pytest` puts pytest inside the container; for PYTHONPATH."""


@dataclass(frozen=True)
class Box:
    """An image of a checkout, and sandboxes of it."""

    engine: Engine
    image: str
    checkout: Checkout

    def sandbox(self) -> DockerSandbox:
        return DockerSandbox(self.engine, self.image, run="test")


@asynccontextmanager
async def box(
    engine: Engine, base_image: str, source: Path, *, pytest: Path | None = None
) -> AsyncIterator[Box]:
    """An image with the folder or repository ``source`` in it, gone at the end.

    Args:
        engine: where.
        base_image: what it stands on.
        source: a folder or repository of this machine.
        pytest: a folder with an installed pytest to put in as well.
    """
    with tempfile.TemporaryDirectory() as scratch:
        checkout = prepare_checkout(
            str(source), base=None, cache=Path(scratch, "cache"), into=Path(scratch, "into")
        )
        api = engine.client.api
        labels = engine.owner_labels("test", scratch=True)
        name = f"foretrace-{uuid.uuid4().hex[:16]}"
        engine.keep_track(container=name)
        await engine.call(api.create_container, base_image, "true", name=name, labels=labels)
        with sandbox_archive(checkout) as stream:
            await engine.call(api.put_archive, name, "/", stream)
        if pytest is not None:
            await engine.call(api.put_archive, name, "/", _packed(pytest))
        image = str((await engine.call(api.commit, name))["Id"])
        engine.keep_track(image=image)
        await engine.remove_container(name)
        try:
            yield Box(engine, image, checkout)
        finally:
            await engine.remove_image(image)


def _packed(folder: Path) -> bytes:
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            tar.add(folder, SITE_PACKAGES)
        file.seek(0)
        return file.read()


def installed_pytest(into: Path, version: str) -> Path:
    """A folder with that pytest and what it needs, pure Python all; from the package index."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    install = (
        [uv, "pip", "install", "--compile-bytecode"]
        if uv
        else [sys.executable, "-m", "pip", "install"]
    )
    options = ["--target", str(into), "--python-version", "3.11", "--only-binary=:all:"]
    # Releases before 7 need what later versions of these lack.
    needed = [f"pytest=={version}", "setuptools<70"]
    subprocess.run([*install, "--quiet", *options, *needed], check=True)
    return into
