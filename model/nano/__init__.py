"""nano: a small code world model of our own, and what it is made from."""
