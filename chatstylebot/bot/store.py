"""The bot's state on the disk: saved before anything is done about it, so that a crash forgets and repeats nothing."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from chatstylebot import database
from chatstylebot.bot.channels import OWN_ACCOUNT
from chatstylebot.bot.heard import Chat
from chatstylebot.bot.talk import House, State, Talk
from chatstylebot.workspace import Workspace

TABLES = """
create table talks (chat text primary key, body blob not null);
create table house (id integer primary key check (id = 0), body blob not null);
create table counts (day text not null, what text not null, number integer not null, primary key (day, what));
"""


# what the bot has said, as hashes: an export of the account it spoke from holds it as the person's own words
SAID = "create table if not exists said (hash text not null, at integer not null)"
NEAR = 20  # seconds between what a platform and what we hold for the time of a message
ZONES, STEP = 26 * 3600, 900  # an export may have local times of any zone: they differ by quarters of an hour


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

    def save(
        self, before: State, after: State, at: datetime | None = None, counted: Iterable[str] = (),
        sending: Iterable[str] = (),
    ) -> None:  # fmt: skip
        """Write what has changed, what is counted now, and what will be sent; when this returns, it is on the disk."""
        changed = [talk for chat, talk in after.talks.items() if before.talks.get(chat) is not talk]
        counted, sending = list(counted), list(sending)
        if not changed and after.house is before.house and not counted and not sending:
            return
        now = at or datetime.now(UTC)
        with self._transaction() as run:
            for talk in changed:
                run("insert or replace into talks values (?, ?)", (_key(talk.chat), msgspec.json.encode(talk)))
            if after.house is not before.house:
                run("insert or replace into house values (0, ?)", (msgspec.json.encode(after.house),))
            for what in counted:
                line = "insert into counts values (?, ?, 1) on conflict do update set number = number + 1"
                run(line, (now.date().isoformat(), what))
            if sending:
                run(SAID)
            for text in sending:
                run("insert into said values (?, ?)", (_hash(text), int(now.timestamp())))

    def said(self) -> list[tuple[str, int]]:
        """The hashes of what the bot has said, and when: seconds since 1970."""
        with self._transaction() as run:
            run(SAID)
            return list(run("select hash, at from said").fetchall())

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


def said_by_bots(workspace: Path) -> Callable[[Sequence[tuple[str, int]]], list[bool]] | None:
    """Tells of texts and their times (milliseconds since 1970) which of them a bot has said from the person's own
    account; None where none has said anything.

    A text that the person has typed as well counts by its time. Is an export off by a zone, all of it is: a shift
    counts that explains twice as much as any other, which chance does not.
    """
    known: dict[str, list[int]] = {}
    for name in OWN_ACCOUNT:
        if (file := path(workspace, name)).is_file():
            with Store.open(file) as store:
                for hash, at in store.said():
                    known.setdefault(hash, []).append(at)

    def of(rows: Sequence[tuple[str, int]]) -> list[bool]:
        shifts = [_shifts(at // 1000, known.get(_hash(text), ())) for text, at in rows]
        counted = Counter(shift for found in shifts for shift in found)
        (best, most), (_, next_) = [*counted.most_common(2), (0, 0), (0, 0)][:2]
        zone = {0, best} if most > 2 * next_ else {0}
        return [bool(found & zone) for found in shifts]

    return of if known else None


def _shifts(at: int, said: Iterable[int]) -> set[int]:
    """By how many quarters of an hour a message is off from something that a bot has said in the same words."""
    near = [at - then for then in said if abs(at - then) <= ZONES]
    return {round(off / STEP) for off in near if abs(off - round(off / STEP) * STEP) <= NEAR}


def _hash(text: str) -> str:
    return hashlib.blake2b(" ".join(text.split()).encode("utf-8", "replace"), digest_size=12).hexdigest()


def _key(chat: Chat) -> str:
    return "\x1f".join((chat.channel, chat.account, chat.id))
