"""What a policy can do in a sandbox: one file a tool, one line in the registry."""
