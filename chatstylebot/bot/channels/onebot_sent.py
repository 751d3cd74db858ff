"""What we sent: which messages are ours, and which texts are on their way with nobody knowing whether they arrived.

On the disk before a text goes out, so that one that a crash interrupted is looked for before it is sent again.
"""

import hashlib
import re
import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chatstylebot.bot.heard import Chat
from chatstylebot.errors import UserError

KEPT = 2_000  # of our messages, that are remembered
DAY = 86_400.0
NEAR = 600.0  # seconds around a try in which a message with its text is that try
TABLES = """
CREATE TABLE IF NOT EXISTS ours (number INTEGER PRIMARY KEY, account TEXT, message TEXT, UNIQUE (account, message));
CREATE TABLE IF NOT EXISTS tries (id TEXT PRIMARY KEY, mark TEXT, since REAL, arrived INTEGER);
CREATE INDEX IF NOT EXISTS marks ON tries (mark);
CREATE TABLE IF NOT EXISTS seen (account TEXT PRIMARY KEY, until REAL);
"""


@dataclass(frozen=True, slots=True)
class Try:
    """An earlier try: when it began (unix time), and whether it is known to have arrived."""

    since: float
    arrived: bool


def mark(chat: Chat, text: str) -> str:
    """What tells a text in a chat from others, without its words; clients differ in white space."""
    said = re.sub(r"\s+", " ", text).strip()
    return hashlib.sha256(f"{chat.account}\n{chat.id}\n{said}".encode("utf-8", "surrogatepass")).hexdigest()[:24]


class Sent:
    """The record, in one private file, opened when it is needed."""

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self._path, self._now = path, now
        self._open: sqlite3.Connection | None = None

    def _do(self, statement: str, *values: Any) -> sqlite3.Cursor:
        try:
            if self._open is None:
                self._path.touch(0o600)
                # WAL without a sync for each row outlives a killed process, not a power cut; each row is its own
                # transaction
                self._open = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
                self._open.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + TABLES)
            return self._open.execute(statement, values)
        except (sqlite3.Error, OSError) as error:
            raise UserError(f"cannot keep what was sent in {self._path}: {error}", "make room, or delete it") from None

    def close(self) -> None:
        """Let go of the file."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _clock(self) -> float:
        return self._now().timestamp()

    def begun(self, id: str) -> Try | None:
        """The earlier try of a text, None when there was none, or it is known how it ended."""
        row = self._do("SELECT since, arrived FROM tries WHERE id = ?", id).fetchone()
        return Try(row[0], bool(row[1])) if row else None

    def begin(self, id: str, chat: Chat, text: str) -> None:
        """A text is about to be sent."""
        self._do("DELETE FROM tries WHERE since < ?", self._clock() - DAY)
        self._do("INSERT OR IGNORE INTO tries VALUES (?, ?, ?, 0)", id, mark(chat, text), self._clock())

    def end(self, id: str, chat: Chat, message: str = "") -> None:
        """It is known how a try ended; `message` is the id of the message, when it arrived."""
        if message:  # first: between the two, a crash may only make us look once more
            self._own(chat, message)
        self._do("DELETE FROM tries WHERE id = ?", id)

    def keep(self, ids: Collection[str]) -> None:
        """Forget every try but these, so that no byte of the others is left."""
        rows = self._do("SELECT id FROM tries").fetchall()
        self._do("PRAGMA secure_delete = ON")
        for (id,) in rows:
            if id not in ids:
                self._do("DELETE FROM tries WHERE id = ?", id)
        self._do("VACUUM")
        self._do("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _own(self, chat: Chat, message: str) -> None:
        self._do("INSERT OR IGNORE INTO ours (account, message) VALUES (?, ?)", chat.account, message)
        self._do("DELETE FROM ours WHERE number <= (SELECT max(number) FROM ours) - ?", KEPT)

    def ours(self, chat: Chat, message: str, text: str, at: datetime) -> bool:
        """Whether we sent this message; a try whose end nobody knew has then arrived."""
        if self.known(chat, message):
            return True
        find = "SELECT id FROM tries WHERE mark = ? AND NOT arrived AND abs(since - ?) < ? ORDER BY since LIMIT 1"
        row = self._do(find, mark(chat, text), at.timestamp(), NEAR).fetchone()
        if row:
            self._own(chat, message)
            self._do("UPDATE tries SET arrived = 1 WHERE id = ?", row[0])
        return row is not None

    def known(self, chat: Chat, message: str) -> bool:
        """Whether a message is one of ours for certain."""
        row = self._do("SELECT 1 FROM ours WHERE account = ? AND message = ?", chat.account, message).fetchone()
        return row is not None

    def seen(self, account: str) -> float | None:
        """Until when (unix time) an account was listened to, None when it never was."""
        row = self._do("SELECT until FROM seen WHERE account = ?", account).fetchone()
        return float(row[0]) if row else None

    def see(self, account: str, step: float) -> None:
        """An account is being listened to; written down every `step` seconds."""
        if self._clock() - (self.seen(account) or 0) >= step:
            self._do("INSERT OR REPLACE INTO seen VALUES (?, ?)", account, self._clock())


def keep(path: Path, ids: Collection[str]) -> None:
    """Forget every try but these in the record at `path`, if there is one. Raises UserError."""
    if path.is_file():
        sent = Sent(path, lambda: datetime.now(UTC))
        sent.keep(ids)
        sent.close()
