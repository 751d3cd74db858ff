"""Who was forgotten, so that a later run leaves them out: salted hashes of ids and names, never these themselves."""

import hashlib
import re
import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import polars as pl

from chatstylebot import files
from chatstylebot.corpus.forget import Person, echoes, theirs
from chatstylebot.errors import UserError
from chatstylebot.workspace import Workspace

Alias = Callable[[str], str]
HEAD = re.compile("[:：]")  # between who is quoted and what they said


@dataclass(frozen=True)
class Entry:
    """One person: hashes of what stands for them; the day; hashes of the files of samples that held them then."""

    keys: frozenset[str]
    on: str
    held: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Forgotten:
    """Everybody who was forgotten in a workspace."""

    salt: str
    people: tuple[Entry, ...] = ()

    def hash(self, text: str) -> str:
        """What stands in the file for an id or a name."""
        return hashlib.blake2b(text.encode(), key=bytes.fromhex(self.salt), digest_size=16).hexdigest()

    def known(self, names: Collection[str]) -> Entry | None:
        """The person whom one of these spellings of an id or a name stands for."""
        hashes = {self.hash(name) for name in names}
        return next((entry for entry in self.people if entry.keys & hashes), None)

    def add(self, keys: Iterable[str], on: str, held: Iterable[str]) -> Self:
        """The same with one more person, or with more that is known of one."""
        hashes = frozenset(map(self.hash, keys))
        same = [entry for entry in self.people if entry.keys & hashes]
        one = Entry(
            hashes.union(*(entry.keys for entry in same)), on, frozenset(held).union(*(entry.held for entry in same))
        )
        return replace(self, people=(*(entry for entry in self.people if entry not in same), one))

    def among(self, ids: pl.Series, alias: Alias) -> list[str]:
        """Which of the ids are theirs, as they are or by what stands for a private one."""
        keys = frozenset[str]().union(*(entry.keys for entry in self.people))
        return [id for id in ids.drop_nulls().unique() if {self.hash(id), self.hash(alias(id))} & keys]

    def packed(self) -> dict[str, Any]:
        """As it stands in the file."""
        rows = [{"on": entry.on, "keys": sorted(entry.keys), "held": sorted(entry.held)} for entry in self.people]
        return {"salt": self.salt, "people": rows}


def load(workspace: Path) -> Forgotten:
    """Who was forgotten in the workspace. Raises UserError where the file is damaged: nobody comes back by that."""
    path = Workspace(workspace).forgotten
    if not path.is_file():
        return Forgotten(secrets.token_hex(16))
    told = files.read_json(path)
    try:
        people = [Entry(frozenset(row["keys"]), row["on"], frozenset(row["held"])) for row in told["people"]]
        return Forgotten(bytes.fromhex(told["salt"]).hex(), tuple(people))
    except (KeyError, TypeError, ValueError):
        raise UserError(
            f"{path} is damaged: who was forgotten cannot be told",
            "bring it back from a backup; without the file everybody is let in again",
        ) from None


def left_out(messages: pl.DataFrame, known: Forgotten, alias: Alias, gap: timedelta) -> pl.DataFrame:
    """The messages without a word of those who were forgotten; `forgotten` says which are to be left out.

    Their chats go whole. Of groups every stretch goes (cut where it was silent for longer than the gap) in which they
    spoke, as `csb forget` takes out its samples; what others quote of them elsewhere goes, too.
    """
    if not known.people:
        return messages.with_columns(pl.lit(False).alias("forgotten"))
    heads = [text for text in messages["quoted"].drop_nulls().unique() if known.known([HEAD.split(text, 1)[0]])]
    named = pl.col("quoted").is_in(heads).fill_null(False)
    messages = messages.with_columns(pl.when(~named).then("quoted").alias("quoted"))
    person = _person(messages, known, alias)
    if person is None:
        return messages.with_columns(pl.lit(False).alias("forgotten"))
    own = messages.select(theirs(person)).to_series()
    quoted = echoes(messages, person)
    table = messages.select("chat_id", "is_group", "sent_at", own.alias("own"), (own | quoted).alias("touched"))
    stretch = (
        table.with_row_index("row")
        .sort("chat_id", "sent_at", maintain_order=True)
        .with_columns(
            ((pl.col("chat_id") != pl.col("chat_id").shift()) | (pl.col("sent_at").diff() > gap))
            .fill_null(True)
            .cum_sum()
            .alias("stretch")
        )
        .with_columns(pl.col("touched").any().over("stretch").alias("near"))
        .sort("row")
    )
    out = stretch.select(pl.col("own") | (pl.col("is_group") & pl.col("near"))).to_series()
    words = [pl.when(pl.lit(own)).then(None).otherwise(pl.col("text")).alias("text")]
    words += [pl.when(pl.lit(own | quoted)).then(None).otherwise(pl.col("quoted")).alias("quoted")]
    return messages.with_columns(*words, out.alias("forgotten"))


def or_else(reason: pl.Expr) -> pl.Expr:
    """Why a message is left out: "forgotten", or else for that reason."""
    return pl.when("forgotten").then(pl.lit("forgotten")).otherwise(reason)


def _person(messages: pl.DataFrame, known: Forgotten, alias: Alias) -> Person | None:
    """All who were forgotten as one; None where nothing of theirs is here.

    A name counts only where it is all that the file knows: two people can be called the same.
    """
    chats = messages.select("chat_id", "chat_name").unique()
    others = messages.filter(~pl.col("from_me").fill_null(False)).select("sender_id", "sender_name").unique()
    ids = set(known.among(chats["chat_id"], alias)), set(known.among(others["sender_id"], alias))
    if not any(ids):
        return None
    names = chats.filter(pl.col("chat_id").is_in(ids[0]))["chat_name"].to_list()
    names += others.filter(pl.col("sender_id").is_in(ids[1]))["sender_name"].to_list()
    return Person(tuple(sorted(ids[0])), tuple(sorted(ids[1])), tuple(sorted(set(names))))
