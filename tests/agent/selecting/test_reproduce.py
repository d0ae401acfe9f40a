"""Tests that a model writes: asked for in its words, run where they harm nobody, read strictly."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from agent.config import Settings
from agent.issue import Issue
from agent.policies.cwm.settings import ModelSettings
from agent.selecting.preparing import open_speaker
from agent.selecting.reproduce import (
    WrittenTest,
    asked,
    outcome_of,
    reproducing,
    run_test,
    write_tests,
)
from model.client import ModelClient
from model.questions.speaking import ChatSpeaker
from model.settings import ClientSettings
from model.tokenizer import Tokenizer
from sandboxes.engine import Engine
from sandboxes.sandbox import CommandResult
from tests.agent.policies.modelruns import EOT, IN_MODULE
from tests.model.replies import say
from tests.model.server import MODEL, model_server
from tests.model.tokenizers import small_tokenizer_file
from tests.repobox import Box, box

ISSUE = Issue(id="calc", title="Sums are off", text="add(1, 2) gives 3 for $1, not 4.")
SCRIPT = """\
from calc import add

print("Issue reproduced" if add(1, 2) == 3 else "Issue resolved")
"""


# What is asked, and what is taken from the answers ---------------------------------------------


def test_only_what_a_policy_may_see_is_told() -> None:
    held = {"tests": ["test_secret.py::test"], "tests_from": {"patch": "the secret"}}
    issue = Issue.model_validate({**ISSUE.model_dump(), **held, "reference": "the secret"})
    text = asked(issue, ["README.md", "b/deep/x.py", "a.py"])
    assert "secret" not in text
    assert "add(1, 2) gives 3 for $1, not 4." in text
    assert "Sums are off" in text
    assert "a.py\nb/deep/x.py" in text
    assert "README.md" not in text
    for line in ("`Issue reproduced`", "`Issue resolved`", "`Other issues`"):
        assert line in text


async def test_scripts_are_taken_from_the_answers_and_the_others_left() -> None:
    answers = (
        f"Let me think.\n```python\n{SCRIPT}```\nDone.",
        "```python\n" + "x = 1\n" * 20_000 + "```",
        "<think>\nwhat never ends",
    )
    async with (
        model_server(*map(say, answers)) as server,
        ModelClient(ClientSettings(url=server.url, model=MODEL)) as client,
    ):
        written = await write_tests(ChatSpeaker(client), ISSUE, [], count=3, seed=7)
    assert [each.source for each in written.tests] == [SCRIPT]
    assert written.asked == 3
    assert written.tokens > 0
    seeds = sorted(request.json["seed"] for request in server.asked)
    assert seeds == [7, 8, 9]


async def test_cwm_writes_them_in_its_own_tokens(tmp_path: Path) -> None:
    file = small_tokenizer_file(tmp_path)
    tokenizer = Tokenizer.from_file(file)
    answer = f"```python\nwrong\n```\n</think>\n```python\n{SCRIPT}```"
    reply = say(answer, stop_id=tokenizer.special(EOT))
    async with model_server(reply, reply, encode=tokenizer.encode) as server:
        model = ModelSettings(url=server.url, name=MODEL, profile="cwm", tokenizer=str(file))
        async with open_speaker(Settings(model=model)) as speaker:
            assert speaker is not None
            written = await write_tests(speaker, ISSUE, ["calc.py"], count=2, seed=0)
    assert [each.source for each in written.tests] == [SCRIPT, SCRIPT]
    prompt = tokenizer.decode(server.asked[0].json["prompt"])
    assert "add(1, 2) gives 3 for $1, not 4." in prompt
    assert {request.path for request in server.asked} == {"/v1/completions"}


async def test_without_a_model_that_answers_in_words_nobody_writes_them() -> None:
    for settings in (Settings(), Settings(model=ModelSettings(name="nano"))):
        async with open_speaker(settings) as speaker:
            assert speaker is None


@pytest.mark.parametrize(
    ("printed", "outcome"),
    [
        ("Issue reproduced\n", "Issue reproduced"),
        ("noise\n  Issue resolved \r\n\n", "Issue resolved"),
        ("Other issues", "Other issues"),
        ("Issue resolved\nIssue reproduced", "Issue reproduced"),
        ("Issue resolved!", "Other issues"),
        ("issue resolved", "Other issues"),
        ("Issue resolved\nmore", "Other issues"),
        ("", "Other issues"),
        ("\xff\x00Issue resolved", "Other issues"),
    ],
)
def test_the_last_line_says_it_exactly(printed: str, outcome: str) -> None:
    assert outcome_of(CommandResult("exited", 0, printed.encode("latin-1"))) == outcome
    for ended in (
        CommandResult("exited", 1, b"Issue resolved"),
        CommandResult("timeout", None, b"Issue resolved"),
        CommandResult("disk", None, b"Issue resolved"),
    ):
        assert outcome_of(ended) == "Other issues"
    cut = CommandResult("exited", 0, b"Issue resolved", b"...\nIssue reproduced", omitted=9)
    assert outcome_of(cut) == "Issue reproduced"


# In sandboxes ---------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def calc(
    engine: Engine, base_image: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Box]:
    source = tmp_path_factory.mktemp("calc")
    (source / "calc.py").write_text("def add(a, b):\n    return a + b\n")
    async with box(engine, base_image, source) as made:
        yield made


class TestInSandboxes:
    pytestmark = IN_MODULE

    async def test_those_that_show_the_issue_are_kept(self, calc: Box) -> None:
        sources = {
            "shows": SCRIPT,
            "spoils": "import shutil; shutil.rmtree('.')\nprint('Issue resolved')",
            "breaks": "print('Issue reproduced')\nraise SystemExit(3)",
            "shows too": "import os; print(os.getcwd()); print('Issue reproduced')",
            "does not": "import nowhere",
        }
        tests = [WrittenTest(name, source) for name, source in sources.items()]
        kept = await reproducing(tests, calc.sandbox, asyncio.Semaphore(2))
        # What one does to its repository, the others do not see.
        assert [each.name for each in kept] == ["shows", "shows too"]

    async def test_hostile_scripts_end_in_time_and_say_nothing(self, calc: Box) -> None:
        sources = (
            "import time\nprint('Issue resolved', flush=True)\ntime.sleep(600)",
            "while True: print('Issue resolved' * 1000)",
            "import os, signal\nprint('Issue resolved', flush=True)\n"
            "os.kill(os.getpid(), signal.SIGKILL)",
        )
        for source in sources:
            async with calc.sandbox() as sandbox:
                outcome = await run_test(WrittenTest("hostile", source), sandbox, seconds=2)
            assert outcome == "Other issues", source

    async def test_a_patch_makes_the_difference(self, calc: Box) -> None:
        async with calc.sandbox() as sandbox:
            await sandbox.write_file("calc.py", b"def add(a, b):\n    return 4\n")
            assert await run_test(WrittenTest("test", SCRIPT), sandbox) == "Issue resolved"
