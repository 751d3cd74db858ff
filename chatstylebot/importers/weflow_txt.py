"""WeChat exported by WeFlow as text: a time and a name in single quotes, the message, a blank line.

Format: shared facts, formats.md §4.4. Own messages are called 我 in private chats; in groups the file does not tell.
"""

import re
from pathlib import Path

from chatstylebot import importers
from chatstylebot.importers import text_file, times, wechat
from chatstylebot.importers.memotrace_txt import blocks
from chatstylebot.importers.memotrace_v2 import chat_name
from chatstylebot.importers.rows import Chat, Rows

PLATFORM, CHINESE, SUFFIXES = "wechat", True, (".txt",)
START = re.compile(r"(\d{4})-(\d\d?)-(\d\d?) (\d\d?):(\d\d):(\d\d) '(.*)'")
QUOTE = re.compile(r"(.*?)\[引用 ([^\n]*?：.*)\]", re.DOTALL)


def detect(head: importers.Head) -> bool:
    """Whether the first line is a time and a name in single quotes."""
    return bool(head.lines and START.fullmatch(head.lines[0]))


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one chat."""
    text, remarks = text_file.read(path)
    rows = Rows(path.name, "line")
    found = list(blocks(text, START))
    senders = {match[7] for _, match, below in found if match[7] and not wechat.notice(below)}
    told = "我" in senders
    chat = Chat(chat_name(path), chat_name(path), len(senders) > 2)
    for number, match, below in found:
        try:
            at = times.wall(*(int(part) for part in match.groups()[:6]))
        except ValueError as error:
            rows.lose(number, error)
            continue
        sender = match[7] or "系统消息"
        quote = QUOTE.fullmatch(below)
        kind = "quote" if quote else wechat.placeholder(below) or wechat.notice(below) or "text"
        typed = quote[1] if quote else below if kind in ("text", "system") else None
        typed = wechat.spoken(below) if kind == "voice" else typed
        mine = (sender == "我") if told else None
        key = "me" if sender == "我" else sender
        rows.add(
            number, chat, at, key, sender, kind, typed, local=True, from_me=mine, quoted=quote[2] if quote else None
        )
    return importers.Export(rows.table(zone), frozenset({"我"} if told else ()), damaged=rows.damaged, notes=remarks)
