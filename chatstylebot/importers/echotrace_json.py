"""WeChat exported by EchoTrace or CipherTalk as JSON; WeFlow's JSON is a sibling with a head of its own.

Format: shared facts, formats.md §4.4 and §4.5. `isSend` tells who is me, `createTime` is unix seconds; `type` is to be
trusted, `localType` is not.
"""

import re
from pathlib import Path
from typing import Any

from chatstylebot import importers
from chatstylebot.errors import UserError
from chatstylebot.importers import json_file, wechat
from chatstylebot.importers.rows import ODD, Chat, Rows, number, words

PLATFORM, CHINESE, SUFFIXES = "wechat", True, (".json",)
KIND_OF = {
    "文本消息": "text", "图片消息": "image", "语音消息": "voice", "名片消息": "contact", "视频消息": "video",
    "动画表情": "sticker", "位置消息": "location", "链接消息": "link", "通话消息": "call", "系统消息": "system",
    "引用消息": "quote", "音乐消息": "link", "群公告": "system", "转账消息": "transfer", "文件消息": "file",
    "聊天记录": "forward", "小程序消息": "link", "其他消息": "other", "卡片式链接": "link", "图文消息": "link",
    "小程序分享": "link", "音乐卡片": "link", "红包卡片": "transfer", "聊天记录合并转发": "forward",
    "拍一拍消息": "system", "转账卡片": "transfer", "视频号直播卡片": "link", "红包消息": "transfer",
}  # fmt: skip
QUOTE = re.compile(r"(.*?)\[引用 (.*)\]", re.DOTALL)


def detect(head: importers.Head) -> bool:
    """Whether it has a session and messages, and no head of WeFlow's."""
    return "session" in head.json and "weflow" not in head.json and (
        "messages[].createTime" in head.json or "session.wxid" in head.json
    )  # fmt: skip


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one chat. Raises UserError for a file that holds no messages."""
    top, parts, damaged = json_file.read(path)
    session = top.get("session")
    if not isinstance(session, dict):
        session = {}
        if not parts:
            raise UserError(f"{path} holds no session and no messages", "export it again")
    senders = _senders(top)
    name = next((t for f in ("remark", "displayName", "nickname", "wxid") if (t := words(session.get(f)))), path.stem)
    key = words(session.get("wxid")) or name
    group = session.get("type") == "群聊" or key.endswith("@chatroom")
    chat = Chat(key, name, group)
    rows = Rows(path.name, damaged=damaged)
    owner: set[str] = set()
    names: dict[str, set[str]] = {}
    for place, message in json_file.objects(parts, path.name, damaged):
        try:
            _add(rows, place, chat, message, senders, owner, names)
        except ODD as error:
            rows.lose(place, error)
    known = {k: frozenset(v - {k}) for k, v in names.items()}
    return importers.Export(rows.table(zone), frozenset(owner), rows.damaged, names=known)


def _senders(top: dict[str, Any]) -> dict[Any, dict[str, Any]]:
    """The people that arkme-JSON lists by number."""
    listed = top.get("senders")
    return {
        str(row.get("senderID")): row for row in (listed if isinstance(listed, list) else []) if isinstance(row, dict)
    }


def _add(
    rows: Rows,
    place: int,
    chat: Chat,
    message: dict[str, Any],
    senders: dict[Any, dict[str, Any]],
    owner: set[str],
    names: dict[str, set[str]],
) -> None:
    row = senders.get(str(message.get("senderID")), {})
    shown = (words(row.get(field)) for field in ("groupNickname", "remark", "displayName", "nickname"))
    called = words(message.get("senderDisplayName")) or next((name for name in shown if name), None)
    wxid = words(message.get("senderUsername")) or words(row.get("wxid"))
    content = words(message.get("content"))
    kind = KIND_OF.get(str(message.get("type")))
    if kind is None:  # a type this list does not know: the code tells, if it is one
        kind = wechat.kind_of(number(message["localType"])) if "localType" in message else "other"
    if kind == "text" and content:
        kind = wechat.notice(content) or kind
    sent = message.get("isSend")
    mine = None if sent is None else number(sent) == 1
    if kind == "system":
        kind = wechat.notice(content or "") or kind
        mine = bool(mine)
    key = wxid or ("me" if mine else chat.id if not chat.is_group else called or "未知")
    known = {name for name in (called, wxid, words(row.get("nickname")), words(row.get("remark"))) if name}
    if known:
        names.setdefault(key, set()).update(known)
    if mine:
        owner.update(known)
    quoted = words(message.get("quotedContent"))
    text = content if kind in ("text", "system") else None
    if kind == "quote" and content:
        found = QUOTE.fullmatch(content)
        text, quoted = (found[1], quoted or found[2]) if found else (content, quoted)
    elif kind == "voice" and content:
        text = wechat.spoken(content)
    at = number(message["createTime"])
    identity = words(message.get("platformMessageId")) or (
        str(i) if (i := message.get("localId")) is not None else None
    )
    rows.add(
        place, chat, at * 1000 if at < 10**11 else at, key, called or ("我" if mine else key), kind, text,
        from_me=mine, message_id=identity, quoted=quoted,
    )  # fmt: skip
