"""One engine and its child process: started, probed until it answers, started again after a crash, ended with us."""

import asyncio
import contextlib
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping
from io import FileIO
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from chatstylebot import processes
from chatstylebot.client import ADDRESS, LOOPBACK, Client, Trouble
from chatstylebot.serving.engines import Spec, Start, in_the_cloud

State = Literal["starting", "ready", "restarting", "failed", "stopped"]

PROBE = 0.25  # seconds between two questions whether it is ready
BACK_OFF = (0.5, 1, 2, 4, 8, 15, 30)  # seconds before a start after so many crashes in a row
WATCH = (2.0, 15.0)  # seconds between two questions to a server elsewhere: while it is away, while it answers
CALM = 60  # seconds of work after which a crash counts as the first again
TRIES = 2  # starts that may fail before it was ever ready
VAIN = 3  # starts that may fail after that, before nobody waits for the next any more
LOG_LIMIT = 4 << 20  # bytes of an engine's log that are kept


class Engine:
    """What the gateway knows of one engine. `client` and `name` hold while `state` is ready."""

    def __init__(self, spec: Spec, say: Callable[[str], None] = lambda line: None) -> None:
        self.spec = spec
        self.state: State = "starting"
        self.starts = 0
        self.pid: int | None = None
        self.code: int | None = None  # with which the last child ended
        self.client: Client | None = None
        self.name = spec.name
        self._say = say
        self._ever = False  # whether it was ready before
        self._vain = 0  # starts in a row after which it was never ready
        self._changed = asyncio.Event()

    @property
    def restarts(self) -> int:
        """How often it was started again."""
        return max(self.starts - 1, 0)

    async def ready(self, patience: float) -> Client:
        """The client of the engine, as soon as it is ready. Raises Trouble (503) when it is not in time, and at once
        where it does not start any more."""
        end = time.monotonic() + patience
        while self.state != "ready":
            left = end - time.monotonic()
            away = self.state == "restarting" and self.spec.start is None  # nobody here starts it again
            hopeless = self._ever and self._vain >= VAIN
            if self.state in ("failed", "stopped") or away or hopeless or left <= 0:
                raise Trouble(f"the engine is not ready ({self.state})", 503)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):  # wait_for loses a cancellation up to Python 3.11
                    await self._changed.wait()
        assert self.client is not None
        return self.client

    async def settled(self) -> None:
        """Wait until it is ready, failed or stopped."""
        while self.state in ("starting", "restarting"):
            await self._changed.wait()

    async def gone(self, client: Client, patience: float = 2) -> bool:
        """Whether the child behind `client` has ended; seen at the latest after `patience` seconds."""
        if self.spec.start is None:
            return False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self.state == "ready" and self.client is client:
                    await self._changed.wait()
        return not (self.state == "ready" and self.client is client)

    async def stop(self) -> None:
        """Answer nobody any more: what is being answered breaks off. The child itself ends with `run`."""
        self._turn("stopped")
        if self.client:
            await self.client.close()

    async def run(self) -> None:
        """Keep the engine running until cancelled; return only when it does not start at all."""
        try:
            if self.spec.start is None:
                await self._watch()
            else:
                await self._keep(self.spec.start)
        finally:
            if self.state != "failed":
                self._turn("stopped")
            if self.client:
                await self.client.close()

    async def _watch(self) -> None:
        """A server elsewhere: ask it now and then."""
        self.client = Client(self.spec.url, self.spec.key)
        while self.state != "stopped":
            try:
                names = await self.client.models()
            except Trouble as error:
                if self.state != "restarting":
                    near = urlsplit(self.spec.url or "").hostname in LOOPBACK
                    start = " (ollama serve, where Ollama is to answer)" if near else ""
                    again = f"it is asked again and again{start}"
                    self._say(f"note: {self.spec.url} does not answer: {error.message}; {again}")
                # what once took our key may be in trouble, and takes it again
                self._turn("failed" if error.status in (401, 403) and not self._ever else "restarting")
                if self.state == "failed":
                    return
            else:
                # one that hands on what it is asked is never taken by itself: nobody agreed to that
                first = next((name for name in names if not in_the_cloud(name)), self.spec.id)
                self.name = self.spec.name or first
                self._turn("ready")
            await asyncio.sleep(WATCH[self.state == "ready"])

    async def _keep(self, start: Start) -> None:
        crashes = 0
        while self.state != "stopped":
            self.starts += 1
            begin = time.monotonic()
            was_ready = await self._once(start)
            self._vain = 0 if was_ready else self._vain + 1
            crashes = 1 if was_ready and time.monotonic() - begin > CALM else crashes + 1
            if not self._ever and self.starts >= TRIES:
                self._turn("failed")
                return
            self._turn("restarting")
            pause = BACK_OFF[min(crashes, len(BACK_OFF)) - 1]
            self._say(f"note: the engine of {self.spec.id} ended; it starts again in {pause:g} s (log: {start.log})")
            await asyncio.sleep(pause)

    async def _once(self, start: Start) -> bool:
        """One life of the child; whether it was ever ready."""
        key = secrets.token_urlsafe(32)
        port = 0 if start.port_env is None else processes.free_port()
        told = {start.key_env: key} | ({start.port_env: str(port)} if start.port_env else {})
        with _Log(start.log) as log:
            try:
                child = await _child(start, told)
            except OSError as error:  # it is not there, or there is no memory for one more process
                log.add(f"error: {start.argv[0]} cannot be started: {error.strerror}\ntry: csb doctor\n".encode())
                return False
            return await self._life(child, log, key, port)

    async def _life(self, child: asyncio.subprocess.Process, log: "_Log", key: str, port: int) -> bool:
        self.pid = child.pid
        was_ready = False
        told_port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if port:
            told_port.set_result(port)
        readers = [asyncio.create_task(_read(child.stdout, log, told_port))]
        if child.stderr:
            readers.append(asyncio.create_task(_read(child.stderr, log, None)))
        probe = asyncio.create_task(self._probe(told_port, key))
        try:
            self.code = await child.wait()
        finally:
            was_ready = self.state == "ready"
            probe.cancel()
            self.pid = None
            if self.state == "ready":
                self._turn("restarting")
            await _end(child)
            await asyncio.wait(readers, timeout=2)
            for reader in readers:
                reader.cancel()
        return was_ready

    async def _probe(self, port: "asyncio.Future[int]", key: str) -> None:
        """Ask until the engine answers; then it is ready."""
        before, self.client = self.client, Client(ADDRESS.format(port=await port), key)
        if before:
            await before.close()
        while self.state != "stopped":
            try:
                names = await self.client.models(timeout=2)
            except Trouble:
                await asyncio.sleep(PROBE)
                continue
            self.name = self.spec.name or (names[0] if names else self.spec.id)
            self._vain = 0
            self._turn("ready")
            return

    def _turn(self, state: State) -> None:
        if self.state == "stopped":
            return
        self.state, self._ever = state, self._ever or state == "ready"
        self._changed.set()
        self._changed = asyncio.Event()


