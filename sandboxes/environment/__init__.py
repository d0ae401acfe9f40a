"""The environment: what a project needs, read from its files, built once, kept as images."""
