"""Who is measured: one small adapter each, in a process of its own, all driven the same way."""
