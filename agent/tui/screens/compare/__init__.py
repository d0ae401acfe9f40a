"""The compare screen: runs of one issue, side by side."""
