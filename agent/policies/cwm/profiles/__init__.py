"""How a model is spoken to: one profile a file, each named in `registry`."""
