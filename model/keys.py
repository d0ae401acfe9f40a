"""Keys of model servers: where they come from, and how they are kept out of everything else.

A key is read from the environment or from a file and held as a `SecretStr`, which shows stars
wherever it is printed. It leaves us in one header only. What servers send back is passed through
`hide` before it becomes part of an error, because some servers repeat the key they refuse.
"""

import json
import os
from pathlib import Path
from urllib.parse import quote

from pydantic import SecretStr

from model.errors import ModelMisconfigured

HIDDEN = "[key]"


def read_key(variable: str = "", file: Path | None = None) -> SecretStr | None:
    """The key of a model server, or None where neither place has one.

    Args:
        variable: an environment variable's name; it wins over the file. Empty for none.
        file: a file that holds the key alone, white space around it aside.

    Raises:
        ModelMisconfigured: the file cannot be read, or what was found cannot be a key.
    """
    if variable and (value := os.environ.get(variable, "").strip()):
        return _checked(value, f"the environment variable {variable}")
    if file is None:
        return None
    try:
        value = file.expanduser().read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        raise ModelMisconfigured(f"the key file {file} is not text") from None
    except OSError as error:
        raise ModelMisconfigured(f"cannot read the key file {file}: {error.strerror}") from None
    if not value:
        raise ModelMisconfigured(f"the key file {file} is empty")
    return _checked(value, f"the key file {file}")


def hide(text: str, key: SecretStr | None) -> str:
    """The text without the key, whichever way it is spelled there."""
    secret = key.get_secret_value() if key else ""
    if not secret:
        return text
    spellings = {secret, json.dumps(secret)[1:-1], quote(secret), quote(secret, safe="")}
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, HIDDEN)
    return text


def _checked(value: str, source: str) -> SecretStr:
    # A header takes printable ASCII only; an HTTP library's complaint would quote the value.
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ModelMisconfigured(
            f"what {source} holds cannot be a key", "a key is one word of ASCII characters"
        )
    return SecretStr(value)
