"""What a model can be asked of a program: what it returns, for which input, whether it ends, how it
scales; and to write one.

A question is one file here and one line in `registry`. Its tasks know how they are put to a model
and how an answer is marked; what has to run for that is run by a `question.Runner`, in a sandbox.
"""
