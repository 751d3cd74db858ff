"""A program that ends when we do: `python -m chatstylebot.leash [--pipe FD] PROGRAM ARGUMENTS…`.

It is ended at the end of stdin, or of the pipe FD where the program itself needs stdin. However its parent dies,
kill -9 included, the pipe closes, and nothing of the program is left behind.
"""

import os
import signal
import subprocess
import sys
import threading
from typing import Any

from chatstylebot import processes

PATIENCE = 5.0  # seconds between asking and forcing


def main(argv: list[str]) -> int:
    """Run the program until it ends, the pipe does, or we are told to; its exit code.

    With stdin as the pipe the program gets a group of its own. With another pipe it shares ours, and the terminal: what
    the terminal sends, it gets itself, and we go on until it has ended.
    """
    pipe = int(argv[1]) if argv[0] == "--pipe" else 0
    here: dict[str, Any] = {} if pipe else {"stdin": subprocess.DEVNULL, **processes.alone()}
    if pipe:
        os.set_inheritable(pipe, False)
        argv = argv[2:]
    child = subprocess.Popen(argv, **here, **processes.mortal())
    over = threading.Event()

    def ask(hard: bool) -> None:
        if not pipe:
            processes.sign(child.pid, hard)
        elif hard:
            child.kill()
        else:
            child.terminate()

    def stop(*_: object) -> None:
        ask(hard=False)
        if not over.wait(PATIENCE):
            ask(hard=True)

    def watch() -> None:
        while os.read(pipe, 4096):  # not sys.stdin: its lock would be held when the interpreter ends
            pass
        stop()

    def wait() -> None:
        child.wait()
        over.set()

    # a function and not SIG_IGN, which the program would inherit
    signal.signal(signal.SIGINT, (lambda *_: None) if pipe else stop)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) != signal.SIG_IGN:  # nohup
            signal.signal(getattr(signal, name), stop)
    for work in (watch, wait):
        threading.Thread(target=work, daemon=True).start()
    over.wait()
    if not pipe:
        processes.sign(child.pid, hard=True)  # what the program left behind in its group
    code = child.returncode or 0
    return code if code >= 0 else 128 - code  # ended by a signal: as a shell tells it


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
