"""One thread for small matrices.

A second one costs more than it brings, above all where the machine is busy, and NumPy has no way of
its own to say so.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

_SPELLINGS = ("scipy_openblas_{}64_", "scipy_openblas_{}", "openblas_{}64_", "openblas_{}")


@contextmanager
def one_thread() -> Iterator[None]:
    """Where NumPy computes with OpenBLAS, as its wheels do, it does so in one thread meanwhile."""
    calls = _calls()
    if calls is None:
        yield
        return
    get, put = calls
    before = get()
    put(1)
    try:
        yield
    finally:
        put(before)


@cache
def _calls() -> tuple[Callable[[], int], Callable[[int], object]] | None:
    """OpenBLAS's own functions to get and set the number of its threads."""
    import numpy as np

    try:
        # The libraries that it is linked with are searched as well.
        library = ctypes.CDLL(getattr(np, "_core")._multiarray_umath.__file__)  # noqa: B009
    except (AttributeError, OSError, TypeError):
        return None
    for spelling in _SPELLINGS:
        names = (spelling.format("get_num_threads"), spelling.format("set_num_threads"))
        if all(hasattr(library, name) for name in names):
            return getattr(library, names[0]), getattr(library, names[1])
    return None
