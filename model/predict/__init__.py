"""Predicting what a program would do: traces, single frames, values, and a verdict of them.

`predictor` says what a predictor is; `tokens` is CWM's, `chat` any other model's; `verdict` says
what predictions mean for a test.
"""
