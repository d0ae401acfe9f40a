"""Execution traces: what a program did or would do, frame by frame.

``frame`` says what a frame and a trace are. ``reading`` takes them from what the model wrote,
``recording`` from what the tracer saw in a sandbox; ``writing`` puts them, and the source they
belong to, into the model's form. ``states`` turns the model's differences into full states and
back. ``align`` lays two traces beside each other and finds where they part, ``score`` measures how
much they share.
"""
