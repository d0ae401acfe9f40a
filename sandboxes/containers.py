"""What a sandbox asks of the engine for its container. Every function blocks: use `Engine.call`."""

import json
import resource
import uuid
from typing import TYPE_CHECKING

from sandboxes.errors import SandboxDied, UnsuitableImage
from sandboxes.sandbox import SandboxLimits

if TYPE_CHECKING:
    from docker.types import Ulimit

    from sandboxes.engine import Engine

_SHARED_MEMORY = 64 * 1024**2


def create(
    engine: "Engine", name: str, image: str, *, limits: SandboxLimits, network: str, run: str
) -> str:
    """Create and start a container that does nothing; returns its id.

    Raises:
        UnsuitableImage: there is no such image.
    """
    from docker.errors import APIError, ImageNotFound

    storage = engine.storage_limit
    while True:
        try:
            made = _create_once(engine, name, image, limits, network, run, storage)
            engine.client.api.start(made)
            return made
        except ImageNotFound:
            raise UnsuitableImage(f"there is no image {image}") from None
        except APIError as error:
            # Only some of the engine's file systems can limit a container's layer.
            if not storage or error.status_code in (404, 409):
                raise
            storage = engine.storage_limit = False
            engine.forget_container(name)
            engine.keep_track(container=name)


def _create_once(
    engine: "Engine",
    name: str,
    image: str,
    limits: SandboxLimits,
    network: str,
    run: str,
    storage: bool,
) -> str:
    from docker.types import Healthcheck

    api = engine.client.api
    processors = float(str(engine.about().get("NCPU") or limits.cpus))
    host = api.create_host_config(
        network_mode=network,
        cap_drop=["ALL"],
        # To run commands as another user, and to end them.
        cap_add=["SETUID", "SETGID", "KILL"],
        security_opt=["no-new-privileges"],
        pids_limit=limits.pids,
        mem_limit=limits.memory,
        memswap_limit=limits.memory,
        nano_cpus=int(min(limits.cpus, processors) * 1e9),
        init=True,
        shm_size=_SHARED_MEMORY,
        ulimits=ulimits(engine),
        storage_opt={"size": str(limits.disk)} if storage else None,
    )
    made = api.create_container(
        image,
        # By its full path: PATH may begin with a folder that the unprivileged user can write.
        entrypoint=["/bin/sleep"],
        command=["2147483647"],
        name=name,
        hostname="sandbox",
        user="0:0",
        working_dir="/",
        labels=engine.owner_labels("sandbox", run=run),
        healthcheck=Healthcheck(test=["NONE"]),
        host_config=host,
    )
    return str(made["Id"])


def ulimits(engine: "Engine") -> "list[Ulimit]":
    """Resource limits every container gets.

    Podman's defaults for files and processes may be above what Podman itself may have, and then
    it refuses its own defaults: they are named.
    """
    from docker.types import Ulimit

    named = _own_rlimits() if engine.podman and engine.local else {}
    return [Ulimit(name=name, soft=most, hard=most) for name, most in {"core": 0, **named}.items()]


def _own_rlimits() -> dict[str, int]:
    """Limits that an engine started like this process can pass on, by their names."""
    most = {"nofile": (resource.RLIMIT_NOFILE, 2**20), "nproc": (resource.RLIMIT_NPROC, 2**15)}
    hard = {name: resource.getrlimit(number)[1] for name, (number, _) in most.items()}
    return {
        name: much if hard[name] == resource.RLIM_INFINITY else min(hard[name], much)
        for name, (_, much) in most.items()
    }


def state(engine: "Engine", container: str) -> dict[str, object] | None:
    """What the engine says of a container's main process, or None when there is no container."""
    from docker.errors import NotFound

    try:
        found: dict[str, object] = engine.client.api.inspect_container(container)["State"]
    except NotFound:
        return None
    return found


def layer_size(engine: "Engine", container: str) -> int:
    """Bytes in a container's own layer; 0 when the engine does not say."""
    found = engine.client.api.containers(size=True, filters={"id": container})
    return int(found[0].get("SizeRw") or 0) if found else 0


def commit(engine: "Engine", container: str, run: str) -> str:
    """Make a scratch image of a container as it is now; returns its id.

    Raises:
        SandboxDied: the container is gone.
    """
    from docker.errors import NotFound

    labels = engine.owner_labels("snapshot", run=run, scratch=True)
    changes = "\n".join(f"LABEL {name}={json.dumps(text)}" for name, text in labels.items())
    # With an image Podman removes those below that have no name, whatever it is asked.
    named = {"repository": "foretrace-snapshot", "tag": uuid.uuid4().hex} if engine.podman else {}
    try:
        made = engine.client.api.commit(container, changes=changes, pause=True, **named)
    except NotFound as error:
        raise SandboxDied("the sandbox's container was removed from outside") from error
    image = str(made["Id"])
    engine.keep_track(image=image)
    return image
