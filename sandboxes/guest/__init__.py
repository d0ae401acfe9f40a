"""Programs that run inside a sandbox: standard library only, one file each, Python 3.6 and newer.

The host never imports them. It reads their source and hands it to the sandbox's own Python.
"""
