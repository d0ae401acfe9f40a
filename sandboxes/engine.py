"""The connection to a container engine, and the traces its users leave on it.

Everything that talks to the Docker Engine (or to Podman's compatible socket) goes through an
`Engine`: it finds the engine, keeps blocking calls off the event loop, turns the SDK's errors into
ours, and labels whatever is made with the process it belongs to, so that `sweep` can remove what
dead processes left behind.
"""

import asyncio
import atexit
import contextlib
import functools
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from sandboxes.errors import EngineRefused, EngineUnavailable, SandboxError
from sandboxes.owner import Owner

if TYPE_CHECKING:
    from docker import DockerClient

P = ParamSpec("P")
T = TypeVar("T")

LABEL = "dev.foretrace"
KIND = f"{LABEL}.kind"
OWNER = f"{LABEL}.owner"
NAMESPACE = f"{LABEL}.namespace"
"""The owner's process namespace: its process id says nothing in another one."""

RUN = f"{LABEL}.run"
SCRATCH = f"{LABEL}.scratch"
"""On images: ``yes`` when the image is worthless once its owner is gone."""

_CALLS_AT_ONCE = 32
_CONNECT_SECONDS = 10
_CALL_SECONDS = 600
_HINT = "start the engine, or set DOCKER_HOST to its address"


