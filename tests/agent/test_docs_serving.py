"""``docs/serving.md``: every way it promises is there, and every command in it can be given."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from agent.cli import foretrace as program
from tests.agent.conftest import CommandLine
from tests.agent.test_cli_serve import H100, Serving
from tests.model.serve.standin import checkpoint, gpus, stand_in

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "serving.md").read_text()

CARDS = {"Two H100s": 2}
"""GPUs of a section's machine; one where nothing is said."""

FIGURES = {
    "One H100 (80 GB)": ("31.8 GiB", "12.5 GiB", "48.3", "71.7 GiB", "2.9 "),
    "Two H100s": ("30.3 GiB", "6.2 GiB"),
}
"""What a section says a command will say."""


def sections() -> dict[str, str]:
    """The text under each heading."""
    parts = re.split(r"^## (.+)\n", PAGE, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def commands(text: str) -> Iterator[list[str]]:
    """The lines of its blocks, in words, a prompt before them taken off."""
    for block in re.findall(r"^```\n(.*?)^```", text, flags=re.M | re.S):
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            yield shlex.split(re.sub(r"^\w+\$\s+", "", line))


COMMANDS = [(name, words) for name, text in sections().items() for words in commands(text)]


def of(*program: str) -> list[object]:
    """All commands that begin so, with the sections they are in."""
    found = [(name, words) for name, words in COMMANDS if tuple(words[: len(program)]) == program]
    return [pytest.param(*each, id=f"{each[0]}: {shlex.join(each[1])}") for each in found]


@pytest.fixture
def serving(foretrace: CommandLine, tmp_path: Path) -> Serving:
    return Serving(foretrace, tmp_path)


def test_every_way_is_there_with_its_command_memory_and_speed() -> None:
    known = sections()
    for way in ("One H100", "Two H100s", "A rented node", "An OpenAI-compatible", "A laptop"):
        (text,) = (text for name, text in known.items() if name.startswith(way))
        assert list(commands(text)), way
        assert re.search(r"memory|GiB", text), way
    rows = [row.split("|") for row in known["The ways"].splitlines() if row.startswith("| ")]
    assert len(rows) == 6
    assert all(cell.strip() for row in rows for cell in row[1:-1])
    assert "non-commercial research" in PAGE


@pytest.mark.parametrize(("section", "words"), of("foretrace", "serve"))
def test_what_serves_would_start(serving: Serving, section: str, words: list[str]) -> None:
    stand_in(serving.bin)
    gpus(serving.bin, *[H100] * CARDS.get(section, 1))
    ended = serving.foretrace(*words[1:], "--dry-run", "--port", serving.port)
    assert ended.status == 0, ended
    for figure in FIGURES.get(section, ()):
        assert figure in PAGE
        assert figure.strip() in ended.out, figure


def test_what_serves_on_the_processor_would_start(serving: Serving, tmp_path: Path) -> None:
    stand_in(serving.bin)
    (words,) = (words for _, words in COMMANDS if words[0].startswith("PATH=") and "serve" in words)
    at = words.index("foretrace")
    assert re.fullmatch(r"PATH=\$PWD/[\w/]+/bin:\$PATH", words[at - 1])
    model = checkpoint(tmp_path / "tiny")
    given = [str(model) if word == "PATH" else word for word in words[at + 1 :]]
    ended = serving.foretrace(*given, "--dry-run", "--port", serving.port)
    assert ended.status == 0, ended
    assert "tiny on the processor" in ended.out


@pytest.mark.parametrize(("section", "words"), of("foretrace", "run"))
def test_what_runs_can_be_given(section: str, words: list[str]) -> None:
    context = click.Context(program, info_name="foretrace")
    command = program.get_command(context, "run")
    assert command is not None
    parsed = command.make_context("run", words[2:], parent=context)
    assert parsed.params["issue"] == "ISSUE"


def test_make_knows_what_it_is_asked_for() -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), flags=re.M)
    asked = [word for _, words in COMMANDS if words[0] == "make" for word in words[1:]]
    assert asked
    assert set(asked) <= set(targets)


def test_there_is_no_other_program_to_look_at() -> None:
    programs = {words[0] for _, words in COMMANDS if not words[0].startswith("PATH=")}
    assert programs == {"pip", "foretrace", "ssh", "export", "llama-server", "make"}


@pytest.mark.parametrize("number", sorted({int(n) for n in re.findall(r"\[(\d+)[\],]", PAGE)}))
def test_every_source_is_named(number: int) -> None:
    assert re.search(rf"^{number}\. \S", sections()["Sources"], flags=re.M)
