"""The peers: a virtual environment with them on the host, and an image with SWE-ReX's server.

Both are made once and found again: the environment by the requirements it was made from, the image
by a label. Every contender's container starts from that one image.
"""

import asyncio
import contextlib
import hashlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sandboxes.errors import SandboxError

if TYPE_CHECKING:
    from sandboxes.engine import Engine

REQUIREMENTS = Path(__file__).with_name("requirements-peers.txt")
_FOLDER = Path(__file__).parents[1] / "build" / "peers"
_KIND = "dev.foretrace.kind"
_KEY = "dev.foretrace.key"
_TAG = "foretrace-benchmarks:peers"

_INSTALL_SERVER = """
python3 -m venv /opt/rex
/opt/rex/bin/python -m pip install --quiet --no-cache-dir REQUIREMENT
ln -s /opt/rex/bin/swerex-remote /usr/local/bin/swerex-remote
swerex-remote --version
"""


class PeersMissing(Exception):
    """The peers could not be installed; the message says why."""


def versions() -> dict[str, str]:
    """The pinned versions by name."""
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if "==" in line)
    return {name.strip(): version.strip() for name, version in pairs}


async def ensure_python(progress: Callable[[str], None]) -> Path:
    """The interpreter of an environment that has the peers, made if it is not there.

    Raises:
        PeersMissing: they cannot be installed.
    """
    pins = "".join(f"{name}=={version}\n" for name, version in versions().items())
    stamp = _FOLDER / "installed"
    python = _FOLDER / "bin" / "python"
    wanted = f"{sys.version}\n{pins}"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        progress("installing the peers into an environment of their own (a minute or two)")
        shutil.rmtree(_FOLDER, ignore_errors=True)
        await _checked(sys.executable, "-m", "venv", str(_FOLDER))
        options = ("--quiet", "--disable-pip-version-check")
        await _checked(str(python), "-m", "pip", "install", *options, "-r", str(REQUIREMENTS))
        stamp.write_text(wanted, encoding="utf-8")
    return python


async def _checked(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        last = output.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise PeersMissing(f"`{' '.join(command[:4])} ...` failed: {' '.join(last)}")


async def ensure_image(engine: "Engine", progress: Callable[[str], None]) -> str:
    """An image with our base and SWE-ReX's server, made if it is not there.

    Raises:
        SandboxError: the base image or this one cannot be made.
    """
    from sandboxes.environment.base import ensure_base
    from sandboxes.environment.build import ROOT, BuildContainer
    from sandboxes.environment.buildlog import BuildLog
    from sandboxes.hostnet import host_network

    base = await ensure_base(engine, progress=progress)
    requirement = f"swe-rex=={versions()['swe-rex']}"
    command = _INSTALL_SERVER.replace("REQUIREMENT", requirement)
    key = hashlib.sha256(f"{base.id}\n{command}".encode()).hexdigest()[:24]
    found = await engine.call(engine.client.api.images, filters={"label": [f"{_KEY}={key}"]})
    if found:
        return str(found[0]["Id"])
    progress("building the image with SWE-ReX's server")
    network = await asyncio.to_thread(host_network)
    log = BuildLog(None, network)
    async with BuildContainer(engine, base.id, network=network, log=log) as container:
        await container.run(command, user=ROOT, folder="/", shown=f"install {requirement}")
        image = await container.commit({_KIND: "benchmark", _KEY: key}, tag=_TAG)
    await _remove_older(engine, image)
    return image


async def _remove_older(engine: "Engine", image: str) -> None:
    """Remove the images that this one replaces; one still in use stays."""
    filters = {"label": [f"{_KIND}=benchmark"]}
    for each in await engine.call(engine.client.api.images, filters=filters):
        if each["Id"] != image:
            with contextlib.suppress(SandboxError):
                await engine.remove_image(each["Id"])
