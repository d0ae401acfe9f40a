"""Which addresses are issues of GitHub, what they lead to, and what is refused."""

from pathlib import Path

import pytest

from agent.errors import IssueProblem
from agent.sources.github.address import is_address, parse_address
from agent.sources.registry import read_issue


@pytest.mark.parametrize(
    ("source", "api", "clone"),
    [
        ("o/r.py#7", "https://api.github.com", "https://github.com/o/r.py"),
        ("https://GitHub.com/o/r/issues/7/", "https://api.github.com", "https://github.com/o/r"),
        ("https://www.github.com/o/r/issues/7", "https://api.github.com", "https://github.com/o/r"),
        ("https://a.ghe.com/o/r/issues/7", "https://api.a.ghe.com", "https://a.ghe.com/o/r"),
        (
            "https://ghe.example.com/o/r/issues/7",
            "https://ghe.example.com/api/v3",
            "https://ghe.example.com/o/r",
        ),
        (
            "http://127.0.0.1:81/o/r/issues/7",
            "http://127.0.0.1:81/api/v3",
            "http://127.0.0.1:81/o/r",
        ),
    ],
)
def test_an_address_leads_to_an_api_and_a_repository(source: str, api: str, clone: str) -> None:
    assert is_address(source)
    address = parse_address(source)
    assert (address.api, address.clone_url, address.number) == (api, clone, 7)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("http://ghe.example.com/o/r/issues/7", "https only"),
        ("https://github.com/o/r", "not the address of an issue"),
        ("https://github.com/o/r/issues/0", "not the address of an issue"),
        ("https://github.com/o/../issues/7", "not the address of an issue"),
        ("https://github.com/o/r/pull/7", "is a pull request"),
        ("https://github.com:x/o/r/issues/7", "not a web address"),
        ("https://secret@github.com/o/r/issues/7", "no user name or password"),
    ],
)
def test_what_is_not_an_issue_is_refused(source: str, complaint: str) -> None:
    with pytest.raises(IssueProblem, match=complaint) as caught:
        read_issue(source)
    assert "secret" not in caught.value.message + caught.value.hint


def test_files_and_lists_go_before_the_short_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "o").mkdir()
    (tmp_path / "o/r#7").write_text("A file.")
    (tmp_path / "o/list").write_text('{"id": "7", "text": "A row."}\n')
    assert read_issue("o/r#7").text == "A file."
    assert read_issue("o/list#7").text == "A row."
    with pytest.raises(IssueProblem, match="cannot read"):
        read_issue("o/none.jsonl#7")
