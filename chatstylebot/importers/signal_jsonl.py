"""Signal: data.json of signal-export, one JSON object a line.

Format: shared facts, formats.md §4.17. Own messages are "Me"'s; the chat is called as its folder.
"""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from chatstylebot import importers
from chatstylebot.importers import json_file, times
from chatstylebot.importers.rows import ODD, Chat, Rows, words

PLATFORM, CHINESE, SUFFIXES = "signal", False, (".json", ".jsonl")
# what signal-export writes itself where there are no words
DELETED = frozenset({"(This message was deleted)", "This message was deleted", "(This message was deleted.)"})
STICKER = re.compile(r"\(\( ?[^\s()]{0,12} ?\)\)")
ENDINGS = {
    "image": ("jpg", "jpeg", "png", "gif", "webp", "heic"),
    "video": ("mp4", "mov", "webm"),
    "voice": ("aac", "m4a", "mp3", "ogg"),
}


def detect(head: importers.Head) -> bool:
    """Whether the first line is a message of signal-export."""
    found = json_file.outline(head.lines[0]) if head.lines and head.lines[0].startswith("{") else {}
    return {"date", "sender", "body"} <= set(found)


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one chat."""
    name = path.parent.name if path.stem == "data" and path.parent.name else path.stem
    rows = Rows(path.name, "line")
    found: list[tuple[int, dict[str, Any]]] = []
    senders: set[str] = set()
    for place, message in json_file.line_objects(path, path.name, rows.damaged):
        senders.add(words(message.get("sender")) or "")
        found.append((place, message))
    chat = Chat(name, name, len(senders - {"Me", ""}) > 1)
    for place, message in found:
        try:
            _add(rows, place, chat, message)
        except ODD as error:
            rows.lose(place, error)
    return importers.Export(rows.table(zone), frozenset({"Me"} & senders), rows.damaged)


def _add(rows: Rows, place: int, chat: Chat, message: dict[str, Any]) -> None:
    sender = words(message["sender"])
    if not sender:
        raise ValueError("no sender")
    moment = datetime.fromisoformat(str(message["date"]))
    local = moment.tzinfo is None
    at = times.wall(*moment.timetuple()[:6]) if local else times.unix(str(message["date"]))
    text = (words(message.get("body")) or "").rstrip() or None
    quote = (words(message.get("quote")) or "").strip().split("\n")
    quoted = "\n".join(line.removeprefix(">").strip() for line in quote).strip() or None
    attached = message.get("attachments")
    if message.get("deleted") or text in DELETED:
        kind, text = "recall", None
    elif message.get("call") or message.get("missed"):
        kind, text = "call", None
    elif message.get("sticker") and (not text or STICKER.fullmatch(text)):
        kind, text = "sticker", None
    elif isinstance(attached, list) and attached:
        first = attached[0] if isinstance(attached[0], dict) else {}
        ending = str(first.get("name") or first.get("path") or "").rpartition(".")[2].lower()
        kind = next((kind for kind, endings in ENDINGS.items() if ending in endings), "file")
    elif not text:
        kind = "other"
    else:
        kind = "quote" if quoted else "text"
    mine = sender == "Me"
    rows.add(place, chat, at, "me" if mine else sender, sender, kind, text, local=local, from_me=mine, quoted=quoted)
