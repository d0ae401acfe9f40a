"""Torture checks: what a session has to survive, asked of every contender alike."""
