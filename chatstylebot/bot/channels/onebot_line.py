"""One connection of a QQ client: what it tells, and actions whose answers are found by their echo."""

import asyncio
import itertools
import json
import secrets
from collections.abc import Iterator
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

Frame = dict[str, Any]
UNKNOWN = 1404  # the client does not know this action


class NoAnswer(Exception):
    """Nobody knows whether the action was done."""


class Gone(NoAnswer):
    """The connection had ended before: the action was not done."""


class Line:
    """`told` holds the events in the order in which they came, and None at the end."""

    def __init__(self, socket: ServerConnection, account: str, role: str) -> None:
        self.account, self.acts = account, role != "event"
        self.told: asyncio.Queue[Frame | None] = asyncio.Queue()
        self.missing: set[str] = set()  # actions that this client does not have
        self._socket = socket
        self._waiting: dict[str, asyncio.Future[Frame]] = {}
        # an answer to the process before us must not be taken for ours
        self._echoes: Iterator[str] = (f"{secrets.token_hex(4)}-{count}" for count in itertools.count(1))

    @property
    def open(self) -> bool:
        """Whether an action could be sent now."""
        return self.acts and self._socket.state is State.OPEN

    async def read(self) -> None:
        """Sort what comes until the connection ends."""
        try:
            async for frame in self._socket:
                self._take(frame)
        except ConnectionClosed:
            pass
        finally:
            self.told.put_nowait(None)
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(NoAnswer("the connection broke before QQ confirmed it"))

    def _take(self, frame: str | bytes) -> None:
        try:
            found = json.loads(frame)
        except (ValueError, RecursionError):
            return
        if not isinstance(found, dict):
            return
        if "post_type" in found:
            self.told.put_nowait(found)
        elif (waiting := self._waiting.get(str(found.get("echo")))) and not waiting.done():
            waiting.set_result(found)

    async def act(self, action: str, patience: float, **params: Any) -> Frame:
        """The client's answer, `failed` or not. Raises NoAnswer after `patience` seconds, or when the line breaks."""
        if not self.open:
            raise Gone("the connection broke before it was sent")
        echo = next(self._echoes)
        answer = self._waiting[echo] = asyncio.get_running_loop().create_future()
        try:
            await self._socket.send(json.dumps({"action": action, "params": params, "echo": echo}))
            found: Frame = await asyncio.wait_for(answer, patience)
        except TimeoutError:
            raise NoAnswer(f"QQ did not confirm it within {patience:g} s") from None
        except ConnectionClosed:
            raise NoAnswer("the connection broke before QQ confirmed it") from None
        finally:
            del self._waiting[echo]
            answer.cancel()
        if found.get("retcode") == UNKNOWN:
            self.missing.add(action)
        return found

    async def ask(self, action: str, patience: float, **params: Any) -> Any:
        """The data of an answer, None when the client will not give any. Raises NoAnswer."""
        if action in self.missing:
            return None
        answer = await self.act(action, patience, **params)
        return answer.get("data") if answer.get("status") == "ok" else None

    async def try_to(self, action: str, patience: float, **params: Any) -> Any:
        """Like `ask`, None without an answer too: for what can be done without."""
        try:
            return await self.ask(action, patience, **params)
        except NoAnswer:
            return None
