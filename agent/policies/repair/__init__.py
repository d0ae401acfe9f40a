"""The repair policy: localise the fault, try single edits in forks, submit the best.

Read in this order: `policy` (what it does, step by step), `search` (the whole search), `localise`,
`candidates` and `operators` (what to try), `bench` (where it is tried).
"""
