"""One bot for each channel of a workspace: the system lets go of the lock however the process ends."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chatstylebot.errors import UserError

if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def held(path: Path, channel: str) -> Iterator[None]:
    """The channel is this process's own while the block runs. Raises UserError when it is another's."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            _take(handle)
        except OSError:
            raise UserError(
                f"a bot is running on {channel} already in this workspace", "stop it first (Ctrl-C there)"
            ) from None
        yield
    finally:
        os.close(handle)


def taken(path: Path) -> bool:
    """Whether a bot is running there."""
    if not path.is_file():
        return False
    try:
        with held(path, ""):
            return False
    except UserError:
        return True
