"""Predicting what a program would do: traces, single frames, values, and a verdict of them.

``predictor`` says what a predictor is, ``registry`` which there are, ``means`` what they are made
from. ``tokens`` is CWM's; ``chat`` any other model's, which ``texts`` asks in the words of
``prompts`` for the frames that ``jsonlines`` reads; ``asking`` is common to both. ``verdict`` says
what predictions mean for a test: ``outcome`` of one trace, with ``exceptions`` for what leaves its
entry point and ``loops`` for what does not end.
"""
