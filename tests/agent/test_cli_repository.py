"""``predict``, ``compare`` and ``debug`` on a call or a test of a repository."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest

from model.predict.predictor import Program
from model.tokenizer import Tokenizer
from model.trace.frame import Frame
from model.trace.writing import CONTEXT_START, FRAME_SEP
from tests.agent.conftest import CommandLine, Ended, Project
from tests.model.debugger.knowing import executed, stepping
from tests.model.http import Request
from tests.model.replies import by_request, silent
from tests.model.server import ModelServer, threaded_model_server
from tests.model.tokenizers import small_tokenizer_file

CART = '''\
from prices import clamp, total


def worth(prices):
    whole = total(prices)
    return clamp(whole, 0, 7)


def main():
    """The model is not shown it, and so what makes the call has its name."""
'''

TESTS = """\
import pytest

from cart import worth


@pytest.fixture
def prices():
    return [1, 2]


@pytest.mark.parametrize("more", [0, 5])
def test_worth(prices, more):
    assert worth([*prices, more]) == 7
"""


@dataclass
class Knowing:
    """A server whose model does know what programs do, unless it is told to be wrong.

    Attributes:
        flags: that lead to it.
        sources: it was asked about.
        wrong: of a frame's source, what the model takes a local for.
    """

    flags: list[str]
    server: ModelServer
    sources: list[str]
    wrong: dict[str, dict[str, str]]

    def frames(self, source: str) -> list[Frame]:
        return [self._told(frame) for frame in executed(Program(source, ()))]

    def _told(self, frame: Frame) -> Frame:
        told = self.wrong.get(frame.source.strip())
        return replace(frame, locals={**(frame.locals or {}), **told}) if told else frame


@pytest.fixture
def knowing(foretrace: CommandLine) -> Iterator[Knowing]:
    file = small_tokenizer_file(foretrace.folder)
    tokenizer = Tokenizer.from_file(file)

    def choose(request: Request) -> object:
        text = tokenizer.decode(request.json["prompt"])
        source = text.partition(CONTEXT_START)[2].partition(FRAME_SEP)[0]
        known.sources.append(source)
        return stepping(tokenizer, known.frames(source))

    with threaded_model_server(fallback=_chosen(choose), encode=tokenizer.encode) as server:
        flags = ["--model-url", server.url, "--profile", "cwm", "--tokenizer", str(file)]
        known = Knowing(flags, server, [], {})
        yield known


def _chosen(choose):  # type: ignore[no-untyped-def]  # a reply that is another reply
    return by_request(choose)


@pytest.fixture
def shop(project: Project) -> Project:
    project.write(**{"cart.py": CART, "tests/test_cart.py": TESTS})
    project.commit("A cart")
    return project


def called(foretrace: CommandLine, command: str, knowing: Knowing, *more: object) -> Ended:
    ended = foretrace(command, *more, *knowing.flags)
    assert "Traceback" not in ended.err, ended.err
    return ended


CALL = ("cart.py", "--call", "worth([1, 2])", "--repo")


@pytest.mark.engine
def test_a_call_is_predicted_from_what_it_needs(
    foretrace: CommandLine, knowing: Knowing, shop: Project
) -> None:
    ended = called(foretrace, "predict", knowing, *CALL, shop.path)
    assert ended.status == 0, ended
    assert "returns 7" in ended.out  # clamp has its bug
    (source,) = knowing.sources
    assert "def clamp(value, low, high):" in source
    assert "def total(prices):" in source
    assert "shown 3 definitions" in ended.err
    limited = called(foretrace, "predict", knowing, *CALL, shop.path, "--tokens", "10")
    assert limited.status == 1, limited
    assert "the limit of 10 tokens is used up" in limited.out


@pytest.mark.engine
def test_a_call_is_compared_in_the_repository_s_sandbox(
    foretrace: CommandLine, knowing: Knowing, shop: Project
) -> None:
    right = called(foretrace, "compare", knowing, *CALL, shop.path)
    knowing.wrong["if value < low:"] = {"value": "4"}
    wrong = called(foretrace, "compare", knowing, *CALL, shop.path, "--json")
    assert right.status == 0, right
    assert "no difference was found" in right.out
    assert "  state exact match     100.0%" in right.out
    assert wrong.status == 1, wrong
    divergence = json.loads(wrong.out)["divergence"]
    assert divergence["names"] == {"value": ["4", "3"]}
    assert divergence["predicted"]["line"] is None  # of the source that was put together
    assert divergence["recorded"]["line"] == 6


@pytest.mark.engine
def test_a_revision_is_what_is_asked_of(
    foretrace: CommandLine, knowing: Knowing, shop: Project
) -> None:
    shop.put("cart.py", CART.replace("0, 7", "0, 1000"))
    call = ("cart.py", "--call", "worth([1])", "--repo", shop.path)
    now = called(foretrace, "compare", knowing, *call)
    before = called(foretrace, "compare", knowing, *call, "--base", "HEAD")
    assert (now.status, before.status) == (0, 0), (now, before)
    assert ["0, 7" in each for each in knowing.sources] == [False, True]


@pytest.mark.engine
def test_a_test_is_compared_from_its_own_call_on(
    foretrace: CommandLine, knowing: Knowing, shop: Project
) -> None:
    test = ("--repo", shop.path, "--test", "tests/test_cart.py::test_worth[5]")
    right = called(foretrace, "compare", knowing, *test)
    knowing.wrong["whole = total(prices)"] = {"prices": "[]"}
    wrong = called(foretrace, "compare", knowing, *test, "--json")
    assert right.status == 0, right
    assert "no difference was found" in right.out
    assert "  output pass@1         yes" in right.out
    divergence = json.loads(wrong.out)["divergence"]
    assert divergence["names"] == {"prices": ["[]", "[1, 2, 5]"]}
    both = divergence["frame"]
    assert both["predicted"] > both["recorded"]  # what starts the test comes before


@pytest.mark.engine
def test_a_test_is_debugged_beside_its_recording(
    foretrace: CommandLine, knowing: Knowing, shop: Project
) -> None:
    (foretrace.folder / "commands").write_text("real\nrun\nreal\nlist 3\n")
    test = ("--repo", shop.path, "--test", "tests/test_cart.py::test_worth[0]")
    more = ("--commands", "commands", "--record", "kept.jsonl")
    ended = called(foretrace, "debug", knowing, *test, *more)
    assert ended.status == 0, ended
    assert "a recording begins with the test, which is not called yet" in ended.out
    assert "the recorded execution says the same up to frame" in ended.out
    first = json.loads((foretrace.folder / "kept.jsonl").read_text().partition("\n")[0])
    assert first["test"] == "tests/test_cart.py::test_worth[0]"
    assert first["repo"] == str(shop.path)


@pytest.mark.engine
def test_what_a_repository_does_not_have_is_refused(
    foretrace: CommandLine, knowing: Knowing, shop: Project
) -> None:
    wrongs: list[tuple[Sequence[object], str]] = [
        (("none.py", "--call", "f(1)"), "cannot read none.py"),
        (("cart.py", "--call", "nothing(1)"), "cart.py has no nothing"),
        (("cart.py", "--call", "worth("), "does not parse"),
        (("--test", "tests/test_cart.py::test_none"), "test_none"),
    ]
    for wrong, words in wrongs:
        ended = called(foretrace, "compare", knowing, *wrong, "--repo", shop.path)
        assert (ended.status, ended.out) == (2, ""), ended
        assert words in ended.err
    assert not knowing.server.asked


def test_what_is_asked_must_be_said_once(foretrace: CommandLine) -> None:
    with threaded_model_server(silent()) as server:
        flags = ("--model-url", server.url)
        for command in ("predict", "compare", "debug"):
            for more, words in [
                (("work.py",), "say what to predict"),
                (("work.py", "--call", "f()", "--test", "t"), "say what to predict"),
                (("--call", "f()", "--repo", "."), "say what to predict"),
                (("work.py", "--call", "f()", "--base", "HEAD"), "--base needs --repo"),
                (("--test", "test_it.py::test_it"), "--test needs --repo"),
            ]:
                ended = foretrace(command, *more, *flags)
                assert (ended.status, ended.out) == (2, "")
                assert words in ended.err
        assert not server.asked
