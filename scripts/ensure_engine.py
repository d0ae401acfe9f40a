#!/usr/bin/env python3
"""Make sure that a container engine answers on this machine.

Called by the set-up commands before anything of ours is installed: nothing but Python's standard
library. Where an engine answers already, this says so and ends at once. As root on Debian or Ubuntu
it installs the distribution's engine where there is none, and starts it. Anywhere else it says in
one line what to do, and exits with status 3.
"""

import argparse
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

UNAVAILABLE = 3
PACKAGES = ("docker.io", "iptables")
LOCK = Path("/run/foretrace-engine.lock")
LOG = Path("/var/log/foretrace-dockerd.log")
SOCKET = Path("/var/run/docker.sock")
# A daemon that was killed leaves these; with them in place the next one refuses to start.
PID_FILES = (
    Path("/var/run/docker.pid"),
    Path("/run/docker/containerd/containerd.pid"),
    Path("/var/run/docker/containerd/containerd.pid"),
)
# Where no bridge can be made: sandboxes need no network, and builds use the host's.
WITHOUT_BRIDGE = ("--bridge=none", "--iptables=false", "--ip-forward=false", "--ip-masq=false")
READY_SECONDS = 60.0


class CannotHelp(Exception):
    """What the user has to do, in one line."""


def main() -> int:
    """Make an engine answer, or say why that cannot be done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quiet", action="store_true", help="say nothing when all is well")
    arguments = parser.parse_args()
    try:
        done = ensure()
    except CannotHelp as problem:
        print(f"no container engine answers: {problem}", file=sys.stderr)
        return UNAVAILABLE
    if done or not arguments.quiet:
        print(done or "a container engine answers")
    return 0


def ensure() -> str:
    """Make an engine answer; returns what was done, empty when there was nothing to do."""
    if any(answers(address) for address in addresses()):
        return ""
    named = os.environ.get("DOCKER_HOST")
    if named:
        raise CannotHelp(f"DOCKER_HOST says {named}; start that engine or unset DOCKER_HOST")
    if not is_debian():
        raise CannotHelp("install Docker or Podman and start it")
    if os.geteuid() != 0:
        if SOCKET.exists() and not os.access(SOCKET, os.W_OK):
            raise CannotHelp("this user may not use it: sudo usermod -aG docker $USER, log in anew")
        raise CannotHelp("sudo apt-get install docker.io iptables && sudo systemctl start docker")
    with LOCK.open("a") as lock:
        # Whoever comes second waits, and then finds the engine of the first.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if answers(f"unix://{SOCKET}"):
            return ""
        return start()


def addresses() -> list[str]:
    """Where an engine may listen."""
    named = os.environ.get("DOCKER_HOST")
    if named:
        return [named]
    runtime = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    places = (
        str(SOCKET),
        f"{runtime}/docker.sock",
        str(Path.home() / ".docker/run/docker.sock"),
        "/run/podman/podman.sock",
        f"{runtime}/podman/podman.sock",
    )
    return [f"unix://{place}" for place in places]


def answers(address: str) -> bool:
    """Whether an engine says hello there."""
    kind, _, rest = address.partition("://")
    try:
        if kind == "unix":
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(5)
            connection.connect(rest)
        elif kind in ("tcp", "http"):
            host, _, port = rest.rstrip("/").rpartition(":")
            connection = socket.create_connection((host.strip("[]"), int(port)), timeout=5)
        else:
            # Over ssh and the like the client itself has to find out.
            return bool(shutil.which("docker")) and _succeeds("docker", "version")
        with connection:
            if os.environ.get("DOCKER_TLS_VERIFY"):
                return True  # it listens; certificates are the client's business
            connection.sendall(b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n")
            return b" 200 " in connection.recv(64)
    except (OSError, ValueError):
        return False


def is_debian() -> bool:
    """Whether this is Debian or something made from it."""
    try:
        text = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return False
    fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    like = f"{fields.get('ID', '')} {fields.get('ID_LIKE', '')}".replace('"', "").split()
    return "debian" in like or "ubuntu" in like


def start() -> str:
    """Install the engine where it is missing, start it, and wait until it answers."""
    done = install()
    if has_systemd():
        if not _succeeds("systemctl", "start", "docker"):
            raise CannotHelp("systemctl start docker failed; see systemctl status docker")
        if not wait(None):
            raise CannotHelp("dockerd was started but does not answer; see journalctl -u docker")
        return f"{done}started the Docker Engine with systemctl"
    if daemon_runs():
        # Somebody is starting one at this moment, or it is busy: never a second one.
        if wait(None):
            return ""
        raise CannotHelp("a dockerd is running but does not answer; stop it, or look at its log")
    daemon = launch()
    if wait(daemon):
        return f"{done}started the Docker Engine, log in {LOG}"
    problem = last_problem()
    stop(daemon)
    # Most often the kernel lacks the bridge or the packet filter that a network needs.
    daemon = launch(*WITHOUT_BRIDGE)
    if wait(daemon):
        return (
            f"{done}started the Docker Engine without a bridge network ({problem});"
            f" builds use this machine's own network; log in {LOG}"
        )
    stop(daemon)
    raise CannotHelp(f"dockerd does not start: {last_problem()} (log in {LOG})")


def install() -> str:
    """Install Debian's engine if there is no daemon; returns what was done, for the user."""
    if shutil.which("dockerd", path=_path()):
        return ""
    print(f"installing {' and '.join(PACKAGES)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PATH": _path()}
    # No daemon of the package's own: it is started here, where its way to start is known.
    command = ["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES]
    for attempt in (command, ["apt-get", "update"], command):
        ended = subprocess.run(
            attempt, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
        )
        if attempt is command and ended.returncode == 0:
            return f"installed {PACKAGES[0]} and "
    lines = ended.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
    raise CannotHelp(f"apt-get install {' '.join(PACKAGES)} failed: {lines[-1]}")


def has_systemd() -> bool:
    """Whether a service manager runs this machine, with a unit for the engine."""
    return Path("/run/systemd/system").is_dir() and _succeeds("systemctl", "cat", "docker")


def daemon_runs() -> bool:
    """Whether a dockerd runs in this process's view of the machine."""
    return any(name(pid) == "dockerd" for pid in pids())


def pids() -> list[int]:
    """All processes."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def name(pid: int) -> str:
    """A process's name; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def launch(*options: str) -> "subprocess.Popen[bytes]":
    """Start a daemon that outlives us."""
    for file in PID_FILES:
        remove_stale(file)
    with LOG.open("ab") as log:
        return subprocess.Popen(
            [shutil.which("dockerd", path=_path()) or "dockerd", *options],
            env={**os.environ, "PATH": _path()},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )


def remove_stale(file: Path) -> None:
    """Remove a pid file whose process is gone, or is another one by now."""
    try:
        pid = int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        pid = 0
    if name(pid) not in ("dockerd", "containerd"):
        file.unlink(missing_ok=True)


def wait(daemon: "subprocess.Popen[bytes] | None") -> bool:
    """Wait until the engine answers; False when it ends or takes too long."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if answers(f"unix://{SOCKET}"):
            return True
        if daemon is not None and daemon.poll() is not None:
            return False
        time.sleep(0.1)
    return False


def stop(daemon: "subprocess.Popen[bytes]") -> None:
    """End a daemon that did not get ready."""
    if daemon.poll() is None:
        daemon.terminate()
        try:
            daemon.wait(20)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


def last_problem() -> str:
    """Why the daemon ended, by its log."""
    lines = LOG.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1].strip()[:300] if lines else "no reason given"


def _path() -> str:
    return os.environ.get("PATH", "") + os.pathsep + "/usr/local/sbin:/usr/sbin:/sbin"


def _succeeds(*command: str) -> bool:
    quiet = subprocess.DEVNULL
    try:
        done = subprocess.run(command, stdout=quiet, stderr=quiet, timeout=60, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
