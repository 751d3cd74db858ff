"""One bot for each channel of a workspace."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chatstylebot import locks
from chatstylebot.errors import UserError


@contextmanager
def held(path: Path, channel: str) -> Iterator[None]:
    """The channel is this process's own while the block runs. Raises UserError when it is another's."""
    try:
        handle = locks.take(path)
    except OSError as error:
        raise UserError(f"{path} cannot be locked: {error.strerror}", "put the workspace on a local disk") from None
    try:
        if handle is None:
            raise UserError(f"a bot is running on {channel} already in this workspace", "stop it first (Ctrl-C there)")
        yield
    finally:
        if handle is not None:
            os.close(handle)
