"""What one bash leaves to the next: its variables, functions, aliases, options, directory, umask.

Every command runs in a bash of its own. Before it, a script made here brings back what the last
bash of the same state left; at its exit a trap writes the new state into a file without a name
(the same that held the script). Both are bash's own quoting (``declare -p`` and the like), so that
any value survives. Runs inside sandboxes: standard library only, Python 3.6 and later.

Not carried over: what belongs to a process (open files, jobs, ``$!``, limits, traps, positional
parameters), the options errexit and noexec, which would make later commands end for no reason that
shows in them, and functions named ``builtin``.
"""

import re

STATE_FD = 249
"""Where a bash finds the file that its state goes to; out of the way of scripts' own numbers."""

# Bash sets these itself, or they belong to one process.
_OWN_VARIABLES = frozenset(
    b"_ BASH BASHOPTS BASHPID BASH_ALIASES BASH_ARGC BASH_ARGV BASH_ARGV0 BASH_CMDS BASH_COMMAND"
    b" BASH_EXECUTION_STRING BASH_LINENO BASH_MONOSECONDS BASH_REMATCH BASH_SOURCE BASH_SUBSHELL"
    b" BASH_TRAPSIG BASH_VERSINFO BASH_VERSION BASH_XTRACEFD COPROC EPOCHREALTIME EPOCHSECONDS"
    b" EUID FUNCNAME GROUPS HISTCMD HOSTTYPE LINENO MACHTYPE OPTERR OPTIND OSTYPE PIPESTATUS"
    b" POSIXLY_CORRECT PPID PWD RANDOM SECONDS SHELLOPTS SHLVL SRANDOM UID".split()
)
_OPTIONS_LEFT_OUT = frozenset([b"errexit", b"noexec", b"onecmd"])
# Options that change nothing about how a command itself is brought to a bash.
_USUAL_OPTIONS = frozenset(
    b"braceexpand hashall interactive-comments noclobber noglob nounset pipefail".split()
)
_SHOPTS_LEFT_OUT = frozenset([b"expand_aliases", b"login_shell", b"restricted_shell"])

# One line of `declare -p`: the value is quoted one way or another and may span lines.
_DECLARATION = re.compile(
    rb"""declare[ ]-[^ ]+[ ](?P<name>[A-Za-z_][A-Za-z0-9_]*)
    (?:=(?P<value>
        DOUBLE
      | DOLLAR
      | (?:SINGLE|\\')+
      | \([^"'$)]*(?:(?:DOUBLE|DOLLAR|SINGLE|\$(?!'))[^"'$)]*)*\)
      | [^\n]*
    ))?\n""".replace(b"DOUBLE", rb'"[^"\\]*(?:\\.[^"\\]*)*"')
    .replace(b"DOLLAR", rb"\$'[^'\\]*(?:\\.[^'\\]*)*'")
    .replace(b"SINGLE", rb"'[^']*'"),
    re.VERBOSE | re.DOTALL,
)
_FLAGS = re.compile(rb"^declare -f[a-z]+ [^\s;&|<>()$`\"'\\]+$", re.MULTILINE)
_HAS_PATH = re.compile(rb"^declare -[^ ]+ PATH[=\n]", re.MULTILINE)
NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*\Z")

# The functions of the user may be called anything, `declare` and `printf` too: `builtin` goes past
# them. A function called `builtin` is removed first; in POSIX mode nothing can shadow `unset`.
# Options are noted before anything changes them, by assignment, which nothing can shadow either.
_SAVE = rb"""
__foretrace_save() {
    __foretrace_options=$BASHOPTS/$SHELLOPTS
    POSIXLY_CORRECT=y
    \set +eux
    \unset -f builtin __foretrace_save WRAPPER
    \unset POSIXLY_CORRECT
    {
        builtin trap '' XFSZ
        builtin printf 'state\0%s\0' "$__foretrace_options"
        builtin pwd
        builtin printf '\0'
        builtin umask
        builtin printf '\0'
        builtin declare -p
        builtin declare -p DIRSTACK
        builtin printf '\0'
        builtin declare -f
        builtin printf '\0'
        builtin declare -F
        builtin printf '\0'
        builtin alias -p
        builtin printf '\0end'
    } >&249
    builtin return "$1"
}
builtin trap '{ __foretrace_save "$?"; } 2>/dev/null; builtin eval "${__foretrace_exit-}"' EXIT
"""

