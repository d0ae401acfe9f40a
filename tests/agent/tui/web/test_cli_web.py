"""The command: where it listens, what it refuses, and that it needs an extra."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agent.conftest import CommandLine
from tests.agent.test_cli import complains
from tests.agent.tui.web.serving import serving

_WITHOUT_IT = """\
import sys
sys.modules["textual_serve"] = None
from agent.cli import main
sys.argv = ["foretrace", "tui", "--web"]
main()
"""


def test_without_the_extra_it_says_how_to_get_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _WITHOUT_IT]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 2
    assert ended.stderr == (
        "foretrace: a screen in the browser needs the extra web\n  pip install 'foretrace[web]'\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_port_in_use_is_said(foretrace: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ended = foretrace("tui", "--web", "--port", port)
    complains(ended, 2, f"cannot listen on 127.0.0.1, port {port}", "--port 0 takes a free one")
    assert ended.out == ""


def test_a_host_for_others_needs_a_flag_and_is_warned_of(foretrace: CommandLine) -> None:
    ended = foretrace("tui", "--web", "--host", "0.0.0.0", "--port", "0")
    complains(ended, 2, "other machines may reach 0.0.0.0", "--open-to-network")
    with serving(foretrace, "--host", "0.0.0.0", "--open-to-network") as served:
        assert served.url.startswith(f"http://127.0.0.1:{served.port}/")
        assert served.process.stderr is not None
        assert "other machines can reach this" in served.process.stderr.readline()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--port", "80"), "belong to --web"),
        (("--host", "::1"), "belong to --web"),
        (("--open-to-network",), "belong to --web"),
        (("--web", "--port", "65536"), "65536 is not in the range"),
        (("--web", "--port", "x"), "'x' is not a valid integer"),
        (("--web", "--host", "no such host"), "there is no host no such host"),
        (("--web", "nowhere"), "there is no run in nowhere"),
        (("--web", "--trace", "nowhere.py", "--call", "f(1)"), "nowhere.py"),
    ],
)
def test_what_is_wrong_is_said(
    foretrace: CommandLine, arguments: tuple[str, ...], complaint: str
) -> None:
    ended = foretrace("tui", *arguments)
    assert ended.status == 2
    assert complaint in ended.err
    assert "Traceback" not in ended.err
