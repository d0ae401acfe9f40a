"""Bootstrapping a base image's root file system from Debian packages, where no registry answers."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sandboxes.environment.build import Progress
from sandboxes.errors import BaseImageFailed
from sandboxes.hostnet import DEBIAN_SUITES, BuildNetwork

SUITES = DEBIAN_SUITES

PACKAGES = (
    "bash",
    "ca-certificates",
    "git",
    "less",
    "passwd",
    "patch",
    "procps",
    "python3",
    "python3-venv",
)
"""What a base image needs beyond Debian's essential packages."""

RECIPE = 1
"""Counts the changes of how a root file system is made."""

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SECONDS = 1200.0


@dataclass(frozen=True, slots=True)
class Tool:
    """Whether this host can bootstrap, and what to do where it cannot."""

    ready: bool
    hint: str = ""


def bootstrap_tool() -> Tool:
    """Whether `bootstrap` has, or can get by itself, the program it needs."""
    if shutil.which("mmdebstrap"):
        return Tool(True)
    if shutil.which("apt-get") and os.geteuid() == 0:
        return Tool(True)
    if shutil.which("apt-get"):
        return Tool(False, "sudo apt-get install mmdebstrap")
    return Tool(False, "install mmdebstrap, or let the engine reach a registry")


def bootstrap(
    suite: str, archive: Path, *, network: BuildNetwork, log: Path, progress: Progress
) -> None:
    """Write a Debian suite's minimal root file system, with `PACKAGES`, to a tar file.

    Raises:
        BaseImageFailed: the tool is missing or failed.
    """
    _get_tool(progress, log)
    if not _KEYRING.exists() and os.geteuid() == 0 and shutil.which("apt-get"):
        _apt_install("debian-archive-keyring", log)
    options = [
        *network.apt_options,
        'Apt::Install-Recommends "false";',
        'Acquire::Languages "none";',
    ]
    command = [
        "mmdebstrap",
        "--variant=apt",
        f"--include={','.join(PACKAGES)}",
        *(f"--aptopt={option}" for option in options),
        *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("doc", "man", "info")),
        "--dpkgopt=path-exclude=/usr/share/locale/*/LC_MESSAGES/*",
        '--customize-hook=rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/etc/resolv.conf',
        '--customize-hook=rm -f "$1"/etc/hostname',
    ]
    if _KEYRING.exists():
        command.insert(1, f"--keyring={_KEYRING}")
    sources = network.apt_sources_for(suite)
    if sources:
        # The host's mirror ends here: builds that install packages bring it anew.
        command.append(
            '--customize-hook=rm -f "$1"/etc/apt/sources.list*/* "$1"/etc/apt/sources.list'
        )
    command += [suite, str(archive), *(["-"] if sources else [])]
    environment = {
        name: value for name, value in network.environment.items() if name.endswith("_proxy")
    }
    progress(f"bootstrapping Debian {suite} with mmdebstrap")
    _logged(
        command,
        log,
        network,
        stdin="\n".join(sources),
        environment=environment,
        failure=f"mmdebstrap could not bootstrap Debian {suite}",
    )


def _get_tool(progress: Progress, log: Path) -> None:
    tool = bootstrap_tool()
    if not tool.ready:
        raise BaseImageFailed("mmdebstrap is not installed", tool.hint)
    if shutil.which("mmdebstrap") is None:
        progress("installing mmdebstrap")
        _apt_install("mmdebstrap", log)


def _apt_install(package: str, log: Path) -> None:
    """Install a package on the host, as the set-up commands do for the engine."""
    from sandboxes.hostnet import host_network

    network = host_network()
    script = (
        f"apt-get install -y --no-install-recommends {package}"
        f" || (apt-get update && apt-get install -y --no-install-recommends {package})"
    )
    _logged(
        ["sh", "-c", script],
        log,
        network,
        environment={"DEBIAN_FRONTEND": "noninteractive"},
        failure=f"apt-get could not install {package}",
    )


def _logged(
    command: list[str],
    log: Path,
    network: BuildNetwork,
    *,
    failure: str,
    stdin: str = "",
    environment: dict[str, str] | None = None,
) -> None:
    """Run a program of the host, its output masked and added to the log."""
    try:
        done = subprocess.run(
            command,
            input=stdin.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BaseImageFailed(f"{failure}: no end after {_SECONDS:.0f} s", f"see {log}") from None
    except OSError as error:
        raise BaseImageFailed(f"{failure}: {error}") from None
    output = network.mask(done.stdout.decode("utf-8", "replace"))
    with log.open("a", encoding="utf-8") as file:
        file.write(output)
    if done.returncode != 0:
        lines = [line for line in output.splitlines() if line.startswith("E:")] or [
            line for line in output.splitlines() if line.strip()
        ]
        reason = lines[-1].strip() if lines else f"exit code {done.returncode}"
        raise BaseImageFailed(f"{failure}: {reason}", f"see {log}")
