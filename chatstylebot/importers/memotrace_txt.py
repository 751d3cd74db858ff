"""WeChat exported by MemoTrace as text: a time and a name, the message, a blank line.

Format: shared facts, formats.md §4.1 and §4.x. Names only; a notice is a time and a text on one line.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from chatstylebot import importers
from chatstylebot.importers import text_file, times, wechat
from chatstylebot.importers.memotrace_v2 import chat_name
from chatstylebot.importers.rows import Chat, Rows

PLATFORM, CHINESE, SUFFIXES = "wechat", True, (".txt",)
START = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?: (.*))?")
QUOTE = re.compile(r"(.*)\n引用[:：]([^\n]*.*)", re.DOTALL)


def detect(head: importers.Head) -> bool:
    """Whether messages begin with a time and a name, and are parted by blank lines."""
    if not head.lines or not START.fullmatch(head.lines[0]):
        return False
    # QQ writes name(number) there, WeFlow 'name'; one contact may be called so, everybody is not
    names = re.findall(r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (.+?)\r?$", head.text)
    return not names or not all(re.fullmatch(r"'.*'|.*(?:\(\d+\)|<[^>]+>)", name) for name in names)


def blocks(text: str, start: re.Pattern[str]) -> Iterator[tuple[int, re.Match[str], str]]:
    """Each block that begins with a line of that shape: its line number, that line and what stands below it.

    A block begins where the file does or after a blank line, so that a time in the middle of a text stays text.
    """
    found: re.Match[str] | None = None
    below: list[str] = []
    first, free = 0, True
    for number, line in enumerate(text.split("\n"), 1):
        begins = start.fullmatch(line) if free else None
        if begins:
            if found:
                yield first, found, "\n".join(below).strip("\n")
            found, first, below = begins, number, []
        elif found:
            below.append(line)
        free = not line.strip()
    if found:
        yield first, found, "\n".join(below).strip("\n")


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one chat."""
    text, remarks = text_file.read(path)
    rows = Rows(path.name, "line")
    found = list(blocks(text, START))
    senders = {match[7] for _, match, below in found if match[7] and below}
    chat = Chat(chat_name(path), chat_name(path), len(senders) > 2)
    for number, match, below in found:
        try:
            at = times.wall(*(int(part) for part in match.groups()[:6]))
        except ValueError as error:
            rows.lose(number, error)
            continue
        _add(rows, number, chat, at, match[7] or "", below)
    return importers.Export(rows.table(zone), damaged=rows.damaged, notes=remarks)


def _add(rows: Rows, number: int, chat: Chat, at: int, name: str, below: str) -> None:
    if not below or not name:  # a notice: of v1 on the line of the time, of v2 below it
        words = below or name
        kind = wechat.notice(words) or "system"
        rows.add(number, chat, at, "系统消息", "系统消息", kind, words or None, local=True, from_me=False)
        return
    quote = QUOTE.fullmatch(below)
    kind = "quote" if quote else wechat.placeholder(below) or wechat.notice(below) or "text"
    typed = quote[1] if quote else below if kind in ("text", "system") else None
    typed = wechat.spoken(below) if kind == "voice" else typed
    rows.add(number, chat, at, name, name, kind, typed, local=True, quoted=quote[2] if quote else None)
