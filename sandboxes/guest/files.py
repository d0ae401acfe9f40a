"""Reading and writing files inside a sandbox, as the unprivileged user.

Each function runs in a child process of the shell server that has given up root. Runs inside
sandboxes: standard library only, Python 3.6 and later.
"""

import binascii
import errno
import os
import stat

REPOSITORY = b"/testbed"

_KINDS = {
    errno.ENOENT: "missing",
    errno.EEXIST: "exists",
    errno.EISDIR: "is_directory",
    errno.ENOTDIR: "not_a_directory",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.EROFS: "denied",
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EFBIG: "too_large",
}


class Refused(Exception):
    """A file operation is refused; the kind is one of those of the host's FileProblem."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def explained(error: OSError) -> Refused:
    """What an error of the system means for the caller."""
    return Refused(_KINDS.get(error.errno or 0, "other"), os.strerror(error.errno or 0))


def read(path: bytes, limit: int) -> bytes:
    """A regular file's bytes, at most a limit."""
    path = os.path.join(REPOSITORY, path)
    # Non-blocking: opening a FIFO that nobody writes to would wait for ever.
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        about = os.fstat(fd)
        if stat.S_ISDIR(about.st_mode):
            raise Refused("is_directory", "Is a directory")
        if not stat.S_ISREG(about.st_mode):
            raise Refused("other", "Not a regular file")
        chunks = []  # type: list[bytes]
        size = about.st_size  # 0 for the files of /proc, whose content is read all the same
        while size <= limit:
            chunk = os.read(fd, 1 << 20)
            if not chunk:
                return b"".join(chunks)
            chunks.append(chunk)
            size = max(size, sum(map(len, chunks)))
        raise Refused("too_large", "%d bytes are more than the limit of %d" % (size, limit))
    finally:
        os.close(fd)


def write(path: bytes, data: bytes, new: bool, parents: bool) -> bytes:
    """Write a file whole: it has its old content or its new one, never a part."""
    path = os.path.join(REPOSITORY, path)
    if new and os.path.lexists(path):
        raise Refused("exists", "File exists")
    if path.endswith(b"/"):
        raise Refused("is_directory", "Is a directory")
    path = os.path.realpath(path)  # a link stays a link, its target is written
    folder = os.path.dirname(path)
    if parents:
        os.makedirs(folder, exist_ok=True)
    try:
        before = os.stat(path)
    except FileNotFoundError:
        mode = None
    else:
        if stat.S_ISDIR(before.st_mode):
            raise Refused("is_directory", "Is a directory")
        if not stat.S_ISREG(before.st_mode):
            raise Refused("other", "Not a regular file")
        if not os.access(path, os.W_OK):
            raise Refused("denied", "Permission denied")
        mode = stat.S_IMODE(before.st_mode)
    scratch = os.path.join(folder, b".foretrace-" + binascii.hexlify(os.urandom(6)))
    try:
        fd = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except PermissionError:
        if mode is None:
            raise
        _overwrite(path, data)  # the folder takes no new files, but this one may be written
        return b""
    try:
        with os.fdopen(fd, "wb", 0) as file:
            _write_all(fd, data)
            if mode is not None:
                os.chmod(fd, mode)
            file.flush()
        if new:
            os.link(scratch, path)  # unlike rename, refuses when the path exists by now
            os.unlink(scratch)
        else:
            os.rename(scratch, path)
    except BaseException:
        try:
            os.unlink(scratch)
        except OSError:
            pass
        raise
    return b""


def _overwrite(path: bytes, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
    try:
        _write_all(fd, data)
    finally:
        os.close(fd)


def _write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]
