"""Telegram Desktop's result.json: one chat or the whole account.

Format: shared facts, formats.md §4.9. A whole account says who is me; in a single private chat it is the one who is not
the chat's other side; a single group does not tell. Forwarded messages are not the sender's words.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from chatstylebot import importers
from chatstylebot.errors import UserError
from chatstylebot.importers import json_file, times
from chatstylebot.importers.rows import ODD, Chat, Rows, number, words

PLATFORM, CHINESE, SUFFIXES = "telegram", False, (".json",)
PRIVATE = ("personal_chat", "bot_chat", "saved_messages")
MEDIA = {
    "sticker": "sticker", "video_message": "video", "voice_message": "voice", "animation": "sticker",
    "video_file": "video", "audio_file": "file",
}  # fmt: skip
Talk = tuple[dict[str, Any], list[json_file.Part]]  # a chat without its messages, and these


def detect(head: importers.Head) -> bool:
    """Whether it is a chat of Telegram's, or an account with a list of them."""
    keys = head.json
    account = "personal_information" in keys or "chats.list" in keys
    chat = {"name", "type", "id"} <= set(keys) and "messages" in keys
    return account or (
        chat
        and (
            "messages[].date" in keys
            or "messages[].type" in keys
            or "messages[].id" in keys
            or keys.get("type") in PRIVATE
        )
    )


def read(path: Path, zone: str) -> importers.Export:
    """The messages of all chats in the file. Raises UserError when there is none."""
    damaged: list[str] = []
    view = json_file.data(path)
    spent = json_file.Spent(view)
    account, talks = _talks(path, view, damaged)
    rows = Rows(path.name, damaged=damaged)
    owner = _owner(account)
    me = next(iter(owner), None)
    several = False
    place = 0
    for about, parts in talks:
        if about.get("type") == "saved_messages":  # notes to oneself are no conversation
            several = True
        place = _read_chat(rows, place, about, parts, me, spent)
    notes = [f"{path.name}: the notes in Saved Messages are no conversation: nothing answers them"] if several else []
    table = rows.table(zone)
    if not owner:
        own = table.filter(table["from_me"].fill_null(False)).select("sender_id", "sender_name").unique()
        owner = [*own["sender_id"].unique(), *own["sender_name"].unique()]
    return importers.Export(table, frozenset(owner), damaged, notes)


def _owner(account: dict[str, Any]) -> list[str]:
    """The id (as in from_id), first, and the names of whoever exported a whole account."""
    person = account.get("personal_information")
    if not isinstance(person, dict) or person.get("user_id") is None:
        return []
    first, last = words(person.get("first_name")) or "", words(person.get("last_name")) or ""
    username = words(person.get("username")) or ""
    names = [f"user{person['user_id']}", f"{first} {last}".strip(), first, username, username.removeprefix("@")]
    return [name for name in dict.fromkeys(names) if name]


def _talks(path: Path, view: Any, damaged: list[str]) -> tuple[dict[str, Any], Iterator[Talk]]:
    """What the file says of the account, and its chats one by one."""
    try:
        top = json_file.fields(view)
        if "messages" in top:
            messages = json_file.items(top.pop("messages"))
            return {}, iter([({key: json_file.value(part) for key, part in top.items()}, messages)])
        lists = [json_file.fields(top.pop(key)).get("list") for key in ("chats", "left_chats") if key in top]
        chats = [chat for part in lists if part is not None for chat in json_file.items(part)]
        account = {key: json_file.value(top[key]) for key in ("personal_information",) if key in top}
    except (*json_file.FAULTS, ValueError):
        return _salvaged(path, json_file.text_of(view), damaged)
    if not lists:
        raise UserError(f"{path} holds no chats", "export it again, with the chats chosen, as JSON")
    return account, _each(path, chats, damaged)


def _each(path: Path, chats: list[json_file.Part], damaged: list[str]) -> Iterator[Talk]:
    for place, chat in enumerate(chats, 1):
        try:
            about = json_file.fields(chat)
            messages = json_file.items(about.pop("messages")) if "messages" in about else []
            yield {key: json_file.value(part) for key, part in about.items()}, messages
        except (*json_file.FAULTS, ValueError) as error:
            damaged.append(f"{path.name} chat {place}: {error}")


def _salvaged(path: Path, text: str, damaged: list[str]) -> tuple[dict[str, Any], Iterator[Talk]]:
    """The chats of a file that is not whole JSON: what stands before each list of messages, and that list."""
    talks: list[Talk] = []
    end = 0
    person: dict[str, Any] = {}
    for opening in re.finditer(r'"messages"\s*:\s*\[', text):
        if opening.start() < end:
            continue  # inside of a message
        about = dict(json_file.members(text[end : opening.start()]))
        if end == 0 and (known := re.search(r'"user_id"\s*:\s*(\d+)', text[: opening.start()])):
            person = {"user_id": int(known[1]), **{k: v for k, v in about.items() if k in ("first_name", "last_name")}}
        elements, faults, end = json_file.pieces(path, text, opening.end())
        damaged += faults
        talks.append((about, elements))
    if not talks:
        raise UserError(
            f"{path.name} is not whole JSON, and no list of messages is to be found in it",
            "export it again, or copy the file again: it may be cut off",
        )
    if not damaged:
        damaged.append(f"{path.name}: the end of the file is damaged")
    return {"personal_information": person} if person else {}, iter(talks)


