"""Telegram Desktop's result.json: one chat or the whole account.

Format: shared facts, formats.md §4.9. A whole account says who is me; in a single private chat it is the one who is not
the chat's other side; a single group does not tell. Forwarded messages are not the sender's words. Until 2021 a person's
id was a bare number, in private chats also with 2^32 added; before December 2018 there were no ids, only names.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from chatstylebot import importers
from chatstylebot.errors import UserError
from chatstylebot.importers import json_file, telegram_rich, times
from chatstylebot.importers.rows import ODD, Chat, Rows, number, words

PLATFORM, CHINESE, SUFFIXES = "telegram", False, (".json",)
PRIVATE = ("personal_chat", "bot_chat", "saved_messages")
MEDIA = {
    "sticker": "sticker", "video_message": "video", "voice_message": "voice", "animation": "sticker",
    "video_file": "video", "audio_file": "file",
}  # fmt: skip
FLAG = 2**32  # what private chats and people had added to their number
PERSON = r"^user\d+$"
CLEAR = 3  # times as many messages make the busiest of several the owner of a single chat
TOPIC = 3  # so many answers each to two messages from before the export begins: these are topics
Talk = tuple[dict[str, Any], list[json_file.Part]]  # a chat without its messages, and these


def detect(head: importers.Head) -> bool:
    """Whether it is a chat of Telegram's, or an account with a list of them."""
    keys = head.json
    account = "personal_information" in keys or "chats.list" in keys
    # before 2018 a chat had no id
    dated = {"messages[].date", "messages[].type", "messages[].from"} <= set(keys)
    chat = {"name", "type"} <= set(keys) and "messages" in keys and ("id" in keys or dated)
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
    named = owner[1] if len(owner) > 1 else None
    place = 0
    notes: list[str] = []
    for about, parts in talks:
        if about.get("type") == "saved_messages" and not notes:
            notes = [f"{path.name}: the notes in Saved Messages are no conversation: nothing answers them"]
        reading = _reading(about, parts, next(iter(owner), None), named)
        for number_, message in json_file.objects(parts, rows.name, rows.damaged, spent=spent):
            try:
                _add(rows, place + number_, reading, message)
            except ODD as error:
                rows.lose(place + number_, error)
        place += len(parts)
        notes += telegram_rich.told(path.name, reading.odd)
    table, strangers = _settled(rows.table(zone), next(iter(owner), None))
    if strangers:
        notes.append(f"{path.name}: in private chats neither you nor the other side wrote {_some(strangers)}: left out")
    if not owner:
        own = table.filter(table["from_me"].fill_null(False)).select("sender_id", "sender_name").unique()
        owner = [*own["sender_id"].unique(), *own["sender_name"].unique()]
    return importers.Export(table, frozenset(owner), damaged, notes, sided=True)


def _settled(table: pl.DataFrame, me: str | None) -> tuple[pl.DataFrame, dict[str, int]]:
    """Messages with `from_me` where ids tell it, and how many each stranger to a private chat wrote.

    Where the file does not name its owner it is whoever is not the other side of the private chats; of several the one
    who wrote by far most. Whoever else has an id there (an account that was deleted, a bot) is neither side.
    """
    open_ = pl.col("from_me").is_null() & ~pl.col("is_group") & pl.col("sender_id").str.contains(PERSON)
    if me is None:
        counted = table.filter(open_).group_by("sender_id").len().sort("len", "sender_id", descending=[True, False])
        busiest = counted.rows()[:2]
        if not busiest or (len(busiest) == 2 and busiest[0][1] < CLEAR * busiest[1][1]):
            return table, {}
        me = busiest[0][0]
    id_ = pl.col("sender_id").str.contains(r"^(?:user|channel|chat)\d+$")
    table = table.with_columns(
        pl.when(pl.col("sender_id") == me).then(pl.col("from_me").fill_null(True))
        .when(pl.col("is_group") & id_).then(pl.col("from_me").fill_null(False))
        .otherwise("from_me").alias("from_me")
    )  # fmt: skip
    neither = pl.col("from_me").is_null() & ~pl.col("is_group") & id_
    strangers = dict(table.filter(neither).group_by("sender_name").len().sort("sender_name").iter_rows())
    if not strangers:
        return table, {}
    kind = pl.when(neither).then(pl.lit("system", table.schema["kind"])).otherwise("kind").alias("kind")
    return table.with_columns(kind, pl.when(neither).then(False).otherwise("from_me").alias("from_me")), strangers


