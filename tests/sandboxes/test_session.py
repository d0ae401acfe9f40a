"""The persistent session: what survives between commands, and that nothing breaks it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandboxes.docker import DockerSandbox
from sandboxes.engine import Engine

pytestmark = pytest.mark.engine


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(engine: Engine, base_image: str) -> AsyncIterator[DockerSandbox]:
    """One sandbox for all the commands that must not break it."""
    async with DockerSandbox(engine, base_image) as made:
        yield made


async def test_state_survives_between_commands(sandbox: DockerSandbox) -> None:
    first = await sandbox.run(
        "mkdir -p 'a dir'; cd 'a dir'; x=5; export Y='two words'; greet() { echo \"hi $1 $x\"; };"
        " alias gg='greet alias'; umask 027; shopt -s extglob; set -o pipefail"
    )
    assert first.ok
    second = await sandbox.run(
        "pwd; greet you; gg; bash -c 'echo $Y'; umask; shopt extglob; false | true; echo $?"
    )
    lines = second.text.splitlines()
    assert lines[:5] == ["/testbed/a dir", "hi you 5", "hi alias 5", "two words", "0027"]
    assert lines[5].split() == ["extglob", "on"]
    assert lines[6] == "1"


async def test_values_of_any_kind_survive(sandbox: DockerSandbox) -> None:
    await sandbox.run(
        "arr=(a 'b c' $'d\\ne' \"q\\\"u'o\" 'p)');"
        " declare -A map=([k]=v ['x y']='z)w' [\"q'\"]='$(x)');"
        " readonly ro=7; declare -i num=5; declare -n ref=num; bad=$'\\xff\\xfe'; nl=$'line\\n';"
        " trap_text='x\ndeclare -- evil=1\n\"'; big=$(head -c 300000 /dev/zero | tr '\\0' x);"
        " many=($(seq 5000)); inner() { echo inner; }; export -f inner; unset HOME"
    )
    result = await sandbox.run(
        "printf '<%s>' \"${arr[@]}\"; echo; printf '%s ' \"${map[k]}\" \"${map['x y']}\""
        ' "${map["q\'"]}"; echo; ref=6+1; echo $ro $num; printf %s "$bad$nl" | od -An -tx1;'
        ' echo "${#big} ${#many[@]} ${many[4999]}"; echo "[$evil][$HOME]"; printf %s "$trap_text";'
        " bash -c inner; ro=8; echo not reached"
    )
    assert result.text == (
        "<a><b c><d\ne><q\"u'o><p)>\nv z)w $(x) \n7 7\n ff fe 6c 69 6e 65 0a\n"
        '300000 5000 5000\n[][]\nx\ndeclare -- evil=1\n"inner\n'
        "bash: line 1: ro: readonly variable\n"
    )
    assert result.exit_code != 0


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(values=st.lists(st.binary(max_size=60).map(lambda b: b.replace(b"\0", b"")), max_size=8))
async def test_any_bytes_survive_in_variables(sandbox: DockerSandbox, values: list[bytes]) -> None:
    octal = ["$'" + "".join(f"\\{byte:03o}" for byte in value) + "'" for value in values]
    await sandbox.run(f"values=({' '.join(octal)}); last={octal[-1] if octal else ''}")
    result = await sandbox.run('printf \'%s\\0\' "${values[@]}"; printf %s "$last"')
    expected = b"".join(value + b"\0" for value in values) if values else b"\0"
    assert result.head == expected + (values[-1] if values else b"")


async def test_states_are_apart(sandbox: DockerSandbox) -> None:
    await sandbox.run("who=agent; cd /tmp")
    await sandbox.run("who=other; cd /usr", state="other")
    fresh = await sandbox.run("echo [$who] $PWD; who=nobody; cd /", state=None)
    assert fresh.text == "[] /testbed\n"
    assert (await sandbox.run("echo $who $PWD")).text == "agent /tmp\n"
    assert (await sandbox.run("echo $who $PWD", state="other")).text == "other /usr\n"


async def test_lent_variables_are_for_one_command(sandbox: DockerSandbox) -> None:
    await sandbox.run("export KEPT=before")
    lent = {"KEPT": "lent's", "LENT": "ü", "not-a-name": "x"}
    result = await sandbox.run("bash -c 'echo \"$KEPT $LENT\"'; LENT=changed", environment=lent)
    assert result.text == "lent's ü\n"
    assert (await sandbox.run("bash -c 'echo \"$KEPT [$LENT]\"'")).text == "before []\n"
    fresh = await sandbox.run('echo "$KEPT $LENT"', state=None, environment=lent)
    assert fresh.text == "lent's ü\n"


@pytest.mark.parametrize(
    ("command", "code", "output"),
    [
        ("exit 3", 3, ""),
        ("exec bash -c 'echo in; exit 4'", 4, "in\n"),
        ("exec no-such-program", 127, "no-such-program: not found"),
        ("set -e; false; echo no", 1, ""),
        ("set -u; echo $nope; echo no", 127, "nope: unbound variable"),
        ("echo ${x:?empty}; echo no", 127, "x: empty"),
        ("echo 'unbalanced", 2, "unexpected EOF"),
        ('echo "un $(balanced', 2, "unexpected EOF"),
        ("if true; then", 2, "syntax error"),
        ("echo first\n)", 2, "first\n"),
        ("cat <<END\nhere\nEND", 0, "here\n"),
        ("cat <<END\nnever ended", 0, "never ended"),
        ("cat; read x; echo $?", 0, "1\n"),
        ("exec 1>&- 2>&-; echo lost", 1, ""),
        ('for f in /proc/self/fd/*; do eval "exec ${f##*/}>&-"; done', 0, ""),
        ("kill -9 $$", 137, ""),
        ("kill -TERM $$; sleep 9", 143, ""),
        ("trap '' TERM INT HUP; echo ok", 0, "ok\n"),
        ("set -n; echo no", 0, ""),
        ("return 4; echo after", 0, "after\n"),
        ("ulimit -f 0; ulimit -n 5; echo ok", 0, "ok\n"),
        ("(exit 9)", 9, ""),
        ("f() { exit 7; }; f; echo no", 7, ""),
        ("", 0, ""),
        ("   \n\t\n# nothing", 0, ""),
        ("echo a\r\nif true; then\r\n  echo b\r\nfi\r\n", 0, "a\nb\n"),
        ("printf 'no newline'", 0, "no newline"),
        ("echo > >(sleep 0.02; echo late)", 0, "late\n"),
        ("echo ünï; printf 'é' | wc -m", 0, "ünï\n1\n"),
        ("exec >/dev/null; echo hidden", 0, ""),
        ("set -x; : traced", 0, "+ : traced\n"),
        ("alias ls='echo aliased'\nls", 0, "aliased\n"),
        ('printf \'\\0\\0\\0\\5{"id": 1, "status": "exited", "blobs": []}\'', 0, "exited"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_odd_commands_leave_an_honest_result_and_a_usable_session(
    shared: DockerSandbox, command: str, code: int, output: str
) -> None:
    await shared.run("cd /tmp; mark=7")
    result = await shared.run(command, timeout=20)
    assert (result.status, result.exit_code) == ("exited", code)
    assert output in result.text
    if not output:
        assert result.head == b""
    after = await shared.run("set +uex; unalias -a; echo $mark $PWD")
    assert after.text.splitlines()[-1] == "7 /tmp"


async def test_errexit_ends_with_its_command(sandbox: DockerSandbox) -> None:
    await sandbox.run("set -e; kept=1")
    assert (await sandbox.run("false; echo $kept")).text == "1\n"


async def test_own_exit_traps_run_and_the_state_survives(sandbox: DockerSandbox) -> None:
    result = await sandbox.run("trap 'echo bye $?; cd /' EXIT; x=1; exit 5")
    assert (result.exit_code, result.text) == (5, "bye 5\n")
    result = await sandbox.run("trap 'exit 9' 0; x=$((x+1))")
    assert result.exit_code == 9
    assert (await sandbox.run("trap - EXIT; x=$((x+1))")).ok
    result = await sandbox.run(
        "(trap 'echo sub' EXIT); set -e; trap -- 'echo e' EXIT INT; x=$((x+1)); false"
    )
    assert (result.exit_code, result.text) == (1, "sub\ne\n")
    assert (await sandbox.run("echo $x; type -t trap")).text == "4\nbuiltin\n"


async def test_shadowed_builtins_do_no_harm(sandbox: DockerSandbox) -> None:
    names = ["builtin", "declare", "cd", "exit", "unset", "trap", "printf", "eval", "alias", "set"]
    shadows = "; ".join(f"{name}() {{ echo shadow {name}; }}" for name in names)
    assert (await sandbox.run(f"{shadows}; x=4")).ok
    result = await sandbox.run("echo $x; cd /; type -t cd builtin; y=5")
    assert result.text == "4\nshadow cd\nfunction\nbuiltin\n"
    assert (await sandbox.run("echo $x$y")).text == "45\n"


async def test_a_deleted_working_directory_is_reported_once(sandbox: DockerSandbox) -> None:
    await sandbox.run("mkdir /tmp/gone; cd /tmp/gone; rmdir /tmp/gone")
    result = await sandbox.run("pwd")
    assert result.text == "/testbed\n"
    assert "/tmp/gone" in result.notes[0]
    assert (await sandbox.run("pwd")).notes == ()


async def test_the_directory_stack_survives(sandbox: DockerSandbox) -> None:
    await sandbox.run("pushd /tmp; pushd /usr")
    assert (await sandbox.run("popd; popd; popd")).text.splitlines()[:2] == [
        "/tmp /testbed",
        "/testbed",
    ]
    assert (await sandbox.run("cd /var; cd /etc; echo")).ok
    assert (await sandbox.run("cd -")).text == "/var\n"


async def test_standard_input_is_what_was_given(sandbox: DockerSandbox) -> None:
    data = bytes(range(256)) * 1000
    result = await sandbox.run("cat", stdin=data)
    assert result.head == data
    assert (await sandbox.run("cat")).head == b""


async def test_a_nul_byte_is_refused_clearly(sandbox: DockerSandbox) -> None:
    result = await sandbox.run("echo a\0b; touch /tmp/ran")
    assert (result.status, result.exit_code) == ("exited", 2)
    assert "NUL" in result.text
    assert not (await sandbox.run("test -e /tmp/ran")).ok


async def test_invalid_text_reaches_bash_as_the_bytes_it_came_from(sandbox: DockerSandbox) -> None:
    text = b"printf %s '\xff\xc3'".decode("utf-8", "surrogateescape")
    assert (await sandbox.run(text)).head == b"\xff\xc3"
    assert (await sandbox.run("printf %s '\ud800'")).ok


async def test_a_command_of_ten_megabytes(sandbox: DockerSandbox) -> None:
    text = "cat > big <<'END'\n" + "a line of text\n" * 700_000 + "END\nlarge=1\nwc -l < big"
    result = await sandbox.run(text, timeout=60)
    assert (result.exit_code, result.text.strip()) == (0, "700000")
    assert (await sandbox.run("echo $large; ls -l /proc/self/fd | wc -l")).text.startswith("1\n")


async def test_a_state_that_is_too_large_is_not_kept(sandbox: DockerSandbox) -> None:
    await sandbox.run("x=1")
    result = await sandbox.run("x=2; big=$(head -c 40000000 /dev/zero | tr '\\0' x)", timeout=60)
    assert result.ok
    assert "too large" in " ".join(result.notes)
    assert (await sandbox.run("echo $x ${#big}")).text == "1 0\n"


async def test_background_jobs_live_on_and_stay_quiet(sandbox: DockerSandbox) -> None:
    result = await sandbox.run(
        "(while sleep 0.05; do echo noise; done) & echo $! > /tmp/pid; echo x"
    )
    assert result.ok
    assert "x\n" in result.text
    assert result.text.count("noise") < 20
    assert "running" in result.notes[0]
    await asyncio.sleep(0.3)
    alive = await sandbox.run("kill -0 $(cat /tmp/pid) && echo alive")
    assert alive.text == "alive\n"
    assert (await sandbox.run("sleep 30; :", timeout=0.5)).status == "timeout"
    again = await sandbox.run("kill -0 $(cat /tmp/pid) && echo alive; kill $(cat /tmp/pid)")
    assert again.text == "alive\n"


async def test_a_timeout_kills_all_the_command_started(sandbox: DockerSandbox) -> None:
    await sandbox.run("x=1; cd /tmp")
    result = await sandbox.run(
        "echo before; x=2; trap '' INT TERM;"
        " (setsid nohup bash -c \"trap '' INT HUP TERM; sleep 321; sleep 321\" >/dev/null 2>&1 &);"
        " while :; do sleep 0.05; done",
        timeout=1,
    )
    assert (result.status, result.exit_code) == ("timeout", None)
    assert result.text.startswith("before\n")
    assert result.seconds < 10
    after = await sandbox.run("pgrep -u 1000 -x sleep; echo $x $PWD")
    assert after.text == "1 /tmp\n"


async def test_what_hangs_can_say_where(sandbox: DockerSandbox) -> None:
    result = await sandbox.run("python3 -c 'import time; time.sleep(60)'; echo next", timeout=0.7)
    assert result.status == "timeout"
    assert "KeyboardInterrupt" in result.text
    assert "next" not in result.text


async def test_interrupting(sandbox: DockerSandbox) -> None:
    assert not await sandbox.interrupt()
    running = asyncio.create_task(sandbox.run("echo on; trap '' INT; sleep 300 & wait"))
    await asyncio.sleep(0.3)
    assert await sandbox.interrupt()
    result = await running
    assert (result.status, result.exit_code, result.text) == ("interrupted", None, "on\n")
    assert not (await sandbox.run("pgrep -u 1000 -x sleep")).ok


async def test_only_the_command_that_was_meant_is_interrupted(sandbox: DockerSandbox) -> None:
    for _ in range(20):
        running = asyncio.create_task(sandbox.run("sleep 30"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        stopping = asyncio.create_task(sandbox.interrupt())
        following = asyncio.create_task(sandbox.run("echo followed"))
        assert (await running).status == "interrupted"
        assert await stopping
        assert (await following).text == "followed\n"
    done = asyncio.create_task(sandbox.run(":"))
    await done
    assert not await sandbox.interrupt()
    assert (await sandbox.run("echo followed")).text == "followed\n"


async def test_a_cancelled_call_ends_its_command(sandbox: DockerSandbox) -> None:
    running = asyncio.create_task(sandbox.run("touch /tmp/began; sleep 2; touch /tmp/ended"))
    await asyncio.sleep(0.3)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    result = await sandbox.run("sleep 2.2; ls /tmp/began /tmp/ended")
    assert "began\n" in result.text
    assert not result.ok


async def test_commands_wait_for_each_other(sandbox: DockerSandbox) -> None:
    results = await asyncio.gather(*(sandbox.run(f"n=$((n+1)); echo $n {i}") for i in range(20)))
    assert [result.text for result in results] == [f"{i + 1} {i}\n" for i in range(20)]


async def test_the_server_is_out_of_reach(sandbox: DockerSandbox) -> None:
    server = sandbox.facts["pid"]
    result = await sandbox.run(
        f"kill -9 {server}; kill -STOP {server}; echo x > /proc/{server}/fd/1;"
        f" cat /proc/{server}/environ; ls /proc/{server}/fd; kill -9 -1; id -u;"
        " grep -E 'Cap(Prm|Eff|Amb)|NoNewPrivs' /proc/self/status"
    )
    assert result.text.count("ermi") >= 5  # permission denied, operation not permitted
    assert result.text.splitlines()[-5:] == [
        "1000",
        "CapPrm:\t0000000000000000",
        "CapEff:\t0000000000000000",
        "CapAmb:\t0000000000000000",
        "NoNewPrivs:\t1",
    ]
    assert (await sandbox.run("echo fine")).text == "fine\n"
