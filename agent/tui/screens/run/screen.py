"""The run screen: what a run does, as it does it."""

from pathlib import Path

from agent.tui.screens.base import OurScreen
from agent.tui.workspace import Workspace


class RunScreen(OurScreen):
    """One run."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        super().__init__()
        self._folder = folder
