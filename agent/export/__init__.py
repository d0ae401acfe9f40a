"""A run in a form that others can read without Foretrace.

A form is one file and one line in `agent.export.registry`. A page is put together from `markup`,
which escapes every text that is put into it; there is no other way in.
"""
