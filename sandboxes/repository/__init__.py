"""The repository: brought in at its base commit with its future cut off, its patch taken out."""
