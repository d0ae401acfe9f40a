"""Running the recorder directly, on all the Pythons of this machine."""

import functools
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from pathlib import Path

from sandboxes.recording import RecordingLimits

TRACER = files("sandboxes.guest").joinpath("tracer.py").read_text()


@functools.cache
def pythons() -> list[str]:
    """This Python first, then one of every other minor version from 3.6 on that runs."""
    names = [f"python3.{minor}" for minor in range(6, 16)]
    homes = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv").glob("versions/3.*")
    paths = [shutil.which(name) or "" for name in names]
    paths += sorted(str(home / "bin" / "python") for home in homes)
    found = {sys.version_info.minor: sys.executable}
    program = "import sys; print(sys.version_info[1])"
    for path in filter(None, paths):
        said = subprocess.run([path, "-c", program], capture_output=True, text=True, check=False)
        if said.returncode == 0 and int(said.stdout) >= 6:
            found.setdefault(int(said.stdout), path)
    return list(found.values())


def minor(path: str) -> str:
    """The name of an interpreter, for a test's id."""
    return Path(path).resolve().name


@dataclass(frozen=True)
class Traced:
    """What the recorder wrote."""

    text: str

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def events(self) -> list[dict[str, object]]:
        return [line for line in self.lines if "k" in line]

    @property
    def end(self) -> dict[str, object]:
        assert "end" in self.lines[-1]
        return self.lines[-1]

    def of(self, function: str) -> list[dict[str, object]]:
        """The events of functions of this name."""
        return [event for event in self.events if event["fn"] == function]

    def values(self, function: str, name: str) -> list[str]:
        """What a local of a function was, one text for each change."""
        said = [event["v"] for event in self.of(function) if "v" in event]
        return [each[name] for each in said if name in each]  # type: ignore[index, operator]

    def returned(self) -> str:
        """What the entry point returned."""
        last = self.events[-1]
        assert (last["k"], last["d"]) == ("r", 0)
        return str(last["o"])


class Tracer:
    """Records programs with one Python, in a folder of its own."""

    def __init__(self, python: str, folder: Path) -> None:
        self.python = python
        self.folder = folder
        self._home = folder.with_name(f"{folder.name}-tracer")
        self._home.mkdir()
        folder.mkdir(exist_ok=True)
        (self._home / "tracer.py").write_text(TRACER)

    @property
    def version(self) -> tuple[int, int]:
        said = subprocess.run(
            [self.python, "-c", "import sys; print(*sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=True,
        )
        major, minor = said.stdout.split()
        return int(major), int(minor)

    def call(self, source: str, call: str = "f()", **more: object) -> Traced:
        """Record a call on a program."""
        (self.folder / "program.py").write_text(source)
        return self(kind="call", path="program.py", call=call, **more)

    def __call__(self, **request: object) -> Traced:
        limits = asdict(replace(RecordingLimits(), seconds=20))
        out = self._home / "out.jsonl"
        asked = {**limits, "root": ".", "out": str(out), **request}
        (self._home / "request.json").write_text(json.dumps(asked))
        subprocess.run(
            [self.python, str(self._home / "tracer.py"), str(self._home / "request.json")],
            cwd=self.folder,
            env={**os.environ, "PYTHONHASHSEED": "0"},
            check=True,
            timeout=60,
        )
        return Traced(out.read_text())
