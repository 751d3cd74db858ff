"""Passages taken out of the memory for good: from the store's file, from a server, and from every later index."""

import contextlib
import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl

from chatstylebot import files
from chatstylebot.card import Card
from chatstylebot.contacts import Contact
from chatstylebot.corpus import forget
from chatstylebot.errors import UserError
from chatstylebot.memory import keeping, left_out, passages, whose
from chatstylebot.memory.index import Shelf
from chatstylebot.memory.store import Store
from chatstylebot.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Wish:
    """One of three: a person, all that is older (milliseconds since 1970), all that matches."""

    contact: str | None = None
    before: int | None = None
    text: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Which passages go, of how many, and what never comes back."""

    numbers: tuple[int, ...]
    total: int
    told: str
    out: left_out.LeftOut


def wish(contact: str | None, before: str | None, text: str | None, zone: str | None) -> Wish:
    """What was asked for. Raises UserError unless it is exactly one thing, and can be read."""
    if sum(one is not None for one in (contact, before, text)) != 1:
        raise UserError("what is to be forgotten?", "one of --contact NAME, --before 2023-01-01, --text REGEX")
    if before is not None:
        try:
            day = datetime.strptime(before, "%Y-%m-%d")
            day = day.replace(tzinfo=ZoneInfo(zone)) if zone else day.astimezone()
            return Wish(before=int(day.timestamp() * 1000))
        except (ValueError, OverflowError):
            raise UserError(f"--before {before}: that is no day", "write it as 2023-01-01") from None
    if text is not None:
        try:
            found = re.compile(text, re.IGNORECASE)
        except (re.error, OverflowError, RecursionError) as error:
            raise UserError(
                f"--text {text}: that is no regular expression: {error}", "put \\ before . ( ) [ ] * + ?"
            ) from None
        if found.search(""):
            raise UserError(f"--text {text} fits an empty text: everything would go", "rm .csb/memory.sqlite does that")
        return Wish(text=found)
    return Wish(contact=contact)


@contextlib.contextmanager
def opened(own: Workspace, card: Card) -> "Iterator[Memory]":
    """The memory to take something out of; nobody indexes or preprocesses meanwhile. Raises UserError."""
    with own.alone(), keeping.alone(own), Store.open(own.memory) as store, keeping.shelf(store, card.memory) as shelf:
        yield Memory(own, store, shelf)


@dataclass(frozen=True, slots=True)
class Memory:
    """A memory that something is taken out of."""

    own: Workspace
    store: Store
    shelf: Shelf | None

    def plan(self, wish: Wish, contacts: Mapping[str, Contact]) -> Plan:
        """What would go; nothing is changed yet. Raises UserError."""
        alias = keeping.alias(self.own)
        out, total = left_out.load(self.own.memory_left_out, alias), self.store.count()
        if wish.contact is not None:
            scope, _ = whose.scope(self.store, contacts, wish.contact, public=False, alias=alias)
            condition, values = scope.sql()
            numbers = self.store.where(condition, *values)
            out = out.with_people([*scope.chats, *scope.speakers])
            return Plan(tuple(numbers), total, f"talk with {wish.contact}", out)
        if wish.before is not None:
            numbers = self.store.where("first < ? and first > 0", wish.before)
            return Plan(tuple(numbers), total, "older talk", out.with_before(wish.before))
        assert wish.text is not None
        found, hits = self._matching(wish.text)
        held = self.store.passages(found).values()
        return Plan(tuple(found), total, "with such a text", out.with_messages(hits).with_passages(held))

    def _matching(self, wanted: re.Pattern[str]) -> tuple[list[int], list[tuple[str, int]]]:
        """The passages and the messages (chat, time) that match; of a passage of which only the whole does, all its
        messages."""
        talk: dict[str, list[tuple[int, bool]]] = {}
        if self.own.messages.is_file():
            table = passages.talk(pl.read_parquet(self.own.messages)).sort("sent_at")
            for chat, at, text in table.select("chat_id", pl.col("sent_at").dt.epoch("ms"), "text").iter_rows():
                hit = wanted.search(text) or wanted.search(" ".join(text.split()))
                talk.setdefault(chat, []).append((at, bool(hit)))
        hits = {(chat, at) for chat, rows in talk.items() for at, hit in rows if hit}
        found = []
        for number, passage in self.store.passages(self.store.where("1")).items():
            rows = talk.get(passage.chat, [])
            begin, end = bisect_left(rows, (passage.first,)), bisect_left(rows, (passage.last + 1,))
            inside = rows[begin:end]
            whole = bool(wanted.search(passage.words))
            if whole or any(hit for _, hit in inside):
                found.append(number)
            if whole and not any(hit for _, hit in inside):
                hits |= {(passage.chat, at) for at, _ in inside}
        return found, sorted(hits)

    def shown(self, plan: Plan, most: int = 10) -> list[str]:
        """The first of what would go, a line each."""
        held = self.store.passages(plan.numbers[:most])
        lines = []
        for one in held.values():
            when = f"{datetime.fromtimestamp(one.first / 1000):%Y-%m-%d %H:%M} with {one.name}: " if one.first else ""
            lines.append(when + one.text.replace("\n", " | ")[:100])
        return lines

    def carry_out(self, plan: Plan) -> None:
        """Take it out. Cut off at any moment, the same again goes on. Raises UserError."""
        # first what keeps it from coming back, then the server, then the words: these are what is looked for
        files.write_json(self.own.memory_left_out, plan.out.packed(), private=True)
        take_out(self.store, self.shelf, plan.numbers)


def take_out(store: Store, shelf: Shelf | None, numbers: Collection[int]) -> None:
    """Take these passages out, so that no byte of them stays. Raises UserError."""
    if shelf is not None and numbers:
        shelf.remove(store.ids_of(list(numbers)))
    store.forget(numbers)


def theirs(own: Workspace, keys: Collection[str], pieces: Sequence[str]) -> tuple[int, ...]:
    """The passages of a person: of their chats, those in which they speak, and those that hold what only they wrote;
    `keys` are their ids and names."""
    if not own.memory.is_file():
        return ()
    with Store.open(own.memory) as store:
        marks = ",".join("?" * len(keys))
        spoke = f"select number from speaking where speaker in ({marks})"
        named = f"chat in ({marks}) or (not grouped and name in ({marks})) or number in ({spoke})"
        found = set(store.where(named, *keys, *keys, *keys))
        rows = list(store.texts())
        # a passage holds a text on one line
        held = forget.holding(
            [text for _, text in rows], [" ".join(piece.split()) for piece in pieces if piece.strip()]
        )
        return tuple(sorted(found | {number for (number, _), there in zip(rows, held, strict=True) if there}))


def without(own: Workspace, card: Card, numbers: Collection[int]) -> None:
    """The memory without these passages; it is told nothing of why. Raises UserError."""
    if not own.memory.is_file():
        return
    with keeping.alone(own), Store.open(own.memory) as store, keeping.shelf(store, card.memory) as there:
        take_out(store, there, numbers)
