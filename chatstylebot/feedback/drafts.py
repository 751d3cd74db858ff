"""Replies that wait for the owner: the bot puts them here, the chat page or the terminal decides, the bot reads it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from chatstylebot import database
from chatstylebot.workspace import Workspace

TABLES = """
create table drafts (
  id text primary key,
  channel text not null,
  number integer not null,
  name text not null,
  heard text not null,
  proposed text not null,
  at text not null,
  choice text,
  text text
);
"""
Choice = Literal["send", "edit", "no"]
LONGEST = 32_000  # characters of an edit


@dataclass(frozen=True, slots=True)
class Draft:
    """A reply that the owner decides about: what was heard from `name` on a channel, and what the clone would say."""

    id: str
    channel: str
    number: int
    name: str
    heard: str
    proposed: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Decided:
    """The owner's word on a draft; `text` is what to say instead, for `edit`."""

    number: int
    choice: Choice
    text: str


def path(workspace: Path) -> Path:
    """Where a workspace keeps its drafts."""
    return Workspace(workspace).drafts


class Drafts(database.Keeper):
    """The drafts of one workspace."""

    TABLES = TABLES

    def put(self, draft: Draft) -> None:
        """A draft waits; put again it is the same draft, with what was decided about it."""
        self._run(
            "insert into drafts values (?, ?, ?, ?, ?, ?, ?, null, null) on conflict (id) do nothing",
            draft.id, draft.channel, draft.number, draft.name, draft.heard, draft.proposed, draft.at.isoformat(),
        )  # fmt: skip

    def keep(self, channel: str, numbers: set[int]) -> None:
        """Take away the drafts of a channel but these: the others are settled, or no longer fit."""
        there = self._run("select id, number from drafts where channel = ?", channel).fetchall()
        for id, number in there:
            if number not in numbers:
                self._run("delete from drafts where id = ?", id)

    def waiting(self) -> list[Draft]:
        """The drafts that nobody has decided about, the oldest first."""
        return self._found("where choice is null")

    def everything(self) -> list[Draft]:
        """The drafts that the bot has not yet taken away, decided or not."""
        return self._found("")

    def _found(self, which: str) -> list[Draft]:
        line = f"select id, channel, number, name, heard, proposed, at from drafts {which} order by at"
        return [
            Draft(id, channel, number, name, heard, proposed, datetime.fromisoformat(at).astimezone(UTC))
            for id, channel, number, name, heard, proposed, at in self._run(line).fetchall()
        ]

    def decide(self, id: str, choice: Choice, text: str = "") -> bool:
        """The owner's word; False where the draft is gone, or decided. Raises ValueError for an edit without words."""
        if (choice == "edit") != bool(text.strip()) or len(text) > LONGEST:
            raise ValueError(f"edit needs the text that is to be sent, of at most {LONGEST:,} characters")
        line = "update drafts set choice = ?, text = ? where id = ? and choice is null"
        return bool(self._run(line, choice, text, id).rowcount)

    def decided(self, channel: str) -> list[Decided]:
        """What was decided about the drafts of a channel, until `keep` takes them away."""
        rows = self._run(
            "select number, choice, text from drafts where channel = ? and choice is not null order by at", channel
        ).fetchall()
        return [Decided(*row) for row in rows]

    def forget(self, ids: Collection[str]) -> int:
        """Take drafts out so that no byte of them is left in the file; how many there were. Raises UserError."""
        with self._erasing():
            return sum(int(self._run("delete from drafts where id = ?", id).rowcount) for id in ids)
