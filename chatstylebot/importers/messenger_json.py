"""Facebook Messenger's download as JSON: the threads of the account, and those of encrypted chats.

Format: shared facts, formats.md §4.15. The threads are Instagram's; the encrypted ones have another shape and sound UTF-8.
"""

from pathlib import Path
from typing import Any

from chatstylebot import importers
from chatstylebot.importers import instagram_json, json_file, meta_words
from chatstylebot.importers.rows import ODD, Chat, Rows, doubted, number, words

PLATFORM, CHINESE, SUFFIXES = "messenger", False, (".json",)
KIND_OF = {"media": "image", "sticker": "sticker", "link": "link", "call": "call", "placeholder": "other"}


def detect(head: importers.Head) -> bool:
    """Whether it is a thread of Messenger's, of either shape."""
    encrypted = {"threadName", "messages[].senderName", "messages[].timestamp"} <= set(head.json)
    return encrypted or (instagram_json.thread(head) and instagram_json.of_messenger(head))


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one file. Raises UserError when there are none in it."""
    if "threadName" not in importers.head(path).json:
        return instagram_json.read(path, zone)
    top, parts, damaged = json_file.read(path)
    name = words(top.get("threadName")) or path.stem
    listed = top.get("participants")
    chat = Chat(
        name,
        name.rpartition("_")[0] if name.rpartition("_")[2].isdigit() else name,
        isinstance(listed, list) and len(listed) > 2,
    )
    people = tuple(name for name in map(words, listed) if name) if isinstance(listed, list) else ()
    rows = Rows(path.name, damaged=damaged)
    unsure: list[int] = []
    for place, part in reversed(list(enumerate(parts, 1))):
        try:
            _add(rows, place, chat, json_file.value(part), people, unsure)
        except ODD as error:
            rows.lose(place, error)
    return importers.Export(rows.table(zone), damaged=damaged, notes=doubted(path.name, "message", unsure))


def _add(
    rows: Rows, place: int, chat: Chat, message: dict[str, Any], people: tuple[str, ...], unsure: list[int]
) -> None:
    sender = words(message["senderName"]) or "?"
    text = words(message.get("text")) or None
    form = str(message.get("type", "text"))
    kind = KIND_OF.get(form, "text" if text else "other")
    if message.get("isUnsent"):
        kind, text = "recall", None
    elif message.get("media") and kind == "text":
        kind = "image"
    elif kind == "call":
        text = None
    elif kind in ("text", "other") and text and (told := meta_words.kind(text, sender)):
        kind, text = told, text if told == "system" else None
    elif kind == "text" and text and meta_words.unsure(text, people):
        unsure.append(place)
    rows.add(place, chat, number(message["timestamp"]), sender, sender, kind, text)
