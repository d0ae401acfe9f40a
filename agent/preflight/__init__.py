"""Looking ahead: what a patch's tests will do is predicted first, and compared afterwards.

`preflight` is what the loop asks, before a call and after it; `forecast` predicts one test;
`comparison` lays the recorded execution beside the prediction; `calibration` sums up, over many
runs, how far a model's verdicts can be trusted.
"""
