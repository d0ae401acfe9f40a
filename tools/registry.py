"""The tools by name. A new one is one file with one class, and one line in `TOOLS`."""

from typing import Protocol

from tools.bash import BashTool
from tools.create import CreateTool
from tools.edit import EditTool
from tools.submit import SubmitTool
from tools.test import TestTool
from tools.tool import Parameter, Tool, ToolCall, ToolResult, ToolSettings

__all__ = [
    "TOOLS",
    "Parameter",
    "Tool",
    "ToolCall",
    "ToolResult",
    "ToolSettings",
    "build_tools",
]


class _ToolClass(Protocol):
    """What makes a tool: its class, called with the run's settings."""

    name: str

    def __call__(self, settings: ToolSettings) -> Tool: ...


TOOLS: dict[str, _ToolClass] = {
    each.name: each for each in (BashTool, EditTool, CreateTool, TestTool, SubmitTool)
}


def build_tools(settings: ToolSettings) -> dict[str, Tool]:
    """One of each tool, by name, in the order a policy is told of them.

    With something that predicts, `simulate` is one of them.
    """
    tools = {name: make(settings) for name, make in TOOLS.items()}
    if settings.predictor is not None:
        from tools.simulate import SimulateTool  # slow: it can read what models write

        tools[SimulateTool.name] = SimulateTool(settings, settings.predictor)
    return tools
