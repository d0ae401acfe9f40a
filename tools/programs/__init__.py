"""Programs to predict: from a test, or a call, to the source that matters and the call that starts.

`program` has what others need. Repositories are only read here: their text is parsed on this side,
never run.
"""
