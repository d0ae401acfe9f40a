"""A container in which an image is made, one command after another.

Used for base images, for environments and for repository images alike: start from an image, put
files in, run commands with the network on while their output goes to a log, commit. What the host
lends to a build (certificates, proxies, indexes) exists only in commands' variables and in one
folder that is gone before the commit. A build that fails or is cancelled leaves nothing behind.
"""

import contextlib
import io
import json
import shlex
import tarfile
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from sandboxes.containers import ulimits
from sandboxes.engine import uncancelled
from sandboxes.errors import BuildFailed, SandboxError
from sandboxes.hostnet import BUILD_FOLDER, DEBIAN_SUITES, BuildNetwork

if TYPE_CHECKING:
    from docker.api import APIClient

    from sandboxes.engine import Engine

Progress = Callable[[str], None]
"""Told, in one line each, what a build is doing."""

AGENT = "1000:1000"
ROOT = "0:0"
_TAIL_LINES = 20
_AGENT_HOME = "/home/agent"
_UPDATE_SECONDS = 900
_OWN_SOURCES_SECONDS = 90  # where packets get lost, apt tries every address of every source

# Of the build container's own way to start nothing stays.
_PLACE = ("WORKDIR /testbed", 'CMD ["/bin/bash"]')

# The image's own sources come first: they are of the same state as what is installed. An image that
# was bootstrapped holds none, and behind a mirror those of others do not answer: then the host's.
_APT = f"""
dpkg-query --show PACKAGES >/dev/null 2>&1 && exit 0
. /etc/os-release
hosts={BUILD_FOLDER}/$VERSION_CODENAME.list
apt_install() {{
    timeout -k 5 $1 apt-get -c={BUILD_FOLDER}/apt.conf "${{@:2}}" update &&
        apt-get -c={BUILD_FOLDER}/apt.conf "${{@:2}}" install -y --no-install-recommends PACKAGES
}}
own=no
grep -rqs '^deb \\|^URIs:' /etc/apt/sources.list /etc/apt/sources.list.d && own=yes
if [ ! -s $hosts ]; then
    apt_install {_UPDATE_SECONDS}
elif [ $own = no ] || ! apt_install {_OWN_SOURCES_SECONDS} -o Acquire::Retries=0; then
    [ $own = no ] || echo "The image's own package sources do not do: trying the host's."
    apt_install {_UPDATE_SECONDS} -o Dir::Etc::sourcelist=$hosts -o Dir::Etc::sourceparts=/dev/null
fi
apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/apt /var/log/dpkg.log
"""


def silent(_: str) -> None:
    """A `Progress` that tells nobody."""


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


