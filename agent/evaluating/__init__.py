"""Putting questions to a model, many or one: the sandboxes for it, what is kept, going on again."""
