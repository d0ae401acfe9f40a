"""Where issues are read from: each source is one file here and one line in `registry`."""
