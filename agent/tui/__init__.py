"""The terminal UI: a board of issues and runs, and each run as it goes.

Screens lie in ``screens/``, one folder each, its stylesheet beside it, and one line in `registry`.
What they show is read from the runs' folders alone (`runs`, `following`, `progress`); what they do
goes through the same commands as the command line (`starting`) and a file in the run's folder
(`control`). So any run can be opened, and none depends on this process. The processes that are
started here wait their turn by themselves (`queue`).
"""
