"""The QQ clients that are connected: the server they come to, and the way to each account."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from chatstylebot.bot.channels import onebot_door as door
from chatstylebot.bot.channels.onebot_line import Line
from chatstylebot.bot.heard import Say
from chatstylebot.errors import UserError

LARGEST = 8 << 20  # bytes of a frame: pictures may come inside

# the library's own log shows frames at DEBUG, and a traceback for every port scan
QUIET = logging.getLogger("chatstylebot.onebot")
QUIET.propagate = False
QUIET.setLevel(logging.CRITICAL + 1)


class Clients:
    """Every connection by account, the newest last; `met` is told of each new one, before it is read."""

    def __init__(self, folder: Path, say: Say, token: str | None, met: Callable[[Line], None]) -> None:
        self._folder, self._say, self._given, self._met = folder, say, token, met
        self._token = ""
        self._lines: dict[str, list[Line]] = defaultdict(list)
        self._changed = asyncio.Condition()
        self._said: dict[str, str] = {}

    async def listen(self, host: str, port: int) -> Server:
        """Let clients in at this address, and tell the owner how they come. Raises UserError."""
        self._token, fresh = door.token(self._folder, self._given)
        try:
            server = await serve(
                self._meet, host, port, process_request=self._admit, logger=QUIET, max_size=LARGEST, close_timeout=2,
                compression=None, server_header=None,
            )  # fmt: skip
        except OSError as error:
            problem = f"cannot listen on {host} port {port}: {error.strerror}"
            raise UserError(problem, "end the program that has it, or take another port") from None
        port = next(iter(server.sockets)).getsockname()[1]
        for line in door.instructions(host, port, self._token) if fresh else ():
            self._say(line)
        kept = "the one you set" if self._given else f"in {self._folder / 'token'}"
        self._say(f"waiting for the QQ client on {door.address(host, port)} (token: {kept})")
        if host not in ("127.0.0.1", "::1", "localhost"):
            self._say(f"{host} can be reached from other machines: the talk crosses the network unencrypted")
        return server

    def _admit(self, socket: ServerConnection, request: Request) -> Response | None:
        found = door.refusal(request.path, request.headers, self._token)
        if found is None:
            return None
        self.tell("", f"a QQ client was turned away: {found[1]}")
        return socket.respond(found[0], found[1] + "\n")

    async def _meet(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        headers = socket.request.headers
        line = Line(socket, headers["X-Self-ID"], headers.get("X-Client-Role", "universal").lower())
        self._said.pop("", None)
        async with self._changed:
            self._lines[line.account].append(line)
            self._changed.notify_all()
        self.tell(line.account, "is connected")
        self._met(line)
        try:
            await line.read()
        finally:
            self._lines[line.account].remove(line)
            if not self._lines[line.account]:
                self.tell(line.account, "is not connected any more; its client comes back by itself")

    def tell(self, account: str, what: str) -> None:
        """Tell the owner about an account, once as long as nothing else is to be told of it."""
        if self._said.get(account) != what:
            self._said[account] = what
            self._say(f"QQ {account} {what}" if account else what)

    def there(self, account: str) -> Line | None:
        """The newest connection of an account that takes actions."""
        return next((line for line in reversed(self._lines[account]) if line.open), None)

    async def line(self, account: str, away: float) -> Line | None:
        """Wait up to `away` seconds for the account's client, which comes back every few seconds."""
        try:
            async with asyncio.timeout(away), self._changed:
                while (line := self.there(account)) is None:
                    await self._changed.wait()
                return line
        except TimeoutError:
            return None
