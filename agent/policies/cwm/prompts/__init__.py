"""What the model is told, as files. A user's folder may replace any of them, by its name."""
