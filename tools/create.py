"""The ``create`` tool: a new file with its content."""

from collections.abc import Mapping

from sandboxes.errors import FileProblem
from sandboxes.sandbox import Sandbox
from tools.tool import Parameter, ToolResult, ToolSettings


class CreateTool:
    """Writes a file that does not exist yet."""

    name = "create"
    writes = True
    description = "Create a file with this content. It must not exist yet; its folder must."
    form = "[path]\n[content]"
    parameters: tuple[Parameter, ...] = (
        Parameter("path", "The new file's path."),
        Parameter("content", "What it shall hold."),
    )

    def compose(self, values: Mapping[str, str]) -> str:
        """The path, and below it the content."""
        return f"{values['path'].strip()}\n{values['content']}"

    def __init__(self, settings: ToolSettings) -> None:
        """The settings do not matter here."""

    async def __call__(self, argument: str, sandbox: Sandbox) -> ToolResult:
        """Create it."""
        first, _, content = argument.partition("\n")
        path = first.strip()
        if not path or "\0" in path:
            return ToolResult("Nothing was created: the first line must be the path.", ok=False)
        if content and not content.endswith("\n"):
            content += "\n"  # the wire takes the last one off
        try:
            data = content.encode("utf-8")
        except UnicodeEncodeError:
            return ToolResult("Nothing was created: the content is not valid text.", ok=False)
        try:
            await sandbox.write_file(path, data, new=True)
        except FileProblem as problem:
            return ToolResult(f"Nothing was created: {problem.message}.", ok=False)
        count = content.count("\n")
        return ToolResult(f"Created {path} with {count} line{'' if count == 1 else 's'}.")
