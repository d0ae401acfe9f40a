"""Where tests build images: an engine, a name nobody else uses, folders."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sandboxes.docker import DockerSandbox
from sandboxes.engine import Engine
from sandboxes.environment.base import BaseSettings
from sandboxes.environment.detect import EnvironmentSettings
from sandboxes.environment.images import (
    RepositoryImage,
    ensure_repository_image,
)
from sandboxes.repository.checkout import Checkout, prepare_checkout

QUICK = EnvironmentSettings(test="python -m unittest {tests}")
"""No pytest: what is installed is not what most of these tests are about."""

SETUP = """
from pathlib import Path
from setuptools import setup
Path("thing/[v] 1.py").write_text("VERSION = 1\\n")
Path("thing/__init__.py").write_text("TOUCHED = True\\n")
setup(name="thing", version="1", packages=["thing"])
"""


@dataclass
class Place:
    """Where a test builds: an engine, a name nobody else uses, folders."""

    engine: Engine
    name: str
    folder: Path
    base: BaseSettings

    @property
    def log(self) -> Path:
        return self.folder / "build.log"

    def checkout(self, files: dict[str, str]) -> Checkout:
        """A checkout of a repository with these files."""
        source = self.folder / "source" / self.name
        shutil.rmtree(source, ignore_errors=True)
        for name, text in files.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(text)
        into = Path(tempfile.mkdtemp(dir=self.folder))
        cache = self.folder / "cache"
        return prepare_checkout(str(source), base=None, cache=cache, into=into)

    async def build(
        self, checkout: Checkout, settings: EnvironmentSettings = QUICK
    ) -> RepositoryImage:
        return await ensure_repository_image(
            self.engine, checkout, settings, base=self.base, log=self.log
        )

    async def look(self, image: str, script: str) -> str:
        """What a script says in a sandbox of an image."""
        async with DockerSandbox(self.engine, image) as sandbox:
            return (await sandbox.run(script, state=None)).text


def building(engine: Engine) -> list[object]:
    """Build containers of this process."""
    labels = [f"{name}={value}" for name, value in engine.owner_labels("build").items()]
    found: list[object] = engine.client.api.containers(all=True, filters={"label": labels})
    return found
