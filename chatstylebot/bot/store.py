"""The bot's state on the disk: saved before anything is done about it, so that a crash forgets and repeats nothing."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from chatstylebot.bot.heard import Chat
from chatstylebot.bot.talk import House, State, Talk
from chatstylebot.feedback import database
from chatstylebot.workspace import Workspace

TABLES = """
create table talks (chat text primary key, body blob not null);
create table house (id integer primary key check (id = 0), body blob not null);
create table counts (day text not null, what text not null, number integer not null, primary key (day, what));
"""


def folder(workspace: Path) -> Path:
    """Where the bot keeps its things."""
    return Workspace(workspace).bot


def path(workspace: Path, channel: str) -> Path:
    """Where one channel's state is."""
    return folder(workspace) / f"{channel}.sqlite"


class Store(database.Keeper):
    """The state of one channel's bot."""

    TABLES = TABLES

    def load(self) -> State:
        """What was saved last. Raises UserError where it cannot be read."""
        rows = self._run("select body from talks").fetchall()
        house = self._run("select body from house").fetchall()
        try:
            talks = [msgspec.json.decode(body, type=Talk) for (body,) in rows]
            whole = msgspec.json.decode(house[0][0], type=House) if house else House()
        except msgspec.DecodeError as error:
            raise database.damaged(self._file, str(error)) from None
        return State(whole, {talk.chat: talk for talk in talks})

    def save(self, before: State, after: State, day: str = "", counted: Iterable[str] = ()) -> None:
        """Write what has changed; when this returns, it is on the disk."""
        changed = [talk for chat, talk in after.talks.items() if before.talks.get(chat) is not talk]
        counted = list(counted)
        if not changed and after.house is before.house and not counted:
            return
        with self._transaction() as run:
            for talk in changed:
                run("insert or replace into talks values (?, ?)", (_key(talk.chat), msgspec.json.encode(talk)))
            if after.house is not before.house:
                run("insert or replace into house values (0, ?)", (msgspec.json.encode(after.house),))
            for what in counted:
                line = "insert into counts values (?, ?, 1) on conflict do update set number = number + 1"
                run(line, (day, what))

    def counts(self, since: datetime) -> Mapping[str, int]:
        """How often each thing happened, from that day on."""
        line = "select what, sum(number) from counts where day >= ? group by what"
        return dict(self._run(line, since.date().isoformat()).fetchall())

    def forget(self, before: State, after: State) -> None:
        """Have `after` in the place of `before`, so that no byte of what went is left in the file. Raises UserError."""
        with self._erasing():
            self.save(before, after)
            for chat in before.talks.keys() - after.talks.keys():
                self._run("delete from talks where chat = ?", _key(chat))


def _key(chat: Chat) -> str:
    return "\x1f".join((chat.channel, chat.account, chat.id))
