"""The model policy: a scripted model on a real server, tools in a real sandbox."""

import pytest

from agent.issue import Issue
from agent.policies.cwm.profiles.chat import ChatProfile
from agent.policies.cwm.profiles.registry import PROFILES
from model.wire import REASONING
from tests.agent.policies.modelruns import CHANGE, IN_MODULE, SUBMIT, TAKE, Player, call, done

pytestmark = IN_MODULE


async def test_a_model_resolves_an_issue_and_sums_up(play: Player) -> None:
    run = await play(call("bash", "cat calc/__init__.py"), CHANGE, TAKE, SUBMIT, done("## Summary"))
    assert run.end.patch is not None
    assert "+    return a + b + 1" in run.end.patch
    assert run.end.reason == "## Summary"
    assert [event.type for event in run.events] == [
        "model",
        "prompt",
        *["action", "result"] * 4,
        "submission",
        "action",
        "message",
    ]
    first, second = run.texts[:2]
    assert first.startswith(
        f"<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n{REASONING}"
    )
    assert first.endswith("<|start_header_id|>assistant<|end_header_id|>\n\n<think>\n")
    assert second.removeprefix(first).startswith(
        "Let me see.\n</think>\n<tool: bash>\ncat calc/__init__.py\n</tool><|eot_id|>"
        "<|start_header_id|>tool: bash<|end_header_id|>\n\n"
        "<output>\ndef add(a, b):\n    return a + b\n\n</output>\n\n"
        "<budget>\n* Remaining turns: 4\n* Remaining tokens: "
    )


async def test_every_answer_is_drawn_as_set_and_by_a_seed_of_its_own(play: Player) -> None:
    looks = [call("bash", "true")] * 3
    first, again = await play(*looks, seed=1), await play(*looks, seed=1)
    other = await play(*looks, seed=2, temperature=0.25, top_p=0.5, action_tokens=777)
    asked = [request.json for request in first.asked]
    assert [each["temperature"] for each in asked] == [1.0] * 3
    assert [each["top_p"] for each in asked] == [0.95] * 3
    assert [each["skip_special_tokens"] for each in asked] == [False] * 3
    stops = ["<|end_of_text|>", "<|eom_id|>", "<|eot_id|>"]
    assert asked[0]["stop_token_ids"] == [*map(play.tokenizer.special, stops)]
    assert [each["seed"] for each in asked] == [each.json["seed"] for each in again.asked]
    seeds = {each["seed"] for each in asked} | {each.json["seed"] for each in other.asked}
    assert len(seeds) == 6
    assert {each.json["temperature"] for each in other.asked} == {0.25}
    assert {each.json["max_tokens"] for each in other.asked} == {777}


async def test_the_trajectory_says_which_model_decides_and_what_it_was_told(play: Player) -> None:
    play.profile = ""
    run = await play("Hm.")
    (model,), (prompt,) = run.of("model"), run.of("prompt")
    assert (model.model, model.profile, model.context) == ("scripted", "chat", play.context)
    assert model.url.startswith("http://127.0.0.1:")
    assert "so the chat endpoint is used" in model.notes[0]
    assert [each["content"] for each in run.messages[0]] == [prompt.system, prompt.user]


async def test_a_profile_is_one_class_and_its_name(
    play: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terse(ChatProfile):
        name = "terse"

        def system(self, *_: object) -> str:
            return "Call tools."

    monkeypatch.setitem(PROFILES, "terse", Terse())
    play.profile = "terse"
    run = await play(call("bash", "echo here", think=None))
    assert run.of("model")[0].profile == "terse"
    assert run.messages[0][0]["content"] == "Call tools."
    assert run.of("result")[0].output == "here\n"


async def test_a_users_own_prompts_are_what_the_model_is_told(play: Player) -> None:
    (play.folder / "issue.md").write_text("It costs $$5. $issue\n$tests")
    (play.folder / "messages.toml").write_text('format.no_call = "Call one of $tools, please."')
    issue = Issue(id="x", title="$tests", text="Pay $9.", tests=("a.py::b",))
    run = await play("Hm.\n</think>\nNo.", call("bash", "true"), issue=issue, prompts=play.folder)
    assert run.of("prompt")[0].user.startswith("It costs $5. $tests\n\nPay $9.\n")
    assert "a.py::b" in run.of("prompt")[0].user
    assert "Call one of bash, edit, create, test, submit, please.<|eot_id|>" in run.texts[1]
