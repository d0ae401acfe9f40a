"""The model policy: a scripted model on a real server, tools in a real sandbox."""

import pytest

from model.wire import REASONING
from tests.agent.policies.modelruns import CHANGE, SUBMIT, TAKE, Player, call, done

pytestmark = pytest.mark.engine


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
