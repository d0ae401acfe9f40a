"""What whole stories about the UI begin with: an issue in a list, and a model that takes its time.

A list is one field to fill in. Fields are not gone through as fast as a test types: what follows a
Tab too soon goes into the field before.
"""

import threading
from pathlib import Path

from agent.issue import Issue
from tests.agent.conftest import FAILING, CommandLine, Project
from tests.agent.scriptedmodel import CHAT
from tests.model.replies import Reply, by_request
from tests.model.server import ModelServer

_PATIENCE_SECONDS = 120.0

TITLE = "clamp() lets values above the highest through"


def listed_issue(folder: Path, project: Project) -> Path:
    """A list with the issue about `tests.agent.scriptedmodel.prices_repository`."""
    issue = Issue(
        id="clamp",
        repo=str(project.path),
        title=TITLE,
        text="clamp(11, 0, 9) gives 11, and it should give 9.",
        tests=FAILING,
    )
    path = folder / "issues.jsonl"
    path.write_text(issue.model_dump_json() + "\n")
    return path


class Held:
    """A model that resolves the issue once it is let go; until then runs are under way."""

    def __init__(self) -> None:
        self._gone = threading.Event()

    def let_go(self) -> None:
        """Have it answer."""
        self._gone.set()

    def resolution(self) -> list[Reply]:
        """Its answers."""
        first, *others = CHAT.resolution()

        def wait(request: object) -> Reply:
            self._gone.wait(_PATIENCE_SECONDS)
            return first

        return [by_request(wait), *others]


def use(model: ModelServer, foretrace: CommandLine) -> None:
    """Have whatever is started take this model."""
    foretrace.environment |= {
        "FORETRACE_MODEL__URL": model.url,
        "FORETRACE_MODEL__PROFILE": CHAT.profile,
        "FORETRACE_VERIFY__REPEATS": "1",
    }
