"""The profiles by name. A new one is its file and a line here."""

from agent.policies.cwm.profiles.chat import ChatProfile
from agent.policies.cwm.profiles.cwm import CwmProfile
from agent.policies.cwm.profiles.profile import Profile
from agent.policies.cwm.profiles.tools import ToolsProfile

PROFILES: dict[str, Profile] = {
    each.name: each for each in (CwmProfile(), ChatProfile(), ToolsProfile())
}
"""Where the user names none, the first that goes by tokens is taken for a model whose tokenizer is
there, and the first that does not for any other."""