def archive_of(files: Mapping[str, bytes], *, uid: int = 0, mode: int = 0o644) -> bytes:
    """A tar archive, to be unpacked at ``/``, of files by their absolute paths."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        folders = {str(parent) for path in files for parent in Path(path.lstrip("/")).parents}
        for folder in sorted(folders - {"."}):
            if not folder.startswith(BUILD_FOLDER.lstrip("/")):
                continue  # exists already, with an owner and a mode that are not ours to change
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(info)
        for path, data in files.items():
            info = tarfile.TarInfo(path.lstrip("/"))
            info.size, info.mode, info.uid, info.gid = len(data), mode, uid, uid
            info.mtime = int(time.time())
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


class BuildContainer:
    """A container made from an image, to be committed as another. Use as ``async with``.

    Args:
        engine: where it runs.
        image: the id or name of the image to start from.
        network: what of the host's network settings its commands get.
        log: where the output of commands goes.
        online: its commands reach the network.
        started: False for one that is only filled and committed.
    """

    def __init__(
        self,
        engine: "Engine",
        image: str,
        *,
        network: BuildNetwork,
        log: BuildLog,
        online: bool = True,
        started: bool = True,
    ) -> None:
        self._engine = engine
        self._image = image
        self._network = network
        self._online = online
        self._started = started
        self._name = f"foretrace-build-{uuid.uuid4().hex[:12]}"
        self.log = log

    async def __aenter__(self) -> Self:
        self._engine.keep_track(container=self._name)
        try:
            # A thread cannot be cancelled: wait for what it makes, then remove that.
            await uncancelled(self._engine.call(self._start))
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await uncancelled(self._engine.remove_container(self._name))

    def _start(self) -> None:
        container = self._engine.client.containers.create(
            self._image,
            # A plain idle process; the commands come through exec.
            entrypoint=[""],
            command=["/bin/sleep", "2147483647"],
            name=self._name,
            user=ROOT,
            working_dir="/",
            network_mode=self._network_mode(),
            init=True,
            ulimits=ulimits(self._engine),
            labels=self._engine.owner_labels("build"),
            security_opt=["no-new-privileges"],
        )
        if not self._started:
            return
        container.start()
        if not self._online:
            return
        options = list(self._network.apt_options)
        files = {}
        if self._network.ca_bundle is not None:
            files[f"{BUILD_FOLDER}/ca.pem"] = self._network.ca_bundle
            options.append(f'Acquire::https::CAInfo "{BUILD_FOLDER}/ca.pem";')
        files[f"{BUILD_FOLDER}/apt.conf"] = "\n".join([*options, ""]).encode()
        for suite in DEBIAN_SUITES.values():
            lines = self._network.apt_sources_for(suite)
            files[f"{BUILD_FOLDER}/{suite}.list"] = "\n".join([*lines, ""]).encode()
        self._put(archive_of(files))

    def _network_mode(self) -> str:
        if not self._online:
            return "none"
        # What is on the host's own loopback can be reached from its network alone; and an engine
        # may have been started without a bridge.
        networks = {network.name for network in self._engine.client.networks.list()}
        return "host" if self._network.loopback or "bridge" not in networks else "bridge"

    async def put(self, archive: bytes | IO[bytes] | Iterator[bytes]) -> None:
        """Unpack a tar archive at ``/``."""
        await self._engine.call(self._put, archive)

    def _put(self, archive: bytes | IO[bytes] | Iterator[bytes]) -> None:
        self._engine.client.api.put_archive(self._name, "/", archive)

    async def run(
        self,
        command: str,
        *,
        user: str = AGENT,
        folder: str = "/testbed",
        timeout: float = 1800.0,
        environment: Mapping[str, str] | None = None,
        shown: str | None = None,
        hint: str = "",
    ) -> None:
        """Run a command with bash; its output goes to the log.

        Args:
            command: bash source; the first failing command ends it.
            user: ``uid:gid``.
            folder: the working directory.
            timeout: seconds.
            environment: variables besides those of the network.
            shown: what log and error call the command; the command itself without it.
            hint: what the user may do when it fails.

        Raises:
            BuildFailed: the exit code is not 0, or the time is over.
        """
        shown = self._network.mask(shown or command)
        self.log.command(shown)
        code = await self._engine.call(self._exec, command, user, folder, timeout, environment)
        if code == 0:
            return
        how = (
            f"took longer than {timeout:.0f} s"
            if code in (124, 137)
            else f"failed with exit code {code}"
        )
        first = shown.strip().splitlines()[0]
        raise BuildFailed(
            f"the build step `{first}` {how}",
            step=shown,
            tail=self.log.tail(),
            log=self.log.path,
            hint=hint,
        )

    async def install_packages(self, packages: Sequence[str]) -> None:
        """Install Debian packages that are not there yet, from the host's mirror.

        Raises:
            BuildFailed: a package is unknown or cannot be fetched.
        """
        if not packages:
            return
        names = " ".join(shlex.quote(name) for name in packages)
        await self.run(
            _APT.replace("PACKAGES", names),
            user=ROOT,
            folder="/",
            shown=f"apt-get install {names}",
            hint="check the names under packages in [environment] of foretrace.toml",
        )

    def _exec(
        self,
        command: str,
        user: str,
        folder: str,
        timeout: float,
        environment: Mapping[str, str] | None,
    ) -> int:
        api = self._engine.client.api
        variables = {
            **self._network.environment,
            "HOME": _AGENT_HOME if user == AGENT else "/root",
            "DEBIAN_FRONTEND": "noninteractive",
            **(environment or {}),
        }
        limited = ["timeout", "--kill-after=10", str(timeout), "bash", "-e", "-o", "pipefail"]
        exec_id = api.exec_create(
            self._name,
            [*limited, "-c", command],
            user=user,
            workdir=folder,
            environment=variables,
        )["Id"]
        for _, chunk in _frames(api, exec_id):
            self.log.output(chunk)
        self.log.flush()
        code = api.exec_inspect(exec_id)["ExitCode"]
        if code is None:
            raise SandboxError("the build container went away while a step was running")
        return int(code)

    async def read(self, command: str, *, user: str = AGENT, folder: str = "/testbed") -> bytes:
        """The standard output of a command of ours (not of the project's).

        Raises:
            BuildFailed: the exit code is not 0.
        """

        def work() -> tuple[int, bytes, bytes]:
            api = self._engine.client.api
            exec_id = api.exec_create(
                self._name, ["bash", "-c", command], user=user, workdir=folder
            )["Id"]
            frames = list(_frames(api, exec_id))
            out, err = (b"".join(data for kind, data in frames if kind == k) for k in (1, 2))
            return int(api.exec_inspect(exec_id)["ExitCode"] or 0), out, err

        code, out, err = await self._engine.call(work)
        if code != 0:
            raise BuildFailed(
                f"`{command}` failed in the build container with exit code {code}",
                step=command,
                tail=self._network.mask(err.decode("utf-8", "replace")).strip(),
                log=self.log.path,
            )
        return out

    async def commit(
        self, labels: Mapping[str, str], tag: str, *, changes: Sequence[str] = ()
    ) -> str:
        """Make an image of the container as it is now, without what the host lent to it.

        Args:
            labels: the image's labels; the container's own do not reach it.
            tag: the image's name, as ``name:tag``.
            changes: lines as of a Dockerfile, such as ``ENV A=b``.

        Returns:
            The image's id.
        """
        if self._started and self._online:
            await self.run(f"rm -rf {BUILD_FOLDER}", user=ROOT, folder="/", timeout=60)
        # Finished even when cancelled: an image is worth keeping, half a commit is not.
        return await uncancelled(self._engine.call(self._commit, labels, changes, tag))

    def _commit(self, labels: Mapping[str, str], changes: Sequence[str], tag: str) -> str:
        # A commit takes the container's labels over: blank those that name an owner.
        blank = dict.fromkeys(self._engine.owner_labels("build"), "")
        lines = [f"LABEL {name}={json.dumps(text)}" for name, text in {**blank, **labels}.items()]
        repository, _, name = tag.partition(":")
        made = self._engine.client.api.commit(
            self._name,
            repository=repository,
            tag=name,
            pause=False,
            changes="\n".join([*_PLACE, *changes, *lines]),
        )
        return str(made["Id"])


def _frames(api: "APIClient", exec_id: str) -> Iterator[tuple[int, bytes]]:
    """What an exec writes, as pairs of the stream's number (2 for stderr) and some bytes."""
    from docker.utils.socket import frames_iter

    holder = api.exec_start(exec_id, socket=True)
    try:
        yield from frames_iter(holder, tty=False)  # type: ignore[no-untyped-call]
    finally:
        # The SDK's own ways to read leave the connection open: three objects hold it.
        for each in (getattr(holder, "_response", None), holder, getattr(holder, "_sock", None)):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                each.close()  # type: ignore[union-attr]
