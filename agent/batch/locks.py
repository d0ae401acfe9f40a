"""Locks between processes: the kernel lets go of one when its holder dies, however it dies."""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator
from pathlib import Path

_LOOK_AGAIN_SECONDS = 0.2


class Lock:
    """A lock that this process holds. Its file is there for as long as somebody does.

    Attributes:
        path: of its file.
    """

    def __init__(self, path: Path, file: int) -> None:
        """Args: file: open and locked."""
        self.path = path
        self._file = file

    @classmethod
    def take(cls, path: Path, text: str = "") -> "Lock | None":
        """The lock, or None where somebody else holds it.

        Args:
            path: its file; the folder is there.
            text: what its file says while it is held.

        Raises:
            OSError: the file cannot be made.
        """
        while True:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_at(file, path):
                    os.truncate(file, 0)
                    os.write(file, text.encode())
                    return cls(path, file)
            except BlockingIOError:
                os.close(file)
                return None
            except BaseException:
                os.close(file)
                raise
            os.close(file)  # its holder took the file away meanwhile: once more

    def release(self) -> None:
        """Let go. May be called twice."""
        if self._file >= 0:
            with contextlib.suppress(OSError):
                self.path.unlink()
            os.close(self._file)
            self._file = -1


def _is_at(file: int, path: Path) -> bool:
    """Whether the path still means the open file."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except OSError:
        return False


class Slots:
    """So many places, shared by all processes that know the folder."""

    def __init__(self, folder: Path, name: str, count: int) -> None:
        self._paths = [folder / f"{name}-{number}.lock" for number in range(count)]

    @contextlib.asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Hold one of them; waits until one is free."""
        while True:
            held = self._free()
            if held is not None:
                break
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        try:
            yield
        finally:
            held.release()

    def _free(self) -> Lock | None:
        return next((lock for path in self._paths if (lock := Lock.take(path))), None)
