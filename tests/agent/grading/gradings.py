"""Predictions for issues of one tiny repository, and gradings of the command line."""

import json
from difflib import unified_diff
from pathlib import Path

from tests.agent.conftest import CODE, FAILING, CommandLine, Ended
from tests.agent.scriptedmodel import Child, prices_repository


def diff(*changes: tuple[str, str]) -> str:
    """A patch of ``prices.py`` that puts texts in the place of others."""
    changed = CODE
    for before, after in changes:
        assert before in changed
        changed = changed.replace(before, after)
    lines = (each.splitlines(keepends=True) for each in (CODE, changed))
    head = "diff --git a/prices.py b/prices.py\n"
    return head + "".join(unified_diff(*lines, "a/prices.py", "b/prices.py"))


_REPAIR = ("if value < high", "if value > high")
# What it makes of `total` holds from the second time on only.
_SHAKE = """\
    import pathlib
    seen = pathlib.Path("/tmp/seen")
    known = seen.exists()
    seen.touch()
    return sum(prices) if known else 0
"""
RIGHT = diff(_REPAIR)
WRONG = diff(("if value < high", "if value == high"))
MISFIT = RIGHT.replace("return high", "return tall")
SHAKY = diff(_REPAIR, ("    return sum(prices)\n", _SHAKE))


class Gradings:
    """A list of issues about that repository, a file of predictions, and what became of them.

    Attributes:
        foretrace: the command line.
        report: the folder of the report.
        predictions: the file.
    """

    def __init__(self, foretrace: CommandLine, folder: Path) -> None:
        foretrace.environment["FORETRACE_VERIFY__REPEATS"] = "1"
        # What other tests had judged would be judged before.
        foretrace.environment["FORETRACE_CACHE"] = str(folder / "cache")
        self.foretrace = foretrace
        self.project = prices_repository(folder / "prices")
        self.issues = folder / "issues.jsonl"
        self.predictions = folder / "predictions.jsonl"
        self.report = folder / "graded"

    def lists(self, *ids: str, **fields: object) -> None:
        """Write these issues; the fields are those of all of them."""
        about = {"repo": str(self.project.path), "text": "clamp(11, 0, 9) gives 11."}
        rows = [{"id": name, **about, "tests": list(FAILING), **fields} for name in ids]
        text = "".join(f"{json.dumps(row)}\n" for row in rows)
        self.issues.write_text(text)

    def predicts(self, *lines: str, **patches: str | None) -> None:
        """Write these predictions, and these lines after them."""
        rows = [prediction(name, patch) for name, patch in patches.items()]
        self.predictions.write_text("".join(f"{row}\n" for row in (*rows, *lines)))

    def __call__(self, *flags: object) -> Ended:
        ended = self.foretrace(*self.arguments(*flags))
        assert "Traceback" not in ended.err, ended.err
        return ended

    def start(self, *flags: object) -> Child:
        return self.foretrace.start(*self.arguments(*flags))

    def arguments(self, *flags: object) -> list[object]:
        return ["grade", self.predictions, self.issues, "--report", self.report, *flags]

    def summary(self) -> dict[str, object]:
        """Of the report."""
        (path,) = self.report.glob("*.json")
        read: dict[str, object] = json.loads(path.read_text())
        return read

    def of(self, issue: str) -> dict[str, object]:
        """The report of one prediction."""
        path = self.folder_of(issue) / "report.json"
        read: dict[str, object] = json.loads(path.read_text())[issue]
        return read

    def folder_of(self, issue: str) -> Path:
        return self.report / "logs" / "run_evaluation" / "graded" / "some__model" / issue


def prediction(issue: str, patch: str | None) -> str:
    """A line of a file of predictions."""
    row = {"instance_id": issue, "model_name_or_path": "some/model", "model_patch": patch}
    return json.dumps(row)
