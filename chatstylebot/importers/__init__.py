"""Chat exports in, messages out. A format is one module, one line in FORMATS and one folder in tests/exports/."""

import importlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType

import polars as pl

from chatstylebot import garbage, looks
from chatstylebot.corpus.messages import SCHEMA
from chatstylebot.errors import UserError, nearest
from chatstylebot.importers import json_file, names, sources, text_file, times, wechat
from chatstylebot.importers.text_file import decode as decode

# key → what it is. The module of that name has
#   PLATFORM: what the messages come from; CHINESE: local times are Shanghai's; SUFFIXES: how its files end
#   detect(head) -> bool; read(path, zone) -> Export, with the zone that local times are in
#   optionally claims(path) -> the other files that belong to the export at `path` and are not read on their own
# The order is the order of detection, most specific first.
FORMATS: dict[str, str] = {
    "memotrace_v1": "WeChat, exported by MemoTrace / WeChatMsg up to 2.0.x (CSV)",
    "memotrace_v2": "WeChat, exported by MemoTrace from late 2024 on (CSV)",
    "weflow_csv": "WeChat, exported by WeFlow as CSV for WeClone",
    "weclone_csv": "WeChat or Telegram, as WeClone reads it (CSV)",
    "pywxdump_csv": "WeChat, exported by PyWxDump (CSV)",
    "chatlog_csv": "WeChat, exported by chatlog (CSV)",
    "weflow_json": "WeChat, exported by WeFlow (JSON, also arkme)",
    "chatlab_json": "ChatLab's standard format (JSON)",
    "chatlab_jsonl": "ChatLab's standard format (JSON Lines)",
    "qq_exporter_json": "QQ, exported by qq-chat-exporter (JSON, also in chunks)",
    "discord_json": "Discord, exported by DiscordChatExporter (JSON)",
    "instagram_json": "Instagram, from the account's own download (JSON)",
    "messenger_json": "Facebook Messenger, from the account's own download (JSON)",
    "telegram_json": "Telegram, exported by Telegram Desktop: one chat or the whole account (JSON)",
    "echotrace_json": "WeChat, exported by EchoTrace or CipherTalk (JSON)",
    "chatlog_json": "WeChat, exported by chatlog (JSON)",
    "pywxdump_json": "WeChat, exported by PyWxDump (JSON)",
    "slack_zip": "Slack, a workspace export (zip or folder)",
    "signal_jsonl": "Signal, data.json of signal-export (JSON Lines)",
    "imessage_db": "iMessage, chat.db of a Mac (SQLite)",
    "line_txt": "LINE, a saved chat (TXT)",
    "qq_exporter_txt": "QQ, exported by qq-chat-exporter (TXT)",
    "qq_txt": "QQ, exported by the QQ desktop program (TXT)",
    "whatsapp_txt": "WhatsApp, an exported chat (TXT or zip)",
    "imessage_txt": "iMessage, exported by imessage-exporter (TXT)",
    "weflow_txt": "WeChat, exported by WeFlow (TXT)",
    "chatlog_txt": "WeChat, exported by chatlog (TXT)",
    "memotrace_txt": "WeChat, exported by MemoTrace (TXT)",
    "generic": "any CSV, JSON or Excel table, with --map columns.yaml",
}


@dataclass(frozen=True)
class Head:
    """The beginning of a file, for detection: its first bytes and, where they are text, their text."""

    path: Path
    data: bytes
    text: str

    @property
    def first_line(self) -> str:
        """The first line, without BOM and line end."""
        return self.text.lstrip("\ufeff").split("\n", 1)[0].rstrip("\r")

    @cached_property
    def lines(self) -> list[str]:
        """The first 30 lines that are not blank."""
        return [line.rstrip("\r") for line in self.text.lstrip("\ufeff").split("\n") if line.strip()][:30]

    @cached_property
    def json(self) -> dict[str, str]:
        """The paths of its JSON with their first values ({"messages[].id": "7"}); empty for a file that is none."""
        start = self.text.lstrip("\ufeff \r\n\t\0")
        return json_file.outline(start) if start[:1] in ("{", "[") else {}


@dataclass(frozen=True)
class Export:
    """What was read: messages (SCHEMA), the rows that could not be read, and remarks about the file.

    A column `thread` beside the schema tells apart chats whose chat_id may be the same; a column `topic`, where there
    is one, what is talked of side by side in one chat (a forum's topics, Slack's threads; null: the chat's own talk).
    `from_me` is null where the file does not tell. Each line of `damaged` and `notes` begins with the file's name.
    """

    messages: pl.DataFrame
    owner: frozenset[str] = frozenset()  # every id and name that the file knows for whoever exported it (我, Me …)
    damaged: list[str] = field(default_factory=list)  # "file row N: why"
    notes: list[str] = field(default_factory=list)
    names: dict[str, frozenset[str]] = field(default_factory=dict)  # sender_id → other names known for that person
    platform: str | None = None  # where it depends on the file
    sided: bool = False  # it knows the other side of each private chat: who is neither they nor I takes no part


