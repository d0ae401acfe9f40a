"""Where keys come from, and what cannot be one."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from model.errors import ModelMisconfigured
from model.keys import hide, read_key

VARIABLE = "FORETRACE_TEST_KEY"


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    file.write_text("from-the-file\n")
    read = read_key(VARIABLE, file)
    assert read is not None
    assert read.get_secret_value() == "from-the-file"
    monkeypatch.setenv(VARIABLE, " from-the-environment ")
    read = read_key(VARIABLE, file)
    assert read is not None
    assert read.get_secret_value() == "from-the-environment"
    assert "from-the" not in repr(read) + str(read)


def test_no_key_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    assert read_key(VARIABLE) is None
    assert read_key() is None


@pytest.mark.parametrize(
    "content", [b"", b" \n", b"two words", b"l\nl", b"k\xc3\xa9y", b"\xff", b"\0"]
)
def test_what_cannot_be_a_key_is_refused_without_repeating_it(
    content: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    with pytest.raises(ModelMisconfigured) as caught:
        read_key("", file)
    assert str(file) in caught.value.message
    assert "words" not in caught.value.message


def test_a_key_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelMisconfigured, match="cannot read the key file"):
        read_key("", tmp_path / "none")


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8), st.text())
def test_a_key_is_taken_out_of_any_text(key: str, around: str) -> None:
    assert key not in hide(f"{around}Bearer {key}{around}", SecretStr(key)).replace("[key]", "")
