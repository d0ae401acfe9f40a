"""Programs that run a small model, each a process that is told what to write and says how long."""
