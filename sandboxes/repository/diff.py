"""The patch of a sandbox, and applying one to another.

Git runs inside the sandbox, as the agent's user, on a git directory made for the purpose: its own
index, objects and configuration, over the base's objects that nobody inside can change. So it does
not matter what became of the repository's own ``.git``, and nothing is left behind.
"""

import re
import shlex

from sandboxes.errors import SandboxError
from sandboxes.repository.archive import BASE_GIT
from sandboxes.repository.difftext import as_text, attributes_pattern
from sandboxes.repository.hostgit import EXACT, LITTER
from sandboxes.sandbox import REPOSITORY, Sandbox

GENERATED = "/opt/foretrace/generated"
"""Inside every sandbox: a git excludes file with what the build left in the work tree."""

_MOST_BYTES = 64 * 1024**2
_SECONDS = 300.0
_FAILED = 97  # exit code of the scripts below: what was printed says why
_EVERYTHING_BINARY = "* -diff\n"

# Every script starts here. The git directory lies outside the work tree and goes away at the end.
_PRIVATE_GIT = f"""
unset ${{!GIT_@}} XDG_CONFIG_HOME
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_ATTR_NOSYSTEM=1
export GIT_NO_REPLACE_OBJECTS=1 GIT_TERMINAL_PROMPT=0 GIT_OPTIONAL_LOCKS=0
scratch=$(mktemp -d -p /tmp || mktemp -d -p /var/tmp || mktemp -d -p /dev/shm) || exit {_FAILED}
trap 'rm -rf -- "$scratch"' EXIT
exec 2>>"$scratch/errors"
fail() {{ head -c 4096 "$scratch/errors"; exit {_FAILED}; }}
export HOME=$scratch GIT_DIR=$scratch/git GIT_WORK_TREE={REPOSITORY}
mkdir -p "$GIT_DIR"/{{info,refs,objects/info}} || fail
echo {BASE_GIT}/objects > "$GIT_DIR/objects/info/alternates"
echo 'ref: refs/heads/none' > "$GIT_DIR/HEAD"
[ ! -e {BASE_GIT}/shallow ] || cp {BASE_GIT}/shallow "$GIT_DIR/shallow"
format=0 names=sha1
! grep -qi 'objectformat *= *sha256' {BASE_GIT}/config || format=1 names=sha256
printf '%s\\n' {" ".join(map(shlex.quote, LITTER))} > "$GIT_DIR/info/exclude"
cat > "$GIT_DIR/config" <<END
[core]
    repositoryFormatVersion = $format
    bare = false
    fileMode = true
    symlinks = true
    ignoreCase = false
    autocrlf = false
    safecrlf = false
    quotePath = true
    fsmonitor = false
    hooksPath = /dev/null
    attributesFile = /dev/null
    excludesFile = {GENERATED}
END
[ $format = 0 ] || printf '[extensions]\\n    objectFormat = %s\\n' $names >> "$GIT_DIR/config"
cd {REPOSITORY} || fail
"""

# A repository within the work tree would become a link to a commit, or an error. With an entry in
# the index somewhere below it (the seed, which exists nowhere else and is dropped again at once),
# git takes it for a folder like any other. Those the base itself links to stay as recorded.
_ADD_EVERYTHING = """
outside=()
while IFS= read -r -d '' entry; do
    nested=${entry#./} nested=${nested%/.git}
    case $(git ls-files --stage -- ":(literal)$nested") in
        160000*) outside+=(":(exclude,literal)$nested") ;;
        *) git update-index --add --cacheinfo "100644,$seed,$nested/.seed" ;;
    esac
done < <(find . -mindepth 2 -name .git -prune -print0)
add() { : > "$scratch/errors"; git add --all -- . "${outside[@]}"; }
if ! add || grep -q 'Permission denied' "$scratch/errors"; then
    find . -path ./.git -prune -o ! -type l ! -readable -exec chmod u+rwX {} \\;
    add || fail
fi
"""

# Of a link that moved as it is, a patch does not say that it was a link: `git apply` then refuses
# whatever lies in a folder of its old name. Renames are left out when one is such.
_SHOW = """
renames=--find-renames
git diff --cached --raw $renames -l1000 "$base" > "$scratch/raw" || fail
! grep -q '^:120000 [0-9]* [0-9a-f]* [0-9a-f]* R' "$scratch/raw" || renames=--no-renames
git diff --cached --binary --full-index $renames -l1000 --no-color --no-ext-diff \\
    --no-textconv --src-prefix=a/ --dst-prefix=b/ "$base" > "$scratch/diff" || fail
cat "$scratch/diff"
"""

_TAKE = (
    _PRIVATE_GIT
    + """
cat > "$GIT_DIR/info/attributes" || fail
git read-tree "$base" || fail
seed=$(git hash-object -t blob /dev/null) || fail
git update-index -q --refresh  # or unchanged files would be stored once more
"""
    + _ADD_EVERYTHING
    + _SHOW
)

# Where a link to itself is to make room for a folder, `git apply` looks for the folder's files
# below the link, and gives up. Going from one tree to another does not.
_APPLY = (
    _PRIVATE_GIT
    + f"""
printf '%s' '{EXACT}' > "$GIT_DIR/info/attributes" || fail
cat > "$scratch/patch" || fail
git apply --whitespace=nowarn "$scratch/patch" && exit
grep -q 'Too many levels of symbolic links' "$scratch/errors" || fail
: > "$scratch/errors"
seed=$(git hash-object -w -t blob /dev/null) || fail
"""
    + _ADD_EVERYTHING
    + """
before=$(git write-tree) && cp "$GIT_DIR/index" "$scratch/index" || fail
git apply --cached --whitespace=nowarn "$scratch/patch" && after=$(git write-tree) || fail
mv "$scratch/index" "$GIT_DIR/index" && git read-tree -m -u "$before" "$after" || fail
"""
)

