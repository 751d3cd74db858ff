"""The bot's replies that wait for the owner, over the API: listed, and decided. The running bot acts on it."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from fastapi import Path as InPath
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from chatstylebot.errors import UserError
from chatstylebot.feedback import drafts
from chatstylebot.serving.keys import Caller
from chatstylebot.serving.refusals import Refusal, not_stored
from chatstylebot.serving.responses import ALWAYS, failures
from chatstylebot.serving.schema import Lenient, Text

Who = Callable[[Request], Awaitable[Caller]]
DraftId = Annotated[str, InPath(pattern=r"^[a-z]{1,32}-[0-9]{1,18}$", description="As the list tells it.")]


class Waiting(BaseModel):
    """A reply that waits: what was heard from `name` on a channel, and what the clone would say."""

    id: str
    channel: str
    name: str
    heard: str
    proposed: str
    at: datetime


class WaitingList(BaseModel):
    """The drafts that nobody has decided about, the oldest first."""

    object: Literal["list"] = "list"
    data: list[Waiting]


class Word(Lenient):
    """The owner's word: `send` it, send `text` in its place (`edit`), or `no`."""

    choice: drafts.Choice
    text: Text | None = None


class Decided(BaseModel):
    """What was decided; the bot does it as soon as it runs."""

    id: str
    choice: drafts.Choice


def add(found: APIRouter, path: Path | None, who: Who) -> None:
    """The two routes; `path` is where the workspace keeps its drafts."""

    @found.get("/v1/drafts", responses=failures(401, 403, 429, 503))
    async def waiting(caller: Caller = Depends(who)) -> WaitingList:
        """The bot's replies that wait for the owner's word. Needs the owner's key."""
        _owner(caller)
        rows = await run_in_threadpool(_waiting, path)
        return WaitingList(data=[Waiting.model_validate(row, from_attributes=True) for row in rows])

    @found.post("/v1/drafts/{id}", responses={**ALWAYS, **failures(404, 503)})
    async def decide(id: DraftId, word: Word, caller: Caller = Depends(who)) -> Decided:
        """Decide about one of them; each of the three answers is feedback. Needs the owner's key."""
        _owner(caller)
        if not await run_in_threadpool(_decide, path, id, word):
            raise Refusal(404, "unknown_draft", "no such draft waits: it is decided, or no longer fits")
        return Decided(id=id, choice=word.choice)


def _owner(caller: Caller) -> None:
    if not caller.owner:
        raise Refusal(403, "owner_only", "only the owner's key may see and decide drafts")


def _waiting(path: Path | None) -> list[drafts.Draft]:
    if path is None or not path.is_file():  # looking makes no file
        return []
    with _told(), drafts.Drafts.open(path) as kept:
        return kept.waiting()


def _decide(path: Path | None, id: str, word: Word) -> bool:
    if (word.choice == "edit") != bool((word.text or "").strip()):
        raise Refusal(400, "invalid_request", "edit needs the text that is to be sent, and nothing else takes one")
    if path is None or not path.is_file():
        return False
    with _told(), drafts.Drafts.open(path) as kept:
        try:
            return kept.decide(id, word.choice, word.text or "")
        except ValueError as error:
            raise Refusal(400, "invalid_request", str(error)) from None


@contextmanager
def _told() -> Iterator[None]:
    """A disk that refuses, as the API says it."""
    try:
        yield
    except UserError as error:
        raise not_stored(error, "the drafts", "the drafts cannot be read or written now") from None
