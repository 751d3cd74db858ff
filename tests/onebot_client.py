"""A QQ client for tests: NapCat's side of OneBot v11, through a real `websockets` client, strict about what it is sent.

It keeps the talk of every chat, as QQ does, whether or not the bot is there to hear it.
"""

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from patience import LIMIT
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

PATH = "/onebot/v11/ws"
Event = dict[str, Any]
IDS = itertools.count(1001)


@dataclass(frozen=True)
class Arrived:
    """A text that somebody at the other end of QQ can read."""

    chat: str  # the number of the friend, or `group:` and the number of the group
    text: str
    message: int


@dataclass
class Client:
    """One account of a QQ client; it connects again and again until it is left."""

    port: int
    token: str
    account: int = 10001
    role: str = "Universal"
    retry: float = 0.02  # seconds
    reports_own: bool = False  # NapCat's reportSelfMessage
    extended: bool = True  # NapCat's extensions: history, quotes, typing
    headers: Mapping[str, str] | None = None  # others than the three
    query: str = ""
    strings: bool = False  # messages as CQ strings

    arrived: list[Arrived] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)
    typed: list[int] = field(default_factory=list)  # who was shown that somebody is typing
    refused: list[int] = field(default_factory=list)  # status codes of handshakes
    faults: list[str] = field(default_factory=list)  # what a real client would not have taken
    talk: dict[str, list[Event]] = field(default_factory=dict)
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0

    _failing: list[dict[str, Any]] = field(default_factory=list)
    _silent: list[bool] = field(default_factory=list)  # for each of the next sends: does it arrive all the same?
    _dropping: list[bool] = field(default_factory=list)
    _socket: ClientConnection | None = None
    _away: asyncio.Event = field(default_factory=asyncio.Event)

    # what a test does

    async def push(self, event: Event) -> Event:
        """Something happens on QQ; the bot is told when it is connected, and now or never."""
        if event["post_type"] in ("message", "message_sent"):
            self.talk.setdefault(self._place(event), []).append(event)
        await self._tell(event)
        return event

    async def _tell(self, event: Event) -> None:
        if self._socket and self.role != "API":
            with contextlib.suppress(ConnectionClosed):
                await self._socket.send(json.dumps(event, ensure_ascii=False))

    async def tell_raw(self, frame: str | bytes) -> None:
        """Any frame at all."""
        assert self._socket
        await self._socket.send(frame)

    def private(self, user: int, message: Any, **more: Any) -> Event:
        """A private message of somebody: a text, or segments, or a CQ string in `message=`."""
        about = {"user_id": user, "nickname": f"nick{user}", "sex": "unknown", "age": 0}
        found = self._message("private", user, message) | {"sub_type": "friend", "sender": about}
        return found | more

    def group(self, group: int, user: int, message: Any, **more: Any) -> Event:
        """A message in a group."""
        about = {"user_id": user, "nickname": f"nick{user}", "card": f"card{user}", "role": "member", "title": ""}
        kind = {"sub_type": "normal", "group_id": group, "anonymous": None, "sender": about}
        return self._message("group", user, message) | kind | more

    def own(self, user: int, message: Any, **more: Any) -> Event:
        """A private message that the owner typed on the phone, to `user`."""
        about = {"user_id": self.account, "nickname": "me"}
        kind = {"post_type": "message_sent", "sub_type": "friend", "target_id": user, "sender": about}
        return self._message("private", self.account, message) | kind | more

    def _message(self, kind: str, user: int, message: Any) -> Event:
        rows = [{"type": "text", "data": {"text": message}}] if isinstance(message, str) else message
        return {
            "time": int(time.time()), "self_id": self.account, "post_type": "message", "message_type": kind,
            "message_id": next(IDS), "user_id": user, "message": cq(rows) if self.strings else rows,
            "raw_message": cq(rows), "font": 0,
        }  # fmt: skip

    async def beat(self, online: bool = True) -> None:
        """A heartbeat."""
        status = {"online": online, "good": online}
        await self.push(self._meta("heartbeat") | {"status": status, "interval": 15000})

    def _meta(self, kind: str) -> Event:
        return {"time": int(time.time()), "self_id": self.account, "post_type": "meta_event", "meta_event_type": kind}

    def fail(self, times: int = 1, retcode: int = 1200, wording: str = "") -> None:
        """The next sends fail: nothing arrives."""
        answer = {"status": "failed", "retcode": retcode, "data": None, "message": wording, "wording": wording}
        self._failing += [answer] * times

    def answer_with(self, **answer: Any) -> None:
        """The next send is answered so: nothing arrives."""
        self._failing.append({"status": "ok", "retcode": 0, "data": None} | answer)

    def leave_unanswered(self, times: int = 1, arrives: bool = False) -> None:
        """The next sends get no answer; `arrives`: QQ delivers them all the same."""
        self._silent += [arrives] * times

    def drop_at_next_send(self, arrives: bool = False) -> None:
        """The line breaks in the middle of the next send."""
        self._dropping.append(arrives)

    async def drop(self) -> None:
        """The line breaks; the client comes back by itself."""
        if self._socket:
            self.connected.clear()
            self._socket.transport.abort()
            await self._socket.wait_closed()

    def leave(self) -> None:
        """The client is ended (the computer sleeps): it does not come back before `come_back`."""
        self._away.set()

    def come_back(self) -> None:
        """The client is started again."""
        self._away.clear()

    def texts(self, chat: int | str) -> list[str]:
        """What one chat got, in order."""
        return [found.text for found in self.arrived if found.chat == str(chat)]

    async def until(self, number: int) -> None:
        """Wait until so many texts have arrived."""
        while len(self.arrived) < number:
            await asyncio.sleep(0.005)

    # what the client does

    async def work(self) -> None:
        """Connect, listen, connect again, until cancelled."""
        named = {"X-Self-ID": str(self.account), "X-Client-Role": self.role, "Authorization": f"Bearer {self.token}"}
        headers = named if self.headers is None else self.headers
        url = f"ws://127.0.0.1:{self.port}{PATH}{self.query}"
        while True:
            if not self._away.is_set():
                with contextlib.suppress(OSError, ConnectionClosed, EOFError):
                    try:
                        async with connect(
                            url, additional_headers=headers, user_agent_header="OneBot/11", proxy=None, compression=None
                        ) as socket:
                            await self._serve(socket)
                    except InvalidStatus as error:
                        self.refused.append(error.response.status_code)
            await asyncio.sleep(self.retry)

    async def _serve(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.connections += 1
        try:
            await self._tell(self._meta("lifecycle") | {"sub_type": "connect"})
            self.connected.set()
            async for frame in socket:
                await self._answer(frame)
        finally:
            self._socket = None
            self.connected.clear()

    async def _answer(self, frame: str | bytes) -> None:
        asked = json.loads(frame)
        self.actions.append(asked)
        echo = asked.get("echo")
        if not isinstance(echo, str) or any(other.get("echo") == echo for other in self.actions[:-1]):
            self.faults.append(f"the echo is no string of its own: {asked}")
        if set(asked) != {"action", "params", "echo"} or not isinstance(asked["params"], dict):
            self.faults.append(f"not action, params and echo: {asked}")
        if self.role == "Event":
            self.faults.append("an action came to an event connection")
        answer = await self._do(asked["action"], asked["params"])
        if answer is not None and self._socket:
            await self._socket.send(json.dumps(answer | {"echo": echo}))

    async def _do(self, action: str, params: dict[str, Any]) -> dict[str, Any] | None:
        if action in ("send_private_msg", "send_group_msg", "send_msg"):
            return await self._send(params)
        done = {
            "get_msg": self._get, "get_friend_msg_history": self._history, "get_group_msg_history": self._history,
            "get_recent_contact": self._recent, "set_input_status": self._type,
        }.get(action) if self.extended else None  # fmt: skip
        if done is None:
            return {"status": "failed", "retcode": 1404, "data": None, "message": f"不支持的Api {action}"}
        return {"status": "ok", "retcode": 0, "data": done(params)}

    async def _send(self, params: dict[str, Any]) -> dict[str, Any] | None:
        self._check(params)
        if self._failing:
            return self._failing.pop(0)
        lost = not self._silent.pop(0) if self._silent else None
        broken = not self._dropping.pop(0) if self._dropping else None
        number = next(IDS)
        if not lost and not broken:
            await self._deliver(params, number)
        if broken is not None and self._socket:
            self.connected.clear()
            self._socket.transport.abort()
            return None
        return {"status": "ok", "retcode": 0, "data": {"message_id": number}} if lost is None else None

    def _check(self, params: dict[str, Any]) -> None:
        rows = params.get("message")
        for row in rows if isinstance(rows, list) else [None]:
            if not isinstance(row, dict) or row.get("type") != "text" or not row["data"].get("text"):
                self.faults.append(f"not a list of text segments: {rows}")
        if type(params.get("user_id", params.get("group_id"))) is not int:
            self.faults.append(f"nobody to send to: {params}")

    async def _deliver(self, params: dict[str, Any], number: int) -> None:
        text = "".join(row["data"]["text"] for row in params["message"])
        user, group = params.get("user_id"), params.get("group_id")
        place = f"group:{group}" if user is None else str(user)
        self.arrived.append(Arrived(place, text, number))
        if user is None:
            event = self.group(int(group or 0), self.account, params["message"], post_type="message_sent")
        else:
            event = self.own(user, params["message"])
        event["message_id"] = number
        self.talk.setdefault(place, []).append(event)
        if self.reports_own:
            await self._tell(event)

    def _place(self, event: Event) -> str:
        if event["message_type"] == "group":
            return f"group:{event['group_id']}"
        return str(event["target_id"] if event["user_id"] == self.account else event["user_id"])

    def _get(self, params: dict[str, Any]) -> Any:
        rows = (row for talk in self.talk.values() for row in talk)
        return next((row for row in rows if row["message_id"] == params["message_id"]), None)

    def _history(self, params: dict[str, Any]) -> Any:
        place = f"group:{params['group_id']}" if "group_id" in params else str(params["user_id"])
        return {"messages": self.talk.get(place, [])[-params["count"] :]}

    def _recent(self, params: dict[str, Any]) -> Any:
        rows = [
            {
                "peerUin": place.removeprefix("group:"), "chatType": 2 if place.startswith("group:") else 1,
                "msgTime": str(talk[-1]["time"]), "lastestMsg": talk[-1],
            }
            for place, talk in self.talk.items()
        ]  # fmt: skip
        return sorted(rows, key=lambda row: -int(row["msgTime"]))[: params["count"]]

    def _type(self, params: dict[str, Any]) -> Any:
        if params["event_type"] == 1:
            self.typed.append(params["user_id"])
        return {"result": 0}


def cq(rows: list[dict[str, Any]]) -> str:
    """Segments as a CQ string, escaped as the standard says."""

    def safe(text: str) -> str:
        return text.replace("&", "&amp;").replace("[", "&#91;").replace("]", "&#93;")

    def code(row: dict[str, Any]) -> str:
        pairs = "".join(f",{key}={safe(str(value)).replace(',', '&#44;')}" for key, value in row["data"].items())
        return f"[CQ:{row['type']}{pairs}]"

    return "".join(safe(row["data"]["text"]) if row["type"] == "text" else code(row) for row in rows)


@contextlib.asynccontextmanager
async def connected(client: Client) -> AsyncIterator[Client]:
    """A client that is connected; at the end it must have been sent nothing that a real one would not take."""
    work = asyncio.get_running_loop().create_task(client.work())
    try:
        await asyncio.wait_for(client.connected.wait(), LIMIT)
        yield client
    finally:
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
    assert client.faults == []