# For a command that sets an EXIT trap of its own: ours stays, and runs the user's at its end.
_WRAPPER = rb"""
trap() {
    [[ ${1-} == -- ]] && builtin shift
    if [[ $BASHPID == "$$" && $# -eq 1 && $1 == @(EXIT|exit|SIGEXIT|0) ]]; then
        builtin set -- - EXIT
    fi
    if [[ $BASHPID != "$$" || $# -lt 2 || $1 == -[lp]* ]]; then
        builtin trap "$@"
        builtin return
    fi
    builtin local "__foretrace_action=$1" __foretrace_signal
    builtin shift
    for __foretrace_signal; do
        if [[ $__foretrace_signal == @(EXIT|exit|SIGEXIT|0) ]]; then
            __foretrace_exit=$__foretrace_action
            [[ $__foretrace_exit == - ]] && __foretrace_exit=
        else
            builtin trap -- "$__foretrace_action" "$__foretrace_signal" || builtin return
        fi
    done
    builtin return 0
}
"""
_SETS_EXIT_TRAP = re.compile(rb"\btrap\b[^\n]*\b(?:EXIT|exit|SIGEXIT|0)\b")
# Set through the wrapper these would fire at once, or could not be removed.
_SETS_OTHER_TRAP = re.compile(rb"\b(?:RETURN|DEBUG|ERR)\b")

_STACK = rb"""
for ((__foretrace_i = ${#__foretrace_stack[@]} - 1; __foretrace_i > 0; __foretrace_i--)); do
    builtin pushd -n "${__foretrace_stack[__foretrace_i]}"
done >/dev/null
builtin unset __foretrace_stack __foretrace_i
"""


class State(object):
    """What a bash left, in parts: bytes as bash printed them, none with a NUL in it.

    Attributes:
        options: ``$BASHOPTS/$SHELLOPTS``.
        cwd: the working directory.
        umask: in octal digits.
        variables: as ``declare -p`` prints them.
        functions: as ``declare -f`` prints them.
        flags: as ``declare -F`` prints them.
        aliases: as ``alias -p`` prints them.
        stack: the value of DIRSTACK, when it holds more than the working directory.
    """

    def __init__(self, parts: "list[bytes]") -> None:
        self.options, self.cwd, self.umask, self.variables = parts[:4]
        self.functions, self.flags, self.aliases = parts[4:7]
        self.stack = parts[7] if len(parts) > 7 else b""

    def pack(self) -> bytes:
        """The state as one blob."""
        parts = [self.options, self.cwd, self.umask, self.variables]
        return b"\0".join(parts + [self.functions, self.flags, self.aliases, self.stack])

    @classmethod
    def unpack(cls, blob: bytes) -> "State | None":
        """The state in a blob, or None when there is none."""
        parts = blob.split(b"\0")
        return cls(parts) if len(parts) == 8 else None

    @classmethod
    def saved(cls, data: bytes, before: "State | None", lent: "list[bytes]") -> "State | None":
        """The state a bash wrote at its exit, or None when it did not, or not to the end.

        Args:
            data: what it wrote.
            before: the state it started from.
            lent: names of variables set for one command only: their earlier values come back.
        """
        parts = data.split(b"\0")
        if len(parts) != 9 or parts[0] != b"state" or parts[-1] != b"end":
            return None
        state = cls(parts[1:-1])
        state.cwd = state.cwd[:-1] if state.cwd.endswith(b"\n") else state.cwd
        kept = []
        for name, value, line in _declarations(state.variables):
            if name == b"DIRSTACK" and b" [1]=" in value:
                state.stack = value
            if not _is_own(name) and name not in lent:
                kept.append(line)
        if lent and before is not None:
            kept.extend(line for name, _, line in _declarations(before.variables) if name in lent)
        state.variables = b"".join(kept)
        return state


def _is_own(name: bytes) -> bool:
    return name in _OWN_VARIABLES or name == b"DIRSTACK" or name.startswith(b"__foretrace_")


def _declarations(text: bytes) -> "list[tuple[bytes, bytes, bytes]]":
    """Name, value and whole line of each variable."""
    found = []
    at = 0
    while at < len(text):
        match = _DECLARATION.match(text, at)
        if match is None:  # not as bash writes it: the rest stays as it is
            found.append((b"", b"", text[at:]))
            break
        found.append((match.group("name"), match.group("value") or b"", match.group()))
        at = match.end()
    return found


