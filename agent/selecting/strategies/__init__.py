"""The ways to choose among attempts, one a file."""
