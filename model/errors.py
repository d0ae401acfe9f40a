"""What can go wrong between us and a model, as types that carry what the user needs to mend it."""


class ModelError(Exception):
    """Something about a model, its server or its files failed.

    Attributes:
        message: one line, for the user; it never holds a key.
        hint: what to do about it, one line; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ModelMisconfigured(ModelError):
    """The model's address, name or key cannot be used as it is written: the user's to mend."""


class TokenizerProblem(ModelError):
    """A tokenizer is not there, cannot be read, or is not one that the wire format can use."""


class KeyRefused(ModelError):
    """The server wants a key, or another one than we have: the user's to mend."""


class ModelUnknown(ModelError):
    """The server does not have the model.

    Attributes:
        served: the models it has, as far as it says.
    """

    def __init__(self, message: str, hint: str = "", *, served: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.served = served


class ContextExceeded(ModelError):
    """The prompt, with the tokens asked for, is longer than the model's context.

    Attributes:
        limit: tokens the context holds; None when the server does not say.
    """

    def __init__(self, message: str, hint: str = "", *, limit: int | None = None) -> None:
        super().__init__(message, hint)
        self.limit = limit


class RequestRefused(ModelError):
    """The server will not do what was asked, however often we ask.

    Attributes:
        status: the HTTP status it answered with.
    """

    def __init__(self, message: str, hint: str = "", *, status: int = 0) -> None:
        super().__init__(message, hint)
        self.status = status


class Infrastructure(ModelError):
    """The server or the way to it failed; what was asked is not to blame.

    Attributes:
        passing: whether asking again may help.
        after: seconds the server wants us to wait before that; None when it does not say.
    """

    def __init__(
        self, message: str, hint: str = "", *, passing: bool = True, after: float | None = None
    ) -> None:
        super().__init__(message, hint)
        self.passing = passing
        self.after = after


class ServerUnreachable(Infrastructure):
    """No server answers at the model's address."""


class ServerFailed(Infrastructure):
    """A server answered, but with errors, too late, in part, or with nothing we can read."""


FOR_THE_USER = (ModelMisconfigured, TokenizerProblem, KeyRefused, ModelUnknown)
"""What only the user can mend: asking otherwise, or again, does not help."""
