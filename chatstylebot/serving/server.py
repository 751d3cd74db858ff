"""The gateway as a running server: one socket, uvicorn, engines watched, an orderly end."""

import asyncio
import contextlib
import errno
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from chatstylebot.errors import UserError
from chatstylebot.serving.protocol import PunctualProtocol
from chatstylebot.serving.supervisor import Engine

CONNECTIONS = 4096  # at once; more are answered 503 before anything is read
GOODBYE = 5.0  # seconds that answers get to end when the server stops; a second signal cuts them short
TICK = 0.1


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises UserError when the address cannot be had."""
    if not host:
        raise UserError("--host is empty", "leave it out, or name an address of this machine")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends at once (TCP_NODELAY) only where the protocol is named; without, each answer waits 40 ms
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":  # there it would let another program take the port with us
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen(2048)
    except (OSError, OverflowError, UnicodeError) as error:
        found.close()
        why = getattr(error, "strerror", None) or str(error)
        of_port = getattr(error, "errno", None) in (errno.EADDRINUSE, errno.EACCES)
        other = port + 1 if 1023 < port < 65535 else 8001
        remedy = f"--port {other}, or stop what uses it" if of_port else "leave --host out, or name an address of here"
        raise UserError(f"cannot listen on {host}, port {port}: {why}", remedy) from None
    return found


def allow_files(wanted: int = 2 * CONNECTIONS + 256) -> int:
    """Let this process have so many open files, if it may: a connection is one, that to the engine another.

    Returns how many it may have. Usual are 1,024, and 256 on macOS; more clients at once would find a closed door.
    """
    try:
        import resource
    except ImportError:  # Windows counts otherwise
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    more = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < more:
        with contextlib.suppress(ValueError, OSError):  # macOS allows less than its hard limit says
            resource.setrlimit(resource.RLIMIT_NOFILE, (more, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def config(app: ASGIApp) -> uvicorn.Config:
    """How uvicorn serves it: no access log (it is ours), no patience for slow requests, no trust in proxies."""
    return uvicorn.Config(
        app,
        http=PunctualProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=2048,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=60,  # a net: by then the engines are stopped, and with them every answer
    )


class _Server(uvicorn.Server):
    """uvicorn's, but in order: what is still being answered when the time is over gets an error, and no cut.

    A signal that ended it is not raised again inside the event loop: whoever runs that is told.
    """

    def __init__(self, config: uvicorn.Config, engines: Sequence[Engine], told: Callable[[int], None]) -> None:
        super().__init__(config)
        self._engines, self._told = engines, told
        self._hurried = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._captured_signals.append(sig)
        self._hurried, self.should_exit = self.should_exit, True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        stopping = asyncio.create_task(self._stop_engines())
        try:
            await super().shutdown(sockets)
        finally:
            stopping.cancel()

    async def _stop_engines(self) -> None:
        end = time.monotonic() + GOODBYE
        while time.monotonic() < end and not self._hurried:
            await asyncio.sleep(TICK)
        for engine in self._engines:
            await engine.stop()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        main = threading.current_thread() is threading.main_thread()
        with super().capture_signals():
            # a terminal that is gone ends it as well, in the same order; under nohup that is ignored
            names = ("SIGHUP",) if main and hasattr(signal, "SIGHUP") else ()
            found = {number: signal.getsignal(number) for number in (getattr(signal, name) for name in names)}
            before = {number: handler for number, handler in found.items() if handler != signal.SIG_IGN}
            for number in before:
                signal.signal(number, self.handle_exit)
            try:
                yield
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)
                for number in self._captured_signals:
                    self._told(number)
                self._captured_signals.clear()


async def serve(
    app: ASGIApp,
    where: socket.socket,
    engines: Sequence[Engine],
    ready: Callable[[], None],
    told: Callable[[int], None] = lambda number: None,
) -> Engine | None:
    """Serve until told to stop; `ready` is called once all engines answer, `told` with a signal that ended it.

    Returns an engine that did not start.
    """
    allow_files()
    server = _Server(config(app), engines, told)
    failed: list[Engine] = []

    async def watch() -> None:
        for engine in engines:
            await engine.settled()
            if engine.state == "stopped":  # we were told to stop before it was ready
                return
            if engine.state == "failed":
                failed.append(engine)
                server.should_exit = True
                return
        ready()

    serving, watching = asyncio.create_task(server.serve(sockets=[where])), asyncio.create_task(watch())
    try:
        await asyncio.shield(serving)
    finally:  # cancelled, too, it ends in order: answers first, then the engines
        server.should_exit = True
        await serving
        watching.cancel()
    return failed[0] if failed else None
