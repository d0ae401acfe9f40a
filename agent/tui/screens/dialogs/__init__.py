"""Small questions that several screens put: yes or no, and a text."""
