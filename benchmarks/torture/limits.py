"""Commands that use up what there is, or turn on whoever runs them."""

from benchmarks.torture.check import Check, Step

CHECKS = (
    Check(
        "a fork bomb",
        "limits",
        (Step("t_bomb() { t_bomb | t_bomb & }; t_bomb; sleep 2", timeout=4, timed_out=None),),
        dirty=True,
    ),
    Check(
        "more processes than there may be",
        "limits",
        (Step("for i in {1..600}; do sleep 100 & done; wait", timeout=4, timed_out=None),),
        dirty=True,
    ),
    Check(
        "more memory than there is",
        "limits",
        (Step("python3 -c 'x = b\"x\" * (6 * 1024**3)'", code="not 0", timeout=30),),
        dirty=True,
    ),
    Check(
        "everything killed that can be",
        "limits",
        (Step("kill -9 -1", timed_out=None),),
        dirty=True,
    ),
    Check(
        "every Python and every bash killed",
        "limits",
        (Step("pkill -9 python; pkill -9 bash", timed_out=None),),
        dirty=True,
    ),
    Check(
        "a stopped shell",
        "limits",
        (Step("kill -STOP $$", timeout=1, timed_out=None),),
        dirty=True,
    ),
    Check(
        "temporary files deleted",
        "limits",
        (Step("rm -rf /tmp/* /tmp/.[!.]* /var/tmp/* /dev/shm/*", timed_out=None),),
        dirty=True,
    ),
)
