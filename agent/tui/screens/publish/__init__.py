"""Handing a run's patch on: the dialog for a branch and a commit, and what would be sent."""
