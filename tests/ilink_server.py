"""A loopback stand-in for Tencent's iLink server (facts/channels.md §2): strict, scripted, and on three ports.

What a client does wrong is refused with HTTP 400 and stands in `wrong`. `url` takes logins, `base` everything after
them, `other` the polls of a redirected login. Every method may be called from any thread.
"""

import base64
import contextlib
import json
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

VERSION = "2.4.9"
FIRST = 7_400_000_000_000_000_001  # beyond 2^53
QUOTA, WINDOW, LIMIT = 10, timedelta(hours=24), 16 * 1024

Json = dict[str, Any]


class Wrong(Exception):
    """The client did not comply."""


class Dropped(Exception):
    """The connection ends here without an answer."""


@dataclass
class Bot:
    """One account: who scanned, and what that person wrote. A cursor BUFn has taken the first n messages."""

    id: str
    user: str
    token: str
    log: list[Json] = field(default_factory=list)
    seen: int = 0  # messages that a cursor has confirmed
    steps: list[tuple[float, int]] = field(default_factory=list)  # when (monotonic) it grew to what
    stale: str = ""  # "ret" or "errcode": where -14 stands
    polls: list[str] = field(default_factory=list)  # the cursors that came


@dataclass(frozen=True)
class Sent:
    """A text that was delivered."""

    bot: str
    to: str
    text: str
    context: str
    client: str
    at: datetime


