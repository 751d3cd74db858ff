"""A chat request → prompt → answers → OpenAI's objects, whole or as a stream of events."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from fastapi import Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from chatstylebot.client import Trouble
from chatstylebot.serving import answers, asking, refusals, reply
from chatstylebot.serving.answers import Piece
from chatstylebot.serving.asking import Asked
from chatstylebot.serving.keys import Caller
from chatstylebot.serving.recent import Completion, new_id
from chatstylebot.serving.refusals import refusal
from chatstylebot.serving.schema import ChatRequest
from chatstylebot.serving.slots import Full
from chatstylebot.serving.state import State

Value = TypeVar("Value")
DONE = b"data: [DONE]\n\n"
EVENTS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass
class Answer:
    """An answer in the making; `texts`, `finishes` and `told` have a place for each of the n."""

    state: State
    asked: Asked
    usage_wanted: bool
    begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.job = self.asked.job
        spec, at = self.job.served.engine.spec, self.asked.at
        self.id = new_id(self.state.keys, self.job.wish.messages, spec.id, spec.adapter, at)
        self.created = int(at.timestamp())
        self.texts = [""] * self.job.n
        self.finishes: list[str] = ["stop"] * self.job.n
        self.told: list[answers.Usage | None] = [None] * self.job.n

    def take(self, piece: Piece) -> None:
        """Add a part."""
        if piece.text and not any(self.texts):
            self.state.metrics.first.observe(time.monotonic() - self.begun)
        self.texts[piece.index] += piece.text
        if piece.finish:
            self.finishes[piece.index], self.told[piece.index] = piece.finish, piece.usage

    def close(self) -> answers.Usage | None:
        """The answers are whole: remember them for votes, count them; the usage."""
        spec, wish = self.job.served.engine.spec, self.job.wish
        sent = tuple(dict(message) for message in wish.messages)
        self.state.recent.keep(
            self.id, Completion(sent, self.texts, spec.id, spec.adapter, self.asked.contact, self.asked.past)
        )
        usage = answers.usage(self.told, wish, self.texts, self.job.served.count)
        self.state.metrics.seconds.observe(time.monotonic() - self.begun)
        for direction, number in zip(("in", "out"), usage or (0, 0), strict=True):
            self.state.metrics.tokens.labels(direction).inc(number)
        if self.state.log:
            whose = [f"whose: {id}" for id in sorted(self.asked.past.whose)]
            self.state.log({"id": self.id, "model": spec.id, "messages": sent, "answers": self.texts, "past": whose})
        return usage

    def bubbles(self, index: int) -> dict[str, list[str]]:
        """The bubbles of one answer."""
        return {"bubbles": reply.bubbles(self.texts[index], self.state.card.separator)}


def _usage(usage: answers.Usage | None) -> dict[str, int] | None:
    if usage is None:
        return None
    return {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}


def whole(answer: Answer, usage: answers.Usage | None) -> dict[str, Any]:
    """The object of a completion that is not streamed."""
    choices = [
        {
            "index": index,
            "message": {"role": "assistant", "content": text},
            "finish_reason": answer.finishes[index],
            "logprobs": None,
            "csb": answer.bubbles(index),
        }
        for index, text in enumerate(answer.texts)
    ]
    about = {"id": answer.id, "object": "chat.completion", "created": answer.created}
    about |= {"model": answer.job.served.engine.spec.id, "choices": choices, "usage": _usage(usage)}
    return about | {"csb": answer.bubbles(0)}


def event(value: Any) -> bytes:
    """One event of a stream."""
    return b"data: " + msgspec.json.encode(value) + b"\n\n"


def chunk(answer: Answer, choices: list[dict[str, Any]], **more: Any) -> bytes:
    """One chunk of a stream."""
    about = {"id": answer.id, "object": "chat.completion.chunk", "created": answer.created}
    return event({**about, "model": answer.job.served.engine.spec.id, "choices": choices, **more})


def _choice(index: int, delta: dict[str, str], finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"index": index, "delta": delta, "finish_reason": finish, **more}


async def events(answer: Answer, first: Piece, rest: AsyncGenerator[Piece, None]) -> AsyncGenerator[bytes, None]:
    """The stream: a role for each answer, text as it comes, finish reasons, usage if wanted, [DONE]; or an error."""
    roles = [_choice(index, {"role": "assistant", "content": ""}) for index in range(answer.job.n)]
    yield b"".join(chunk(answer, [role]) for role in roles)
    try:
        async for piece in _after(first, rest):
            answer.take(piece)
            out = chunk(answer, [_choice(piece.index, {"content": piece.text})]) if piece.text else b""
            if piece.finish:
                out += chunk(answer, [_choice(piece.index, {}, piece.finish, csb=answer.bubbles(piece.index))])
            if out:
                yield out
    except (Trouble, Full, ValueError) as error:
        why = refusal(error)
        yield event(refusals.body(why.status, why.code, why.message)) + DONE
        return
    usage = answer.close()
    yield (chunk(answer, [], usage=_usage(usage)) if answer.usage_wanted else b"") + DONE


async def _after(first: Piece, rest: AsyncGenerator[Piece, None]) -> AsyncGenerator[Piece, None]:
    yield first
    async for piece in rest:
        yield piece


class Events(StreamingResponse):
    """A stream that gives its slots back at once, however it ends."""

    def __init__(self, content: AsyncGenerator[bytes, None], rest: Any) -> None:
        super().__init__(content, media_type="text/event-stream", headers=EVENTS)
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # not the library's own loop: it cancels again and again, and cuts our goodbye to the engine short
        try:
            await unless_gone(receive, self.stream_response(send))
        finally:
            await self._rest.aclose()


async def unless_gone(receive: Receive, work: Awaitable[Value]) -> Value | None:
    """The work's value; None when the client left before, and the work was stopped."""
    task = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_leaving(receive))
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        leaving.cancel()
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _leaving(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def respond(state: State, asked: ChatRequest, caller: Caller, request: Request) -> Response:
    """Answer a chat request. Raises Refusal."""
    try:
        made = await asking.job(state, asked, caller)
        answer = Answer(state, made, bool(asked.stream_options and asked.stream_options.include_usage))
        rest = answers.pieces(answer.job)
        if asked.stream:
            first = await unless_gone(request.receive, anext(rest))
            if first is None:
                await rest.aclose()
                return Response(status_code=499)
            return Events(events(answer, first, rest), rest)
        found = await unless_gone(request.receive, _all(answer, rest))
    except (Trouble, Full, ValueError) as error:
        raise refusal(error) from None
    return Response(status_code=499) if found is None else JSONResponse(found)


async def _all(answer: Answer, rest: AsyncGenerator[Piece, None]) -> dict[str, Any]:
    async with contextlib.aclosing(rest) as parts:
        async for piece in parts:
            answer.take(piece)
    return whole(answer, answer.close())
