"""What a maker's program says of its GPUs."""

import shutil
import subprocess


def asked(program: str, *arguments: str) -> str:
    """Its output; empty where it is not installed or fails: a broken driver serves nobody."""
    found = shutil.which(program)
    if found is None:
        return ""
    try:
        ended = subprocess.run(
            [found, *arguments], capture_output=True, timeout=60, check=True, errors="replace"
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return ended.stdout
