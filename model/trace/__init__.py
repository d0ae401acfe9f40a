"""Execution traces: what a program did or would do, frame by frame.

``frame`` says what a frame and a trace are. ``reading`` takes them from what the model wrote, with
``layout`` to find their parts; ``recording`` from what the tracer saw in a sandbox. ``writing``
puts them, and the source they belong to, into the model's form. ``states`` turns the model's
differences into full states and back. ``compare`` says when two frames say the same, ``align``
lays two traces beside each other and finds where they part, and ``score`` measures how much they
share.
"""
