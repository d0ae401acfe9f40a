"""What decides and what is remembered: the loop, the policies, the trajectory, the commands."""
