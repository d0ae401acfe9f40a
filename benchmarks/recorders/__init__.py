"""What it costs to record every line a program runs, with all its locals: ours beside others.

``python -m benchmarks.recorders ROUNDS FOLDER`` runs each of `programs` under each of `recorders`
and under none, in turns and in one process, and prints one JSON object: seconds by program and
recorder, one for each round, and how many events ours recorded.
"""
