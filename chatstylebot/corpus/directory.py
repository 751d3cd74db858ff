"""A first contacts.yaml: who is who, for the user to fill in."""

import json
from collections.abc import Collection

import polars as pl
import yaml

from chatstylebot.errors import UserError

Chat = tuple[str, str, bool]  # id, name, whether it is a group
MOST = 200  # chats that a first file lists
HEAD = """\
# Who is who. `relation` can go into the system prompt ({relation} in clone.yaml); `policy` says what the bot may do:
# off (never answers), draft (proposes), auto (answers). `public: true` lets everybody's memory use this chat.
# 谁是谁：relation 可以写进系统提示词（clone.yaml 里的 {relation}）；policy 决定机器人怎样对待这个人：
# off（不回）、draft（只拟稿）、auto（自动回复）。
# Delete lines as you like; `csb preprocess` changes this file only with --update-contacts.
"""


def chats(messages: pl.DataFrame, own: pl.DataFrame) -> list[Chat]:
    """The chats with samples, those with most first: id, name, group."""
    counted = own.filter("kept").group_by("chat").len()
    named = messages.select("chat", "chat_id", "chat_name", "is_group").unique("chat")
    listed = counted.join(named, on="chat").sort("len", "chat_id", descending=[True, False])
    return [tuple(row) for row in listed.select("chat_id", "chat_name", "is_group").iter_rows()]


def first(listed: list[Chat]) -> str:
    """The text of a first contacts.yaml."""
    return "\n".join([HEAD, *map(_entry, listed[:MOST])])


def more(text: bytes, absent: list[Chat]) -> bytes:
    """The file's bytes with these chats at its end; what stands there stays to the byte, comments too.

    Raises UserError where an end of the file is no place for them: in braces, behind `...`.
    """
    start = text.removeprefix(b"\xef\xbb\xbf")
    end = b"\r\n" if b"\r\n" in text else b"\n"
    gap = b"" if not start.strip() else end if start.endswith(b"\n") else end * 2
    entries = "\n".join(map(_entry, absent))
    made = text + gap + entries.encode().replace(b"\n", end)
    try:
        keys = {str(key) for key in yaml.safe_load(made.decode("utf-8-sig"))}
    except (yaml.YAMLError, ValueError, TypeError):
        keys = set()
    if not {key for key, _, _ in absent} <= keys:
        raise UserError("contacts.yaml takes nothing at its end (is it in braces?)", f"write this into it:\n{entries}")
    return made


def missing(listed: list[Chat], known: Collection[str]) -> list[Chat]:
    """The chats that an existing file does not hold."""
    return [chat for chat in listed if chat[0] not in known]


def _entry(chat: Chat) -> str:
    key, name, group = chat
    return f"{_quoted(key)}:{'  # a group' if group else ''}\n  name: {_quoted(name)}\n  relation:\n  policy: off\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # JSON is YAML, and PyYAML would escape emoji