def _some(people: dict[str, int]) -> str:
    shown = [f"{count:,} message{'s' * (count != 1)} ({name})" for name, count in list(people.items())[:3]]
    return ", ".join(shown) + (f" and {len(people) - 3:,} more" if len(people) > 3 else "")


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
    end = count = 0
    person: dict[str, Any] = {}
    for opening in re.finditer(r'"messages"\s*:\s*\[', text):
        if opening.start() < end:
            continue  # inside of a message
        about = dict(json_file.members(text[end : opening.start()]))
        if end == 0 and (known := re.search(r'"user_id"\s*:\s*(\d+)', text[: opening.start()])):
            person = {"user_id": int(known[1]), **{k: v for k, v in about.items() if k in ("first_name", "last_name")}}
        elements, faults, end = json_file.pieces(path, text, opening.end(), count)
        count += len(elements)
        damaged += faults
        talks.append((about, elements))
    if not talks:
        raise UserError(
            f"{path.name} is not whole JSON, and no list of messages is to be found in it",
            "export it again, or copy the file again: it may be cut off",
        )
    damaged[:] = json_file.ended(path, text, damaged)
    return {"personal_information": person} if person else {}, iter(talks)


@dataclass
class _Reading:
    """A chat while it is read: who is who in it, the texts that others quote, and its topics."""

    chat: Chat
    me: str | None
    named: str | None  # what the owner is called, for messages without ids
    other: str | None  # the other side of a private chat
    answers: Counter[int]  # id → how many answer it
    roots: frozenset[int] | None  # the topics of a forum that were opened before the export begins; None: no forum
    said: dict[Any, str] = field(default_factory=dict)
    topics: dict[Any, int] = field(default_factory=dict)  # message → the message that opens its topic
    odd: Counter[str] = field(default_factory=Counter)  # blocks of rich messages that are not known


def _reading(about: dict[str, Any], parts: list[json_file.Part], me: str | None, named: str | None) -> _Reading:
    private = about.get("type") in PRIVATE
    number_ = about.get("id")
    if private and isinstance(number_, int) and number_ >= FLAG and _bare(parts):
        number_ %= FLAG
    key = str(number_) if isinstance(number_, int | str) else words(about.get("name")) or "0"
    # people, groups and channels are numbered on their own: one number may stand for two chats
    form = str(about.get("type"))
    space = "user" if private else "channel" if "channel" in form or "supergroup" in form else "chat"
    # a deleted account has no name
    chat = Chat(key, words(about.get("name")) or key, not private, space)
    known = private and form != "saved_messages" and number_ is not None
    answers = _answered(parts)
    return _Reading(
        chat,
        me,
        named,
        f"user{key}" if known else None,
        answers,
        _roots(parts, answers) if "supergroup" in form else None,
    )


_REPLY = re.compile(rb'"reply_to_message_id"\s*:\s*(-?\d+)')
_TOPIC = re.compile(rb'"action"\s*:\s*"topic_')
_FROM = re.compile(rb'"from_id"\s*:\s*("?)')


def _answered(parts: list[json_file.Part]) -> Counter[int]:
    """How many answer each message: only the text of these is kept for the quotes."""
    return Counter(int(found[1]) for part in parts if (found := _REPLY.search(memoryview(part))))


_ID = re.compile(rb'"id"\s*:\s*(-?\d+)')


def _roots(parts: list[json_file.Part], answers: Counter[int]) -> frozenset[int] | None:
    """What messages of a forum answer and the file does not hold: topics from before it begins. None for no forum.

    A group is one where a topic is opened, or several messages from before the beginning are answered again and again.
    """
    opened = any(_TOPIC.search(memoryview(part)) for part in parts)
    if not answers:
        return frozenset() if opened else None
    there = {int(found[1]) for part in parts if (found := _ID.search(memoryview(part)))}
    absent = {identity for identity in answers if identity not in there}
    if opened:
        return frozenset(absent)
    first = min(there, default=0)
    often = frozenset(identity for identity in absent if identity < first and answers[identity] >= TOPIC)
    return often if len(often) > 1 else None


