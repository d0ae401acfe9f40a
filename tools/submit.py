"""The ``submit`` tool: hands in a patch file, and shows it for a last look."""

from collections.abc import Mapping

from sandboxes.errors import FileProblem
from sandboxes.repository.diff import PatchRefused, check_patch, normal_patch
from sandboxes.sandbox import Sandbox
from tools.tool import Parameter, ToolResult, ToolSettings


class SubmitTool:
    """Takes a patch in git's diff format; a later one replaces it."""

    name = "submit"
    writes = False
    description = (
        "Submit the solution: a patch file in git diff format, made against the commit the "
        "repository started from, as `git add -A && git diff --cached > /tmp/solution.patch` makes "
        "it. It is shown for review; a later submission replaces an earlier one."
    )
    form = "[path of the patch file]"
    parameters: tuple[Parameter, ...] = (Parameter("path", "The patch file's path."),)

    def compose(self, values: Mapping[str, str]) -> str:
        """The path."""
        return values["path"].strip()

    def __init__(self, settings: ToolSettings) -> None:
        """The settings do not matter here."""

    async def __call__(self, argument: str, sandbox: Sandbox) -> ToolResult:
        """Hand it in."""
        path = argument.strip()
        if not path or "\n" in path or "\0" in path:
            return _refused("the argument must be the path of the patch file, and nothing else")
        try:
            raw = await sandbox.read_file(path)
        except FileProblem as problem:
            return _refused(problem.message)
        if not raw.strip():
            return _refused(f"{path} is empty")
        if not raw.startswith(b"diff"):
            return _refused(f"{path} is not in git diff format: it does not start with `diff`")
        try:
            return await _submission(raw, sandbox)
        except PatchRefused as refused:
            return _refused(f"{path} is not UTF-8, and {refused.message}")


def _refused(why: str) -> ToolResult:
    return ToolResult(f"Nothing was submitted: {why}.", ok=False)


async def _submission(raw: bytes, sandbox: Sandbox) -> ToolResult:
    try:
        patch = raw.decode()
    except UnicodeDecodeError:
        patch = await normal_patch(sandbox, raw)
    lines = ["Submitted. Look at it once more; a later submission replaces it."]
    applies = True
    try:
        await check_patch(sandbox, patch)
    except PatchRefused as refused:
        applies = False
        lines = [
            "Submitted, but it cannot count like this: on the commit the repository started from, "
            f"{refused.message}. Make it anew and submit again."
        ]
    return ToolResult("\n".join([*lines, "", patch]), data={"applies": applies}, patch=patch)