def _read_chat(
    rows: Rows, start: int, about: dict[str, Any], parts: list[json_file.Part], me: str | None, spent: json_file.Spent
) -> int:
    """Add one chat's messages; return the number of the last one in the file."""
    key = str(about["id"]) if isinstance(about.get("id"), int | str) else words(about.get("name")) or "0"
    private = about.get("type") in PRIVATE
    # a deleted account has no name
    # people, groups and channels are numbered on their own: one number may stand for two chats
    form = str(about.get("type"))
    space = "user" if private else "channel" if "channel" in form or "supergroup" in form else "chat"
    chat = Chat(key, words(about.get("name")) or key, not private, space)
    other = f"user{key}" if private and about.get("type") != "saved_messages" else None
    wanted = _replied(parts)
    said: dict[Any, str] = {}
    for number_, message in json_file.objects(parts, rows.name, rows.damaged, spent=spent):
        try:
            _add(rows, start + number_, chat, message, me, other, wanted, said)
        except ODD as error:
            rows.lose(start + number_, error)
    return start + len(parts)


_REPLY = re.compile(rb'"reply_to_message_id"\s*:\s*(\d+)')


def _replied(parts: list[json_file.Part]) -> set[int]:
    """The ids of the messages that others answer: only their text is kept for the quotes."""
    return {int(found[1]) for part in parts if (found := _REPLY.search(memoryview(part)))}


def _add(
    rows: Rows,
    place: int,
    chat: Chat,
    message: dict[str, Any],
    me: str | None,
    other: str | None,
    wanted: set[int],
    said: dict[Any, str],
) -> None:
    unix = message.get("date_unixtime")
    if unix is not None:
        at, local = number(unix) * 1000, False
    else:
        moment = datetime.fromisoformat(message["date"])
        local = moment.tzinfo is None
        at = times.wall(*moment.timetuple()[:6]) if local else times.unix(message["date"])
    name = words(message.get("from")) or words(message.get("actor"))
    told = _peer(message.get("from_id")) or _peer(message.get("actor_id"))
    nameless = other if other and name in (None, chat.name) else name
    sender = told or nameless or f"chat{chat.id}"  # of an unsupported message nothing is told
    name = name or sender
    kind = _kind(message)
    text = _text(message) or None
    if kind == "other" and text and message.get("type") == "message":
        kind = "text"
    identity = message.get("id")
    if identity in wanted and text:
        said[identity] = text[:500]
    # an answer to a message of another chat has that chat's number
    quoted = None if message.get("reply_to_peer_id") else said.get(message.get("reply_to_message_id"))
    if quoted and kind == "text":
        kind = "quote"
    mine = sender == me if me else False if sender == other else True if other and told else None
    if kind == "system":
        mine = bool(mine)
    rows.add(
        place, chat, at, sender, name, kind, text, local=local, from_me=mine,
        message_id=None if identity is None else str(identity), quoted=quoted,
    )  # fmt: skip


def _peer(value: Any) -> str | None:
    """An id as today's files write it; before 2021 a person's was a bare number."""
    return f"user{value}" if isinstance(value, int) and not isinstance(value, bool) else words(value)


def _kind(message: dict[str, Any]) -> str:
    form = message.get("type")
    if form == "service":
        return "call" if message.get("action") == "phone_call" else "system"
    if form == "unsupported":
        return "other"
    if "forwarded_from" in message or "saved_from" in message:
        return "forward"
    if message.get("via_bot"):
        return "forward"  # a bot wrote it
    if media := message.get("media_type"):
        return MEDIA.get(str(media), "other")
    for key, kind in (
        ("photo", "image"), ("file", "file"), ("contact_information", "contact"), ("location_information", "location"),
        ("poll", "other"), ("game_title", "other"), ("invoice_information", "other"),
    ):  # fmt: skip
        if key in message:
            return kind
    return "text" if message.get("text") or message.get("text_entities") else "other"


def _text(message: dict[str, Any]) -> str:
    """The typed text: the joined entities, else the pieces of `text`."""
    for key in ("text_entities", "text"):
        value = message.get(key)
        if isinstance(value, str) and value:
            return words(value) or ""
        if isinstance(value, list) and value:
            pieces = (piece.get("text") if isinstance(piece, dict) else piece for piece in value)
            return "".join(found for piece in pieces if (found := words(piece)))
    return ""
