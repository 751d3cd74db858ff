"""ChatLab's open standard format as JSON, which WeFlow, CipherTalk and others write.

Format: shared facts, formats.md §4.8. `timestamp` is unix seconds, the type a number or a name; `meta.ownerId` may tell
who is me.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from chatstylebot import importers
from chatstylebot.errors import UserError
from chatstylebot.importers import json_file, wechat
from chatstylebot.importers.rows import ODD, Chat, Rows, number, words

PLATFORM, CHINESE, SUFFIXES = "wechat", True, (".json",)
KIND_OF = {
    0: "text", 1: "image", 2: "voice", 3: "video", 4: "file", 5: "sticker", 7: "link", 8: "location", 20: "transfer",
    21: "transfer", 22: "system", 23: "call", 24: "link", 25: "quote", 26: "forward", 27: "contact", 80: "system",
    81: "recall", 99: "other",
}  # fmt: skip
KIND_OF_NAME = {
    "TEXT": "text", "IMAGE": "image", "VOICE": "voice", "VIDEO": "video", "FILE": "file", "EMOJI": "sticker",
    "STICKER": "sticker", "LINK": "link", "LOCATION": "location", "RED_PACKET": "transfer", "TRANSFER": "transfer",
    "POKE": "system", "CALL": "call", "SHARE": "link", "REPLY": "quote", "FORWARD": "forward", "CONTACT": "contact",
    "SYSTEM": "system", "RECALL": "recall", "OTHER": "other",
}  # fmt: skip
QUOTES = 200_000  # messages whose text is kept for the replies to them


def detect(head: importers.Head) -> bool:
    """Whether it has ChatLab's head, as one document."""
    return head.json.get("chatlab") == "{" and "_type" not in head.json


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one chat. Raises UserError for a file without messages."""
    top, parts, damaged = json_file.read(path)
    meta, members = top.get("meta"), top.get("members")
    if not isinstance(meta, dict) and not parts:
        raise UserError(f"{path} holds neither meta nor messages", "export it again")
    listed = [row for row in members if isinstance(row, dict)] if isinstance(members, list) else []
    return build(
        path, meta if isinstance(meta, dict) else {}, listed, damaged, json_file.objects(parts, path.name, damaged)
    )


def build(
    path: Path,
    meta: dict[str, Any],
    members: list[dict[str, Any]],
    damaged: list[str],
    messages: Iterable[tuple[int, dict[str, Any]]],
    unit: str = "message",
) -> importers.Export:
    """The export of a head, its members and its messages with their numbers."""
    name = words(meta.get("name")) or path.stem
    chat = Chat(words(meta.get("groupId")) or name, name, meta.get("type") == "group")
    owner = words(meta.get("ownerId"))
    names = {key: _names(row) for row in members if (key := words(row.get("platformId")))}
    rows = Rows(path.name, unit, damaged)
    said: dict[str, str] = {}
    for place, message in messages:
        try:
            _add(rows, place, chat, message, owner, names, said)
        except ODD as error:
            rows.lose(place, error)
    known = frozenset({owner, *names.get(owner, ())} if owner else ())
    platform = words(meta.get("platform"))
    return importers.Export(
        rows.table(), known, damaged, names={k: frozenset(v) for k, v in names.items()},
        platform=platform.lower() if platform else None,
    )  # fmt: skip


def _names(row: dict[str, Any]) -> list[str]:
    aliases = row.get("aliases")
    found = [row.get("groupNickname"), row.get("accountName"), *(aliases if isinstance(aliases, list) else [])]
    return [name for name in map(words, found) if name]


def _add(
    rows: Rows,
    place: int,
    chat: Chat,
    message: dict[str, Any],
    owner: str | None,
    names: dict[str, list[str]],
    said: dict[str, str],
) -> None:
    kind = message.get("type", 0)
    kind = KIND_OF_NAME.get(kind.upper(), "other") if isinstance(kind, str) else KIND_OF.get(number(kind), "other")
    sender = words(message.get("sender")) or words(message.get("accountName"))
    if not sender:
        raise ValueError("no sender")
    shown = words(message.get("groupNickname")) or words(message.get("accountName"))
    content = words(message.get("content"))
    text = content if kind in ("text", "quote", "system", "forward") else None
    if kind == "text" and content:
        kind = wechat.placeholder(content) or wechat.notice(content) or kind
        text = content if kind in ("text", "system") else wechat.spoken(content) if kind == "voice" else None
    identity = words(message.get("platformMessageId"))
    reply = words(message.get("replyToMessageId"))
    if identity and text and len(said) < QUOTES:
        said[identity] = text[:500]
    at = number(message["timestamp"])
    mine = None if owner is None else sender == owner
    rows.add(
        place, chat, at * 1000 if at < 10**11 else at, sender, shown or next(iter(names.get(sender, ())), sender),
        "quote" if reply and kind == "text" else kind, text, from_me=mine, message_id=identity,
        quoted=said.get(reply) if reply else None,
    )  # fmt: skip
