"""How nano is trained: its vocabulary, its examples, its network in torch, and the training itself.

Only `network` and what uses it need torch (``foretrace[nano]``); what runs nano needs none of this.
"""
