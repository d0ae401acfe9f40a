"""The making of nano: its data, its training, its measures."""
