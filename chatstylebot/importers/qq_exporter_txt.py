"""QQ exported by qq-chat-exporter as text: "name:", then lines of time, content, media, mentions and reply.

Format: shared facts, formats.md §4.12 and §4.x. Names only.
"""

import re
from itertools import pairwise
from pathlib import Path

from chatstylebot import importers
from chatstylebot.importers import text_file, times
from chatstylebot.importers.rows import Chat, Rows

PLATFORM, CHINESE, SUFFIXES = "qq", True, (".txt",)
TITLE = re.compile(r"\[QQChatExporter V\d+ / https?://.*\]")
TIME = re.compile(r"时间: (\d{4})[-/](\d{1,2})[-/](\d{1,2}) (\d{1,2}):(\d\d):(\d\d)")
NAME = re.compile(r"聊天名称[:：] ?(.+)")
TYPE = re.compile(r"聊天类型[:：] ?(.+)")
MEDIA = re.compile(r"\[(image|video|audio|voice|file|market_face|mface|forward|json|location|face)消息\]")
KIND_OF = {
    "image": "image", "video": "video", "audio": "voice", "voice": "voice", "file": "file", "market_face": "sticker",
    "mface": "sticker", "forward": "forward", "json": "link", "location": "location", "face": "sticker",
}  # fmt: skip
# 回复: with a date is the exporter's, without one somebody typed it
TAIL = re.compile(r"\[(?:资源|提及)[:：] ?.*\]|(?:资源|提及): ?.*|\[?回复[:：] ?\d\d-\d\d .*\]?")
REPLY = re.compile(r"\[?回复[:：] ?\d\d-\d\d \d\d:\d\d(?::\d\d)? (?:.{0,60}? - )?(.*?)\]?")


def detect(head: importers.Head) -> bool:
    """Whether the first line is the exporter's."""
    return bool(TITLE.match(head.first_line.strip()))


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one chat."""
    text, remarks = text_file.read(path)
    lines = text.split("\n")
    marks = [
        n for n, line in enumerate(lines) if n and TIME.fullmatch(line.strip()) and lines[n - 1].rstrip().endswith(":")
    ]
    head = "\n".join(lines[: marks[0] - 1] if marks else lines[:20])
    name = found[1].strip() if (found := NAME.search(head)) else path.stem
    form = found[1] if (found := TYPE.search(head)) else ""
    senders = {lines[n - 1].rstrip()[:-1] for n in marks}
    chat = Chat(name, name, "群" in form or "group" in form.lower() or len(senders) > 2)
    rows = Rows(path.name, "line")
    for n, end in pairwise([*marks, len(lines) + 1]):
        when = TIME.fullmatch(lines[n].strip())
        try:
            at = times.wall(*(int(part) for part in when.groups())) if when else 0
        except ValueError as error:
            rows.lose(n, error)
            continue
        _add(rows, n, chat, at, lines[n - 1].rstrip()[:-1], lines[n + 1 : end - 1])
    return importers.Export(rows.table(zone), damaged=rows.damaged, notes=remarks)


def _add(rows: Rows, number: int, chat: Chat, at: int, sender: str, below: list[str]) -> None:
    quoted = None
    media = [line for line in below if line.lstrip("[").startswith("资源")]
    for line in below:
        if line.lstrip("[").startswith("回复") and (found := REPLY.fullmatch(line.strip())):
            quoted = found[1] or None
    said = "\n".join(line for line in below if not TAIL.fullmatch(line.strip())).strip("\n ")
    said = said.removeprefix("内容:").strip()
    first = MEDIA.search(said)
    typed = MEDIA.sub("", said).strip()
    kind = KIND_OF[first[1]] if first else "quote" if quoted else "text" if typed else "file" if media else "other"
    if sender in ("0", "未知", "系统消息", ""):
        rows.add(number, chat, at, "系统消息", "系统消息", "system", said or None, local=True, from_me=False)
        return
    rows.add(number, chat, at, sender, sender, kind, typed or None, local=True, quoted=quoted)
