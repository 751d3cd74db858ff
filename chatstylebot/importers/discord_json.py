"""Discord exported by DiscordChatExporter as JSON, a channel or a direct chat, also in parts.

Format: shared facts, formats.md §4.11. Ids for everybody, but nothing says who is me. Bots are not people: their
messages are notices, and what a person's slash command brought is the bot's, too.
"""

from pathlib import Path
from typing import Any

from chatstylebot import importers
from chatstylebot.errors import UserError
from chatstylebot.importers import json_file, times
from chatstylebot.importers.discord_markup import Reader
from chatstylebot.importers.rows import ODD, Chat, Rows, words

PLATFORM, CHINESE, SUFFIXES = "discord", False, (".json",)
QUOTES = 200_000  # messages whose text is kept for the replies to them
TYPES = {"0": "Default", "3": "Call", "19": "Reply"}  # kinds of messages that an exporter wrote as numbers
ENDINGS = {
    "image": ("png", "jpg", "jpeg", "gif", "webp", "heic", "avif"),
    "video": ("mp4", "mov", "webm", "mkv", "avi"),
    "voice": ("ogg", "mp3", "wav", "m4a", "flac"),
}


def detect(head: importers.Head) -> bool:
    """Whether it has a guild and a channel."""
    return head.json.get("guild") == "{" and head.json.get("channel") == "{"


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one file. Raises UserError when there is no channel in it."""
    top, parts, damaged = json_file.read(path)
    channel = top.get("channel")
    if not isinstance(channel, dict) and not parts:
        raise UserError(f"{path} holds neither a channel nor messages", "export it again as JSON")
    channel = channel if isinstance(channel, dict) else {}
    name = words(channel.get("name")) or path.stem
    chat = Chat(words(channel.get("id")) or name, name, channel.get("type") != "DirectTextChat")
    rows = Rows(path.name, damaged=damaged)
    said: dict[str, str] = {}
    reader = Reader(channels={chat.id: chat.name})
    names: dict[str, set[str]] = {}
    for place, message in json_file.objects(parts, path.name, damaged):
        try:
            _add(rows, place, chat, message, said, names, reader)
        except ODD as error:
            rows.lose(place, error)
    return importers.Export(rows.table(zone), damaged=damaged, names={k: frozenset(v) for k, v in names.items()})


def _add(
    rows: Rows,
    place: int,
    chat: Chat,
    message: dict[str, Any],
    said: dict[str, str],
    names: dict[str, set[str]],
    reader: Reader,
) -> None:
    author = message["author"]
    called, nickname = words(author.get("name")), words(author.get("nickname"))
    key = words(author.get("id")) or called
    shown = nickname or called or key
    if not key or not shown:
        raise ValueError("no author")
    names.setdefault(key, set()).update(name for name in (called, nickname) if name)
    reader.meet(author)
    _meet(reader, message)
    kind, text = _kind(message, words(message.get("content")) or None, bool(author.get("isBot")))
    stamp = str(message["timestamp"])
    text = reader.plain(text, stamp) if text else None
    identity = words(message.get("id"))
    if identity and text and len(said) < QUOTES:
        said[identity] = text[:500]
    quoted = None
    reference = message.get("reference")
    if isinstance(reference, dict) and message.get("type") in ("Reply", "19", 19):
        elsewhere = reference.get("channelId") not in (None, chat.id)
        quoted = None if elsewhere else said.get(str(reference.get("messageId")))
        kind = "text" if elsewhere and kind == "quote" else kind
    rows.add(place, chat, times.unix(stamp), key, shown, kind, text, message_id=identity, quoted=quoted)


def _meet(reader: Reader, message: dict[str, Any]) -> None:
    """Learn the names of those whom a message mentions, also where it is a forwarded one."""
    mentioned = message.get("mentions")
    if isinstance(mentioned, list):
        for person in mentioned:
            reader.meet(person)
    forwarded = message.get("forwardedMessage")
    if isinstance(forwarded, dict):
        _meet(reader, {"mentions": forwarded.get("mentions")})


def _kind(message: dict[str, Any], text: str | None, bot: bool) -> tuple[str, str | None]:
    """The kind of a message and what was typed."""
    form = str(message.get("type"))
    form = TYPES.get(form, form)
    if form == "Call":
        return "call", None
    if bot or form not in ("Default", "Reply") or message.get("interaction"):
        return "system", text
    forwarded = message.get("forwardedMessage")
    if isinstance(forwarded, dict):
        return "forward", words(forwarded.get("content")) or text
    if form == "Reply" and text:
        return "quote", text
    if message.get("stickers") and not text:
        return "sticker", None
    attached = message.get("attachments")
    if isinstance(attached, list) and attached:
        first = attached[0] if isinstance(attached[0], dict) else {}
        ending = str(first.get("fileName", "")).rpartition(".")[2].lower()
        return next((kind for kind, endings in ENDINGS.items() if ending in endings), "file"), text
    return ("text" if text else "other"), text
