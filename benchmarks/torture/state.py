"""What one command leaves to the next: working directory, variables, functions."""

from benchmarks.torture.check import Check, Step

CHECKS = (
    Check(
        "the working directory survives",
        "state",
        (Step("mkdir -p /tmp/a/b && cd /tmp/a/b", code=0), Step("pwd", code=0, says="/tmp/a/b")),
    ),
    Check(
        "a directory with blanks and quotes survives",
        "state",
        (
            Step("""mkdir -p "/tmp/it's a \\"dir\\"" && cd "/tmp/it's a \\"dir\\"" """, code=0),
            Step("pwd", code=0, says="""/tmp/it's a "dir\""""),
            Step("cd /tmp", code=0),
        ),
    ),
    Check(
        "an exported variable survives",
        "state",
        (Step("export T_EXPORTED=one", code=0), Step("printenv T_EXPORTED", code=0, says="one")),
    ),
    Check(
        "a variable of the shell's own survives, unexported",
        "state",
        (
            Step("T_OWN=two", code=0),
            Step("echo $T_OWN; printenv T_OWN || echo hidden", code=0, says="two\nhidden"),
        ),
    ),
    Check(
        "a variable of several lines and quotes survives",
        "state",
        (
            Step("""T_LINES=$'one\\n"two"\\n\\'three\\' $HOME `x`'""", code=0),
            Step('printf "%s" "$T_LINES" | wc -c', code=0, says="27"),
        ),
    ),
    Check(
        "arrays survive",
        "state",
        (
            Step("T_ARRAY=('a b' c); declare -A T_MAP=([k]='v w')", code=0),
            Step('echo "${#T_ARRAY[@]} ${T_ARRAY[0]} ${T_MAP[k]}"', code=0, says="2 a b v w"),
        ),
    ),
    Check(
        "an unset variable stays unset",
        "state",
        (
            Step("export T_GONE=1", code=0),
            Step("unset T_GONE", code=0),
            Step("export T_GONE_WITNESS=1", code=0),
            Step("echo ${T_GONE-unset} $T_GONE_WITNESS", code=0, says="unset 1"),
        ),
    ),
    Check(
        "a readonly variable survives and does no harm",
        "state",
        (Step("readonly T_FIXED=5", code=0), Step("echo $T_FIXED", code=0, says="5")),
        dirty=True,
    ),
    Check(
        "a function survives",
        "state",
        (
            Step('t_greet() { echo "hello $1"; return 4; }', code=0),
            Step("t_greet you", code=4, says="hello you"),
        ),
    ),
    Check(
        "an alias survives",
        "state",
        (
            Step("alias t_alias='echo aliased'", code=0),
            Step("alias t_alias", code=0, says="alias t_alias='echo aliased'"),
        ),
    ),
    Check(
        "an activated environment survives",
        "state",
        (
            Step(
                "mkdir -p /tmp/t_bin && printf '#!/bin/sh\\necho mine\\n' > /tmp/t_bin/t_tool"
                " && chmod +x /tmp/t_bin/t_tool && echo 'export PATH=/tmp/t_bin:$PATH'"
                " > /tmp/t_activate && . /tmp/t_activate",
                code=0,
            ),
            Step("t_tool", code=0, says="mine"),
        ),
    ),
    Check(
        "what a failing command set survives",
        "state",
        (Step("T_FAILED=kept; false", code=1), Step("echo $T_FAILED", code=0, says="kept")),
    ),
    Check(
        "state survives an exit",
        "state",
        (
            Step("cd /var/tmp; T_EXIT=kept; exit 3", code=3),
            Step("echo $T_EXIT in $(pwd)", code=0, says="kept in /var/tmp"),
        ),
    ),
    Check(
        "state from before survives a time-out",
        "state",
        (
            Step("cd /usr; T_TIMEOUT=kept", code=0),
            Step("sleep 60", timeout=1, timed_out=True),
            Step("echo $T_TIMEOUT in $(pwd)", code=0, says="kept in /usr"),
        ),
    ),
)
