"""The clone's server for bot and chat: the one that runs already, or one of our own that ends with us."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chatstylebot import processes, progress
from chatstylebot.client import Client, Trouble, root
from chatstylebot.errors import STORY, UserError, heard
from chatstylebot.workspace import Workspace

CHILD = "CSB_CHILD"  # in the environment of a server that is one bot's or chat's own, and nobody else's
GLANCE = 0.3  # seconds between two looks whether it is ready
SOON, LATEST = 1.0, 60.0  # seconds before a server that ended by itself is started again
STEADY = 60.0  # seconds after which a server that ends is no server that does not start


async def ours(url: str, key: str) -> bool:
    """Whether a gateway answers there that knows our key as the owner's: this workspace's, and no other program's."""
    return (await _object(url, key, "/v1/card")).get("owner") is True


def page(url: str, key: str) -> str:
    """The address of the chat page: with a word that opens it once for the owner, where the server makes such links."""
    word = asyncio.run(_link(url, key))
    return f"{url}/#once={word}" if word else url


async def _link(url: str, key: str) -> str:
    client = Client(f"{url}/v1", key)
    try:
        return str((await client.post("/v1/links", {})).get("once", ""))
    except Trouble:
        return ""
    finally:
        await client.close()


async def _object(url: str, key: str, path: str) -> dict[str, Any]:
    client = Client(f"{url}/v1", key)
    try:
        return await client.get(path)
    except Trouble:
        return {}
    finally:
        await client.close()


@contextmanager
def found(
    given: str | None, workspace: Path, key: str, more: Sequence[str], say: Callable[[str], None],
    name: str = "bot-server", own: Sequence[str] = (),
) -> Iterator[str]:  # fmt: skip
    """The address of a server: the given one, the one that runs in this workspace, else one of our own, started
    with the options `more` and `own` of csb serve and ended after the block. Raises UserError.

    `more` is what the user wants, and keeps the running one from being taken. `name` is that of the log.
    """
    if given:
        url = root(given)
        if not asyncio.run(ours(url, key)):
            raise UserError(
                f"{url} is no csb serve of this workspace, or is not running",
                "csb serve, in this folder; or leave --server out",
            )
        yield url
    elif not more and (running := Workspace(workspace).server()) and asyncio.run(ours(running, key)):
        say(f"the server at {running} is used")
        yield running
    else:
        with _own(workspace, key, [*own, *more], say, name) as url:
            yield url


@contextmanager
def _own(workspace: Path, key: str, more: Sequence[str], say: Callable[[str], None], name: str) -> Iterator[str]:
    port = processes.free_port()
    url = f"http://127.0.0.1:{port}"
    log = Workspace(workspace).private().log(name)
    argv = [sys.executable, "-m", "chatstylebot", "serve", "--port", str(port), "--rate", "0", *more]
    child = _Child(argv, workspace, log, say)
    try:
        with progress.stage("starting the server"):
            _ready(child.process, url, key, log, say)
        child.watch()
        yield url
    finally:
        child.end()


class _Child:
    """A `csb serve` that ends with us, however we end, and is started again when it ends by itself."""

    def __init__(self, argv: Sequence[str], workspace: Path, log: Path, say: Callable[[str], None]) -> None:
        self._argv, self._workspace, self._log, self._say = argv, workspace, log, say
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        handle = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as output:
            env = os.environ | {CHILD: "1"}
            return processes.start(self._argv, cwd=self._workspace, stdout=output, stderr=output, env=env)

    def watch(self) -> None:
        """Start it again from now on."""
        self._watcher.start()

    def _watch(self) -> None:
        wait = SOON / 2
        while True:
            began = time.monotonic()
            self.process.wait()
            if self._over.is_set():
                return
            processes.end(self.process)  # what it left behind
            wait = SOON if time.monotonic() - began > STEADY else min(2 * wait, LATEST)
            cause = heard(self._log.read_text("utf-8", "replace"))
            why = f": {cause.problem}" if cause else f" (its last words: {self._log})"
            self._say(f"the server ended by itself; it is started again in {wait:g} s{why}")
            if self._over.wait(wait):
                return
            self.process = self._start()
            if self._over.is_set():
                processes.end(self.process)

    def end(self) -> None:
        """End it for good."""
        self._over.set()
        processes.end(self.process)
        if self._watcher.is_alive():
            self._watcher.join()


def _ready(child: "subprocess.Popen[bytes]", url: str, key: str, log: Path, say: Callable[[str], None]) -> None:
    """Wait until the server and its engine answer, telling its story. Raises UserError."""
    told = 0
    while True:
        lines = log.read_text("utf-8", "replace").splitlines()
        for line in lines[told:]:
            if not line.startswith((*STORY, "ready:", "      ")) and " /v1/" not in line:
                say(line)
        told = len(lines)
        if child.poll() is not None:
            raise _cause(lines, log)
        if asyncio.run(_object(url, key, "/readyz")).get("status") == "ok":
            return
        time.sleep(GLANCE)


def _cause(lines: Sequence[str], log: Path) -> UserError:
    return heard("\n".join(lines)) or UserError(
        "the server ended before it was ready", f"see {log}, or start it yourself: csb serve"
    )
