"""The door: what is turned away before anything is read. Pure ASGI, so that a client that leaves is noticed.

- Host names that are not ours (a page of somebody else's that points its name at 127.0.0.1: DNS rebinding).
- Other sites' pages (Origin), unless they were allowed, and bodies that are not JSON, which a page may send unasked.
- Bodies that are too large (413), told or not.
"""

import json
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from chatstylebot.client import LOOPBACK
from chatstylebot.serving import addresses

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
HEADERS = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]
WILDCARD = "*"


@dataclass(frozen=True, slots=True)
class Rules:
    """Which host names are ours ("*": any), which other sites may ask, how many bytes a body may have."""

    hosts: Collection[str] = LOOPBACK
    origins: Collection[str] = ()
    body: int = 1 << 20


def refusal(scope: Scope, rules: Rules) -> tuple[int, str, str] | None:
    """Status, code and message for a request that is turned away by its headers, None for the rest."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    host = addresses.host(headers.get("host", "")) or ""
    if WILDCARD not in rules.hosts and host not in rules.hosts:
        return 403, "host_not_allowed", "this host name is not allowed; --allow-host NAME allows it"
    origin = headers.get("origin")
    if origin is not None and origin not in rules.origins and not _same(origin, headers.get("host", "")):
        return 403, "origin_not_allowed", "pages of this site may not ask; --cors ORIGIN allows it"
    if scope["method"] == "POST":
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            return 415, "not_json", "send JSON: Content-Type: application/json"
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > rules.body:
            return 413, "body_too_large", f"a body may have {rules.body:,} bytes"
    return None


def _same(origin: str, host: str) -> bool:
    return urlsplit(origin).netloc == host


class Door:
    """Before the app: refuses, counts the body's bytes, and tells `seen` method, path, status and seconds."""

    def __init__(self, app: App, rules: Rules, seen: Callable[[str, str, int, float], None]) -> None:
        self._app, self._rules, self._seen = app, rules, seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
            return
        begin, status = time.monotonic(), 499  # left before anything was answered

        async def told(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                names = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(row for row in HEADERS if row[0] not in names)]
            await send(message)

        try:
            if why := refusal(scope, self._rules):
                await answer(told, *why)
            else:
                await self._measured(scope, receive, told)
        finally:
            self._seen(scope["method"], scope["path"], status, time.monotonic() - begin)

    async def _measured(self, scope: Scope, receive: Receive, send: Send) -> None:
        total, late, started = 0, False, False

        async def counted() -> MutableMapping[str, Any]:
            nonlocal total, late
            message = await receive()
            total += len(message.get("body", b""))
            if total > self._rules.body and not started:
                late = True
                await answer(send, 413, "body_too_large", f"a body may have {self._rules.body:,} bytes")
                return {"type": "http.disconnect"}
            return message

        async def once(message: MutableMapping[str, Any]) -> None:
            nonlocal started
            if not late:  # the refusal is the answer
                started = True
                await send(message)

        await self._app(scope, counted, once)


async def answer(send: Send, status: int, code: str, message: str) -> None:
    """Send an error in OpenAI's shape and close the connection."""
    kind = "invalid_request_error" if status != 403 else "permission_error"
    body = json.dumps({"error": {"message": message, "type": kind, "code": code, "param": None}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
