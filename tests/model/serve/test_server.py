"""A server that will not end when it is asked to, and one that cannot be started."""

import asyncio
import os
from pathlib import Path

import pytest

from model.errors import ModelMisconfigured
from model.serve.server import check_port, started
from tests.model.serve.standin import stand_in


async def test_what_ignores_being_asked_is_made_to_end(tmp_path: Path) -> None:
    vllm = stand_in(tmp_path, "Starting to load model x", stubborn=True, child=True)
    address = ("127.0.0.1", 0)
    command = [str(tmp_path / "vllm"), "--host", address[0], "--port", "0"]
    loading = asyncio.Event()
    log = tmp_path / "logs" / "one.log"
    async with started(
        command, os.environ, address, log, lambda line: loading.set(), grace=0.5
    ) as server:
        watching = asyncio.create_task(server.ready())
        await loading.wait()
        watching.cancel()
        assert len(vllm.left()) == 2
    assert vllm.left() == []
    assert log.read_text() == "Starting to load model x\n"


async def test_a_program_that_cannot_be_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "vllm").write_text("no program")
    command, address = [str(tmp_path / "vllm")], ("127.0.0.1", 1)
    with pytest.raises(ModelMisconfigured, match="cannot be started"):
        async with started(command, os.environ, address, tmp_path / "log", print) as server:
            await server.ready()


async def test_a_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    vllm = stand_in(tmp_path)
    (tmp_path / "file").touch()
    command, address = [str(tmp_path / "vllm")], ("127.0.0.1", 1)
    with pytest.raises(ModelMisconfigured, match="cannot be written") as refused:
        async with started(command, os.environ, address, tmp_path / "file" / "log", print):
            pytest.fail("it was started")
    assert "FORETRACE_CACHE" in refused.value.hint
    assert not vllm.was_started


@pytest.mark.parametrize("host", ["no such host", "192.0.2.1"])
def test_an_address_that_is_not_ours_is_refused(host: str) -> None:
    with pytest.raises(ModelMisconfigured, match="nothing can listen"):
        check_port(host, 8000)
