"""What was taken out of the memory and must not come back with the next index: salted hashes, never the words."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import polars as pl

from chatstylebot import files
from chatstylebot.errors import UserError


@dataclass(frozen=True)
class LeftOut:
    """Hashes of people (ids of chats and senders), of messages, of passages; `before`: all that was said until then
    (milliseconds since 1970)."""

    salt: str
    people: frozenset[str] = frozenset()
    messages: frozenset[str] = frozenset()
    passages: frozenset[str] = frozenset()
    before: int | None = None

    def hash(self, *parts: object) -> str:
        """What stands in the file for these."""
        text = "\0".join(map(str, parts))
        return hashlib.blake2b(text.encode(), key=bytes.fromhex(self.salt), digest_size=16).hexdigest()

    def with_people(self, ids: Iterable[str]) -> Self:
        """The same without these people's talk."""
        return replace(self, people=self.people | set(map(self.hash, ids)))

    def with_messages(self, messages: Iterable[tuple[str, int, str]]) -> Self:
        """The same without these messages: chat, time in milliseconds, text."""
        return replace(self, messages=self.messages | {self.hash(*message) for message in messages})

    def with_passages(self, ids: Iterable[str]) -> Self:
        """The same without these passages."""
        return replace(self, passages=self.passages | set(map(self.hash, ids)))

    def with_before(self, at: int) -> Self:
        """The same without anything older."""
        return replace(self, before=max(at, self.before or at))

    def kept(self, messages: pl.DataFrame) -> pl.DataFrame:
        """The messages that may be indexed."""
        if self.before is not None:
            messages = messages.filter(pl.col("sent_at").dt.epoch("ms") >= self.before)
        if self.people:
            chats = [id for id in messages["chat_id"].unique() if self.hash(id) in self.people]
            senders = [id for id in messages["sender_id"].drop_nulls().unique() if self.hash(id) in self.people]
            theirs = pl.col("sender_id").is_in(senders).fill_null(False) & ~pl.col("from_me").fill_null(False)
            messages = messages.filter(~(pl.col("chat_id").is_in(chats) | theirs))
        if self.messages:
            rows = messages.select("chat_id", pl.col("sent_at").dt.epoch("ms"), "text").iter_rows()
            messages = messages.filter(
                pl.Series([self.hash(*row) not in self.messages for row in rows], dtype=pl.Boolean)
            )
        return messages

    def packed(self) -> dict[str, Any]:
        """As it stands in the file."""
        hashes = {name: sorted(getattr(self, name)) for name in ("people", "messages", "passages")}
        return {"salt": self.salt, **hashes, "before": self.before}


def load(path: Path) -> LeftOut:
    """What that file says. Raises UserError where it is damaged: nothing comes back by that."""
    if not path.is_file():
        return LeftOut(secrets.token_hex(16))
    told = files.read_json(path)
    try:
        hashes = {name: frozenset(map(str, told[name])) for name in ("people", "messages", "passages")}
        before = None if told["before"] is None else int(told["before"])
        return LeftOut(bytes.fromhex(told["salt"]).hex(), **hashes, before=before)
    except (KeyError, TypeError, ValueError):
        raise UserError(
            f"{path} is damaged: what was taken out of the memory cannot be told",
            "bring it back from a backup; without the file all of it is indexed again",
        ) from None
