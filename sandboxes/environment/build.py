"""A container in which an image is made, one command after another.

Used for base images, for environments and for repository images alike: start from an image, put
files in, run commands with the network on while their output goes to a log, commit. What the host
lends to a build (certificates, proxies, indexes) exists only in commands' variables and in one
folder that is gone before the commit. A build that fails or is cancelled leaves nothing behind.
"""

import contextlib
import io
import json
import tarfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, ParamSpec, Self, TypeVar

from sandboxes.containers import state, ulimits
from sandboxes.engine import uncancelled
from sandboxes.environment import apt
from sandboxes.environment.buildlog import BuildLog
from sandboxes.errors import BuildFailed, EngineRefused, SandboxDied
from sandboxes.hostnet import BUILD_FOLDER, DEBIAN_SUITES, BuildNetwork

if TYPE_CHECKING:
    from docker.api import APIClient

    from sandboxes.engine import Engine

P = ParamSpec("P")
T = TypeVar("T")

Progress = Callable[[str], None]
"""Told, in one line each, what a build is doing."""

AGENT = "1000:1000"
ROOT = "0:0"
_TIMED_OUT, _KILLED = 124, 137  # exit codes; of coreutils' timeout, and of whatever got SIGKILL
_AGENT_HOME = "/home/agent"

# Of the build container's own way to start nothing stays.
_PLACE = ("WORKDIR /testbed", 'CMD ["/bin/bash"]')


def silent(_: str) -> None:
    """A `Progress` that tells nobody."""


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
        await self._call(self._put, archive)

    async def _call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the engine about the container.

        Raises:
            SandboxDied: it was ended or removed from outside.
        """
        try:
            return await self._engine.call(work, *args, **kwargs)
        except EngineRefused as error:
            died = await self._end()
            if died is not None:
                raise died from error
            raise

    async def _end(self) -> SandboxDied | None:
        """The error that says that the container does not run any more; None while it does."""
        found = await self._engine.call(state, self._engine, self._name)
        if found is None:
            return SandboxDied("the build container was removed from outside")
        if self._started and not found.get("Running"):
            return SandboxDied(f"the build container ended (exit code {found.get('ExitCode')})")
        return None

    async def _check_not_ended(self, code: int | None) -> None:
        """Raise `SandboxDied` when a command ended like this because the container did."""
        if code is None or code >= _KILLED:
            died = await self._end()
            if died is not None:
                raise died

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
            SandboxDied: the container was ended from outside.
        """
        shown = self._network.mask(shown or command)
        self.log.command(shown)
        started = time.monotonic()
        code = await self._call(self._exec, command, user, folder, timeout, environment)
        if code == 0:
            return
        await self._check_not_ended(code)
        how = f"failed with exit code {code}"
        if code in (_TIMED_OUT, _KILLED) and time.monotonic() - started >= timeout:
            how = f"took longer than {timeout:.0f} s"
        elif code == _KILLED:
            how = "was killed (exit code 137), probably for want of memory"
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
        await self.run(
            apt.install_script(packages),
            user=ROOT,
            folder="/",
            shown=f"apt-get install {' '.join(packages)}",
            hint="check the names under packages in [environment] of foretrace.toml",
        )

    def _exec(
        self,
        command: str,
        user: str,
        folder: str,
        timeout: float,
        environment: Mapping[str, str] | None,
    ) -> int | None:
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
        code: int | None = api.exec_inspect(exec_id)["ExitCode"]
        return code

    async def read(self, command: str, *, user: str = AGENT, folder: str = "/testbed") -> bytes:
        """The standard output of a command of ours (not of the project's).

        Raises:
            BuildFailed: the exit code is not 0.
            SandboxDied: the container was ended from outside.
        """

        def work() -> tuple[int | None, bytes, bytes]:
            api = self._engine.client.api
            exec_id = api.exec_create(
                self._name, ["bash", "-c", command], user=user, workdir=folder
            )["Id"]
            frames = list(_frames(api, exec_id))
            out, err = (b"".join(data for kind, data in frames if kind == k) for k in (1, 2))
            return api.exec_inspect(exec_id)["ExitCode"], out, err

        code, out, err = await self._call(work)
        await self._check_not_ended(code)
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
        return await uncancelled(self._call(self._commit, labels, changes, tag))

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