class IlinkServer:
    """`hold`: seconds that a poll is held; `told`: the longpolling_timeout_ms of its answers (None: not told)."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC), hold: float = 0.2) -> None:
        self.now, self.hold, self.told = now, hold, None
        self.grace = 0.0  # seconds that a text may have been on its way while a newer message was confirmed
        self.wrong: list[str] = []
        self.bots: dict[str, Bot] = {}  # by token; an old token stays, and is stale
        self.logins: deque[list[Json]] = deque()  # the steps of each code that will be asked for
        self.codes: list[str] = []
        self.tokens_told: list[list[str]] = []  # local_token_list of each code
        self.sent: list[Sent] = []
        self.refused: list[str] = []  # texts that were refused for quota or age, unplanned
        self.typed: list[tuple[str, int]] = []
        self.notified: list[tuple[str, str]] = []
        self.tries = 0  # sends, whatever became of them
        self.connections: set[socket.socket] = set()
        self._plans: deque[str] = deque()
        self._poll_plans: deque[str] = deque()
        self._scripts: dict[str, deque[Json]] = {}
        self._verify: dict[str, str] = {}
        self._elsewhere: set[str] = set()
        self._clients: set[str] = set()
        self._used: Counter[str] = Counter()
        self._uin = ""
        self._numbers = iter(range(FIRST, FIRST + 10**9))
        self._changed = threading.Condition()
        self._closing = False
        self._servers = [ThreadingHTTPServer(("127.0.0.1", 0), _handler(self)) for _ in range(3)]
        self.url, self.base, self.other = (f"http://127.0.0.1:{one.server_port}" for one in self._servers)
        for one in self._servers:
            one.daemon_threads = True
            threading.Thread(target=one.serve_forever, args=(0.02,), daemon=True).start()

    # what a test does ------------------------------------------------------------------------------------------------

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for one in self._servers:
            one.shutdown()
            one.server_close()
        self.cut()

    def cut(self) -> None:
        """Every open connection ends now."""
        for one in list(self.connections):
            with contextlib.suppress(OSError):  # the client was faster
                one.shutdown(socket.SHUT_RDWR)

    def bot(self, id: str = "b1@im.bot", user: str = "u1@im.wechat") -> Bot:
        """An account that is logged in, without the login; its token is new, those before it are dead."""
        with self._changed:
            old = next((one for one in self.bots.values() if one.id == id), None)
            new = Bot(id, user, f"secret-{id}-{len(self.bots)}")
            if old:
                new.log, new.seen, new.polls = old.log, old.seen, old.polls
                old.stale = old.stale or "ret"
            self.bots[new.token] = new
            self._changed.notify_all()
            return new

    def confirmed(self, id: str = "b1@im.bot", user: str = "u1@im.wechat") -> Json:
        """The last step of a login; the bot is made when it is played."""
        return {"status": "confirmed", "bot": (id, user)}

    def push(self, text: str = "", *, bot: str = "b1@im.bot", at: datetime | None = None, **fields: Any) -> int:
        """Somebody writes: `text`, or whatever `fields` make of the WeixinMessage. Its message_id."""
        with self._changed:
            found = self.of(bot)
            number = next(self._numbers)
            items = [{"type": 1, "text_item": {"text": text}}]
            message = {"seq": len(found.log), "message_id": number, "from_user_id": found.user, "to_user_id": found.id}
            message |= {"client_id": f"phone-{number}", "create_time_ms": round((at or self.now()).timestamp() * 1000)}
            message |= {"message_type": 1, "message_state": 2, "item_list": items, "context_token": f"ctx-{number}"}
            found.log.append(message | fields)
            self._changed.notify_all()
            return number

    def repeat(self, number: int) -> None:
        """The same message comes once more."""
        with self._changed:
            for one in self.bots.values():
                if (again := [m for m in one.log if m.get("message_id") == number]) and not one.stale:
                    one.log.append(again[0])
            self._changed.notify_all()

    def fail(self, *plans: str) -> None:
        """What becomes of the next sends, one each: ok lost -2 -1 -14 errcode 500 504 drop (before) late (after)."""
        with self._changed:
            self._plans.extend(plans)

    def fail_polls(self, *plans: str) -> None:
        """What becomes of the next polls: ok 500 html drop -1, or late (the answer is made, the line breaks)."""
        with self._changed:
            self._poll_plans.extend(plans)

    def expire(self, id: str = "b1@im.bot", where: str = "ret") -> None:
        """The session of that account ends; -14 stands in `ret` or in `errcode`."""
        with self._changed:
            self.of(id).stale = where
            self._changed.notify_all()

    def revive(self, id: str = "b1@im.bot") -> None:
        with self._changed:
            next(one for one in reversed(self.bots.values()) if one.id == id).stale = ""

    def of(self, id: str) -> Bot:
        """The account of that id, with its newest token."""
        return next(one for one in reversed(self.bots.values()) if one.id == id)

    def caught_up(self, id: str = "b1@im.bot") -> bool:
        """Whether the client has confirmed every message with its cursor."""
        return self.of(id).seen == len(self.of(id).log)

    # what a client does ----------------------------------------------------------------------------------------------

    def answer(self, method: str, port: int, target: str, headers: Any, body: bytes) -> Json:
        """The answer to a request. Raises Wrong and Dropped; an int is an HTTP status to fail with."""
        parts = urlsplit(target)
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        name = parts.path.removeprefix("/ilink/bot/")
        if headers["iLink-App-Id"] != "bot" or headers["iLink-App-ClientVersion"] != "132105":
            raise Wrong("iLink-App headers")
        if (method, name) == ("GET", "get_qrcode_status"):
            return self._status(port, query)
        if method != "POST":
            raise Wrong(f"{method} {name}")
        value = self._checked(headers, body)
        if name == "get_bot_qrcode":
            return self._code(port, query, value)
        if f"http://127.0.0.1:{port}" != self.base:
            raise Wrong(f"{name} does not belong to this host: baseurl was another")
        bot = self.bots.get(headers["Authorization"].removeprefix("Bearer ")) if headers["Authorization"] else None
        if bot is None:
            raise Wrong(f"{name} without a token that was given")
        paths = {"getupdates": self._updates, "sendmessage": self._send, "getconfig": self._config}
        paths |= {"sendtyping": self._typing, "msg/notifystart": self._notify, "msg/notifystop": self._notify}
        if name not in paths:
            raise Wrong(name)
        if bot.stale and name != "getupdates":
            return _stale(bot)
        return paths[name](bot, value, name)

    def _checked(self, headers: Any, body: bytes) -> Json:
        if headers["AuthorizationType"] != "ilink_bot_token" or headers["Content-Type"] != "application/json":
            raise Wrong("headers of a POST")
        uin = headers["X-WECHAT-UIN"] or ""
        number = base64.b64decode(uin, validate=True).decode()
        if not number.isdecimal() or int(number) >= 1 << 32 or str(int(number)) != number or uin == self._uin:
            raise Wrong(f"X-WECHAT-UIN {number!r}")
        self._uin = uin
        value = json.loads(body)
        info = value.get("base_info") or {}
        agent = info.get("bot_agent", "")
        if info.get("channel_version") != VERSION or not agent.isascii() or len(agent) > 256:
            raise Wrong("base_info")
        return value

    def _code(self, port: int, query: Json, value: Json) -> Json:
        if f"http://127.0.0.1:{port}" != self.url or query.get("bot_type") != "3":
            raise Wrong("get_bot_qrcode: wrong host or bot_type")
        with self._changed:
            code = f"code-{len(self.codes)}"
            self.codes.append(code)
            self.tokens_told.append(value["local_token_list"])
            self._scripts[code] = deque(self.logins.popleft() if self.logins else [])
        return {"qrcode": code, "qrcode_img_content": f"https://liteapp.weixin.qq.com/q/{code}"}

    def _status(self, port: int, query: Json) -> Json:
        code = query["qrcode"]
        if code != self.codes[-1]:
            raise Wrong(f"a poll for {code}, which was replaced")
        if f"http://127.0.0.1:{port}" != (self.other if code in self._elsewhere else self.url):
            raise Wrong("a poll at the wrong host")
        if code in self._verify and "verify_code" not in query:
            raise Wrong("a poll without verify_code")
        if code in self._verify and query["verify_code"] != self._verify[code]:
            return {"status": "need_verifycode"}
        with self._changed:
            script = self._scripts[code]
            step = dict(script.popleft()) if script else {"status": "wait"}
        match step["status"]:
            case "drop":
                raise Dropped
            case "hold":
                self._wait(lambda: False)
                return {"status": "wait"}
            case "need_verifycode":
                self._verify[code] = step.pop("number")
            case "scaned_but_redirect":
                if "redirect_host" not in step:
                    self._elsewhere.add(code)
                    step["redirect_host"] = urlsplit(self.other).netloc
            case "confirmed":
                bot = self.bot(*step.pop("bot"))
                found = {"bot_token": bot.token, "ilink_bot_id": bot.id, "ilink_user_id": bot.user}
                step = found | {"baseurl": self.base} | step
        return step

    def _updates(self, bot: Bot, value: Json, _: str) -> Json:
        cursor = value["get_updates_buf"]
        with self._changed:
            bot.polls.append(cursor)
            if bot.stale:
                return _stale(bot)
            plan = self._poll_plans.popleft() if self._poll_plans else "ok"
        if plan not in ("ok", "late"):
            return _planned(plan)
        start = int(cursor.removeprefix("BUF")) if cursor else 0
        if cursor and (cursor != f"BUF{start}" or start > len(bot.log)):
            raise Wrong(f"the cursor {cursor!r} was never given")
        with self._changed:
            if start > bot.seen:
                bot.seen = start
                bot.steps.append((time.monotonic(), start))
        self._wait(lambda: bot.stale or len(bot.log) > start)
        with self._changed:
            if bot.stale:
                return _stale(bot)
            messages = bot.log[start:]
        if plan == "late":
            raise Dropped
        told = {} if self.told is None else {"longpolling_timeout_ms": self.told}
        return {
            "ret": 0,
            "msgs": messages,
            "get_updates_buf": f"BUF{start + len(messages)}" if messages else cursor,
        } | told

    def _send(self, bot: Bot, value: Json, _: str) -> Json:
        message = value["msg"]
        with self._changed:
            self.tries += 1
            text = self._text(bot, message)
            plan = self._plans.popleft() if self._plans else "ok"
            if plan not in ("ok", "late", "lost"):
                return _planned(plan)
            context = message["context_token"]
            heard = max((m["create_time_ms"] for m in bot.log if m.get("context_token") == context), default=0)
            age = self.now() - datetime.fromtimestamp(heard / 1000, UTC)
            if self._used[context] >= QUOTA or age > WINDOW:
                self.refused.append(text)
                return {"ret": -2, "errmsg": "rate limited"}
            self._used[context] += 1
            if plan == "lost":
                return {"ret": 0}
            self.sent.append(Sent(bot.id, bot.user, text, context, message["client_id"], self.now()))
            number = next(self._numbers)
        if plan == "late":
            raise Dropped
        return {"message_id": number}

    def _text(self, bot: Bot, message: Json) -> str:
        """The text of a message that is as it should be."""
        want = {"from_user_id": "", "to_user_id": bot.user, "message_type": 2, "message_state": 2}
        if any(message[key] != value for key, value in want.items()):
            raise Wrong(f"sendmessage: {[key for key in want if message[key] != want[key]]}")
        if message["client_id"] in self._clients:
            raise Wrong("client_id is not fresh")
        self._clients.add(message["client_id"])
        written = [m for m in bot.log if m["from_user_id"] == bot.user and m["message_type"] == 1]
        since = time.monotonic() - self.grace
        seen = bot.seen if not self.grace else max((n for at, n in bot.steps if at < since), default=0)
        confirmed = [m for m in bot.log[:seen] if m in written]
        latest = max(reversed(confirmed), key=lambda m: m["create_time_ms"], default=None)  # of equals the last
        fresh = {m["context_token"] for m in [*bot.log[seen:], *([latest] if latest else [])] if m in written}
        if message["context_token"] not in fresh:
            raise Wrong(f"context_token {message['context_token']} is not of the latest message")
        [item] = message["item_list"]
        text = item["text_item"]["text"]
        if item["type"] != 1 or not text or len(text.encode()) > LIMIT:
            raise Wrong("text")
        return str(text)

    def _config(self, bot: Bot, value: Json, _: str) -> Json:
        if value["ilink_user_id"] != bot.user or not value["context_token"]:
            raise Wrong("getconfig")
        return {"ret": 0, "typing_ticket": base64.b64encode(bot.user.encode()).decode()}

    def _typing(self, bot: Bot, value: Json, _: str) -> Json:
        if base64.b64decode(value["typing_ticket"]).decode() != bot.user or value["status"] not in (1, 2):
            raise Wrong("sendtyping")
        with self._changed:
            self.typed.append((value["ilink_user_id"], value["status"]))
        return {"ret": 0}

    def _notify(self, bot: Bot, _: Json, name: str) -> Json:
        with self._changed:
            self.notified.append((bot.id, name.removeprefix("msg/notify")))
        return {"ret": 0}

    def _wait(self, done: Callable[[], Any]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closing or done(), self.hold)


def _stale(bot: Bot) -> Json:
    return {bot.stale: -14, "errmsg": "session timeout"}


def _planned(plan: str) -> Json:
    match plan:
        case "drop":
            raise Dropped
        case "500" | "504" | "html":
            return {"http": plan}
        case "errcode":
            return {"errcode": -14, "errmsg": "session timeout"}
        case "-1" | "-2" | "-14":
            return {"ret": int(plan), "errmsg": {"-1": "system error", "-2": "rate limited", "-14": "timeout"}[plan]}
    raise AssertionError(plan)


def _handler(server: IlinkServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            server.connections.add(self.connection)

        def finish(self) -> None:
            server.connections.discard(self.connection)
            super().finish()

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):  # the client was killed
                super().handle()

        def do_GET(self) -> None:
            self.reply(b"")

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) == length:  # else the client died while it spoke
                self.reply(body)

        def reply(self, body: bytes) -> None:
            status, page = 200, b""
            try:
                found = server.answer(self.command, self.server.server_port, self.path, self.headers, body)  # type: ignore[attr-defined]
                status = int(found["http"]) if found.get("http", "html") != "html" else 200
                page = b"<html>" if "http" in found else json.dumps(found).encode()
            except Dropped:
                self.close_connection = True
                return
            except (Wrong, KeyError, ValueError, TypeError) as error:
                server.wrong.append(f"{self.path.partition('?')[0]}: {type(error).__name__} {error}")
                status, page = 400, b"{}"
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)
            except OSError:
                self.close_connection = True  # the client has gone: its poll was over

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


@contextlib.contextmanager
def ilink_server(now: Callable[[], datetime] = lambda: datetime.now(UTC), hold: float = 0.2) -> Iterator[IlinkServer]:
    """The server for the length of a block; at its end nothing may have been wrong."""
    server = IlinkServer(now, hold)
    try:
        yield server
    finally:
        server.close()
    assert server.wrong == [], server.wrong