def _bare(parts: list[json_file.Part]) -> bool:
    """Whether the ids of people are bare numbers, as before 2021."""
    first = next((found for part in parts if (found := _FROM.search(memoryview(part)))), None)
    return first is not None and not first[1]


def _add(rows: Rows, place: int, reading: _Reading, message: dict[str, Any]) -> None:
    unix = message.get("date_unixtime")
    if unix is not None:
        at, local = number(unix) * 1000, False
    else:
        moment = datetime.fromisoformat(message["date"])
        local = moment.tzinfo is None
        at = times.wall(*moment.timetuple()[:6]) if local else times.unix(message["date"])
    chat = reading.chat
    name = words(message.get("from")) or words(message.get("actor"))
    sender, mine = _who(message, name, reading)
    kind = _kind(message)
    text = _text(message, reading.odd) or None
    if kind == "other" and text and message.get("type") == "message":
        kind = "text"
    identity = message.get("id")
    if text and identity in reading.answers:
        reading.said[identity] = text[:500]
    # an answer to a message of another chat has that chat's number
    answers = None if message.get("reply_to_peer_id") else message.get("reply_to_message_id")
    quoted = reading.said.get(answers)
    if quoted and kind == "text":
        kind = "quote"
    if kind == "system":
        mine = bool(mine)
    topic = _topic(message, answers, reading.topics, reading.roots) if reading.roots is not None else None
    rows.add(
        place, chat, at, sender, name or sender, kind, text, local=local, from_me=mine,
        message_id=None if identity is None else str(identity), quoted=quoted, topic=topic,
    )  # fmt: skip


def _who(message: dict[str, Any], name: str | None, reading: _Reading) -> tuple[str, bool | None]:
    """The sender's id and whether it is me, None where an id or a name alone does not tell."""
    chat, me, other = reading.chat, reading.me, reading.other
    told = _peer(message.get("from_id")) or _peer(message.get("actor_id"))
    if told:
        if told == other:
            return told, False
        return told, told == me if me and (chat.is_group or told == me) else None
    if me and name and name == reading.named != chat.name:  # the names are all there is
        return me, True
    theirs = not chat.is_group and name in (None, chat.name)
    # of an unsupported message nothing is told
    sender = (other if theirs else None) or name or f"chat{chat.id}"
    known = theirs and chat.name != reading.named
    return sender, False if known or (chat.is_group and me) else None


def _topic(message: dict[str, Any], answers: Any, topics: dict[Any, int], roots: frozenset[int]) -> str | None:
    """The topic of a forum's message: that of the message it answers, up to the one that opened it."""
    identity = message.get("id")
    if message.get("action") == "topic_created" and isinstance(identity, int):
        topics[identity] = identity
    elif answers in topics:
        topics[identity] = topics[answers]
    elif answers in roots:
        topics[identity] = answers
    topic = topics.get(identity)
    return None if topic is None else str(topic)


def _peer(value: Any) -> str | None:
    """An id as today's files write it; before 2021 a person's was a bare number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"user{value % FLAG if value >= FLAG else value}"
    return words(value)


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
    return "text" if message.get("text") or message.get("text_entities") or message.get("rich_message") else "other"


def _text(message: dict[str, Any], odd: Counter[str]) -> str:
    """The typed text: the joined entities, else the pieces of `text`, else the words of a rich message."""
    for key in ("text_entities", "text"):
        value = message.get(key)
        if isinstance(value, str) and value:
            return words(value) or ""
        if isinstance(value, list) and value:
            pieces = (piece.get("text") if isinstance(piece, dict) else piece for piece in value)
            return "".join(found for piece in pieces if (found := words(piece)))
    return telegram_rich.text(message["rich_message"], odd) if "rich_message" in message else ""
