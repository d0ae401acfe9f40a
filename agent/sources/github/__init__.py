"""Issues from GitHub and GitHub Enterprise."""
