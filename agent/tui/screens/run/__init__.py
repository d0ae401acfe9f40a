"""One run, as it goes."""
