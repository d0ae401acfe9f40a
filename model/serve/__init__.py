"""Starting a vLLM server with CWM's settings, after working out whether the machine can hold it.

`checkpoint` says what a model is made of, `memory` what that takes, `machine` what there is, `plan`
whether it fits. `command` writes vLLM's command line, `server` starts it and watches it, and
`signs` understands what it prints. vLLM is a program of its own: nothing of it is imported.
"""
