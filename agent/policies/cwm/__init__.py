"""The policy that thinks with a model: CWM by its own tokens, or any other by chat.

`policy` turns the run's events into a conversation and a model's answers into actions. How a
conversation reaches the model is a profile's subject (`profiles`), what it is told is text in
`prompts`, which a user can replace.
"""
