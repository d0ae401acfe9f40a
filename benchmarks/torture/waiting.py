"""Commands that read, hang, or stay: input, time-outs, background jobs."""

from benchmarks.torture.check import Check, Step, Subject

_STUBBORN = "trap '' INT TERM HUP; echo up; while :; do sleep 0.2 # t_stubborn\ndone"
_SERVER = """python3 - <<'END'
import time, urllib.request
for attempt in range(40):
    try:
        print(urllib.request.urlopen("http://127.0.0.1:8397/", timeout=2).status)
        break
    except OSError:
        time.sleep(0.1)
END"""


def _hang(name: str, command: str, pattern: str, subject: Subject = "time-outs") -> Check:
    """A command that never ends must be stopped, with all its processes."""
    look = f"sleep 0.3; echo left:$(pgrep -fc '{pattern[:-1]}[{pattern[-1]}]')"
    steps = (
        Step(command, timeout=1, timed_out=True, within=8),
        Step(look, has="left:0"),
    )
    return Check(name, subject, steps, dirty=True)


CHECKS = (
    Check("reading stdin does not hang", "input", (Step("cat; echo done", code=0, says="done"),)),
    Check(
        "`read` does not hang",
        "input",
        (Step('read -r line; echo "got:$line"', code=0, says="got:"),),
    ),
    Check(
        "Python's input() does not hang",
        "input",
        (Step("python3 -c 'input()' 2>&1 | tail -1", code=0, has="EOFError"),),
    ),
    Check("Python's prompt does not hang", "input", (Step("python3"),)),
    Check(
        "a program that asks the terminal does not hang",
        "input",
        (Step("head -1 < /dev/tty", code="not 0"),),
    ),
    Check("a pager does not wait", "input", (Step("seq 500 | less", code=0, has="500"),)),
    Check(
        "a time-out is answered at once",
        "time-outs",
        (Step("sleep 60", timeout=1, timed_out=True, within=8),),
    ),
    Check(
        "a time-out keeps the output so far",
        "time-outs",
        (Step("echo before; sleep 60", timeout=1, timed_out=True, has="before"),),
    ),
    Check(
        "three time-outs one after another",
        "time-outs",
        (Step("sleep 60", timeout=1, timed_out=True, within=8),) * 3,
    ),
    _hang("a time-out leaves no process", "sleep 4241", "sleep 4241"),
    _hang("a time-out stops children too", "(sleep 4242 & sleep 4242 & wait)", "sleep 4242"),
    _hang("a time-out stops pipelines", "sleep 4243 | sleep 4243", "sleep 4243"),
    _hang("a time-out stops what left the group", "setsid --wait sleep 4244", "sleep 4244"),
    _hang("a time-out stops daemons", "(setsid sleep 4245 &); sleep 60", "sleep 4245"),
    _hang("a time-out stops what ignores signals", f'bash -c "{_STUBBORN}"', "t_stubborn"),
    _hang("a time-out stops endless output", "yes t_endless", "yes t_endless"),
    _hang("a time-out stops a busy loop", "python3 -c 'while 1: t_busy = 1'", "t_busy"),
    Check(
        "a background job does not block",
        "jobs",
        (Step("sleep 30 & echo started", code=0, has="started", within=6),),
        dirty=True,
    ),
    Check(
        "a job that holds the output does not block",
        "jobs",
        (Step("(sleep 30; echo late) & echo started", code=0, has="started", within=6),),
        dirty=True,
    ),
    Check(
        "a job's late output is not another command's",
        "jobs",
        (
            Step("(sleep 1; echo LATE) & echo started", has="started", timed_out=None),
            Step("sleep 2; echo now", code=0, says="now"),
        ),
        dirty=True,
    ),
    Check(
        "a server in the background answers the next command",
        "jobs",
        (
            Step(
                "cd /tmp && nohup python3 -m http.server 8397 --bind 127.0.0.1 >/dev/null 2>&1 &",
                within=6,
            ),
            Step(_SERVER, code=0, says="200"),
        ),
        dirty=True,
    ),
)
