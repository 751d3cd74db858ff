"""The archived bodies of Messages, built here as macOS writes them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from chatstylebot import importers
from chatstylebot.importers import imessage_db

HEAD = b"\x04\x0bstreamtyped\x81\xe8\x03\x84\x01@\x84\x84\x84"
PLAIN = HEAD + b"\x12NSAttributedString\x00\x84\x84\x08NSObject\x00\x85\x92\x84\x84\x84\x08NSString\x01\x94\x84\x01"
MUTABLE = (
    HEAD + b"\x19NSMutableAttributedString\x00\x84\x84\x12NSAttributedString\x00\x84\x84\x08NSObject\x00\x85\x92"
    b"\x84\x84\x84\x0fNSMutableString\x01\x84\x84\x08NSString\x01\x95\x84\x01"
)
TAIL = (
    b"\x86\x84\x02iI\x01\x05\x92\x84\x84\x84\x0cNSDictionary\x00\x94\x84\x01i"
    b"\x01\x92\x84\x96\x96\x1d__kIMMessagePart\x86"
)


def length(number: int) -> bytes:
    """A length as the archive writes it."""
    if number < 0x80:
        return bytes([number])
    wide = number > 0xFFFF
    return (b"\x82" if wide else b"\x81") + number.to_bytes(4 if wide else 2, "little")


def archive(text: str, head: bytes = PLAIN) -> bytes:
    data = text.encode()
    return head + b"+" + length(len(data)) + data + TAIL


@pytest.mark.parametrize("head", [PLAIN, MUTABLE])
@pytest.mark.parametrize("size", [1, 127, 128, 255, 256, 300, 32768, 65535, 65536, 70000])
def test_a_body_of_any_length_is_read_to_its_end(size: int, head: bytes) -> None:
    assert imessage_db.body(archive("x" * size, head)) == "x" * size


def test_lengths_count_bytes_and_not_letters() -> None:
    text = "山高水远 +1 🏔️ " * 40
    assert imessage_db.body(archive(text)) == text


def test_a_plus_in_the_text_begins_no_other() -> None:
    assert imessage_db.body(archive("+5 NSString + more")) == "+5 NSString + more"


def test_other_things_between_the_class_and_its_text_are_passed() -> None:
    head = PLAIN + b"\x84\x84\x0aNSSomeBase\x00\x84+\xff\x84\x01"
    assert imessage_db.body(archive("found", head)) == "found"


@pytest.mark.parametrize(
    "blob",
    [
        b"", PLAIN, PLAIN + b"+", PLAIN + b"+\x81\x10", PLAIN + b"+\x05abc", PLAIN + b"+\x02\xff\xfe",
        PLAIN + b"+\x83\x01a", b"bplist00",
    ],
)  # fmt: skip
def test_what_is_no_whole_body_is_none(blob: bytes) -> None:
    assert imessage_db.body(blob) is None


def read(folder: Path, *rows: tuple[str | None, bytes | None]) -> importers.Export:
    """What is read of a database with these texts and bodies, a second apart."""
    with closing(sqlite3.connect(folder / "chat.db")) as base:
        base.executescript(
            "CREATE TABLE message (ROWID INTEGER PRIMARY KEY, guid TEXT, text TEXT, attributedBody BLOB,"
            " handle_id INTEGER, is_from_me INTEGER, date INTEGER, associated_message_type INTEGER, item_type INTEGER,"
            " cache_has_attachments INTEGER); CREATE TABLE handle (ROWID INTEGER PRIMARY KEY, id TEXT);"
            "CREATE TABLE chat (ROWID INTEGER PRIMARY KEY, chat_identifier TEXT, display_name TEXT, style INTEGER);"
            "CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER);"
            "INSERT INTO handle VALUES (1, 'uma@example.org'); INSERT INTO chat VALUES (1, 'uma@example.org', '', 45);"
        )
        for number, (text, blob) in enumerate(rows, 1):
            date = 700_000_000_000_000_000 + number * 10**9
            base.execute(
                "INSERT INTO message VALUES (?, ?, ?, ?, 1, 0, ?, 0, 0, 0)", (number, f"g{number}", text, blob, date)
            )
            base.execute("INSERT INTO chat_message_join VALUES (1, ?)", (number,))
        base.commit()
    return importers.module("imessage_db").read(folder / "chat.db", "UTC")  # type: ignore[no-any-return]


def test_long_bodies_stand_whole_in_the_messages(tmp_path: Path) -> None:
    found = read(tmp_path, (None, archive("y" * 300)), (None, archive("z" * 70000, MUTABLE)))
    assert [len(text) for text in found.messages["text"]] == [300, 70000]
    assert found.notes == []


def test_a_body_that_cannot_be_read_is_counted_and_said(tmp_path: Path) -> None:
    found = read(tmp_path, ("fine", b"rubbish"), (None, PLAIN + b"+\x81"), (None, b"rubbish"), (None, None))
    assert found.messages["text"].to_list() == ["fine", None, None, None]
    assert found.notes == [
        "chat.db: the archived text of 2 messages cannot be read (the first: message 2): without words"
    ]
