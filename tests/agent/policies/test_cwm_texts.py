"""What the model is told: files that a user can replace, filled in and never looked at again."""

from pathlib import Path

import pytest

from agent.errors import ConfigProblem
from agent.policies.cwm.profiles.profile import Place
from agent.policies.cwm.profiles.registry import PROFILES
from agent.policies.cwm.texts import Texts
from tools.registry import ToolSettings, build_tools

NAMES = dict.fromkeys(("repository", "turns", "context", "timeout"), "7")


def in_folder(folder: Path, **files: str) -> Texts:
    """The texts of a user who has these files; two underscores stand for the dot."""
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return Texts.load(folder)


def test_a_users_file_takes_the_place_of_ours_alone(tmp_path: Path) -> None:
    ours = Texts.load()
    strangers = {"strange__txt": "$nothing", "README__md": "$nothing"}
    theirs = in_folder(tmp_path, issue__md="Mend this: $issue\n", **strangers)
    assert theirs.fill("issue.md", issue="it", tests="", repository="/r") == "Mend this: it"
    assert theirs.files["text.md"] == ours.files["text.md"]
    assert theirs.messages == ours.messages


def test_a_users_message_takes_the_place_of_ours_alone(tmp_path: Path) -> None:
    ours = Texts.load()
    theirs = in_folder(
        tmp_path, messages__toml='left_out = "Gone."\n[format]\nempty = "Say: $tools"'
    )
    assert theirs.messages.left_out == "Gone."
    assert theirs.format_error("empty", "", ("bash", "edit")) == "Say: bash, edit"
    assert theirs.messages.nearly_full == ours.messages.nearly_full
    assert theirs.format_error("no_call", "", ()) == ours.format_error("no_call", "", ())


@pytest.mark.parametrize("text", ["It costs $5, $issue", "${tests} $$ $", "$tests"])
def test_dollars_in_what_is_filled_in_are_left_alone(text: str) -> None:
    texts = Texts.load()
    filled = texts.fill("issue.md", issue=text, tests=texts.tests((text,)), repository="/r")
    assert filled.count(text) == 2
    assert text in texts.fill("native.md", **NAMES | {"repository": text})
    assert texts.format_error("unknown_tool", text, (text,)).count(text) == 2


def test_two_dollars_in_a_file_are_one(tmp_path: Path) -> None:
    theirs = in_folder(tmp_path, issue__md="$$5: $issue")
    assert theirs.fill("issue.md", issue="x", tests="", repository="/r") == "$5: x"


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("isue.md", "$issue", "isue.md replaces none"),
        ("message.toml", "", "message.toml replaces none"),
        ("issue.md", "$issue and $isue", "issue.md wants $isue"),
        ("text.md", "${tool}", "text.md wants $tool,"),
        ("chat.md", "100 $ for $environment", "chat.md has a $ that names nothing"),
        ("messages.toml", "left_out = ", "not valid TOML"),
        ("messages.toml", "left_out = 3", "left_out"),
        ("messages.toml", 'lost = ""', "lost"),
        ("messages.toml", "format = []", "format is no table"),
        ("messages.toml", "[format]\nempty = 3", "format.empty"),
        ("messages.toml", '[format]\nempti = "x"', "format.empti, which nothing is told with"),
        ("messages.toml", '[format]\nempty = "$toolz"', "format.empty wants $toolz"),
        ("messages.toml", 'nearly_full = "$left"', "nearly_full wants $left"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_in_one_line(
    tmp_path: Path, file: str, text: str, told: str
) -> None:
    (tmp_path / file).write_text(text)
    with pytest.raises(ConfigProblem) as caught:
        Texts.load(tmp_path)
    assert told in caught.value.message
    assert "\n" not in caught.value.message


def test_a_file_that_is_not_utf8_and_a_folder_that_is_none_are_told(tmp_path: Path) -> None:
    (tmp_path / "chat.md").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigProblem, match=r"cannot read the prompt .*chat\.md"):
        Texts.load(tmp_path)
    with pytest.raises(ConfigProblem, match="there is no folder"):
        Texts.load(tmp_path / "nowhere")


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_every_profile_fills_its_own_text(profile) -> None:
    place = Place("/somewhere", 17, 40_961, "33.5", build_tools(ToolSettings()))
    system = profile.system(Texts.load(), place, "a model")
    assert "$" not in system.replace("git add -A && git diff", "")
    for fact in ("/somewhere", "17 turns", "40961 tokens", "33.5 seconds"):
        assert fact in system


@pytest.mark.parametrize("kind", sorted(Texts.load().messages.format))
def test_every_format_error_names_its_facts_in_one_line(kind: str) -> None:
    told = Texts.load().format_error(kind, "<facts>", ("bash", "submit"))
    assert "$" not in told
    assert "\n" not in told
    assert 20 < len(told) < 300
