"""Every way a request can fail → status and body in OpenAI's shape. No stack trace, no path, no word of a chat."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from chatstylebot import progress
from chatstylebot.client import Trouble
from chatstylebot.errors import UserError
from chatstylebot.serving.prompt import Unfit
from chatstylebot.serving.slots import Full

RETRY = 5  # seconds, where an engine is on its way back

KINDS = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error"}
KINDS |= {405: "invalid_request_error", 409: "conflict_error", 413: "invalid_request_error", 429: "rate_limit_error"}


class Refusal(Exception):
    """A request that is turned away; `headers` are added to the answer."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, dict(headers or {})


def refusal(error: BaseException) -> Refusal:
    """What to tell the client about an error on the way."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, Unfit):
        return Refusal(400, error.code, str(error))
    if isinstance(error, Full):
        again = {"Retry-After": str(error.retry_after)}
        return Refusal(429, "queue_full", "too many requests are waiting; try again later", again)
    if isinstance(error, Trouble) and error.status == 400:
        return Refusal(400, "refused_by_engine", "the engine cannot read this prompt: it may be too long for it")
    if isinstance(error, Trouble) and error.status == 504:
        return Refusal(504, "timeout", "the answer took too long")
    again = {"Retry-After": str(RETRY)}
    if isinstance(error, Trouble) and error.status == 429:  # a server elsewhere has limits of its own
        return Refusal(429, "engine_busy", "the engine has too much to do; try again later", again)
    if isinstance(error, Trouble) and error.status in (401, 402, 403, 404):
        # its own words may repeat the chat, or tell its owner's affairs
        why = f"the engine refuses to answer (status {error.status}): its key, its credit or the model's name is wrong"
        return Refusal(502, "engine_refused", why)
    return Refusal(503, "engine_unavailable", "the engine does not answer now; try again later", again)


def not_stored(error: UserError, what: str, message: str) -> Refusal:
    """A disk that is full, or that another program holds: told here, and to the client without a path."""
    progress.say(f"error: {what}: {error.problem}\ntry: {error.remedy}")
    return Refusal(503, "not_stored", message, {"Retry-After": str(RETRY)})


def body(status: int, code: str | None, message: str) -> dict[str, Any]:
    """An error object in OpenAI's shape."""
    kind = KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"error": {"message": message, "type": kind, "code": code, "param": None}}


def install(app: FastAPI) -> None:
    """Let the app answer with these bodies."""

    @app.exception_handler(Refusal)
    async def refused(request: Request, error: Refusal) -> JSONResponse:
        return JSONResponse(body(error.status, error.code, error.message), error.status, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse(body(400, "invalid_request", _faults(error.errors())), 400)

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> JSONResponse:
        headers = error.headers or {}
        return JSONResponse(body(error.status_code, None, str(error.detail)), error.status_code, headers)

    @app.exception_handler(Exception)
    async def bug(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse(body(500, "internal", "something went wrong on our side; the server's log knows more"), 500)


def _faults(errors: Sequence[Any]) -> str:
    """The faults of a body, at most five: where, and what; never what stood there."""
    lines = []
    for fault in errors[:5]:
        # pydantic names the type that it tried as well: constrained-str, list[dict[str,any]]
        where = ".".join(str(part) for part in fault["loc"] if part != "body" and re.fullmatch(r"\w+", str(part)))
        broken = fault["type"] == "json_invalid"
        lines.append("the body is not JSON" if broken else f"{where or 'the body'}: {fault['msg']}")
    return "; ".join(dict.fromkeys(lines))
