"""The ``bash`` tool: commands in the agent's own shell, which lasts as long as the run."""

from collections.abc import Mapping

from sandboxes.sandbox import CommandResult, Sandbox
from tools.tool import Parameter, ToolResult, ToolSettings


class BashTool:
    """Runs commands; the working directory, variables and functions they leave stay."""

    name = "bash"
    writes = True
    description = (
        "Run commands with bash. They share one session: the working directory, variables and "
        "functions stay from one call to the next, also after an `exit` and after a time-out. "
        "Nothing can be typed into a running command."
    )
    form = "[commands]"
    parameters: tuple[Parameter, ...] = (
        Parameter("command", "The commands, one or many lines of bash."),
    )

    def compose(self, values: Mapping[str, str]) -> str:
        """The commands."""
        return values["command"]

    def __init__(self, settings: ToolSettings) -> None:
        self._settings = settings

    async def __call__(self, argument: str, sandbox: Sandbox) -> ToolResult:
        """Run the commands."""
        if "\0" in argument:
            return ToolResult("Nothing was run: a command cannot hold a null character.", ok=False)
        result = await sandbox.run(
            argument,
            timeout=self._settings.command_timeout,
            output_limit=self._settings.output_limit,
        )
        return ToolResult(
            _text(result, self._settings),
            data={
                "status": result.status,
                "exit_code": result.exit_code,
                "omitted": result.omitted,
                "seconds": result.seconds,
            },
        )


def _text(result: CommandResult, settings: ToolSettings) -> str:
    """The output, and in brackets what else is to be known."""
    remarks = list(result.notes)
    if result.status == "timeout":
        remarks.insert(
            0,
            f"stopped after {settings.command_timeout:g} s, with everything it had started; "
            "the session goes on",
        )
    elif result.status == "disk":
        remarks.insert(0, "stopped: it wrote more than the sandbox may hold")
    elif result.status == "interrupted":
        remarks.insert(0, "interrupted by the user; the session goes on")
    elif result.exit_code:
        remarks.insert(0, f"exit code {result.exit_code}")
    if result.omitted:
        kept = f"{settings.output_limit // 1024} KiB"
        remarks.append(f"of the output {kept} were kept: write more than that to a file")
    output = result.text
    if remarks and output and not output.endswith("\n"):
        output += "\n"
    return (output + "\n".join(f"[{remark}]" for remark in remarks)) or "[no output]"
