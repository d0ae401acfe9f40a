"""The tool simulate: predicted verdicts, from a model that answers what really happens."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from model.client import ModelClient
from model.errors import KeyRefused, ModelUnknown
from model.predict.chat import ChatPredictor
from model.predict.jsonlines import write_line
from model.predict.predictor import Program
from model.predict.tokens import TokenPredictor
from model.retry import RetryPolicy
from model.settings import ClientSettings
from model.tokenizer import Tokenizer
from model.trace.frame import Frame
from model.trace.recording import read_recording
from model.trace.states import compress
from model.trace.writing import write_frames
from sandboxes.docker import DockerSandbox
from sandboxes.engine import Engine
from sandboxes.recording import CallTarget, RecordingLimits, record
from tests.model.predict.programs import write
from tests.model.replies import Reply, context_exceeded, dead, refuse, say, unknown_model
from tests.model.server import MODEL, ModelServer, model_server
from tests.model.tokenizers import small_tokenizer_file
from tests.repobox import SITE_PACKAGES, box, installed_pytest
from tests.tools.shop import write_shop
from tools.programs.program import program_for_call, program_for_test
from tools.registry import TOOLS, build_tools
from tools.tool import ToolResult, ToolSettings

pytestmark = [
    pytest.mark.engine,
    pytest.mark.network,
    pytest.mark.asyncio(loop_scope="module"),
]

ORDERS = "src/shop/orders.py"
TESTS = "tests/test_orders.py"
FUTURE = "from __future__ import annotations\n"
PATHS = f"import sys; sys.path[:0] = ['/testbed/src', '/{SITE_PACKAGES}']\n"
FOLDER = "put_together"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(
    engine: Engine, base_image: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[DockerSandbox]:
    """One sandbox for all, with the shop; what is recorded there lies in a folder of its own."""
    installed = installed_pytest(tmp_path_factory.mktemp("pytest") / "8", "8.4.2")
    source = write_shop(tmp_path_factory.mktemp("shop"))
    async with (
        box(engine, base_image, source, pytest=installed) as made,
        made.sandbox() as sandbox,
    ):
        yield sandbox


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return Tokenizer.from_file(small_tokenizer_file(tmp_path_factory.mktemp("tokenizer")))


async def simulate(
    sandbox: DockerSandbox,
    argument: str,
    *script: Reply,
    tokenizer: Tokenizer | None = None,
    limits: ToolSettings | None = None,
) -> tuple[ToolResult, ModelServer]:
    """Use the tool as a policy does, with a model that gives these answers."""
    quick = RetryPolicy(retries=1, base=0.001, most=0.002)
    async with (
        model_server(*script) as server,
        ModelClient(ClientSettings(server.url, MODEL, retry=quick, seed=0)) as client,
    ):
        predictor = TokenPredictor(client, tokenizer) if tokenizer else ChatPredictor(client)
        settings = replace(limits or ToolSettings(), predictor=predictor, simulate_samples=1)
        result = await build_tools(settings)["simulate"](argument, sandbox)
    return result, server


async def really(
    sandbox: DockerSandbox, program: Program, events: int = 10_000
) -> tuple[list[Frame], bool]:
    """What a program does, as a model would write it after the frame that is given; and whether it
    ends."""
    source = program.source
    head = FUTURE if source.startswith(FUTURE) else ""
    text = head + PATHS + source.removeprefix(head)
    await sandbox.write_file(f"{FOLDER}/program.py", text.encode(), parents=True)
    target = CallTarget(f"{FOLDER}/program.py", "main()", "start")
    found = await record(sandbox, target, RecordingLimits(events=events, depth=50))
    trace = read_recording(found.text).trace
    inner = [frame for frame in trace.frames if frame.place and frame.place.depth > 0]
    assert inner[0].source == "def main():\n"
    return compress(inner)[1:], trace.ended


async def truthful(sandbox: DockerSandbox, program: Program, tokenizer: Tokenizer) -> Reply:
    """The answer of a model that is always right."""
    frames, ended = await really(sandbox, program, events=150)
    text = write_frames(frames, ended=False)
    return write(tokenizer, text) if ended else write(tokenizer, text, end="")


@pytest.mark.parametrize(
    ("test", "verdict", "decided"),
    [
        ("test_total", "pass", "return test_total(order(), _price_list())"),
        ("test_wrong", "fail", "assert order.total(price_list) == 14"),
        ("test_raises", "pass", "return test_raises()"),
        ("test_error", "error", "amount = sum(prices[name] * number for name, number in"),
        ("test_endless", "endless", "while n != 0:"),
        ("test_rounded[6-10]", "pass", "return test_rounded(6, 10)"),
        ("TestOrder::test_five", "pass", "return run_test()"),
        ("OrderCase::test_value", "pass", "return run_test()"),
    ],
)
async def test_the_verdict_is_right_when_the_trace_is(
    shared: DockerSandbox, tokenizer: Tokenizer, test: str, verdict: str, decided: str
) -> None:
    name = f"{TESTS}::{test}"
    gathered = await program_for_test(shared, name)
    reply = await truthful(shared, gathered.program, tokenizer)
    result, server = await simulate(shared, name, reply, tokenizer=tokenizer)
    assert result.ok
    assert result.data["verdict"] == verdict, result.output
    assert result.output.startswith(f"Predicted: {verdict} (")
    assert f"Decided at: {decided}" in result.output
    lines = result.output.splitlines()
    begin = next(at for at, line in enumerate(lines) if line.startswith("The predicted trace"))
    trace = lines[begin + 1 : lines.index("", begin)]
    assert len(trace) <= 40
    assert len([line for line in trace if line.startswith(">")]) == 1
    assert result.data["included"] == [*gathered.included]
    (asked,) = server.asked
    encoded = tokenizer.encode(gathered.program.source)
    assert asked.json["prompt"][2 : 2 + len(encoded)] == encoded


async def test_a_call_is_answered_with_its_trace(
    shared: DockerSandbox, tokenizer: Tokenizer
) -> None:
    gathered = await program_for_call(shared, ORDERS, "m.rounded(7)")
    reply = await truthful(shared, gathered.program, tokenizer)
    argument = f" {ORDERS} \n\n m.rounded(7) \n"
    result, _ = await simulate(shared, argument, reply, tokenizer=tokenizer)
    read = result.data["tokens"]
    assert isinstance(read, dict)
    assert result.output == (
        f"Predicted: pass (it returns), confidence {result.data['confidence']:.2f}.\n"
        f"{result.data['reason']}.\n"
        "Decided at: return m.rounded(7)\n"
        "\n"
        "The predicted trace, 6 frames:\n"
        "  call      def main():\n"
        "  line      return m.rounded(7)\n"
        "  call        def rounded(amount):  | amount = 7\n"
        "  line        return math.ceil(amount / STEP) * STEP\n"
        "  return      return math.ceil(amount / STEP) * STEP  -> 10\n"
        "> return    return m.rounded(7)  -> 10\n"
        "\n"
        "The model saw 2 definitions.\n"
        f"Tokens: {read['computed']} read, 0 of them cached; {read['written']} written."
    )


async def test_any_model_can_be_asked(shared: DockerSandbox) -> None:
    gathered = await program_for_test(shared, f"{TESTS}::test_wrong")
    frames, _ = await really(shared, gathered.program)
    text = "\n".join([*map(write_line, frames), '{"event": "end"}'])
    result, _ = await simulate(shared, f"{TESTS}::test_wrong", say(text))
    assert result.data["verdict"] == "fail", result.output


async def test_what_the_model_did_not_see_is_said(shared: DockerSandbox) -> None:
    test = f"{TESTS}::test_total"
    small = ToolSettings(source_tokens=150)
    result, _ = await simulate(shared, test, say('{"event": "end"}'), limits=small)
    assert result.ok
    left_out = result.data["left_out"]
    assert isinstance(left_out, list)
    assert left_out
    for each in left_out:
        assert f"\n- {each}\n" in result.output


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I cannot.",
        '{"event": "line"}\n' * 500,
        '{"event": "line", "source": "x\\u001b[2J\\n\\ny", "locals": {"a\\n": "b\\nc"}}\n' * 3,
        '{"event": "return", "source": "r", "value": "' + "long " * 5_000 + '"}',
        "".join(
            f'{{"event": "call", "source": "def f{n % 7}():", "locals": {{"n": "{n}"}}}}\n'
            for n in range(300)
        ),
    ],
)
async def test_whatever_the_model_writes_the_answer_is_bounded(
    shared: DockerSandbox, text: str
) -> None:
    result, _ = await simulate(shared, f"{TESTS}::test_total", say(text))
    assert result.ok
    assert result.data["verdict"] in ("unsure", "error", "endless", "pass")
    assert len(result.output) < 8_000
    assert len(result.output.splitlines()) < 60


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (refuse(500, "it broke"), "it broke"),
        (dead(), "the model did not answer"),
        (context_exceeded(50), "the model did not answer"),
    ],
)
async def test_a_model_that_does_not_answer_is_an_answer(
    shared: DockerSandbox, reply: Reply, why: str
) -> None:
    result, _ = await simulate(shared, f"{TESTS}::test_total", *[reply] * 4)
    assert not result.ok
    assert result.output.startswith("Nothing was simulated: the model did not answer: ")
    assert why in result.output
    assert len(result.output.splitlines()) == 1


async def test_a_trace_and_its_time_have_limits(shared: DockerSandbox) -> None:
    reply = say("word " * 10, hangs=True)
    limits = ToolSettings(simulate_seconds=1.5, trace_tokens=77)
    result, server = await simulate(shared, f"{TESTS}::test_total", reply, limits=limits)
    assert not result.ok
    assert result.output == "Nothing was simulated: the model took longer than 1.5 s."
    (asked,) = server.asked
    assert asked.json["max_tokens"] == 77


@pytest.mark.parametrize(
    ("reply", "error"),
    [(refuse(401, "who are you?"), KeyRefused), (unknown_model("scripted"), ModelUnknown)],
)
async def test_wrong_settings_are_the_users_to_mend(
    shared: DockerSandbox, reply: Reply, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await simulate(shared, f"{TESTS}::test_total", *[reply] * 4)


@pytest.mark.parametrize(
    ("argument", "why"),
    [
        ("", "give a test's id, or a path and below it an expression"),
        (ORDERS, "give a test's id, or a path and below it an expression"),
        (f"{TESTS}::test_none", f"{TESTS} has no test_none"),
        (f"{ORDERS}\nbroken(", "the call is not one expression"),
        (f"{ORDERS}\nnothing()", f"{ORDERS} has no nothing"),
        ("a\0b.py::test", "no null character"),
        ("tests/test_more.py::test_captured", "the fixture capsys is not in the repository"),
    ],
)
async def test_what_cannot_be_simulated_is_one_clear_line(
    shared: DockerSandbox, argument: str, why: str
) -> None:
    result, server = await simulate(shared, argument)
    assert not result.ok
    assert why in result.output
    assert len(result.output.splitlines()) == 1
    assert server.asked == []


async def test_the_tool_is_there_when_something_predicts(shared: DockerSandbox) -> None:
    assert "simulate" not in build_tools(ToolSettings())
    async with ModelClient(ClientSettings("http://127.0.0.1:9/v1", MODEL)) as client:
        tools = build_tools(ToolSettings(predictor=ChatPredictor(client)))
    assert [*tools] == [*TOOLS, "simulate"]
    tool = tools["simulate"]
    assert not tool.writes
    assert tool.description.endswith(".")
    values = {"target": f"{ORDERS} ", "expression": "broken(2)"}
    assert tool.compose(values) == f"{ORDERS}\nbroken(2)"
    assert tool.compose({"target": f"{TESTS}::test_total", "expression": ""}) == (
        f"{TESTS}::test_total"
    )
