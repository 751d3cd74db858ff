"""A program that ends when we do: `python -m chatstylebot.leash PROGRAM ARGUMENTS…` ends it at the end of stdin.

However a gateway dies, kill -9 included, the pipe to this process closes, and nothing of its engine is left behind.
"""

import os
import signal
import subprocess
import sys
import threading

from chatstylebot import processes

PATIENCE = 5.0  # seconds between asking and forcing


def main(argv: list[str]) -> int:
    """Run the program in a group of its own until it ends, stdin does, or we are told to; its exit code."""
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, **processes.alone())
    over = threading.Event()

    def stop(*_: object) -> None:
        processes.sign(child.pid)
        if not over.wait(PATIENCE):
            processes.sign(child.pid, hard=True)

    def watch() -> None:
        while os.read(0, 4096):  # not sys.stdin: its lock would be held when the interpreter ends
            pass
        stop()

    def wait() -> None:
        child.wait()
        over.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    for work in (watch, wait):
        threading.Thread(target=work, daemon=True).start()
    over.wait()
    processes.sign(child.pid, hard=True)  # what the program left behind in its group
    code = child.returncode or 0
    return code if code >= 0 else 128 - code  # ended by a signal: as a shell tells it


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
