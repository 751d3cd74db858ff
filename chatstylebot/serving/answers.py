"""One request's answers: slots, n answers side by side, stop strings, the output guard, deadlines, cancellation."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from chatstylebot.client import Client, Trouble
from chatstylebot.models import special
from chatstylebot.models.special import Rule
from chatstylebot.serving import engines
from chatstylebot.serving.engines import Wish
from chatstylebot.serving.guard import Guard
from chatstylebot.serving.prompt import FinishReason
from chatstylebot.serving.reply import Stops
from chatstylebot.serving.slots import Slots
from chatstylebot.serving.supervisor import Engine

Usage = tuple[int, int]  # tokens read, tokens written
Upstream = tuple[str, FinishReason | None, Usage | None]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of answer number `index`; its last part has a finish reason, and the usage where the engine tells it."""

    index: int
    text: str = ""
    finish: FinishReason | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """An engine, its queue, a counter of tokens where there is one, and what its model takes for control tokens."""

    engine: Engine
    slots: Slots
    count: Callable[[str], int] | None = None
    rule: Rule = special.ALL


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be answered: `n` times, streamed or whole, within `seconds`."""

    served: Served
    wish: Wish
    n: int
    stream: bool
    seconds: float
    guard: Callable[[], Guard]


async def pieces(job: Job) -> AsyncGenerator[Piece, None]:
    """The parts of all answers as they come. Raises Full, Trouble. To leave early, close it: the engine stops."""
    async with job.served.slots.take(job.n):
        # not wait_for: up to Python 3.11 it loses a cancellation that comes together with a piece
        end = asyncio.get_running_loop().time() + job.seconds
        queue: asyncio.Queue[Piece | BaseException] = asyncio.Queue(256)
        tasks = [asyncio.create_task(_into(queue, _answer(job, index))) for index in range(job.n)]
        try:
            unfinished = job.n
            while unfinished:
                try:
                    async with asyncio.timeout_at(end):
                        found = await queue.get()
                except TimeoutError:
                    raise Trouble("the answer took too long", 504) from None
                if isinstance(found, BaseException):
                    raise found
                unfinished -= found.finish is not None
                yield found
        finally:
            # shielded: cancelled twice, they would leave the engine's connection open, and the engine talking
            for task in tasks:
                task.cancel()
            await asyncio.shield(asyncio.wait(tasks))


async def _into(queue: "asyncio.Queue[Piece | BaseException]", answer: AsyncGenerator[Piece, None]) -> None:
    try:
        async for piece in answer:
            await queue.put(piece)
    except (Trouble, ValueError) as error:
        await queue.put(error)


async def _answer(job: Job, index: int) -> AsyncGenerator[Piece, None]:
    """One answer, in parts; the last has the finish reason."""
    stops, guard = Stops(job.wish.stop), job.guard()
    finish: FinishReason = "stop"
    usage: Usage | None = None
    async with contextlib.aclosing(_lasting(job, index)) as parts:
        async for text, reason, told in parts:
            finish, usage = reason or finish, told or usage
            if out := guard.feed(stops.feed(text)):
                yield Piece(index, out)
            if stops.found:
                finish = "stop"
                break
    yield Piece(index, guard.feed(stops.end()) + guard.end(), finish, usage)


async def _lasting(job: Job, index: int) -> AsyncGenerator[Upstream, None]:
    """What the engine tells; asked once more where it ended before its first word, and is started again."""
    engine, begun = job.served.engine, False
    for last in (False, True):
        client = await engine.ready(job.seconds)
        seed = None if job.wish.seed is None else job.wish.seed + index
        payload = engines.payload(engine.spec, engine.name, replace(job.wish, seed=seed), job.stream)
        try:
            async with contextlib.aclosing(_upstream(client, payload, job)) as parts:
                async for part in parts:
                    begun = True
                    yield part
            return
        except Trouble as error:
            # without a status the connection broke: the engine ended, which its keeper may not have seen yet
            if last or begun or error.status or not await engine.gone(client):
                raise


async def _upstream(client: Client, payload: dict[str, object], job: Job) -> AsyncGenerator[Upstream, None]:
    """Text, finish reason and usage as the engine tells them."""
    if not job.stream:
        # in silence until it is whole: no gap in it tells that something is wrong
        yield _part(await client.complete(payload, job.seconds), "message")
        return
    async with contextlib.aclosing(client.stream(payload)) as chunks:
        async for chunk in chunks:
            yield _part(chunk, "delta")


def _part(found: dict[str, Any], key: Literal["message", "delta"]) -> Upstream:
    """What one object of the engine says. Raises Trouble for what is no text: the engine may be anybody's server."""
    try:
        choice = (found.get("choices") or [{}])[0]
        text = (choice.get(key) or {}).get("content") or ""
        reason, told = choice.get("finish_reason"), found.get("usage") or {}
        numbers = int(told.get("prompt_tokens") or 0), int(told.get("completion_tokens") or 0)
        known = bool(told.get("total_tokens"))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Trouble("the answer has an unknown shape", 502) from None
    if not isinstance(text, str):
        raise Trouble("the answer is no text", 502)
    return text, None if reason is None else "length" if reason == "length" else "stop", numbers if known else None


def usage(
    told: Sequence[Usage | None], wish: Wish, texts: Sequence[str], count: Callable[[str], int] | None
) -> Usage | None:
    """The request's usage: the engine's where it tells (the prompt counts once), else counted, else None."""
    known = [one for one in told if one is not None]
    if len(known) == len(told):
        return known[0][0], sum(written for _, written in known)
    if count is None:
        return None
    return sum(count(message["content"]) for message in wish.messages), sum(map(count, texts))
