"""A gateway that says what the test told it to: the page's whole contract, over real HTTP, on loopback.

    python tests/chat_double.py [PORT]     to look at the page by hand

A scene is what one chat request gets: `Say` streams texts piece by piece, `Refuse` is an error before the stream.
"""

import asyncio
import json
import socket
import sys
import threading
import uuid
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import uvicorn
from fastapi import FastAPI, Header, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel

from chatstylebot.serving import page

Json = dict[str, Any]


class Gate:
    """A place in a stream where it waits until the test says go."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()


Piece = str | Gate


@dataclass(frozen=True)
class Say:
    """Candidates as lists of pieces, told in turns; `ending` is what comes after the last piece."""

    candidates: Sequence[Sequence[Piece]]
    ending: Literal["done", "error", "cut"] = "done"


@dataclass(frozen=True)
class Refuse:
    """An error instead of an answer."""

    status: int
    message: str = "no"
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> JSONResponse:
        error = {"message": self.message, "type": "error", "code": self.status}
        return JSONResponse({"error": error}, self.status, self.headers)


def say(*texts: str | Sequence[Piece], ending: Literal["done", "error", "cut"] = "done") -> Say:
    """One candidate per argument; a plain text comes in pieces of three characters."""
    split = [[text[n : n + 3] for n in range(0, len(text), 3)] if isinstance(text, str) else text for text in texts]
    return Say(split, ending)


class Vote(BaseModel):
    """The body of /v1/feedback; anything else is 422."""

    model_config = {"extra": "forbid"}
    id: uuid.UUID
    completion: str
    verdict: Literal["chosen", "rejected", "edited", "good", "bad"]
    index: int
    text: str | None = None
    source: Literal["page"]
    messages: list[dict[str, str]]
    candidates: list[str]
    contact: str | None = None


CARD: Json = {
    "name": "小满", "language": "zh", "separator": "\n", "model": "xiaoman",
    "models": [{"id": "xiaoman", "kind": "clone"}], "owner": False, "votes": True, "contacts": [],
}  # fmt: skip


class Double:
    """What it will say, and what it has heard."""

    def __init__(self) -> None:
        self.app = FastAPI()
        page.mount(self.app)
        self.app.get("/v1/card", response_model=None)(self.get_card)
        self.app.post("/v1/chat/completions", response_model=None)(self.complete)
        self.app.post("/v1/feedback", response_model=None)(self.vote)
        self.app.get("/v1/drafts", response_model=None)(self.get_drafts)
        self.app.post("/v1/links/open", response_model=None)(self.open)
        self.port = 0
        self.reset()

    def reset(self, scenes: Sequence[Say | Refuse] = (), keys: Sequence[str] = (), **card: Any) -> None:
        """Forget everything, and play these scenes next."""
        self.card, self.keys = CARD | card, set(keys)
        self.waiting: list[Json] = []  # drafts of the bot
        self.links: dict[str, str] = {}  # what a link's word is traded for
        self.scenes: deque[Say | Refuse] = deque(scenes)
        self.refusals: deque[Refuse] = deque()  # of votes
        self.asked: list[Json] = []
        self.votes: list[Json] = []  # stored, in order
        self.tries: list[str] = []  # ids of every vote that arrived
        self.closed = 0  # streams that the page closed
        self.forget_to_answer = False  # store the next vote, and lose the connection

    def stranger(self, authorization: str | None) -> JSONResponse | None:
        if self.keys and (authorization or "").removeprefix("Bearer ") not in self.keys:
            return Refuse(401, "wrong key").response()
        return None

    async def get_card(self, authorization: Annotated[str | None, Header()] = None) -> Json | JSONResponse:
        return self.stranger(authorization) or self.card

    async def open(self, body: Json) -> Json | JSONResponse:
        key = self.links.pop(body["once"], None)
        return {"key": key} if key else Refuse(410, "used").response()

    async def get_drafts(self) -> Json:
        return {"object": "list", "data": self.waiting}

    async def complete(
        self, request: Request, body: Json, authorization: Annotated[str | None, Header()] = None
    ) -> StreamingResponse | JSONResponse:
        if refusal := self.stranger(authorization):
            return refusal
        self.asked.append(body)
        scene = self.scenes.popleft() if self.scenes else say(*["嗯嗯\n知道啦"] * body.get("n", 1))
        if isinstance(scene, Refuse):
            return scene.response()
        return StreamingResponse(self.stream(scene, body["model"]), media_type="text/event-stream")

    async def stream(self, scene: Say, model: str) -> AsyncIterator[str]:
        head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": "chat.completion.chunk", "created": 0, "model": model}
        try:
            async for choice in choices(scene):
                yield data(head | {"choices": [choice]})
        except asyncio.CancelledError:
            self.closed += 1
            raise
        if scene.ending == "cut":
            raise ConnectionResetError
        if scene.ending == "error":
            yield data({"error": {"message": "the engine ended", "type": "engine", "code": "engine_gone"}})
        else:
            yield data(
                head | {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}}
            )
        yield "data: [DONE]\n\n"

    async def vote(self, vote: Vote, authorization: Annotated[str | None, Header()] = None) -> Response:
        self.tries.append(str(vote.id))
        if refusal := self.stranger(authorization):
            return refusal
        if self.refusals:
            return self.refusals.popleft().response()
        body = vote.model_dump(mode="json", exclude_none=True)
        there = next((old for old in self.votes if old["id"] == body["id"]), None)
        if there and there != body:
            return Refuse(409, "another vote has this id").response()
        if not there:
            self.votes.append(body)
        if self.forget_to_answer:
            self.forget_to_answer = False
            return StreamingResponse(lost(), 201)
        return JSONResponse({"id": body["id"], "stored": True}, 200 if there else 201)

    def start(self) -> None:
        """Listen; again on the same port after `stop`."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self.app, log_level="critical", lifespan="off", ws="none", timeout_graceful_shutdown=1, access_log=False
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, args=([listener],))
        self.listener = listener
        self.thread.start()

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join()
        self.listener.close()


async def lost() -> AsyncIterator[str]:
    """An answer whose connection breaks."""
    yield "{"
    raise ConnectionResetError


def data(chunk: Json) -> str:
    return f"data: {json.dumps(chunk)}\n\n"


async def choices(scene: Say) -> AsyncIterator[Json]:
    """The `choices` entries of a stream: roles first, then the candidates' pieces in turns, then the ends."""
    count = len(scene.candidates)
    for index in range(count):
        yield {"index": index, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}
    for n in range(max(map(len, scene.candidates), default=0)):
        for index, pieces in enumerate(scene.candidates):
            if n >= len(pieces):
                continue
            piece = pieces[n]
            if isinstance(piece, Gate):
                piece.reached.set()
                while not piece.opened.is_set():
                    await asyncio.sleep(0.01)
            else:
                yield {"index": index, "delta": {"content": piece}, "finish_reason": None}
    if scene.ending == "done":
        for index in range(count):
            yield {"index": index, "delta": {}, "finish_reason": "stop"}


if __name__ == "__main__":
    double = Double()
    double.port = int(sys.argv[1]) if len(sys.argv) > 1 else 8123
    double.reset(models=[{"id": "xiaoman", "kind": "clone"}, {"id": "qwen3", "kind": "base"}], owner=True,
                 contacts=[{"id": "wxid_1", "name": "林夏", "relation": "朋友"}])  # fmt: skip
    double.start()
    double.thread.join()