class _Log:
    """The engine's last words, readable by their owner only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> "_Log":
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file: FileIO = open(self._path, "wb", 0, opener=lambda path, flags: os.open(path, flags, 0o600))
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, line: bytes) -> None:
        if self._file.closed:
            return
        with contextlib.suppress(OSError):  # a full disk: who stops reading stops the engine
            if self._file.tell() + len(line) > LOG_LIMIT:
                self._file.seek(0)
                self._file.truncate()
            self._file.write(line)


async def _child(start: Start, told: Mapping[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *start.argv,
        cwd=start.folder,
        env=os.environ | dict(start.env) | dict(told),
        stdin=asyncio.subprocess.PIPE,  # its end tells the child that we are gone
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT if start.port_env else asyncio.subprocess.PIPE,
        **processes.alone(),
    )


async def _read(stream: asyncio.StreamReader | None, log: _Log, port: "asyncio.Future[int] | None") -> None:
    """Keep what a child says; its first line that is a JSON object with a port goes to `port`."""
    assert stream is not None
    rest = b""
    while chunk := await stream.read(1 << 16):
        log.add(chunk)
        if port is None or port.done():
            continue
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b'{"port"') and not port.done():
                port.set_result(int(json.loads(line)["port"]))


async def _end(child: asyncio.subprocess.Process, patience: float = 8) -> None:
    """End the child's whole group; shielded, so that a cancelled gateway leaves nothing behind."""

    async def gently() -> None:
        if child.returncode is None:
            if child.stdin:
                child.stdin.close()
            processes.sign(child.pid)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(child.wait(), patience)
        processes.sign(child.pid, hard=True)
        await child.wait()

    await asyncio.shield(asyncio.ensure_future(gently()))
