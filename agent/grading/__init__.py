"""Grading patches by the file: read, judged several at once, remembered, reported."""
