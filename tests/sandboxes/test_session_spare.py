"""A bash that was started ahead of its command behaves as one started for it."""

import asyncio

import pytest

from sandboxes.docker import DockerSandbox

_COMMANDS = [
    "echo $LINENO\necho $LINENO",
    "nope",
    "true\nnope\necho after",
    "return 3",
    "exit 7",
    "echo a\necho 'b",
    "cat <<END\n$HOME 'x'\nEND",
    "alias q='echo hi'\nq",
    "set -e; false; echo no",
    'printf "%s|" "$0" "$#" "$@" "${FUNCNAME[*]}"',
    "echo \"it's\" '\"' '\\' $'\\x27' `echo \\`echo deep\\``",
    "# nothing but a comment",
    "",
    "echo $SECONDS $SHLVL; ulimit -n >/dev/null; jobs; read line; echo $? $line",
    "exec echo replaced",
    "x=1 eval 'echo $x'; echo ${x-unset}",
    "env | grep -c BASH_EXECUTION_STRING; declare -F | grep -v foretrace",
    "printf '\\303\\244\\377' | od -An -tx1; echo ä",
]
_FORMS = ("-c: line", "eval: line")
"""How the two name the text whose syntax is wrong."""


@pytest.mark.parametrize("command", _COMMANDS)
async def test_it_answers_like_a_bash_started_for_the_command(
    sandbox: DockerSandbox, command: str
) -> None:
    await sandbox.run("greet() { echo hi; }")
    ahead = await sandbox.run(command)
    await sandbox.run(":", state=None)  # of no state: it takes the spare away
    anew = await sandbox.run(command, stdin=b"")
    assert (ahead.exit_code, ahead.status) == (anew.exit_code, anew.status)
    assert ahead.text == anew.text.replace(*_FORMS)


async def test_it_notices_that_its_directory_is_another_one(sandbox: DockerSandbox) -> None:
    await sandbox.run("mkdir -p /tmp/place && cd /tmp/place && echo old > file")
    await sandbox.run("mv /tmp/place /tmp/away; mkdir /tmp/place; echo new > file", state=None)
    await sandbox.run("echo new > /tmp/place/file", state=None)
    assert (await sandbox.run("cat file; pwd -P")).text == "new\n/tmp/place\n"
    await sandbox.run("(sleep 0.3; rm -r /tmp/place) > /dev/null 2>&1 &")
    await asyncio.sleep(0.8)
    result = await sandbox.run("pwd")
    assert result.text == "/testbed\n"
    assert any("/tmp/place" in note for note in result.notes)


async def test_its_death_is_not_the_next_commands(sandbox: DockerSandbox) -> None:
    await sandbox.run("x=kept; (sleep 0.3; kill -9 -1) > /dev/null 2>&1 &")
    await asyncio.sleep(0.8)
    result = await sandbox.run("echo $x")
    assert (result.exit_code, result.text) == (0, "kept\n")
    assert result.notes == ()


async def test_it_is_no_process_of_a_command(sandbox: DockerSandbox) -> None:
    await sandbox.run("sleep 30 > /dev/null 2>&1 &")
    result = await sandbox.run("for each in /proc/[0-9]*/comm; do read x < $each; echo $x; done")
    assert result.text.split().count("bash") == 1
    stopped = await sandbox.run("sleep 40 & sleep 50", timeout=0.5)
    assert stopped.status == "timeout"
    left = await sandbox.run("pgrep -a sleep || cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert "sleep 30" in left.text
    assert "sleep 40" not in left.text


@pytest.mark.parametrize("options", ["set -x", "set -a", "set -v", "set -o posix", "set -k"])
async def test_options_that_it_cannot_bear_get_a_bash_for_the_command(
    sandbox: DockerSandbox, options: str
) -> None:
    await sandbox.run(options)
    result = await sandbox.run("y=1; env | grep -c EXECUTION; echo $BASH_EXECUTION_STRING")
    assert "builtin eval --" not in result.text
    assert "grep -c EXECUTION" in result.text  # the text itself, as it was an argument


async def test_its_time_begins_with_the_command(sandbox: DockerSandbox) -> None:
    await sandbox.run(":")
    await asyncio.sleep(1.2)
    assert (await sandbox.run("echo $SECONDS")).text == "0\n"


async def test_long_and_much_quoted_commands(sandbox: DockerSandbox) -> None:
    for count in (10_000, 14_000, 30_000, 70_000, 140_000):
        await sandbox.run(":")
        result = await sandbox.run('x="' + "'" * count + '"; echo ${#x}')
        assert result.text == f"{count}\n"
