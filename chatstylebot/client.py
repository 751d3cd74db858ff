"""The only module that speaks to an OpenAI-style server."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec

CONNECT = 5.0  # seconds
GAP = 180.0  # seconds: the longest silence within an answer, a long prompt's reading included
ADDRESS = "http://127.0.0.1:{port}/v1"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LINE_END = re.compile(rb"\r\n|\n|\r")


def root(url: str) -> str:
    """The address of a server as it is mostly written, with or without /v1 and a slash: without both."""
    return url.rstrip("/").removesuffix("/v1")


class Trouble(Exception):
    """A server that did not answer as it should: `status` is its HTTP status, 0 when it could not be reached."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.message, self.status = message, status


class Client:
    """A connection to one server. `url` ends in /v1; the proxies of the environment are for servers elsewhere only."""

    def __init__(self, url: str, key: str = "", transport: httpx.AsyncBaseTransport | None = None) -> None:
        host = httpx.URL(url).host
        self.url = url.rstrip("/")
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(GAP, connect=CONNECT),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=32),
            trust_env=host not in LOOPBACK,
            transport=transport,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def models(self, timeout: float = CONNECT) -> list[str]:
        """The ids of the models that the server offers. Raises Trouble."""
        with _told():
            answer = await self._http.get(f"{self.url}/models", timeout=timeout)
        found = _value(answer.status_code, answer.content)
        if found.get("error"):
            raise Trouble(_message(found), 502)
        rows = found.get("data")
        return (
            [str(row["id"]) for row in rows if isinstance(row, dict) and "id" in row] if isinstance(rows, list) else []
        )

    async def get(self, path: str, timeout: float = CONNECT) -> dict[str, Any]:
        """The object at `path`, counted from the server's root. Raises Trouble."""
        with _told():
            answer = await self._http.get(root(self.url) + path, timeout=timeout)
        return _value(answer.status_code, answer.content)

    async def post(self, path: str, payload: Mapping[str, Any], timeout: float = GAP) -> dict[str, Any]:
        """The answer to one request, `path` counted from the server's root (/v1/…). Raises Trouble."""
        address, body = root(self.url) + path, msgspec.json.encode(payload)
        with _told():
            patience = httpx.Timeout(timeout, connect=CONNECT)
            answer = await self._http.post(address, content=body, headers=JSON, timeout=patience)
        return _value(answer.status_code, answer.content)

    async def complete(self, payload: Mapping[str, Any], timeout: float = GAP) -> dict[str, Any]:
        """One whole completion, as the server's object. Raises Trouble, also for an object without `choices`."""
        found = await self.post("/v1/chat/completions", {**payload, "stream": False}, timeout)
        if not found.get("choices"):  # seen: an error object with status 200
            raise Trouble(_message(found) or "the answer holds no choices", 502)
        return found

    async def stream(self, payload: Mapping[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        """The chunks of one completion as they come, without [DONE]. Raises Trouble, in mid-stream as well."""
        body = msgspec.json.encode({**payload, "stream": True})
        with _told():
            async with self._open(body) as answer:
                async for line in _lines(answer):
                    if not line.startswith(b"data:"):
                        continue  # a comment that keeps the connection alive, or an empty line
                    if line[5:].strip() == b"[DONE]":
                        return
                    chunk = _parsed(line[5:])
                    if chunk.get("error"):
                        raise Trouble(_message(chunk), 502)
                    yield chunk
        raise Trouble("the server broke off in the middle of an answer", 502)

    @asynccontextmanager
    async def _open(self, body: bytes) -> AsyncIterator[httpx.Response]:
        async with self._http.stream("POST", f"{self.url}/chat/completions", content=body, headers=JSON) as answer:
            if answer.status_code != 200 or "json" in answer.headers.get("content-type", ""):
                found = _value(answer.status_code, await answer.aread())
                raise Trouble(_message(found) or "the answer is no stream", 502)
            yield answer


JSON = {"Content-Type": "application/json"}


async def _lines(answer: httpx.Response) -> AsyncIterator[bytes]:
    """The lines of an event stream. httpx's own end at every character that Python takes for the end of a line."""
    rest = b""
    async for part in answer.aiter_bytes():
        *lines, rest = LINE_END.split(rest + part)
        for line in lines:
            yield line
    yield rest


class _told:
    """Turns what httpx raises into Trouble."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, httpx.TimeoutException):
            raise Trouble("the server did not answer in time", 504) from error
        if isinstance(error, httpx.HTTPError | httpx.InvalidURL):
            raise Trouble(f"the server cannot be reached ({type(error).__name__})") from error


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Trouble("the answer is not JSON", 502) from None
    return found if isinstance(found, dict) else {"error": {"message": "the answer is no object"}}


def _value(status: int, body: bytes) -> dict[str, Any]:
    """The object in a body; Trouble for a status that says no."""
    if status >= 400:
        try:
            text = _message(_parsed(body))
        except Trouble:
            text = ""
        raise Trouble(text or f"the server answered {status}", status)
    return _parsed(body)


def _message(found: Mapping[str, Any]) -> str:
    """What an error object says, in any of the usual shapes."""
    error = found.get("error") or found.get("detail") or found.get("message") or ""
    if isinstance(error, dict):
        error = error.get("message") or ""
    return str(error)
