"""The batch screen: how many issues at once get on, and which of them do not."""
