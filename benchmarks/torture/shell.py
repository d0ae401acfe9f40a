"""Exit codes, and commands that break the shell they run in."""

from benchmarks.torture.check import Check, Step

_LONG = "\n".join(f"echo line {number} >> /tmp/t_long" for number in range(8000))
_FILE = """mkdir -p /tmp/t_file && cat > /tmp/t_file/code.py <<'EOF'
def f(x):
    # it's "quoted"
    return {x: `1`}[$x]
EOF
tail -2 /tmp/t_file/code.py"""
_HEREDOC = """cat <<'END' > /tmp/t_here && cat /tmp/t_here
$HOME `date` "quoted" 'too' \\n
\tEND
END"""

CHECKS = (
    Check("plain exit codes", "codes", (Step("true", code=0), Step("false", code=1))),
    Check("the code of a subshell", "codes", (Step("(exit 42)", code=42),)),
    Check("`exit 3` gives 3", "codes", (Step("exit 3", code=3),), dirty=True),
    Check("a command not found is 127", "codes", (Step("t_no_such_command", code=127),)),
    Check(
        "pipefail",
        "codes",
        (Step("set -o pipefail; false | true; x=$?; set +o pipefail; (exit $x)", code=1),),
    ),
    Check("a crash is 139", "codes", (Step("bash -c 'kill -SEGV $$'", code=139),)),
    Check(
        "several lines give the last one's code",
        "codes",
        (Step("echo a\necho b\nfalse\n", code=1, says="a\nb"),),
    ),
    Check("a comment at the end", "codes", (Step("false # not true", code=1),)),
    Check("nothing but a comment", "codes", (Step("# nothing to do", code=0, says=""),)),
    Check("a shell that kills itself", "shell", (Step("kill -9 $$", timed_out=None),), dirty=True),
    Check("`set -e` and a failure", "shell", (Step("set -e; false", code=1),), dirty=True),
    Check(
        "`set -u` and an unset variable",
        "shell",
        (Step("set -u; echo $T_NOT_THERE", code="not 0"),),
        dirty=True,
    ),
    Check("`set -n`", "shell", (Step("set -n\necho unseen"),), dirty=True),
    Check(
        "`set -x` and `set -v`", "shell", (Step("set -xv; echo x", code=0, has="x"),), dirty=True
    ),
    Check("`exec bash`", "shell", (Step("exec bash", timed_out=None),), dirty=True),
    Check("`exec` of another program", "shell", (Step("exec true", code=0),), dirty=True),
    Check(
        "all descriptors closed",
        "shell",
        (Step("exec 0<&- 1>&- 2>&-", timed_out=None),),
        dirty=True,
    ),
    Check(
        "stdout sent to a file for good",
        "shell",
        (Step("exec > /tmp/t_redirected 2>&1", timed_out=None),),
        dirty=True,
    ),
    Check(
        "two hundred descriptors left open",
        "shell",
        (Step('for i in {3..200}; do eval "exec $i>/dev/null"; done', timed_out=None),),
        dirty=True,
    ),
    Check(
        "the working directory deleted",
        "shell",
        (Step("mkdir -p /tmp/t_gone && cd /tmp/t_gone && rmdir /tmp/t_gone", code=0),),
        dirty=True,
    ),
    Check(
        "a trap on EXIT",
        "shell",
        (Step("trap 'echo trapped' EXIT; exit 6", code=6, has="trapped"),),
        dirty=True,
    ),
    Check(
        "a trap on DEBUG that exits",
        "shell",
        (Step("trap 'exit 9' DEBUG\ntrue", code=9),),
        dirty=True,
    ),
    Check(
        "another prompt",
        "shell",
        (Step("PS1='> '; PS2='more> '; PROMPT_COMMAND='echo prompt'", code=0),),
        dirty=True,
    ),
    Check(
        "builtins replaced by functions",
        "shell",
        (
            Step(
                "exit() { echo no; }; trap() { :; }; printf() { :; }; declare() { :; };"
                " pwd() { echo /nowhere; }; builtin() { :; }",
                code=0,
            ),
        ),
        dirty=True,
    ),
    Check("PATH emptied", "shell", (Step("export PATH=", code=0),), dirty=True),
    Check("an unbalanced quote", "shell", (Step("echo 'never closed", code="not 0"),)),
    Check("an unfinished `if`", "shell", (Step("if true; then echo a", code="not 0"),)),
    Check("a bracket too many", "shell", (Step("echo a )", code="not 0"),)),
    Check(
        "a file written with a heredoc",
        "shell",
        (Step(_FILE, code=0, says='# it\'s "quoted"\n    return {x: `1`}[$x]'),),
    ),
    Check(
        "a heredoc, to the letter",
        "shell",
        (Step(_HEREDOC, code=0, says="$HOME `date` \"quoted\" 'too' \\n\n\tEND"),),
    ),
    Check(
        "a heredoc never closed", "shell", (Step("cat <<END\nabc\n", timed_out=None, has="abc"),)
    ),
    Check(
        "a command of 250 KB",
        "shell",
        (
            Step("rm -f /tmp/t_long", code=0),
            Step(_LONG, code=0, timeout=30),
            Step("wc -l < /tmp/t_long", code=0, says="8000"),
        ),
    ),
    Check(
        "letters of many scripts",
        "shell",
        (Step("x='żółć 中文 🎉'; echo \"$x ${#x}\"", has="żółć 中文 🎉"),),
    ),
    Check(
        "a loop over lines of code with `#`, `;` and `&&`",
        "shell",
        (
            Step(
                "for i in 1 2; do # twice\n  echo $i && case $i in\n    1) echo one;;\n"
                "    *) echo other ;;\n  esac\ndone",
                code=0,
                says="1\none\n2\nother",
            ),
        ),
    ),
)