@dataclass(frozen=True)
class Found:
    """One file of an import: its path and its short name, its format, what was read, and the zone of local times."""

    path: str
    shown: str
    form: str
    platform: str
    export: Export
    zone: str | None = None  # None where every time is known


CUT_AT = re.compile(rf"( (?:message|line|row|chat|entry) [\d,]+)?: {json_file.CUT}$")


def _between(line: str) -> bool:
    """Whether a line of damage tells of a file that ends between two messages: none of them is damaged."""
    found = CUT_AT.search(line)
    return found is not None and not found[1]


def cut(found: Found) -> str:
    """How much of a file that is cut off in the middle could be read; "" for a whole one."""
    lines = [line for line in (*found.export.damaged, *found.export.notes) if line.endswith(json_file.CUT)]
    if not lines:
        return ""
    file = CUT_AT.sub("", lines[0])
    days = found.export.messages["sent_at"].dt.strftime("%Y-%m-%d")
    last = f", the last of {max(days)}" if len(days) else ""
    return f"{file} is cut off in the middle: {len(days):,} message{'s' * (len(days) != 1)} could be read{last}"


def module(key: str) -> ModuleType:
    """The importer of a format. Raises UserError for a key that is not in FORMATS."""
    if key not in FORMATS:
        near = nearest(key, FORMATS)
        raise UserError(
            f"format {key!r} is not known" + (f" (did you mean {near}?)" if near else ""),
            f"use one of: {', '.join(FORMATS)}",
        )
    return importlib.import_module(f"chatstylebot.importers.{key}")


def head(path: Path, size: int = 65536) -> Head:
    """The first `size` bytes of a file and their text. Raises UserError for what is not a readable file."""
    try:
        with path.open("rb") as file:
            data = file.read(size)
    except FileNotFoundError:
        raise UserError(f"there is no file {path}", "check the path; put it in quotes if it holds spaces") from None
    except (PermissionError, IsADirectoryError):
        raise UserError(f"{path} may not be read", "check the file's permissions") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", "check the path") from None
    if not data.strip(b"\0\xef\xbb\xbf \r\n\t"):
        raise UserError(f"{path} is empty", "export the chats again")
    text = "" if data.startswith((b"SQLite format 3\0", b"PK\x03\x04")) else text_file.decode(data, partial=True)
    return Head(path, data, text)


def detect(start: Head) -> str:
    """The format of a file. Raises UserError that says what was found instead."""
    found = _detected(start)
    if found:
        return found
    if not start.text:
        raise UserError(f"{start.path} is not a text file", "name the file that the export tool wrote")
    if (closing := json_file.closing(start.text)) and not _closed(start.path, closing):
        raise UserError(f"{start.path} is cut off before its first message is whole", "copy or export it again")
    raise UserError(
        f"{start.path} is in no format that is known here; its first line is: {start.first_line[:120]!r}",
        "export the chats in one of the formats of docs/exports.md, or say which column is what: --map columns.yaml",
    )


