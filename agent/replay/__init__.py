"""Looking at runs again: `reading` a folder, `execute` its actions anew, `fork` from a step.

`traces` and `patch` read what lies beside the events, `comparing` says whether two results are the
same, `settings` takes a run's settings up again, `tree` knows which run goes on from which. Nothing
here prints: the command line and the screens show what they find.
"""
