"""Several attempts at an issue, and choosing among their patches."""
