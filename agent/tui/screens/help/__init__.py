"""The help: what the screen below is for, and its keys."""
