"""WeChat exported by chatlog as JSON.

Format: shared facts, formats.md §4.6. `isSelf` is wrong on some rows of WeChat 4: who is me is told by the one sender
that is flagged, and not at all where several are.
"""

from pathlib import Path
from typing import Any

import polars as pl

from chatstylebot import importers
from chatstylebot.importers import chatlog_csv, json_file, times, wechat
from chatstylebot.importers.rows import ODD, Chat, Rows, number, words

PLATFORM, CHINESE, SUFFIXES = "wechat", True, (".json",)


def detect(head: importers.Head) -> bool:
    """Whether it is a list of objects with chatlog's keys."""
    return all(f"[].{key}" in head.json for key in ("seq", "talker", "isSelf"))


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one file."""
    parts, damaged = json_file.read_list(path)
    rows = Rows(path.name, damaged=damaged)
    for place, message in json_file.objects(parts, path.name, damaged):
        try:
            _add(rows, place, message)
        except ODD as error:
            rows.lose(place, error)
    table, notes = _settled(rows.table(zone), path.name)
    own = table.filter(pl.col("from_me").fill_null(False)).select("sender_id", "sender_name").unique()
    owner = frozenset({*own["sender_id"], *own["sender_name"]} - {"me", "我"})
    return importers.Export(table, owner, damaged, notes)


def _settled(table: pl.DataFrame, name: str) -> tuple[pl.DataFrame, list[str]]:
    """`from_me` by the sender: isSelf, and in private chats the sender who is not the other side."""
    wrote = table.filter(pl.col("kind") != "system").select("sender_id", "from_me").unique()
    mine = set(wrote.filter("from_me")["sender_id"]) - {"me"}
    both = mine & set(wrote.filter(~pl.col("from_me"))["sender_id"])
    if len(mine) > 1 or (both and len(mine - both) != 0):
        unknown = table.with_columns(pl.when(pl.col("kind") != "system").then(None).otherwise(False).alias("from_me"))
        return unknown, [f"{name}: isSelf contradicts itself: {len(mine)} senders are flagged as the owner"]
    sure = pl.col("sender_id").is_in(list(mine | {"me"}))
    notes = (
        [f"{name}: isSelf is missing on some messages of {min(both)[:60]}; the sender's id was taken"] if both else []
    )
    return table.with_columns((sure & (pl.col("kind") != "system")).alias("from_me")), notes


def _add(rows: Rows, place: int, message: dict[str, Any]) -> None:
    talker = words(message.get("talker")) or words(message.get("talkerName"))
    if not talker:
        raise ValueError("no talker")
    chat = Chat(talker, words(message.get("talkerName")) or talker, bool(message.get("isChatRoom")))
    sender, name = words(message.get("sender")) or "", words(message.get("senderName")) or ""
    mine = bool(message.get("isSelf"))
    content = words(message.get("content")) or ""
    contents = message.get("contents")
    contents = contents if isinstance(contents, dict) else {}
    kind = wechat.kind_of(number(message.get("type", 1)), number(message.get("subType", 0)))
    text, quoted = (content if kind in ("text", "system", "quote") else None), None
    if kind == "text":
        kind, text, quoted = chatlog_csv.parted(content)
    if kind == "quote":
        refer = contents.get("refer")
        quoted = words(refer.get("content")) if isinstance(refer, dict) else quoted
    if sender == "系统消息" or kind == "system":
        kind, text, sender, name, mine = wechat.notice(content) or "system", content, "系统消息", "系统消息", False
    if not sender:  # own rows of WeChat 3 name nobody
        sender = "me" if mine else name or talker
    rows.add(
        place, chat, times.unix(str(message["time"])), sender, name or ("我" if mine else sender), kind, text,
        from_me=mine, message_id=str(message["seq"]) if "seq" in message else None, quoted=quoted,
    )  # fmt: skip