def script(
    state: "State | None",
    fresh: bytes,
    startup: bytes,
    command: bytes,
    lent: "dict[bytes, bytes]",
) -> bytes:
    """What a bash has to run before a command whose state is kept.

    Every part of the user's is quoted on its own: were one unreadable, the others are still read.
    The order matters: before the functions no word can mean anything but itself; aliases are not
    expanded before the end, so that they do not change how functions are read.

    Args:
        state: what it starts from; None for a fresh shell.
        fresh: ``$BASHOPTS/$SHELLOPTS`` of a fresh shell.
        startup: the image's own BASH_ENV, read by a fresh shell.
        command: what will be run.
        lent: variables for this command only.
    """
    lines = [b"builtin unset BASH_ENV"]
    if state is not None:
        lines.append(_evaluated(state.variables))
        lines.append(_evaluated(state.aliases))
        if not _HAS_PATH.search(state.variables):
            lines.append(b"builtin unset PATH")
    elif startup:
        lines.append(b'builtin export BASH_ENV=%s; builtin . "$BASH_ENV"' % _quoted(startup))
    for name, value in lent.items():
        if NAME.match(name):
            lines.append(_evaluated(b"builtin export " + name + b"=" + _quoted(value)))
    wrapped = keeps_trap(command)
    aliases, options = True, []  # type: bool, list[bytes]
    if state is not None:
        aliases, shopts, options = _options(state.options, fresh)
        lines.extend(shopts)
        if state.stack:
            lines.append(_evaluated(b"__foretrace_stack=" + state.stack) + _STACK)
        lines.append(_evaluated(state.functions))
        lines.extend(b"builtin %s 2>/dev/null" % line for line in _FLAGS.findall(state.flags))
    lines.append(_SAVE.replace(b"WRAPPER", b"trap" if wrapped else b""))
    if wrapped:
        lines.append(_WRAPPER)
    if aliases:
        lines.append(b"builtin shopt -s expand_aliases")
    lines.extend(options)
    return b"\n".join(lines) + b"\n"


def keeps_trap(command: bytes) -> bool:
    """Whether the command is to run with our own ``trap``, as it sets one for its exit."""
    return bool(_SETS_EXIT_TRAP.search(command)) and not _SETS_OTHER_TRAP.search(command)


def has_usual_options(state: State, fresh: bytes) -> bool:
    """Whether the options of `set` are such that a bash can be started ahead of its command.

    Args:
        state: what it starts from.
        fresh: ``$BASHOPTS/$SHELLOPTS`` of a fresh shell.
    """
    changed = set(state.options.partition(b"/")[2].split(b":"))
    changed ^= set(fresh.partition(b"/")[2].split(b":"))
    return changed - _OPTIONS_LEFT_OUT <= _USUAL_OPTIONS


def _quoted(text: bytes) -> bytes:
    """The text as one word of bash."""
    return b"'" + text.replace(b"'", b"'\\''") + b"'"


def _evaluated(code: bytes) -> bytes:
    """A line that runs some code whatever is in it, and says nothing of what is wrong with it."""
    return b"builtin eval " + _quoted(code) + b" 2>/dev/null" if code else b""


def _options(saved: bytes, fresh: bytes) -> "tuple[bool, list[bytes], list[bytes]]":
    """Whether aliases are expanded, and the lines that bring `shopt`'s and `set`'s options back."""
    # These two show the lines that follow them.
    last = {b"verbose": 1, b"xtrace": 2}
    shopts, sets = (set(each.split(b":")) for each in saved.split(b"/"))
    usual_shopts, usual_sets = (set(each.split(b":")) for each in fresh.split(b"/"))
    shopt_lines = [
        b"builtin shopt %s %s 2>/dev/null" % (flag, b" ".join(sorted(names - _SHOPTS_LEFT_OUT)))
        for flag, names in ((b"-s", shopts - usual_shopts), (b"-u", usual_shopts - shopts))
        if names - _SHOPTS_LEFT_OUT
    ]
    set_lines = [
        b"builtin set %s %s 2>/dev/null" % (flag, name)
        for flag, names in ((b"+o", usual_sets - sets), (b"-o", sets - usual_sets))
        for name in sorted(names - _OPTIONS_LEFT_OUT, key=lambda name: last.get(name, 0))
    ]
    return b"expand_aliases" in shopts, shopt_lines, set_lines
