"""The patch screen: what a run changed, line by line, and the tests before and after."""
