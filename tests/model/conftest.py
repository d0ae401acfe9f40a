"""A tokenizer for the tests of what is built on one."""

import pytest

from model.tokenizer import Tokenizer
from tests.model.tokenizers import small_tokenizer_file


@pytest.fixture(scope="session")
def small_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    """One of 2,048 ordinary tokens, with all special ones from 2,048 on."""
    return Tokenizer.from_file(small_tokenizer_file(tmp_path_factory.mktemp("tokenizer")))
