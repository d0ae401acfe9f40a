"""A run's patch handed on: a branch with a commit in the user's checkout, and a pull request.

`commit` makes the commit and leaves the files, the index and the branch that is checked out alone;
`words` writes what the commit and the pull request say; `remote` and `github` send them, once the
user has said so.
"""
