"""Many issues, several at once: a coordinator, its workers, and one folder that says everything."""
