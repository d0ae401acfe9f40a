"""The doctor screen: what works on this machine, how things are set, the keys, the colours."""
