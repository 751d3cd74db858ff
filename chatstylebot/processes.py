"""Child processes with a group of their own, which end with all that they started, and a port for one that serves."""

import os
import signal
import socket
import subprocess
from collections.abc import Mapping
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


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