class Engine:
    """A container engine that answers.

    Attributes:
        client: the docker SDK's client; call it through `call`.
        url: where the engine listens.
        storage_limit: whether the engine may be able to limit a container's own layer: True until
            it has refused once.
    """

    def __init__(self, client: "DockerClient", url: str) -> None:
        self.client = client
        self.url = url
        self.storage_limit = True
        self._threads = ThreadPoolExecutor(_CALLS_AT_ONCE, thread_name_prefix="engine")
        # In the order they were made: what rests on something else comes after it.
        self._containers: dict[str, None] = {}
        self._images: dict[str, None] = {}
        self._about: dict[str, object] | None = None
        atexit.register(self._last_resort)

    @classmethod
    def connect(cls, url: str | None = None) -> "Engine":
        """Connect to an engine; blocks for as long as the engine takes to answer.

        Args:
            url: where it listens (``unix:///run/docker.sock``, ``tcp://host:2376``); without it
                DOCKER_HOST with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, else the usual sockets.

        Raises:
            EngineUnavailable: nothing answers there, or it refuses us.
        """
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        named = url or os.environ.get("DOCKER_HOST")
        problem = ""
        for candidate in [named] if named else _usual_sockets():
            try:
                _knock(candidate)
                with contextlib.closing(_client(candidate, None, _CONNECT_SECONDS)) as first:
                    version = str(first.api.version(api_version=False)["ApiVersion"])
                return cls(_client(candidate, version, _CALL_SECONDS), candidate)
            except (DockerException, RequestException, OSError, ValueError, KeyError) as error:
                problem = problem or _why_unreachable(candidate, error)
        raise EngineUnavailable(problem or "no container engine answers", _HINT)

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking function of the SDK in a thread.

        A cancelled call goes on in its thread: whoever makes something with it must wait for it
        (`uncancelled`) before cleaning up.

        Raises:
            EngineUnavailable: the engine went away.
            EngineRefused: the engine answered with an error.
        """

        def translated() -> T:
            with our_errors(self.url):
                return work(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._threads, translated)

    def owner_labels(self, kind: str, *, run: str = "", scratch: bool = False) -> dict[str, str]:
        """Labels that say what a container or an image is and which process it belongs to.

        All of them are always there: an image committed from a container, and a container made
        from an image, take over every label that is not set anew.
        """
        return {
            KIND: kind,
            OWNER: Owner.current().token,
            NAMESPACE: _namespace(),
            RUN: run,
            SCRATCH: "yes" if scratch else "",
        }

    def describe(self) -> str:
        """The engine in a few words, for the user."""
        version = self._versions()
        name = "Podman" if self.podman else "Docker"
        return f"{name} {version.get('Version', '?')} (API {version.get('ApiVersion', '?')})"

    @functools.cached_property
    def podman(self) -> bool:
        """Whether it is Podman behind its compatible socket. Blocks the first time."""
        components = self._versions().get("Components")
        return isinstance(components, list) and any(
            "Podman" in str(each.get("Name", "")) for each in components
        )

    def _versions(self) -> dict[str, object]:
        with our_errors(self.url):
            versions: dict[str, object] = self.client.version()
        return versions

    def about(self) -> dict[str, object]:
        """What the engine says of itself; asked once. Blocks."""
        if self._about is None:
            with our_errors(self.url):
                self._about = self.client.info()
        return self._about

    @property
    def local(self) -> bool:
        """Whether the engine listens on a socket of this machine."""
        return self.url.startswith(("unix:", "http+unix:"))

    def keep_track(self, *, container: str = "", image: str = "") -> None:
        """Have something removed when the process ends, should nothing remove it before."""
        self._containers.update(dict.fromkeys({container} - {""}))
        self._images.update(dict.fromkeys({image} - {""}))

    async def remove_container(self, name: str) -> None:
        """Remove a container with everything that runs in it; it may be gone already.

        Raises:
            SandboxError: the engine did not do it.
        """
        await self.call(self.forget_container, name)

    async def remove_image(self, image: str) -> None:
        """Remove an image; it may be gone already.

        Raises:
            SandboxError: the engine did not do it, for instance as something still uses it.
        """
        await self.call(self._remove_image, image)

    def forget_container(self, name: str) -> None:
        """As `remove_container`; blocks."""
        from docker.errors import APIError, NotFound

        try:
            self.client.api.remove_container(name, force=True, v=True)
        except NotFound:
            pass
        except APIError as error:
            if error.status_code != 409:  # else: somebody else is removing it right now
                raise
        self._containers.pop(name, None)

    def _remove_image(self, image: str) -> None:
        from docker.errors import NotFound

        with contextlib.suppress(NotFound):
            # Without noprune the engine would remove untagged parents too.
            self.client.api.remove_image(image, noprune=True)
        self._images.pop(image, None)

    def _last_resort(self) -> None:
        """Remove what is still tracked: the event loop ended before its owners could."""
        if not self._containers and not self._images:
            return
        self.client.api.timeout = 30
        for container in reversed(list(self._containers)):
            with contextlib.suppress(Exception):
                self.forget_container(container)
        for image in reversed(list(self._images)):
            with contextlib.suppress(Exception):
                self._remove_image(image)

    def close(self) -> None:
        """Remove what is left of this connection's containers and images, and hang up. Blocks."""
        atexit.unregister(self._last_resort)
        self._last_resort()
        self._threads.shutdown(wait=False)
        self.client.close()


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep removed: names of containers, ids of images."""

    containers: tuple[str, ...] = ()
    images: tuple[str, ...] = ()


async def sweep(engine: Engine, everything: bool = False) -> Swept:
    """Remove the containers and scratch images whose owners are dead.

    Environment and base images are a cache, not scratch: they stay.

    Args:
        engine: where to look.
        everything: remove what living processes use, too.

    Raises:
        EngineUnavailable: the engine went away.
    """
    return await uncancelled(engine.call(_sweep, engine, everything))


def _sweep(engine: Engine, everything: bool) -> Swept:
    api = engine.client.api
    containers = []
    for each in api.containers(all=True, filters={"label": [OWNER]}):
        stopped = each.get("State") != "running"
        if _abandoned(engine, each.get("Labels") or {}, stopped, everything):
            with contextlib.suppress(EngineRefused), our_errors(engine.url):
                engine.forget_container(each["Id"])
                containers.append(str((each.get("Names") or [each["Id"]])[0]).lstrip("/"))
    dead = [
        str(each["Id"])
        for each in api.images(all=True, filters={"label": [f"{SCRATCH}=yes"]})
        if _abandoned(engine, each.get("Labels") or {}, True, everything)
    ]
    images: list[str] = []
    while dead:  # an image with images on top of it can only go after them
        left = []
        for image in dead:
            try:
                with our_errors(engine.url):
                    engine._remove_image(image)
                images.append(image)
            except EngineRefused:
                left.append(image)
        if len(left) == len(dead):
            break
        dead = left
    return Swept(tuple(containers), tuple(images))


def _abandoned(engine: Engine, labels: Mapping[str, str], stopped: bool, everything: bool) -> bool:
    owner = Owner.parse(labels.get(OWNER, ""))
    if owner is None:
        return False
    if everything:
        return True
    if not owner.here():
        # Of an earlier boot of this machine nothing runs any more.
        return engine.local and stopped
    return labels.get(NAMESPACE) == _namespace() and not owner.alive()


@contextlib.contextmanager
def our_errors(url: str) -> Iterator[None]:
    """Turn the SDK's errors into ours; the original is the cause."""
    from docker.errors import APIError, DockerException
    from requests.exceptions import ConnectionError as Unconnected
    from requests.exceptions import RequestException

    try:
        yield
    except APIError as error:
        text = str(error.explanation or error).strip().replace("\n", " ")
        raise EngineRefused(f"the container engine refused: {text}", error.status_code) from error
    except Unconnected as error:
        raise EngineUnavailable(_why_unreachable(url, error), _HINT) from error
    except (RequestException, DockerException) as error:
        raise SandboxError(f"the container engine did not answer properly: {error}") from error


