"""Let the environment of this Python find another's packages after its own.

    build/vllm/bin/python scripts/borrow_packages.py .venv/bin/python

vLLM pins much of what it needs, so that it cannot share an environment with our own packages.
Tests that need both run in vLLM's, which borrows from ours what it has not.
"""

import site
import subprocess
import sys
from pathlib import Path

_ASK = "import sys, sysconfig; print(sys.version_info[:2], sysconfig.get_path('purelib'), sep=';')"


def main(lender: str) -> int:
    """Write the path file; 3 where the two Pythons cannot share packages."""
    told = subprocess.run([lender, "-c", _ASK], check=True, capture_output=True, text=True).stdout
    version, _, packages = told.strip().partition(";")
    if version != str(sys.version_info[:2]):
        print(f"{lender} is Python {version}, {sys.executable} is not: remove one", file=sys.stderr)
        return 3
    # What a path file imports is run when Python starts; so the lender's own path files count, too.
    line = f"import site; site.addsitedir({packages!r})\n"
    (Path(site.getsitepackages()[0]) / "foretrace.pth").write_text(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
