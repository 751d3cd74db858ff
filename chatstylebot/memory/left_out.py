"""What was taken out of the memory and must not come back with the next index: salted hashes, never the words.

It holds under other settings, too: an id counts as it is and as `hide_names` writes it, a message by its chat and time,
as its text may be redacted otherwise; a passage by its words, whatever the people in it are called.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import polars as pl

from chatstylebot.errors import UserError
from chatstylebot.memory.passages import Passage

Alias = Callable[[str], str]  # an id → what stands for it where names are hidden


@dataclass(frozen=True)
class LeftOut:
    """Hashes of people (ids of chats and senders), of messages, of passages; `before`: all that was said until then
    (milliseconds since 1970)."""

    salt: str
    alias: Alias = field(default=lambda id: id, compare=False)
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
        return replace(self, people=self.people | {hash for id in ids for hash in self._both(id)})

    def with_messages(self, messages: Iterable[tuple[str, int]]) -> Self:
        """The same without these messages, and what was said there in the same moment: chat, time in milliseconds."""
        return replace(self, messages=self.messages | {hash for chat, at in messages for hash in self._both(chat, at)})

    def with_passages(self, passages: Iterable[Passage]) -> Self:
        """The same without these passages."""
        return replace(self, passages=self.passages | {self.hash(one.words) for one in passages})

    def holds(self, passage: Passage) -> bool:
        """Whether this passage was taken out."""
        return self.hash(passage.words) in self.passages

    def _both(self, id: str, *more: object) -> set[str]:
        return {self.hash(id, *more), self.hash(self.alias(id), *more)}

    def with_before(self, at: int) -> Self:
        """The same without anything older."""
        return replace(self, before=max(at, self.before or at))

    def kept(self, messages: pl.DataFrame) -> pl.DataFrame:
        """The messages that may be indexed."""
        if self.before is not None:
            messages = messages.filter(pl.col("sent_at").dt.epoch("ms") >= self.before)
        if self.people:
            chats, senders = (
                [id for id in messages[name].drop_nulls().unique() if self._both(id) & self.people]
                for name in ("chat_id", "sender_id")
            )
            theirs = pl.col("sender_id").is_in(senders).fill_null(False) & ~pl.col("from_me").fill_null(False)
            messages = messages.filter(~(pl.col("chat_id").is_in(chats) | theirs))
        if self.messages:
            rows = messages.select("chat_id", pl.col("sent_at").dt.epoch("ms")).iter_rows()
            out = [bool(self._both(*row) & self.messages) for row in rows]
            messages = messages.filter(~pl.Series(out, dtype=pl.Boolean))
        return messages

    def packed(self) -> dict[str, Any]:
        """As it stands in the file."""
        hashes = {name: sorted(getattr(self, name)) for name in ("people", "messages", "passages")}
        return {"salt": self.salt, **hashes, "before": self.before}


def load(path: Path, alias: Alias = lambda id: id) -> LeftOut:
    """What that file says. Raises UserError where it is damaged: nothing comes back by that."""
    if not path.is_file():
        return LeftOut(secrets.token_hex(16), alias)
    try:
        told = json.loads(path.read_text("utf-8"))
        hashes = {name: frozenset(map(str, told[name])) for name in ("people", "messages", "passages")}
        before = None if told["before"] is None else int(told["before"])
        return LeftOut(bytes.fromhex(told["salt"]).hex(), alias, **hashes, before=before)
    except (KeyError, TypeError, ValueError, OSError):
        raise UserError(
            f"{path} is damaged: what was taken out of the memory cannot be told",
            "bring it back from a backup; without the file all of it is indexed again",
        ) from None
