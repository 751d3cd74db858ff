"""The login on the disk, so that a restart needs no code.

itchat keeps it as a pickle, and a pickle runs what its writer wants: it is read only from a file and a folder of our
own that nobody else can write to.
"""

import os
import pickle
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chatstylebot import files
from chatstylebot.errors import UserError

FILE = "login.pickle"


def path(folder: Path) -> Path:
    """Where the login lies."""
    return folder / FILE


def checked(folder: Path) -> Path | None:
    """The login's file, None when there is none. Raises UserError for one that somebody else may have written."""
    file = path(folder)
    try:
        found = (folder.lstat(), file.lstat())
    except FileNotFoundError:
        return None
    for what, about in zip((folder, file), found, strict=True):
        if not _ours(about):
            raise UserError(
                f"{what} can be written by somebody else, and reading a login would run what they put there",
                f"rm '{file}', see whose the folder is, then the same line again and scan the code",
            )
    return file


def _ours(about: os.stat_result) -> bool:
    if not (stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode)):
        return False  # a link leads elsewhere
    if not hasattr(os, "getuid"):
        return True
    return about.st_uid == os.getuid() and not about.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def keep(folder: Path, status: Mapping[str, Any]) -> None:
    """Write the login, whole or not at all, readable by its owner alone."""
    with files.together() as out:
        out.bytes(path(folder), pickle.dumps(dict(status)), private=True)


def forget(folder: Path) -> None:
    """The login is over."""
    path(folder).unlink(missing_ok=True)
