"""Instagram's download as JSON: message_1.json, message_2.json … of a thread, newest first.

Format: shared facts, formats.md §4.15. Names only, and nothing says who is me. Every string is UTF-8 read as Latin-1.
"""

import re
from pathlib import Path
from typing import Any

from chatstylebot import importers
from chatstylebot.importers import json_file
from chatstylebot.importers.rows import ODD, Chat, Rows, number, words

PLATFORM, CHINESE, SUFFIXES = "instagram", False, (".json",)
# what the app itself writes into `content`, in the languages seen
NOTICE = re.compile(
    r"Liked a message|(?:You )?[Rr]eacted .{1,12} to (?:your|a) message ?|"
    r"(?:Video|Audio) (?:chat|call) ended\.?|点赞了一条消息|.{0,40}对(?:你的|一条)消息(?:做出了|回应了).{0,20}",
    re.DOTALL,
)
# what it writes of somebody, with their name before it
DEED = re.compile(
    r"(?:sent an attachment|(?:created|left) the group|named the group .*|(?:added|removed) .{1,80} (?:to|from) the group|"
    r"changed the (?:group|chat|theme|quick reaction|emoji|photo|name).*|set the (?:nickname|emoji|quick reaction) .*|"
    r"(?:started|joined) (?:a|an|the) (?:video|audio) (?:chat|call)|missed (?:a|your) (?:video|audio)? ?(?:chat|call).*)\.?",
    re.DOTALL,
)
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
    bare = text.strip()
    names = dict.fromkeys((sender, sender.split(" ")[0], "You"))
    return bool(NOTICE.fullmatch(bare)) or any(
        bare.startswith(name + " ") and DEED.fullmatch(bare, len(name) + 1) for name in names
    )


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one part of a thread. Raises UserError when there are none in it."""
    top, parts, damaged = json_file.read(path)
    folder = path.parent.name or path.stem
    key = (words(top.get("thread_path")) or folder).rpartition("/")[2] or folder
    listed = top.get("participants")
    people = [repaired(row.get("name")) for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    chat = Chat(key, repaired(top.get("title")) or key, len(people) > 2 or top.get("thread_type") == "RegularGroup")
    rows = Rows(path.name, damaged=damaged)
    for place, part in reversed(list(enumerate(parts, 1))):  # the newest comes first in the file
        try:
            _add(rows, place, chat, json_file.value(part))
        except ODD as error:
            rows.lose(place, error)
    return importers.Export(rows.table(zone), damaged=damaged)


def _add(rows: Rows, place: int, chat: Chat, message: dict[str, Any]) -> None:
    sender = repaired(message["sender_name"])
    if not sender:  # a deleted account
        sender = "?"
    text = repaired(message.get("content")) or None
    kind = next((kind for key, kind in ATTACHED.items() if message.get(key)), "text" if text else "other")
    if message.get("is_unsent"):
        kind, text = "recall", None
    elif message.get("call_duration") is not None:
        kind, text = "call", None
    elif text and notice(text, sender):
        kind = kind if kind not in ("text", "other") else "link" if isinstance(message.get("share"), dict) else "system"
        text = text if kind == "system" else None
    elif isinstance(message.get("share"), dict):
        kind = "link" if not text else kind
    rows.add(place, chat, number(message["timestamp_ms"]), sender, sender, kind, text)
