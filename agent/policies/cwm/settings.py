"""Where the model answers, how it is asked, and what it is told."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from model.wire import ACTION, FIRST_PROMPT, TOOL_RESULT

LOCAL = "http://127.0.0.1:8000/v1"
"""Where vLLM listens unless told otherwise."""


class PriceSettings(BaseModel):
    """What tokens cost, in US dollars per million. A server's own figures win over these."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float = Field(ge=0)
    """Of a prompt."""

    output: float = Field(ge=0)
    """Generated."""

    cached: float | None = Field(default=None, ge=0)
    """Of a prompt, where the server had them cached; without it, as the others."""


class ModelSettings(BaseModel):
    """The model; without an address and a name the built-in repairer decides."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = ""
    """The server's address; with a name alone, vLLM on this machine, unless the name is nano
    or a folder that runs here."""

    name: str = ""
    """The model's name on that server; may be left out where it has one only."""

    profile: str = ""
    """How it is spoken to: ``cwm`` (token ids), ``chat`` (text), ``tools`` (native calls). Empty
    for ``cwm`` where the model's tokenizer is there and knows CWM's tokens, else ``chat``."""

    tokenizer: str = ""
    """The model's own ``tokenizer.json``, a folder with it, or a name in the local hub cache; empty
    to look for the model's name there."""

    key_variable: str = "FORETRACE_MODEL_KEY"
    """The environment variable with the server's key."""

    key_file: Path | None = None
    """A file with the key, where the variable is not set."""

    context: int | None = Field(default=None, ge=1024)
    """Tokens the model's context holds; what the server says without it."""

    temperature: float = Field(default=1.0, ge=0, le=2)
    """0 for the likeliest token each time. The default is CWM's, as published."""

    top_p: float = Field(default=0.95, gt=0, le=1)
    """Draw from the likeliest tokens of this probability together. The default is CWM's."""

    action_tokens: int = Field(default=ACTION, ge=64)
    """Tokens one answer may have, reasoning included."""

    first_prompt_tokens: int = Field(default=FIRST_PROMPT, ge=256)
    """Tokens of the issue and what stands around it; a longer one loses its beginning."""

    result_tokens: int = Field(default=TOOL_RESULT, ge=256)
    """Tokens of one tool's answer, and never more than a quarter of the context; a longer one loses
    its end."""

    compact: bool = False
    """Whether old tool output makes room when the context is nearly full. It costs the server's
    cached prefix, and the model what it had seen."""

    prompts: Path | None = None
    """A folder whose files replace those of ``agent/policies/cwm/prompts`` of the same name."""

    prices: PriceSettings | None = None
    """For the cost of a run and its limit."""

    in_flight: int = Field(default=16, ge=1)
    """Requests at a time."""

    wait: float = Field(default=0.0, ge=0)
    """Seconds to wait for a server that does not answer at all. One that says that it is loading
    is waited for in any case."""

    retries: int = Field(default=24, ge=0)
    """Tries after the first, where the server failed or had no time. The default is patient enough
    for one that is started anew and loads its model."""

    answer_seconds: float = Field(default=3600.0, gt=0)
    """One whole answer may take."""

    @property
    def given(self) -> bool:
        """Whether a model is configured."""
        return bool(self.url or self.name)
