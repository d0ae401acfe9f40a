"""The replay screen: a run step by step, done again, and gone on with differently."""
