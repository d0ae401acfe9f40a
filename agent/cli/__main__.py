"""``python -m agent.cli`` is ``foretrace``."""

from agent.cli import main

main()
