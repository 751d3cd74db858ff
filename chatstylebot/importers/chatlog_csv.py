"""WeChat exported by chatlog as CSV: no types and no flag for own messages.

Format: shared facts, formats.md §4.6. Media stand as markdown links, a quote as lines that begin with ">".
"""

import re
from pathlib import Path

from chatstylebot import importers
from chatstylebot.errors import UserError
from chatstylebot.importers import csv_file, times, wechat
from chatstylebot.importers.rows import Chat, Rows

PLATFORM, CHINESE, SUFFIXES = "wechat", True, (".csv",)
COLUMNS = ["Time", "SenderName", "Sender", "TalkerName", "Talker", "Content"]
ROW = re.compile(r'"?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"?,')
TIME = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[ T](\d{1,2}):(\d\d)(?::(\d\d))?")
LINK = {
    "图片": "image", "语音": "voice", "视频": "video", "动画表情": "sticker", "链接": "link", "文件": "file", "转账": "transfer",
    "红包": "transfer", "位置": "location", "名片": "contact", "合并转发": "forward", "小程序": "link", "视频号": "link", "音乐": "link",
}  # fmt: skip
MARKDOWN = re.compile(
    r"!?\[(图片|语音|视频|动画表情|链接|文件|转账|红包|位置|名片|合并转发|小程序|视频号|音乐)(?:\|[^\n]*)?\]\([^\n]*\)"
)
QUOTE = re.compile(r"((?:>[^\n]*\n)+)(.*)", re.DOTALL)
QUOTED_HEAD = re.compile(r"> ?.*\(.*\)? ?.*\d\d:\d\d(?::\d\d)?")


def detect(head: importers.Head) -> bool:
    """Whether the header is chatlog's."""
    return head.first_line.replace('"', "").startswith(",".join(COLUMNS[:3]))


def parted(content: str) -> tuple[str, str | None, str | None]:
    """The kind of a message, what was typed and what was quoted, from chatlog's text of it."""
    quote = QUOTE.fullmatch(content)
    if quote and QUOTED_HEAD.match(quote[1].split("\n", 1)[0]):
        lines = [line.removeprefix(">").removeprefix(" ") for line in quote[1].rstrip("\n").split("\n")]
        return "quote", quote[2], "\n".join(lines[1:]) or None
    if found := MARKDOWN.fullmatch(content.strip()):
        return LINK[found[1]], None, None
    kind = wechat.placeholder(content) or wechat.notice(content)
    if kind == "voice":
        return kind, wechat.spoken(content), None
    return kind or "text", content if kind in (None, "system") else None, None


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one file. Raises UserError when the header lacks a column."""
    columns = csv_file.header(importers.head(path).first_line)
    if missing := [name for name in COLUMNS if name not in columns]:
        raise UserError(
            f"{path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; it has {', '.join(columns)}",
            "export it again as CSV, without leaving columns out",
        )
    table, damaged, remarks = csv_file.read(path, columns, ROW)
    rows = Rows(path.name, "row", damaged)
    for place, time, name, sender, talker_name, talker, content in table.select("row", *COLUMNS).iter_rows():
        found = TIME.fullmatch((time or "").strip())
        if not any((time, name, sender, content)):
            continue
        if not found:
            rows.lose(place, "no time")
            continue
        try:
            at = times.wall(*(int(part or 0) for part in found.groups()))
        except ValueError as error:
            rows.lose(place, error)
            continue
        key = talker or talker_name or path.stem
        chat = Chat(key, talker_name or key, key.endswith("@chatroom"))
        _add(rows, place, chat, at, name or "", sender or "", content or "")
    return importers.Export(rows.table(zone), damaged=rows.damaged, notes=remarks)


def _add(rows: Rows, place: int, chat: Chat, at: int, name: str, sender: str, content: str) -> None:
    if "系统消息" in (sender, name):
        kind = wechat.notice(content) or "system"
        rows.add(place, chat, at, "系统消息", "系统消息", kind, content, local=True, from_me=False)
        return
    kind, text, quoted = parted(content)
    # own rows of private chats have neither a name nor an id in some versions
    rows.add(place, chat, at, sender or name or "me", name or sender or "我", kind, text, local=True, quoted=quoted)
