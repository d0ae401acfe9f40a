"""The script that makes an engine answer, with daemons of its own in namespaces of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "ensure_engine.py"

# Nothing of the machine's own engine is seen or touched: own processes, network, folders.
INSIDE = """
set -e
mount --make-rprivate /
for place in /run /var/lib/docker /var/lib/containerd /var/log /tmp; do
    if [ -d $place ]; then mount -t tmpfs tmpfs $place; fi
done
unset DOCKER_HOST
cat > /tmp/ensure_engine.py
echo 1 > /run/docker.pid  # of a daemon that was killed
run() { "$PYTHON" /tmp/ensure_engine.py || echo "status $?"; }
PREPARE
run & first=$!
run & second=$!
wait $first; wait $second
echo "daemons: $(pgrep -c -x dockerd)"
docker network ls --format '{{.Name}}' 2>/dev/null || true
pkill -KILL -x dockerd && sleep 0.5 || true
run
echo "daemons: $(pgrep -c -x dockerd)"
pkill -TERM -x dockerd && sleep 1 || true
"""

can_start = pytest.mark.skipif(
    os.geteuid() != 0
    or not Path("/usr/sbin/dockerd").exists()
    or Path("/run/systemd/system").exists(),
    reason="needs root, Debian's dockerd and no service manager",
)


def in_namespaces(prepare: str) -> list[str]:
    """What the script says, run twice at once and again after its daemon was killed."""
    done = subprocess.run(
        ["unshare", "-n", "-m", "-p", "--fork", "--mount-proc", "--kill-child", "bash", "-c",
         INSIDE.replace("PREPARE", prepare)],
        input=SCRIPT.read_text(),
        # Not the environment's own: that may lie below /tmp, which is hidden inside.
        env={**os.environ, "PYTHON": os.path.realpath(sys.executable)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )  # fmt: skip
    return done.stdout.splitlines()


def script(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(SCRIPT)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.engine
def test_an_engine_that_answers_is_left_alone() -> None:
    done = script()
    assert (done.returncode, done.stdout, done.stderr) == (0, "a container engine answers\n", "")


@pytest.mark.parametrize("address", ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:1"])
def test_a_named_engine_is_the_users_own_to_start(address: str) -> None:
    done = script(DOCKER_HOST=address)
    assert done.returncode == 3
    assert done.stdout == ""
    assert address in done.stderr
    assert done.stderr.count("\n") == 1


@can_start
def test_two_callers_start_one_daemon() -> None:
    said = in_namespaces("")
    started = [line for line in said if line.startswith("started the Docker Engine, log in")]
    assert len(started) == 2, said  # once at first, once after the kill
    assert said.count("a container engine answers") == 1
    assert said.count("daemons: 1") == 2
    assert "bridge" in said
    assert not [line for line in said if line.startswith("status")]


@can_start
def test_without_a_bridge_it_says_so() -> None:
    said = in_namespaces('mount --bind /bin/false "$(readlink -f /usr/sbin/iptables)"')
    started = [line for line in said if "without a bridge network" in line]
    assert len(started) == 2, said
    assert said.count("daemons: 1") == 2
    assert "bridge" not in said


@can_start
def test_what_cannot_start_is_one_line() -> None:
    said = in_namespaces("mount --bind /bin/false /usr/sbin/dockerd")
    assert "\n".join(said).count("status 3") == 3, said  # two may write one line
    assert [line for line in said if line.startswith("no container engine answers: dockerd does")]
