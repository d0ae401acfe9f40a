"""Telling a living process from a dead one, also when its number is used again."""

import os
import subprocess
import sys

from sandboxes.owner import Owner


def test_this_process_is_alive_and_its_token_reads_back() -> None:
    owner = Owner.current()
    assert owner.pid == os.getpid()
    assert owner.alive()
    assert Owner.parse(owner.token) == owner


def test_a_process_that_ended_is_dead() -> None:
    program = "from sandboxes.owner import Owner; print(Owner.current().token)"
    token = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout
    owner = Owner.parse(token.strip())
    assert owner is not None
    assert owner.here()
    assert not owner.alive()


def test_a_number_used_again_is_another_process() -> None:
    now = Owner.current()
    assert not Owner(now.boot, now.pid, now.start - 1).alive()


def test_processes_of_other_machines_count_as_alive() -> None:
    stranger = Owner("0123456789abcdef", 1, 1)
    assert not stranger.here()
    assert stranger.alive()


def test_what_is_no_token_is_told_apart() -> None:
    for text in ("", "a", "a.b", "a.1", "a.1.b", "a.1.2.3", "a.-1.2"):
        assert Owner.parse(text) is None
