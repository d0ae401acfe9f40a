"""Rendering in CWM's own vocabulary: the ids of the reference for the text of the format."""

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.client import ModelClient
from model.predict.predictor import Program
from model.predict.tokens import TokenPredictor
from model.settings import ClientSettings
from model.tokenizer import Tokenizer
from model.wire import REASONING, Dialogue, tool_answer
from tests.model.tokenizers import reference, reference_tokenizer_file
from tests.model.trace.examples import EXAMPLE_CONTEXT, EXAMPLE_SOURCE, EXAMPLE_TEXT

if TYPE_CHECKING:
    import tiktoken

pytestmark = pytest.mark.network

SPECIAL = {
    "<|begin_of_text|>": 128_000,
    "<|end_of_text|>": 128_001,
    "<|pad|>": 128_004,
    "<|start_header_id|>": 128_006,
    "<|end_header_id|>": 128_007,
    "<|eom_id|>": 128_008,
    "<|eot_id|>": 128_009,
    "<|frame_sep|>": 128_100,
    "<|action_sep|>": 128_101,
    "<|return_sep|>": 128_102,
    "<|call_sep|>": 128_103,
    "<|line_sep|>": 128_104,
    "<|exception_sep|>": 128_105,
    "<|arg_sep|>": 128_106,
    "<|trace_context_start|>": 128_107,
}
"""As the format has them; the others of the 256 are reserved."""

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=80).filter(
    lambda text: "<|" not in text
)
"""What may be said, but for what would be a special token in the text of the format."""


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return Tokenizer.from_file(reference_tokenizer_file(tmp_path_factory.mktemp("reference")))


@pytest.fixture(scope="module")
def encoding() -> "tiktoken.Encoding":
    import tiktoken

    known = reference()
    return tiktoken.Encoding(
        "reference", pat_str=known.pattern, mergeable_ranks=known.ranks, special_tokens=SPECIAL
    )


def test_every_special_token_has_its_id(tokenizer: Tokenizer) -> None:
    assert {name: tokenizer.special(name) for name in SPECIAL} == SPECIAL
    for number in {*range(128_000, 128_256)} - {*SPECIAL.values()}:
        name = f"<|reserved_special_token_{number - 128_000}|>"
        assert tokenizer.special(name) == number
        assert tokenizer.decode([number]) == name


@settings(max_examples=60, deadline=None)
@given(TEXT, TEXT, TEXT, TEXT)
def test_a_conversation(
    tokenizer: Tokenizer,
    encoding: "tiktoken.Encoding",
    system: str,
    user: str,
    answer: str,
    output: str,
) -> None:
    dialogue = Dialogue(tokenizer)
    dialogue.system(f"{REASONING}\n\n{system}")
    dialogue.user(user)
    dialogue.ask()
    dialogue.answered(None, f"Let me see.\n</think>\n{answer}")
    result = tool_answer(output, 100, 100_000)
    dialogue.tool("bash", result)
    dialogue.ask()
    said = f"{REASONING}\n\n{system}".strip(), user.strip(), answer.rstrip()
    text = (
        f"<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n{said[0]}<|eot_id|>"
        f"<|start_header_id|>user<|end_header_id|>\n\n{said[1]}<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
        f"<think>\nLet me see.\n</think>\n{said[2]}".rstrip()
        + "<|eot_id|>"
        f"<|start_header_id|>tool: bash<|end_header_id|>\n\n{result}<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n<think>\n"
    )
    assert list(dialogue.prompt.ids) == encoding.encode(text, allowed_special="all")
    assert dialogue.stop_ids == (128_001, 128_008, 128_009)


async def test_a_trace(tokenizer: Tokenizer, encoding: "tiktoken.Encoding") -> None:
    begun = "<|call_sep|>{}<|action_sep|>def main():\n<|frame_sep|>"
    text = f"<|begin_of_text|><|trace_context_start|>{EXAMPLE_CONTEXT}<|frame_sep|>{begun}"
    program = Program.of_call(EXAMPLE_SOURCE, "f(1)")
    async with ModelClient(ClientSettings("http://127.0.0.1:9/v1", "none")) as client:
        prompt = TokenPredictor(client, tokenizer).prompt(program, program.begun)
    assert prompt == encoding.encode(text, allowed_special="all")
    written = encoding.encode(EXAMPLE_TEXT, allowed_special="all")
    assert tokenizer.decode(written) == EXAMPLE_TEXT
    assert written[-1] == 128_001
