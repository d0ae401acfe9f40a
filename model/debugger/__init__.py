"""The neural debugger: stepping through an execution that the model predicts.

``codes`` and ``flow`` say which lines a source has and which may follow which, and ``places`` finds
by that the line of each predicted frame. ``expressions`` evaluates what is asked of predicted
locals. ``history`` keeps the moments, and the lines of history that edits put aside; ``course``
asks the model for more of them. ``session`` is the debugger itself, ``breakpoints`` where it stops,
and ``reality`` lays the recorded execution beside what it predicted.
"""
