"""QQ's old desktop program: the message manager's text export, of one friend, one group or everybody.

Format: shared facts, formats.md §4.12. Every 消息对象 is a chat of its own (IMP-16). In groups numbers are given, in private
chats only names: the file does not tell who is me.
"""

import re
from pathlib import Path

from chatstylebot import importers
from chatstylebot.importers import text_file, times
from chatstylebot.importers.rows import Chat, Rows

PLATFORM, CHINESE, SUFFIXES = "qq", True, (".txt",)
TITLE = "消息记录（此消息记录为文本格式，不支持重新导入）"
START = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d\d):(\d\d)(?: ([AaPp][Mm]|上午|下午))? (.+)")
WHO = re.compile(r"(.*?)(?:\((\d{4,12})\)|<([^<>\s]+@[^<>\s]+)>)")
ROLE = re.compile(r"^【(?:管理员|群主|潜水|冒泡|吐槽|活跃|话唠|传说|[^】\n]{1,8})】")
SYSTEM = ("10000", "1000000")
MEDIA = {
    "[图片]": "image",
    "[表情]": "sticker",
    "[语音]": "voice",
    "[视频]": "video",
    "[文件]": "file",
    "[闪照]": "image",
    "[红包]": "transfer",
    "[转账]": "transfer",
}
MEDIA_TEXT = re.compile(r"(?:\[(?:图片|表情)\]\s*)+")
RECALLED = re.compile(r".{0,40}撤回了一条(?:成员)?消息.{0,20}")
GROUPS = re.compile(r"群聊|讨论组|我的群|QQ群")


def detect(head: importers.Head) -> bool:
    """Whether the first line is the one that QQ writes."""
    return head.first_line.strip() == TITLE


def read(path: Path, zone: str) -> importers.Export:
    """The messages of every chat in the file."""
    text, remarks = text_file.read(path)
    rows = Rows(path.name, "line")
    names: dict[str, set[str]] = {}
    chats: dict[str, Chat] = {}
    folder, current = "", path.stem
    group = False
    found: list[tuple[int, str, bool, re.Match[str], list[str]]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("消息分组:"):
            folder = line.partition(":")[2].strip()
            group = bool(GROUPS.search(folder))
        elif line.startswith("消息对象:"):
            current = line.partition(":")[2].strip() or path.stem
        elif begins := START.fullmatch(line):
            found.append((number, current, group, begins, []))
        elif found and not re.fullmatch("={16,}", line):
            found[-1][4].append(line)
    speakers: dict[str, set[str]] = {}
    for _, name, _, match, _ in found:
        speakers.setdefault(name, set()).add(_who(match[8])[0])
    for number, name, grouped, match, below in found:
        many = len({s for s in speakers[name] if s not in SYSTEM and not s.startswith("系统消息")}) > 2
        chat = chats.setdefault(name, Chat(name, name, grouped or many))
        _add(rows, number, chat, match, "\n".join(below).strip("\n"), names)
    known = {key: frozenset(others - {key}) for key, others in names.items()}
    return importers.Export(rows.table(zone), damaged=rows.damaged, notes=remarks, names=known)


def _who(text: str) -> tuple[str, str]:
    """The id (or name) and the name of a sender; the roles of a group are no part of it."""
    found = WHO.fullmatch(text.strip())
    key, name = ((found[2] or found[3]), found[1]) if found else (text.strip(), text.strip())
    name = ROLE.sub("", name).strip()
    if not found:
        key = name or key
    return key, name or key


def _add(rows: Rows, number: int, chat: Chat, match: re.Match[str], said: str, names: dict[str, set[str]]) -> None:
    year, month, day, hour, minute, second = (int(match[n]) for n in range(1, 7))
    if half := (match[7] or "").lower():
        hour = hour % 12 + 12 * (half in ("pm", "下午")) if hour <= 12 else hour
    try:
        at = times.wall(year, month, day, hour, minute, second)
    except ValueError as error:
        rows.lose(number, error)
        return
    key, name = _who(match[8])
    if key in SYSTEM or name == "系统消息":
        kind = "recall" if RECALLED.fullmatch(said.strip()) else "system"
        rows.add(number, chat, at, "系统消息", "系统消息", kind, said or None, local=True, from_me=False)
        return
    names.setdefault(key, set()).add(name)
    bare = said.strip()
    kind = (
        "recall" if RECALLED.fullmatch(bare) else MEDIA.get(bare) or ("image" if MEDIA_TEXT.fullmatch(bare) else "text")
    )
    # a picture beside words: the words were typed
    typed = re.sub(r"\[(?:图片|表情)\]", "", bare).strip() if kind == "text" else None
    rows.add(number, chat, at, key, name, kind, typed, local=True)
