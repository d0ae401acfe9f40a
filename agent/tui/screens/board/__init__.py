"""The board: issues and runs in one table."""
