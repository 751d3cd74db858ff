"""A first contacts.yaml: who is who, for the user to fill in."""

import json
from collections.abc import Collection

import polars as pl

MOST = 200  # chats that a first file lists
HEAD = """\
# Who is who. `relation` can go into the system prompt ({relation} in clone.yaml); `policy` says what the bot may do:
# off (never answers), draft (proposes), auto (answers). `public: true` lets everybody's memory use this chat.
# 谁是谁：relation 可以写进系统提示词（clone.yaml 里的 {relation}）；policy 决定机器人怎样对待这个人：
# off（不回）、draft（只拟稿）、auto（自动回复）。
# Delete lines as you like; `csb preprocess` never changes this file again.
"""


def chats(messages: pl.DataFrame, own: pl.DataFrame) -> list[tuple[str, str, bool]]:
    """The chats with samples, those with most first: id, name, group."""
    counted = own.filter("kept").group_by("chat").len()
    named = messages.select("chat", "chat_id", "chat_name", "is_group").unique("chat")
    listed = counted.join(named, on="chat").sort("len", "chat_id", descending=[True, False])
    return [tuple(row) for row in listed.select("chat_id", "chat_name", "is_group").iter_rows()]


def first(listed: list[tuple[str, str, bool]]) -> str:
    """The text of a first contacts.yaml."""
    lines = [HEAD]
    for key, name, group in listed[:MOST]:
        lines.append(
            f"{_quoted(key)}:{'  # a group' if group else ''}\n  name: {_quoted(name)}\n  relation:\n  policy: off\n"
        )
    return "\n".join(lines)


def missing(listed: list[tuple[str, str, bool]], known: Collection[str]) -> list[str]:
    """The names of the chats that an existing file does not hold."""
    return [name for key, name, _ in listed if key not in known]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # JSON is YAML, and PyYAML would escape emoji