def _closed(path: Path, closing: str) -> bool:
    """Whether the last sign of a JSON file is the bracket that ends it, or it holds an object a line."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 4096, 0))
        end = file.read().strip(b"\0 \r\n\t")
    return end[-1:] in (closing.encode(), b"}")


def _detected(start: Head) -> str | None:
    return next((key for key in FORMATS if module(key).detect(start)), None)


def load(
    paths: Sequence[Path], timezone: str | None = None, form: str | None = None, mapping: Path | None = None
) -> list[Found]:
    """Every file that the paths stand for (files, folders, zips), each with what was read. Raises UserError."""
    if mapping and not form:
        form = "generic"
    if form:
        module(form)
    for path in paths:
        if not path.exists():
            raise UserError(f"there is no file {path}", "check the path; put it in quotes if it holds spaces")
    with garbage.left(), sources.opened(paths) as files:
        return _read(files, timezone, form, mapping)


def _read(files: Sequence[sources.Source], timezone: str | None, form: str | None, mapping: Path | None) -> list[Found]:
    keys: dict[Path, str] = {}
    unknown: list[sources.Source] = []
    claimed: set[Path] = set()
    # what lies higher first: the list of a workspace claims thousands of files, which need not be looked into
    for source in sorted(files, key=lambda source: len(source.path.parts)):
        if source.named:
            keys[source.path] = form or detect(head(source.path))
        elif source.path.resolve() in claimed:
            continue
        elif key := _of_folder(source, form):
            keys[source.path] = key
        else:
            unknown.append(source)
            continue
        others: list[Path] = getattr(module(keys[source.path]), "claims", lambda path: [])(source.path)
        claimed |= {other.resolve() for other in others} - {source.path.resolve()}
    done: list[Found] = []
    for source in files:
        if source.path not in keys or source.path.resolve() in claimed:
            continue
        key = keys[source.path]
        more = {"mapping": mapping} if mapping else {}
        zone = times.zone(timezone, module(key).CHINESE)
        export: Export = module(key).read(source.path, zone, **more)
        done.append(_found(source, key, export, zone))
    left = [source.shown for source in unknown if source.path.resolve() not in claimed]
    if not done:
        raise UserError(
            f"no chat export that is known here among {len(files):,} file{'s' * (len(files) != 1)}: {_some(left)}",
            "see docs/exports.md for what can be read, or name the file and its columns: --map columns.yaml",
        )
    if left:
        first = done[0]
        note = f"left out {len(left):,} file{'s' * (len(left) != 1)} in no known format: {_some(left)}"
        done[0] = replace(first, export=replace(first.export, notes=[*first.export.notes, note]))
    return done


def _of_folder(source: sources.Source, form: str | None) -> str | None:
    """The format of a file that was found rather than named; None where it is no chat."""
    try:
        start = head(source.path)
    except UserError:
        return None
    if form:
        return form if source.path.suffix.lower() in module(form).SUFFIXES else None
    return _detected(start)


def _found(source: sources.Source, key: str, export: Export, zone: str) -> Found:
    """The export with the name of its file as the user knows it, and a remark where its times were local."""

    def rename(line: str) -> str:
        if line.startswith(source.path.name):
            return source.shown + line.removeprefix(source.path.name)
        inside = line.split(" ", 1)[0]
        return folder + line if (source.path.parent / inside).is_file() else line

    # an export of several files names those that lie beside or below the one that stands for it
    folder = source.shown.removesuffix(source.path.name)
    messages, platform = names.tidied(export.messages), export.platform or module(key).PLATFORM
    if platform == "wechat" and messages["is_group"].any():
        messages = wechat.without_speaker(messages, {*messages["sender_id"].unique(), *export.names})
    own = looks.distinct(messages, "sender_id", "sender_name", "from_me").filter("from_me")
    if source.shown != source.path.name:
        own_rows = pl.col("source").str.starts_with(source.path.name)
        tail = pl.col("source").str.strip_prefix(source.path.name)
        label = pl.when(own_rows).then(pl.concat_str(pl.lit(source.shown), tail))
        messages = messages.with_columns(
            label.otherwise(pl.concat_str(pl.lit(folder), pl.col("source"))).alias("source")
        )
    export = replace(
        export,
        messages=messages,
        owner=frozenset(map(names.tidy, export.owner)) | ({*own["sender_id"], *own["sender_name"]} - {"me"}),
        # a cut between two messages is no damaged message
        damaged=[rename(line) for line in export.damaged if not _between(line)],
        notes=[*map(rename, export.notes), *(rename(line) for line in export.damaged if _between(line))],
        names={names.tidy(key): frozenset(map(names.tidy, known)) for key, known in export.names.items()},
    )
    local = zone if messages.height and not messages["tz_known"].all() else None
    return Found(source.given, source.shown, key, platform, export, local)


def _some(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def together(files: Sequence[Found]) -> Export:
    """The messages of all files with the number of their `file`, chats of one id but several threads kept apart.

    A column `topic` is there where one of the files has it.
    """
    beside = ["thread", *(["topic"] if any("topic" in found.export.messages.columns for found in files) else [])]
    parts = []
    for number, found in enumerate(files):
        table = found.export.messages
        absent = [pl.lit(None, pl.String).alias(name) for name in beside if name not in table.columns]
        parts.append(
            table.with_columns(pl.lit(number, pl.UInt16).alias("file"), *absent).select(*SCHEMA, "file", *beside)
        )
    messages = _apart(pl.concat(parts) if len(parts) > 1 else parts[0]).drop("thread")
    exports = [found.export for found in files]
    return Export(
        messages,
        frozenset[str]().union(*(export.owner for export in exports)),
        [line for export in exports for line in export.damaged],
        [line for export in exports for line in export.notes] + local_times(files),
        _merged(export.names for export in exports),
    )


def local_times(files: Sequence[Found]) -> list[str]:
    """A remark for each zone in which local times were read."""
    by_zone: dict[str, list[str]] = {}
    for found in files:
        if found.zone:
            by_zone.setdefault(found.zone, []).append(found.shown)
    return [f"{_some(names)}: local times, read as {zone} (another: --timezone)" for zone, names in by_zone.items()]


def _merged(tables: Iterable[dict[str, frozenset[str]]]) -> dict[str, frozenset[str]]:
    merged: dict[str, frozenset[str]] = {}
    for table in tables:
        for key, known in table.items():
            merged[key] = merged.get(key, frozenset()) | known
    return merged


def read(paths: Sequence[Path], timezone: str | None = None, form: str | None = None) -> tuple[Export, dict[str, str]]:
    """All messages of the files, with the number of their `file`, and the format of each file. Raises UserError."""
    files = load(paths, timezone, form)
    return together(files), {found.shown: found.form for found in files}


def _apart(messages: pl.DataFrame) -> pl.DataFrame:
    """Chats of one id but of several `thread`s stay apart: a group in which one person speaks, or two namesakes."""
    threads = looks.distinct(messages, "chat_id", "thread").filter(pl.col("thread").is_not_null())
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
