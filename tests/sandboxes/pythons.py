"""The Pythons on this machine that guest programs can be tried with."""

import shutil
import subprocess
import sys


def interpreters() -> list[str]:
    """This Python, and the others on the path that have pytest."""
    found = [sys.executable]
    for minor in range(6, 16):
        path = shutil.which(f"python3.{minor}")
        if path and minor != sys.version_info.minor:
            has = subprocess.run([path, "-c", "import pytest"], capture_output=True, check=False)
            if has.returncode == 0:
                found.append(path)
    return found
