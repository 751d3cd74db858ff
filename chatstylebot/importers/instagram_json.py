"""Instagram's download as JSON: message_1.json, message_2.json … of a thread, newest first.

Format: shared facts, formats.md §4.15. Names only, and nothing says who is me. Every string is UTF-8 read as Latin-1.
"""

from pathlib import Path
from typing import Any

from chatstylebot import importers
from chatstylebot.importers import json_file, meta_words
from chatstylebot.importers.rows import ODD, Chat, Rows, doubted, number, words

PLATFORM, CHINESE, SUFFIXES = "instagram", False, (".json",)
ATTACHED = {
    "photos": "image",
    "videos": "video",
    "audio_files": "voice",
    "gifs": "sticker",
    "files": "file",
    "sticker": "sticker",
}


def detect(head: importers.Head) -> bool:
    """Whether it is a thread of Meta's, and not one of Messenger's by its path or its keys."""
    return thread(head) and not of_messenger(head)


def thread(head: importers.Head) -> bool:
    """Whether it has the messages of Instagram and Messenger."""
    return {"messages[].sender_name", "messages[].timestamp_ms"} <= set(head.json)


def of_messenger(head: importers.Head) -> bool:
    """Whether path or keys are Messenger's; by content alone the two cannot always be told apart."""
    place = head.path.resolve().as_posix().lower()
    if "instagram" in place:
        return False
    signs = {"messages[].sender_id_INTERNAL", "messages[].is_unsent", "messages[].type", "thread_type"}
    return "facebook" in place or "messenger" in place or bool(signs & set(head.json))


def repaired(value: Any) -> str | None:
    """A text whose UTF-8 was read as Latin-1, put right; one that was right already stays (IMP-15)."""
    text = words(value)
    if text is None or text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def notice(text: str, sender: str) -> bool:
    """Whether the app itself wrote a text: a deed is told with the sender's name or "You" before it."""
    return meta_words.kind(text, sender) is not None


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one part of a thread. Raises UserError when there are none in it."""
    top, parts, damaged = json_file.read(path)
    folder = path.parent.name or path.stem
    key = (words(top.get("thread_path")) or folder).rpartition("/")[2] or folder
    listed = top.get("participants")
    people = [repaired(row.get("name")) for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    chat = Chat(key, repaired(top.get("title")) or key, len(people) > 2 or top.get("thread_type") == "RegularGroup")
    names = tuple(name for name in people if name)
    rows = Rows(path.name, damaged=damaged)
    unsure: list[int] = []
    for place, part in reversed(list(enumerate(parts, 1))):  # the newest comes first in the file
        try:
            _add(rows, place, chat, json_file.value(part), names, unsure)
        except ODD as error:
            rows.lose(place, error)
    return importers.Export(rows.table(zone), damaged=damaged, notes=doubted(path.name, "message", unsure))


def _add(
    rows: Rows, place: int, chat: Chat, message: dict[str, Any], people: tuple[str, ...], unsure: list[int]
) -> None:
    sender = repaired(message["sender_name"])
    if not sender:  # a deleted account
        sender = "?"
    text = repaired(message.get("content")) or None
    kind = next((kind for key, kind in ATTACHED.items() if message.get(key)), "text" if text else "other")
    if message.get("is_unsent"):
        kind, text = "recall", None
    elif message.get("call_duration") is not None:
        kind, text = "call", None
    elif text and (told := meta_words.kind(text, sender)):
        shared = "link" if isinstance(message.get("share"), dict) else told
        kind = kind if kind not in ("text", "other") else shared
        text = text if kind == "system" else None
    elif isinstance(message.get("share"), dict):
        kind = "link" if not text else kind
    elif text and meta_words.unsure(text, people):
        unsure.append(place)
    rows.add(place, chat, number(message["timestamp_ms"]), sender, sender, kind, text)
