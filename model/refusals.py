"""What a server's error means: its status, headers and body made into one of our errors.

There is no standard for these bodies. The wordings known here are those of vLLM, llama.cpp, OpenAI
and the gateways that imitate them; anything else is judged by its status alone.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from model.errors import (
    ContextExceeded,
    KeyRefused,
    ModelError,
    ModelUnknown,
    RequestRefused,
    ServerFailed,
)
from model.retry import retry_after

_LONGEST = 300
"""Characters of a server's message that we repeat."""

_PASSING = {408, 409, 425, 429}
_NOT_IMPLEMENTED = 501
# Not "billing" alone: OpenAI's rate limits recommend its billing page.
_UNPAID = re.compile(
    r"insufficient[_ ](quota|credit|balance|funds)|billing_(hard_limit|not_active)"
    r"|credit balance is too low|payment required",
    re.I,
)
_CONTEXT = re.compile(
    r"context[ _](length|window|size)|maximum (model|context) length|max_model_len"
    r"|prompt is too long|input tokens exceed|exceed_context",
    re.I,
)
_LIMITS = (
    re.compile(r"context (?:length|window|size) (?:is|of)(?: only)? ([\d,]+)", re.I),
    re.compile(r"maximum model length of ([\d,]+)", re.I),
    re.compile(r"context size \(([\d,]+)", re.I),
    re.compile(r"max_model_len\D{0,20}([\d,]+)", re.I),
    re.compile(r"> ([\d,]+) maximum", re.I),
    re.compile(r"limit of ([\d,]+) tokens", re.I),
)
_NO_MODEL = re.compile(
    r"model_not_found|not a valid model|invalid model"
    r"|\bmodel\b.{0,200}\b(does not exist|not found|is not available)",
    re.I | re.S,
)
_OPTIONAL = frozenset(
    {"stream_options", "seed", "temperature", "top_p", "stop", "parallel_tool_calls"}
)
_LOGPROBS = frozenset({"logprobs"})
_EXTENSIONS = frozenset(
    {"skip_special_tokens", "spaces_between_special_tokens", "stop_token_ids", "return_token_ids"}
)
"""Fields of vLLM's that OpenAI does not have."""

_UNSUPPORTED = re.compile(
    r"support|unknown|unrecognized|unexpected|extra|not (permitted|allowed|enabled)|forbidden"
    r"|unavailable",
    re.I,
)
_SOME_FIELD = re.compile(
    r"(extra|unknown|unrecognized|unexpected)\W+(\w+\W+){0,2}(field|param|argument|input|propert)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as a server gave it.

    Attributes:
        status: HTTP's, or the code inside a stream's error event; 0 when there is none.
        message: one bounded line, printable.
        details: everything the body says, for looking up codes and names.
        after: seconds it wants us to wait.
        context: the context's size where the body has a field for it.
    """

    status: int
    message: str
    details: str
    after: float | None = None
    context: int | None = None

    def unwelcome(self, fields: Collection[str]) -> frozenset[str]:
        """Of the fields we sent, those to leave out because the server does not take them.

        Fields that a request cannot do without are never among them. ``max_tokens`` is where the
        server asks for its younger name, ``max_completion_tokens``.
        """
        if self.status not in (400, 403, 422, _NOT_IMPLEMENTED) or not _UNSUPPORTED.search(
            self.details
        ):
            return frozenset()
        # Some refuse log-probabilities as others refuse a key; nothing else is refused that way.
        if self.status == 403:
            return _LOGPROBS.intersection(fields) if "logprobs" in self.details else frozenset()
        optional = _OPTIONAL | _EXTENSIONS
        if "max_completion_tokens" in self.details:
            optional |= {"max_tokens"}
        named = {name for name in optional if re.search(rf"\b{name}\b", self.details)}
        if re.search(r"\blogprobs\b", self.details, re.I):
            named |= _LOGPROBS
        if not named and _SOME_FIELD.search(self.details):
            named = set(_EXTENSIONS)
        return frozenset(named.intersection(fields))


def read_refusal(status: int, headers: Mapping[str, str], body: str) -> Refusal:
    """The error in an HTTP answer."""
    try:
        content: object = json.loads(body)
    except (ValueError, RecursionError):
        content = body
    return _refusal(status, content, retry_after(headers))


def refusal_in_stream(content: object) -> Refusal:
    """The error in an event of a stream that had begun well."""
    inner = _inner(content)
    code = inner.get("code") if isinstance(inner, dict) else None
    status = code if isinstance(code, int) and 400 <= code < 600 else 0
    return _refusal(status, content, None)


def error_for(refusal: Refusal, address: str, model: str) -> ModelError:
    """The error to raise.

    Args:
        refusal: what the server said.
        address: the server's, as the user gave it.
        model: the model's name there.
    """
    status, said = refusal.status, refusal.message
    told = f"{status}: {said}" if status else said
    if status in (401, 403):
        return KeyRefused(
            f"the model server at {address} refused the key ({told})",
            "give its key in the environment variable or file that the settings name",
        )
    if status == 402 or _UNPAID.search(refusal.details):
        return RequestRefused(f"the account at {address} is exhausted ({told})", status=status)
    if status != 429 and _CONTEXT.search(refusal.details):
        return ContextExceeded(f"the context of {model} is exceeded: {said}", limit=_limit(refusal))
    if status in (400, 404) and _NO_MODEL.search(refusal.details):
        return ModelUnknown(f"the server at {address} has no model {model!r} ({told})")
    if status == 404:
        return RequestRefused(
            f"the server at {address} does not know what was asked of it ({told})",
            "the address usually ends with /v1",
            status=status,
        )
    if 300 <= status < 400:
        return RequestRefused(
            f"the server at {address} sends us elsewhere ({told})",
            "give the address it wants, with its http or https",
            status=status,
        )
    if status == _NOT_IMPLEMENTED or (400 <= status < 500 and status not in _PASSING):
        return RequestRefused(f"the model server at {address} refused ({told})", status=status)
    return ServerFailed(f"the model server at {address} failed ({told})", after=refusal.after)


def one_line(text: str) -> str:
    """A server's words, bounded and fit to be shown within a line."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:4096]).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _refusal(status: int, content: object, after: float | None) -> Refusal:
    inner = _inner(content)
    message: object = inner
    context = None
    if isinstance(inner, dict):
        message = inner.get("message") or inner.get("detail") or inner.get("msg") or inner
        context = inner.get("n_ctx")
    text = message if isinstance(message, str) else json.dumps(message)
    details = content if isinstance(content, str) else json.dumps(content)
    return Refusal(
        status,
        one_line(text) or "no reason given",
        details[:16_384],
        after,
        context if isinstance(context, int) else None,
    )


def _inner(content: object) -> object:
    if isinstance(content, dict) and content.get("error"):
        return content["error"]
    return content


def _limit(refusal: Refusal) -> int | None:
    if refusal.context is not None:
        return refusal.context
    for pattern in _LIMITS:
        if match := pattern.search(refusal.details):
            digits = match[1].replace(",", "")
            return int(digits) if digits and len(digits) < 12 else None
    return None
