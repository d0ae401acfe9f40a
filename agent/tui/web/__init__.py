"""The terminal UI in a browser: served on this machine, to who was given its address alone."""
