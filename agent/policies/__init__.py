"""What chooses actions: one file a policy, one line in the registry."""
