"""The screens: one folder each, and one line each in `agent.tui.registry`."""
