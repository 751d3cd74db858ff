"""The keeper of recorded feedback: one SQLite file, into which gateway and bot write at once.

A vote is on the disk before `add` returns. `kill -9` at any moment loses none that was acknowledged (FBK-4).
"""

import json
from collections.abc import Collection, Iterator
from pathlib import Path

from chatstylebot import database
from chatstylebot.feedback import records
from chatstylebot.feedback.records import Record
from chatstylebot.workspace import Workspace

PAGE = 500  # records that are read at a time
TABLES = """
create table records (
  number integer primary key,
  id text not null unique,
  at text not null,
  body text not null
);
create index records_at on records (at, number);
"""
INSERT = "insert into records (id, at, body) values (?, ?, ?) on conflict (id) do nothing"
LATER = {"at": "", "adapter": ""}  # what may differ when a vote arrives again


class Conflict(Exception):
    """Another record of the same id is stored."""


def path(workspace: Path) -> Path:
    """Where a workspace keeps its feedback."""
    return Workspace(workspace).feedback


class Store(database.Keeper):
    """The recorded feedback of one workspace."""

    TABLES = TABLES

    def add(self, record: Record) -> bool:
        """Store a record; True: it is on the disk, False: it was there already. Raises Conflict, UserError.

        The same vote sent again arrives at another time, perhaps at a server that was started anew and no longer knows
        which adapter answered: only `at` and `adapter` may differ. The first record stays.
        """
        row = id, _, body = _row(record)
        with self._transaction() as run:
            if run(INSERT, row).rowcount:
                return True
            [(before,)] = run("select body from records where id = ?", (id,)).fetchall()
        if json.loads(before) | LATER != json.loads(body) | LATER:
            raise Conflict(f"another record with the id {id} is stored")
        return False

    def swap(self, new: Collection[Record], gone: Collection[str]) -> int:
        """Store records in the place of others, all or nothing; how many of them were not there. Raises UserError."""
        rows = [_row(record) for record in new]
        with self._transaction() as run:
            for id in gone:
                run("delete from records where id = ?", (id,))
            return sum(int(run(INSERT, row).rowcount) for row in rows)

    def records(self) -> Iterator[Record]:
        """Every record, the oldest first; what is added meanwhile may or may not be among them."""
        last: tuple[str, int] = ("", 0)
        while True:
            line = "select at, number, body from records where (at, number) > (?, ?) order by at, number limit ?"
            rows = self._run(line, *last, PAGE).fetchall()
            for at, number, body in rows:
                last = (at, number)
                yield _record(self._file, number, body)
            if len(rows) < PAGE:
                return

    def count(self) -> int:
        """How many records are stored."""
        [(number,)] = self._run("select count(*) from records").fetchall()
        return int(number)

    def forget(self, ids: Collection[str]) -> int:
        """Take records out so that no byte of them is left in any page; how many there were. Raises UserError."""
        with self._erasing(), self._transaction() as run:
            return sum(int(run("delete from records where id = ?", (key,)).rowcount) for key in ids)


def _row(record: Record) -> tuple[str, str, str]:
    """A record as the table holds it: id, time, and the whole as JSON."""
    value = records.to_json(record)
    return record.id, value["at"], json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _record(file: Path, number: int, body: str) -> Record:
    try:
        return records.from_json(json.loads(body))
    except ValueError as error:
        raise database.damaged(file, f"record {number}: {error}") from None
