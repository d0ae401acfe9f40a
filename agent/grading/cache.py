"""Verdicts remembered by their content: the patch, the tests, the image, and how it is judged.

A verdict is one small file below the cache folder. Whatever could have made it another one is part
of its name, so nothing is ever out of date; what cannot be read is judged again.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from agent.config import Settings
from agent.events import Verified
from agent.verify import Judgement

FORMAT = 1
"""Counts the changes of how patches are judged: what another count remembers is not used."""


@dataclass(frozen=True, slots=True)
class VerdictCache:
    """The verdicts below a folder.

    Attributes:
        folder: made when something is put there.
    """

    folder: Path

    def get(self, key: str) -> Verified | None:
        """What was remembered; None where nothing is, or nothing that can be read."""
        try:
            return Verified.model_validate_json(self._path(key).read_bytes())
        except (OSError, ValidationError):
            return None

    def put(self, key: str, verified: Verified) -> None:
        """Remember a verdict; whoever reads meanwhile finds it whole or not at all.

        Raises:
            OSError: the folder cannot be written.
        """
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.write_text(verified.model_dump_json(), encoding="utf-8")
        scratch.replace(path)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"


def verdict_key(
    patch: str, judgement: Judgement, image: str, test_command: str, settings: Settings
) -> str:
    """A digest of everything that a verdict comes from.

    Args:
        patch: the diff that is judged.
        judgement: what judges it.
        image: the engine's id of the repository image.
        test_command: how tests are run there.
        settings: hold the limits of sandboxes and of verification.
    """
    files = sorted(
        (path, hashlib.sha256(content).hexdigest()) for path, content in judgement.files.items()
    )
    parts = (
        *(FORMAT, patch, judgement.tests, judgement.keep, judgement.patch, files),
        *(image, test_command, settings.verify, settings.sandbox.limits()),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()
