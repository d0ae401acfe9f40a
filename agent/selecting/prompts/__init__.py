"""What a model is told when it writes tests that reproduce an issue, as files."""
