"""The pager: a text of any length, all of it."""
