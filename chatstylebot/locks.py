"""Locks that the system lets go of however their holder ends. They lie on a file; what stands in it does not matter."""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def take(path: Path) -> int | None:
    """The handle that holds the lock until it is closed; None while somebody else holds it. Raises OSError."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _take(handle)
        except OSError as error:
            os.close(handle)
            if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
                return None
            raise  # a file system without locks
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), os.stat(path)):
                return handle
        os.close(handle)  # whoever held it before took the file away


def attempt(path: Path) -> int | None:
    """The same; -1 on a file system without locks, where nobody is kept out."""
    try:
        return take(path)
    except OSError:
        return -1


def taken(path: Path) -> bool:
    """Whether somebody holds it now; asking makes no file. Raises OSError."""
    if not path.is_file():
        return False
    with held(path) as handle:
        return handle is None


@contextlib.contextmanager
def held(path: Path) -> Iterator[int | None]:
    """The same for a block."""
    handle = take(path)
    try:
        yield handle
    finally:
        if handle is not None:
            os.close(handle)