async def uncancelled(work: Awaitable[T]) -> T:
    """Finish some work whatever happens; a cancellation takes effect afterwards."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
        except Exception:
            break  # the work's own error: raised by result() below
    if cancelled is not None:
        if not task.cancelled() and task.exception() is not None:
            raise cancelled from task.exception()
        raise cancelled
    return task.result()


@functools.cache
def _namespace() -> str:
    """This process's namespace of processes; several share an engine when its socket is lent."""
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return ""


def _knock(url: str) -> None:
    """See whether anybody listens on a Unix socket; says plainly what is wrong otherwise."""
    if url.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as unix:
            unix.connect(url.removeprefix("unix://"))


def _client(url: str, version: str | None, timeout: int) -> "DockerClient":
    """A client; no contact is made yet."""
    import docker
    from docker.constants import DEFAULT_DOCKER_API_VERSION
    from docker.utils import kwargs_from_env

    settings = kwargs_from_env(environment={**os.environ, "DOCKER_HOST": url})
    client = docker.DockerClient(
        version=version or DEFAULT_DOCKER_API_VERSION,
        timeout=timeout,
        max_pool_size=_CALLS_AT_ONCE,
        **settings,
    )
    # REQUESTS_CA_BUNDLE and the like would take the place of the certificates for the engine.
    client.api.trust_env = not settings.get("tls")
    return client


def _usual_sockets() -> list[str]:
    """Where an engine listens when nobody says otherwise: rootful first, then the user's own."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    places = [
        "/var/run/docker.sock",
        f"{runtime}/docker.sock",
        str(Path.home() / ".docker/run/docker.sock"),
        "/run/podman/podman.sock",
        f"{runtime}/podman/podman.sock",
    ]
    return [f"unix://{place}" for place in places if Path(place).exists()]


def _why_unreachable(url: str, error: Exception) -> str:
    """One line out of the SDK's nested errors."""
    text = str(error)
    if "Permission denied" in text:
        return f"the container engine at {url} refuses this user"
    for sign in ("No such file", "FileNotFoundError"):
        if sign in text:
            return f"there is no container engine at {url}"
    if "refused" in text or "timed out" in text or "RemoteDisconnected" in text:
        return f"the container engine at {url} does not answer"
    return f"the container engine at {url} does not answer: {text[:200]}"
