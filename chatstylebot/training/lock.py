"""One run at a time in a folder: while it is on, a file there names process, machine and the engine's process."""

import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chatstylebot import files
from chatstylebot.errors import UserError

NAME = "csb_run.lock"


def check(folder: Path) -> None:
    """Raise UserError while a run is on in the folder; what an ended process left is taken away."""
    path = folder / NAME
    if not path.is_file():
        return
    if not (told := _read(path)):  # its maker is about to write it
        time.sleep(0.2)
        told = _read(path)
    number, host, engine, *_ = *told.split(" "), "", ""
    here = host in ("", platform.node())
    # in a container every start may get the same number
    ended = not number.isdigit() or int(number) == os.getpid() or not alive(int(number))
    if ended and here and engine.isdigit() and _engine(int(engine)):
        raise UserError(
            f"the engine of a run that was killed is still ending in {folder} (process {engine})",
            f"the same line again in a few seconds; or kill {engine}",
        )
    if told and not (here and ended):
        where = "" if here else f" on {host}"
        raise UserError(
            f"a run is going on in {folder} (process {number}{where})",
            f"wait for its end, or output_dir=… for another folder; if there is no such run, remove {path}",
        )
    path.unlink(missing_ok=True)


@contextmanager
def held(folder: Path) -> Iterator[Callable[[int], None]]:
    """The folder is this process's own while the block runs; tell what comes the engine's process.

    Raises UserError when the folder is another's.
    """
    path = folder / NAME
    while True:
        check(folder)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:  # another one was faster
            continue
        break
    try:
        mine = f"{os.getpid()} {platform.node()}"
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(mine)
        yield lambda engine: files.write(path, f"{mine} {engine}", private=True)
    finally:
        path.unlink(missing_ok=True)


def _engine(process: int) -> bool:
    """Whether the process is an engine on its leash; where that cannot be seen, whether there is such a process."""
    command = Path(f"/proc/{process}/cmdline")
    if Path("/proc/self/cmdline").is_file():
        try:
            return b"chatstylebot.leash" in command.read_bytes()
        except OSError:
            return False
    return alive(process)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


if sys.platform == "win32":

    def alive(process: int) -> bool:
        """Whether the process is running. os.kill(…, 0) would send it a Ctrl-C here."""
        import ctypes

        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        handle = kernel.OpenProcess(0x1000, False, process)  # PROCESS_QUERY_LIMITED_INFORMATION
        if not handle:
            return ctypes.get_last_error() == 5  # access denied: another user's
        code = ctypes.c_ulong()
        known = kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        kernel.CloseHandle(handle)
        return not known or code.value == 259  # STILL_ACTIVE
else:

    def alive(process: int) -> bool:
        """Whether the process is running."""
        try:
            os.kill(process, 0)
        except (ProcessLookupError, OverflowError):
            return False
        except PermissionError:  # another user's
            return True
        return True