_CHECK = (
    _PRIVATE_GIT
    + f"""
printf '%s' '{EXACT}' > "$GIT_DIR/info/attributes" || fail
cat > "$scratch/patch" || fail
git read-tree "$(git --git-dir={BASE_GIT} rev-parse HEAD)" || fail
git apply --cached --check --whitespace=nowarn "$scratch/patch" || fail
"""
)


# The same, but what changed is what a patch changes, not what the files look like.
_REWRITE = (
    _PRIVATE_GIT
    + f"""
cat > "$scratch/input" || fail
sed '/^$/q' "$scratch/input" > "$GIT_DIR/info/attributes"
sed '1,/^$/d' "$scratch/input" > "$scratch/patch"
base=$(git --git-dir={BASE_GIT} rev-parse HEAD) && git read-tree "$base" || fail
git apply --cached --whitespace=nowarn "$scratch/patch" || fail
"""
    + _SHOW
)


class DiffFailed(SandboxError):
    """What changed in a sandbox cannot be told."""


class PatchRefused(SandboxError):
    """A patch does not apply; the message holds git's first reason."""


async def take_diff(sandbox: Sandbox, base_commit: str) -> str:
    """What changed in the repository since the base, as a patch for ``git apply``.

    New files are in it, ignored ones and what the build generated are not. A file whose diff would
    not be UTF-8 is given in git's binary form.

    Args:
        sandbox: where.
        base_commit: the base, as the checkout named it.

    Raises:
        DiffFailed: git cannot tell, or it is more than 64 MiB.
        SandboxDied: the sandbox went away.
    """
    if not re.fullmatch(r"[0-9a-f]{40,64}", base_commit):
        raise DiffFailed(f"{base_commit!r} is not a commit's id")
    return await _text_diff(sandbox, f"base={base_commit}\n{_TAKE}", b"")


async def apply_patch(sandbox: Sandbox, patch: str) -> None:
    """Apply a patch to the files of the repository, all of it or nothing. Empty ones do nothing.

    Args:
        sandbox: where.
        patch: as `take_diff` makes it; white space counts.

    Raises:
        PatchRefused: it is not a patch, or does not fit the files.
        SandboxDied: the sandbox went away.
    """
    if patch:
        await _git_apply(sandbox, _APPLY, patch)


async def check_patch(sandbox: Sandbox, patch: str) -> None:
    """Whether a patch applies to the base, whatever the files look like now; changes nothing.

    Raises:
        PatchRefused: it does not.
        SandboxDied: the sandbox went away.
    """
    await _git_apply(sandbox, _CHECK, patch)


async def normal_patch(sandbox: Sandbox, patch: bytes) -> str:
    """A patch against the base in the form `take_diff` gives it, in UTF-8 whatever it was in.

    Raises:
        PatchRefused: it does not apply to the base.
        SandboxDied: the sandbox went away.
    """
    return await _text_diff(sandbox, _REWRITE, patch)


async def _git_apply(sandbox: Sandbox, script: str, patch: str) -> None:
    result = await sandbox.run(
        f"({script})",
        state=None,
        timeout=_SECONDS,
        stdin=patch.encode("utf-8", "surrogateescape"),
    )
    if not result.ok:
        raise PatchRefused(f"the patch does not apply: {_first_reason(result.text)}")


async def _text_diff(sandbox: Sandbox, script: str, patch: bytes) -> str:
    """What a script shows, with those files in binary form that cannot be text."""
    attributes = EXACT
    for _ in range(3):
        text, binary = as_text(await _show(sandbox, script, attributes, patch))
        if not binary:
            return text
        # Git leaves out lines of attributes over 2048 bytes, and files may change meanwhile.
        attributes += "".join(f"{attributes_pattern(name)} -diff\n" for name in sorted(binary))
    text, binary = as_text(await _show(sandbox, script, EXACT + _EVERYTHING_BINARY, patch))
    if binary:
        raise DiffFailed("the changes cannot be written as text")
    return text


async def _show(sandbox: Sandbox, script: str, attributes: str, patch: bytes) -> bytes:
    result = await sandbox.run(
        f"({script})",
        state=None,
        timeout=_SECONDS,
        output_limit=_MOST_BYTES,
        stdin=attributes.encode() + b"\n" + patch,
    )
    if result.omitted:
        raise DiffFailed("what changed is more than 64 MiB", "remove large files from /testbed")
    if not result.ok:
        ended = _first_reason(result.text) if result.status == "exited" else result.status
        if patch:
            raise PatchRefused(f"the patch does not apply: {ended}")
        raise DiffFailed(f"git cannot tell what changed: {ended}")
    return result.head


def _first_reason(said: str) -> str:
    """What git complains of first, in one line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    reasons = [
        line.partition(":")[2].strip() for line in lines if line.startswith(("error:", "fatal:"))
    ]
    if len(reasons) > 1 and reasons[0].startswith("patch failed:"):
        return f"{reasons[1]} ({reasons[0].removeprefix('patch failed:').strip()})"
    return (reasons or lines or ["git gave no reason"])[0]
