"""The world model: its wire format, its client, and the predictions made with it.

Nothing here runs a program; what really ran is recorded in a sandbox and compared by the agent.
"""
