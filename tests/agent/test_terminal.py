"""What a repository prints cannot steer the user's terminal."""

from hypothesis import given
from hypothesis import strategies as st

from agent.cli.terminal import safe


def test_escape_sequences_become_visible() -> None:
    assert safe("\x1b[2Jgone\x07") == "\\x1b[2Jgone\\x07"
    assert safe("a\rb") == "a\\x0db"
    assert safe("\u202egnirts") == "\\x202egnirts"


def test_ordinary_text_stays() -> None:
    assert safe("tab\tline\nümläut 漢字\r\n") == "tab\tline\nümläut 漢字\n"


@given(st.text())
def test_no_control_character_is_left(text: str) -> None:
    left = {sign for sign in safe(text) if ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0}
    assert left <= {"\n", "\t"}
