"""Chat exports in, messages out. A format is one module, one line in FORMATS and one folder in tests/exports/."""

import codecs
import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import polars as pl

from chatstylebot.corpus.messages import SCHEMA
from chatstylebot.errors import UserError

# key → what it is. The module of that name has `detect(head) -> bool` and `read(path, timezone) -> Export`;
# the order is the order of detection, most specific first.
FORMATS: dict[str, str] = {
    "memotrace_v1": "WeChat, exported by MemoTrace / WeChatMsg up to 2.0.x (CSV)",
}


@dataclass(frozen=True)
class Head:
    """The beginning of a file, for detection: its first bytes and, where they are text, their text."""

    path: Path
    data: bytes
    text: str

    @property
    def first_line(self) -> str:
        return self.text.lstrip("\ufeff").split("\n", 1)[0].rstrip("\r")


@dataclass(frozen=True)
class Export:
    """What was read: messages (SCHEMA), the rows that could not be read, and remarks about the file.

    A column `thread` beside the schema tells apart chats whose chat_id may be the same.
    """

    messages: pl.DataFrame
    owner: frozenset[str] = frozenset()  # every id and name that the file knows for whoever exported it
    damaged: list[str] = field(default_factory=list)  # "file row N: why"
    notes: list[str] = field(default_factory=list)


def module(key: str) -> ModuleType:
    """The importer of a format. Raises UserError for a key that is not in FORMATS."""
    if key not in FORMATS:
        raise UserError(f"format {key!r} is not known", f"use one of: {', '.join(FORMATS)}")
    return importlib.import_module(f"chatstylebot.importers.{key}")


def head(path: Path, size: int = 65536) -> Head:
    """The first `size` bytes of a file and their text. Raises UserError for what is not a readable text file."""
    if path.is_dir():
        found = sorted(p.name for p in path.iterdir() if p.is_file())
        if not found:
            raise UserError(f"{path} is an empty folder", "name the export file itself")
        raise UserError(f"{path} is a folder", f"name a file in it, for example {path / found[0]}")
    try:
        with path.open("rb") as file:
            data = file.read(size)
    except FileNotFoundError:
        raise UserError(f"there is no file {path}", "check the path; put it in quotes if it holds spaces") from None
    except PermissionError:
        raise UserError(f"{path} may not be read", "check the file's permissions") from None
    if not data.strip(b"\0\xef\xbb\xbf \r\n\t"):
        raise UserError(f"{path} is empty", "export the chats again")
    return Head(path, data, decode(data, partial=True))


def decode(data: bytes, partial: bool = False) -> str:
    """Bytes as text: UTF-8 (odd bytes in it become \ufffd), UTF-16 with BOM, GB18030; "" for what is none of these.

    `partial`: the bytes are the beginning of a file and may end in the middle of a character.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data[: len(data) // 2 * 2].decode("utf-16", errors="replace")
    text = codecs.getincrementaldecoder("utf-8-sig")("replace").decode(data, final=not partial)
    odd = text.count("\ufffd") - data.count("\ufffd".encode())
    if odd == 0:
        return text
    # one bad byte does not make Chinese in UTF-8 into GB18030, which accepts nearly anything
    if data.startswith(codecs.BOM_UTF8) or sum(1 for c in text if c > "\x7f") > 2 * odd:
        return text
    try:
        other = codecs.getincrementaldecoder("gb18030")().decode(data, final=not partial)
    except UnicodeDecodeError:
        other = "\x01"
    if any(c in other for c in "\x01\x02\x03\x04\x05\x06"):  # text holds no control characters
        return text if odd * 50 < len(text) and "\x01" not in text else ""
    return other


def detect(start: Head) -> str:
    """The format of a file. Raises UserError that says what was found instead."""
    for key in FORMATS:
        if module(key).detect(start):
            return key
    if not start.text:
        raise UserError(f"{start.path} is not a text file", "name the CSV that the export tool wrote")
    known = "; ".join(f"{key}: {what}" for key, what in FORMATS.items())
    raise UserError(
        f"{start.path} is in no format that is known here; its first line is: {start.first_line[:120]!r}",
        f"export the chats in one of these formats ({known})",
    )


def read(paths: Sequence[Path], timezone: str | None = None, form: str | None = None) -> tuple[Export, dict[str, str]]:
    """All messages of the files, with the number of their `file`, and the format of each file. Raises UserError."""
    formats: dict[str, str] = {}
    parts: list[pl.DataFrame] = []
    damaged: list[str] = []
    notes: list[str] = []
    owner: frozenset[str] = frozenset()
    for number, path in enumerate(dict.fromkeys(p.resolve() for p in paths)):
        start = head(path)
        formats[str(path)] = key = form or detect(start)
        export: Export = module(key).read(path, timezone)
        thread = [] if "thread" in export.messages.columns else [pl.lit(None, pl.String).alias("thread")]
        parts.append(export.messages.with_columns(pl.lit(number, pl.UInt16).alias("file"), *thread))
        damaged += export.damaged
        notes += export.notes
        owner |= export.owner
    table = _apart(pl.concat(parts) if len(parts) > 1 else parts[0])
    return Export(table.select(*SCHEMA, "file"), owner, damaged, notes), formats


def _apart(messages: pl.DataFrame) -> pl.DataFrame:
    """Chats of one id but of several `thread`s stay apart: a group in which one person speaks, or two namesakes."""
    threads = messages.select("chat_id", "thread").unique().filter(pl.col("thread").is_not_null())
    several = threads.filter(pl.col("chat_id").is_duplicated())["chat_id"].unique()
    if len(several) == 0:
        return messages
    shared = pl.col("chat_id").is_in(several.implode()) & pl.col("thread").is_not_null()
    told = pl.when(shared).then(pl.concat_str("chat_id", pl.lit("#"), "thread")).otherwise("chat_id")
    return messages.with_columns(told.alias("chat_id"))


def check_me(me: str, export: Export) -> None:
    """Hold the name the user gave against what the files know. Raises UserError that lists the candidates."""
    if me in export.owner:
        return
    others = export.messages.filter(~pl.col("from_me").fill_null(False)).select("sender_id", "sender_name").unique()
    if me in {*others["sender_id"], *others["sender_name"]}:
        raise UserError(
            f"the files say that {me!r} is somebody else: their own rows belong to {_names(export.owner)}",
            "leave out --me: these files tell which messages are yours",
        )
    raise UserError(
        f"nobody in these files is called {me!r}; the owner of the export is {_names(export.owner)}",
        "leave out --me (these files tell which messages are yours), or write one of these names",
    )


def _names(names: frozenset[str]) -> str:
    return ", ".join(repr(name) for name in sorted(names)) or "not named"
