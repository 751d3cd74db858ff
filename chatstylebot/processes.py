"""Child processes that end with us, however we end, and with all that they started; and a port for one that serves.

What runs long is started through `chatstylebot.leash`, which ends it when the pipe to us closes: a kill -9 of us closes
it, too, on every system.
"""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# torch's threads that wait for each other sleep instead of spinning, so that something else may have the cores; not for
# llama.cpp, which loses half its speed by it (docs/decisions/0012-threads-that-wait.md)
CALM = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}


def calm(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What a child that runs torch on a CPU gets in its environment, unless the user has said how threads wait."""
    return {} if environ.keys() & CALM else dict(CALM)


def alone() -> dict[str, Any]:
    """The arguments of Popen that give a child a process group of its own."""
    if os.name == "nt":
        return {"creationflags": 0x200}  # CREATE_NEW_PROCESS_GROUP
    return {"start_new_session": True}


def private() -> dict[str, Any]:
    """The arguments of Popen for a child whose files only their owner may read."""
    return {} if os.name == "nt" else {"umask": 0o077}


def leashed(argv: Sequence[str]) -> list[str]:
    """The command that runs `argv` until its own stdin, a pipe that we hold, closes."""
    return [sys.executable, "-m", "chatstylebot.leash", *argv]


def start(argv: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
    """A child on the leash, in a group of its own, with nothing on its stdin; `options` are Popen's.

    Whoever starts it closes `stdin` when it has ended, best with `end`.
    """
    return subprocess.Popen(leashed(argv), stdin=subprocess.PIPE, **alone(), **options)


def mortal() -> dict[str, Any]:
    """The arguments of Popen for a child that Linux kills when its parent dies; {} elsewhere.

    prctl(2), PR_SET_PDEATHSIG: a second net, under the leash, which may itself be killed with -9.
    """
    if not sys.platform.startswith("linux"):
        return {}
    libc, parent = ctypes.CDLL(None, use_errno=True), os.getpid()

    def bind() -> None:
        libc.prctl(1, signal.SIGKILL)
        if os.getppid() != parent:  # it died before
            os._exit(137)

    return {"preexec_fn": bind}


def front(argv: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> int:
    """Run a child in the foreground with this terminal; its exit code, 130 after a Ctrl-C. It ends when we do."""
    stopped = False
    if os.name == "nt":  # a pipe but stdin is not handed on there
        child, ours = subprocess.Popen(argv, cwd=folder, env=env), None
    else:
        theirs, ours = os.pipe()
        line = [sys.executable, "-m", "chatstylebot.leash", "--pipe", str(theirs), *argv]
        child = subprocess.Popen(line, cwd=folder, env=env, pass_fds=(theirs,))
        os.close(theirs)
    try:
        while True:
            try:
                code = child.wait()
                return 130 if stopped and code else code  # one that was still starting has another
            except KeyboardInterrupt:  # the child got it, too, and ends by itself
                stopped = True
    finally:
        if ours is not None:
            os.close(ours)
        if child.poll() is None:  # we were told to end
            child.terminate()
            child.wait()


def sign(pid: int, hard: bool = False) -> bool:
    """Ask (or, `hard`, force) the group of `pid` to end; False when it is not there any more."""
    if os.name == "nt":
        gone = subprocess.run(["taskkill", "/T", "/F", "/PID", str(pid)], check=False, capture_output=True)
        return gone.returncode == 0
    try:
        os.killpg(pid, signal.SIGKILL if hard else signal.SIGTERM)
    except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        return False
    return True


def end(child: subprocess.Popen[bytes], patience: float = 10) -> None:
    """End a child and everything it started: asked first, forced after `patience` seconds."""
    if sign(child.pid):
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            sign(child.pid, hard=True)
    child.wait()
    sign(child.pid, hard=True)  # what the child left behind in its group
    if child.stdin:
        with contextlib.suppress(OSError):
            child.stdin.close()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
