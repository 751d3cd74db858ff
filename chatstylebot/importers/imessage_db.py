"""iMessage's own chat.db of a Mac (SQLite).

Format: shared facts, formats.md §4.13. `is_from_me` tells who is me; `date` is nanoseconds (before High Sierra seconds) since
2001-01-01 UTC; since Ventura most texts stand only in `attributedBody`, an archived NSAttributedString.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from chatstylebot import importers
from chatstylebot.errors import UserError
from chatstylebot.importers import typedstream
from chatstylebot.importers.rows import ODD, Chat, Rows, number, words

PLATFORM, CHINESE, SUFFIXES = "imessage", False, (".db", ".sqlite")
APPLE = 978_307_200  # 2001-01-01 in unix seconds
TABLES = {"message", "handle", "chat", "chat_message_join"}
KIND_OF = {"image": "image", "video": "video", "audio": "voice"}
COLUMNS = (
    "text", "attributedBody", "handle_id", "is_from_me", "date", "associated_message_type", "item_type",
    "cache_has_attachments", "thread_originator_guid", "date_retracted", "guid", "mime",
)  # fmt: skip
GROUP = 43  # chat.style


def detect(head: importers.Head) -> bool:
    """Whether it is a database with the tables of Messages."""
    if not head.data.startswith(b"SQLite format 3\0"):
        return False
    try:
        with closing(_open(head.path)) as base:
            return {row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")} >= TABLES
    except (sqlite3.Error, UnicodeDecodeError):
        return False


def _open(path: Path) -> sqlite3.Connection:
    # read only; what Messages has not yet written back lies in chat.db-wal, which needs a lock to be read
    mode = "mode=ro" if path.with_name(path.name + "-wal").exists() else "mode=ro&immutable=1"
    base = sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True)
    base.text_factory = lambda data: data.decode("utf-8", "replace")
    return base


def read(path: Path, zone: str) -> importers.Export:
    """All messages of the database. Raises UserError when it is damaged or another."""
    rows = Rows(path.name)
    unread: list[str] = []
    try:
        with closing(_open(path)) as base:
            handles = {key: words(name) or str(key) for key, name in base.execute("SELECT ROWID, id FROM handle")}
            for row in _messages(base):
                try:
                    _add(rows, row, handles, unread)
                except ODD as error:
                    rows.lose(row["row"] if isinstance(row["row"], int) else 0, error)
    except sqlite3.Error as error:
        raise UserError(
            f"{path} cannot be read as Messages' chat.db: {error}",
            "close Messages, copy chat.db (with chat.db-wal) again and give the copy",
        ) from None
    notes = []
    if unread:
        notes.append(
            f"{path.name}: the archived text of {len(unread):,} message{'s' * (len(unread) != 1)} cannot be read "
            f"(the first: message {unread[0]}): without words"
        )
    return importers.Export(rows.table(zone), frozenset({"me"}), rows.damaged, notes)


def _messages(base: sqlite3.Connection) -> Any:
    """The messages with their chats, as dicts; columns that this macOS does not know are null."""
    base.row_factory = lambda cursor, row: dict(zip([c[0] for c in cursor.description], row, strict=True))
    there = {row["name"] for row in base.execute("PRAGMA table_info(message)")}
    wanted = [f"m.{name} AS {name}" if name in there else f"NULL AS {name}" for name in COLUMNS[:-1]]
    tables = {row["name"] for row in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    mime = "NULL"
    if {"attachment", "message_attachment_join"} <= tables:
        mime = (
            "(SELECT a.mime_type FROM message_attachment_join j JOIN attachment a ON a.ROWID = j.attachment_id"
            " WHERE j.message_id = m.ROWID LIMIT 1)"
        )
    answer = "(SELECT o.{} FROM message o WHERE o.guid = m.thread_originator_guid)"
    answered = [
        answer.format(c) if {c, "thread_originator_guid"} <= there else "NULL" for c in ("text", "attributedBody")
    ]
    return base.execute(
        f"SELECT m.ROWID AS row, {', '.join(wanted)}, {mime} AS mime, {answered[0]} AS answered, {answered[1]} AS archived, c.ROWID AS chat,"
        " c.chat_identifier AS chat_identifier, c.display_name AS display_name, c.style AS style"
        " FROM message m LEFT JOIN chat_message_join j ON j.message_id = m.ROWID LEFT JOIN chat c ON c.ROWID = j.chat_id"
        " GROUP BY m.ROWID ORDER BY m.date, m.ROWID"
    )


def _add(rows: Rows, row: dict[str, Any], handles: dict[Any, str], unread: list[str]) -> None:
    date = number(row["date"])
    at = (date // 1_000_000 if abs(date) > 10**12 else date * 1000) + APPLE * 1000
    mine = number(row["is_from_me"] or 0) == 1
    handle = handles.get(row["handle_id"])
    key = words(row["chat_identifier"]) or handle or "?"
    chat = Chat(key, words(row["display_name"]) or key, row["style"] == GROUP)
    sender = "me" if mine else handle or key
    archived = row["attributedBody"] if not words(row["text"]) else None
    found = body(archived)
    if found is None and archived:
        unread.append(str(row["row"])[:20])
    text = words(row["text"]) or found or ""
    attached = "\ufffc" in text or bool(row["cache_has_attachments"])
    text = text.replace("\ufffc", "").replace("\ufffd", "").strip()
    quoted = words(row["answered"]) or body(row["archived"])
    tapback = number(row["associated_message_type"] or 0)
    if 2000 <= tapback <= 3007 or number(row["item_type"] or 0) != 0:
        kind = "system"  # a reaction, or somebody joined, left or renamed
    elif number(row["date_retracted"] or 0) and not text:
        kind = "recall"
    elif attached:
        kind = KIND_OF.get(str(row["mime"] or "").partition("/")[0], "image" if row["mime"] is None else "file")
    else:
        kind = "quote" if quoted and text else "text" if text else "other"
    rows.add(
        row["row"], chat, at, sender, "Me" if mine else sender, kind, text or None, from_me=mine,
        message_id=words(row["guid"]), quoted=(quoted or "").replace("\ufffc", "").strip() or None,
    )  # fmt: skip


def body(blob: Any) -> str | None:
    """The text of an archived NSAttributedString or NSMutableAttributedString, None where it is not to be found."""
    return typedstream.text(blob) if isinstance(blob, bytes) else None
