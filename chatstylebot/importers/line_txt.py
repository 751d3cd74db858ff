"""LINE's saved chat as text, in English, Japanese and Chinese.

Format: shared facts, formats.md §4.14. A line of the day, then time, name and text with tabs; names only.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from chatstylebot import importers
from chatstylebot.importers import text_file, times
from chatstylebot.importers.rows import Chat, Rows

PLATFORM, CHINESE, SUFFIXES = "line", False, (".txt",)
TITLE = re.compile(
    r"\[LINE\] ?(?:Chat history (?P<how>with|in) (?P<a>.+)|(?P<b>.+?)(?:との|の)トーク履歴|[与與](?P<c>.+?)的聊天[记記][录錄])(?:\.txt)?"
)
DAY = re.compile(
    r"(?:(?:\w{3},? )?(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})|(?P<y2>\d{4})[./](?P<m2>\d{1,2})[./](?P<d2>\d{1,2}))"
    r"\s?(?:[(（][^)）\n]{1,9}[)）]|週.|星期.|[A-Z][a-z]+day|.曜日)?"
)
MESSAGE = re.compile(
    r"(?P<half>上午|下午|午前|午後|오전|오후)?(?P<h>\d{1,2}):(?P<min>\d\d) ?(?P<ap>[AaPp][Mm])?(?P<gap>[\t ])(?P<rest>.*)"
)
MEDIA = {
    "[Photo]": "image", "[照片]": "image", "[写真]": "image", "[圖片]": "image", "[图片]": "image", "Photos": "image", "照片": "image",
    "写真": "image", "圖片": "image", "[Sticker]": "sticker", "[貼圖]": "sticker", "[贴图]": "sticker", "[スタンプ]": "sticker",
    "Stickers": "sticker", "貼圖": "sticker", "スタンプ": "sticker", "[Voice message]": "voice", "[語音訊息]": "voice",
    "[ボイスメッセージ]": "voice", "[Video]": "video", "[影片]": "video", "[動画]": "video", "[视频]": "video", "[Album]": "image",
    "[相簿]": "image", "[アルバム]": "image", "[Contact]": "contact", "[聯絡資訊]": "contact", "[連絡先]": "contact", "[Location]": "location",
    "[位置訊息]": "location", "[位置情報]": "location", "[File]": "file", "[檔案]": "file", "[ファイル]": "file",
}  # fmt: skip
LED = re.compile(
    r"\[(File|檔案|文件|ファイル|Album|相簿|アルバム|Note|記事本|ノート|null|Location|位置訊息|位置情報)\][ \n].*",
    re.DOTALL,
)
LED_KIND = {
    "null": "location",
    "Location": "location",
    "位置訊息": "location",
    "位置情報": "location",
    "Note": "link",
    "記事本": "link",
    "ノート": "link",
}
UNSENT = re.compile(
    r"(?:Message unsent\.?|.{0,40} unsent a message\.?|.{0,40}已收回訊息|.{0,40}收回了訊息|.{0,40}メッセージの送信を取り消しました|このメッセージの送信を取り消しました)"
)
CALL = re.compile(
    r"☎ .*|(?:Missed|Canceled|Cancelled|No answer|Call time).{0,30}|(?:通話時間|通话时间|未接來電|未接来电|不在着信|通話をキャンセル).{0,30}"
)
GROUPED = re.compile(
    r"joined the group|left the group|invited .+ to the group|加入(?:群組|聊天)|退出(?:群組|聊天)|がグループに参加|がグループを退会|参加しました"
)


def detect(head: importers.Head) -> bool:
    """Whether the first line is LINE's."""
    return bool(TITLE.fullmatch(head.first_line.strip()))


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one chat."""
    text, remarks = text_file.read(path)
    lines = text.split("\n")
    title = TITLE.fullmatch(lines[0].strip()) if lines else None
    name = next((part for part in (title["a"], title["b"], title["c"]) if part), path.stem) if title else path.stem
    found = _messages(lines, name)
    senders = {sender for _, _, _, sender, _ in found if sender}
    notices = [said for _, _, _, sender, said in found if not sender]
    chat = Chat(
        name, name, bool(title and title["how"] == "in") or len(senders) > 2 or any(map(GROUPED.search, notices))
    )
    rows = Rows(path.name, "line")
    for number, day, clock, sender, said in found:
        try:
            at = times.wall(*day, *clock) if day else None
        except ValueError as error:
            rows.lose(number, error)
            continue
        if at is None:
            rows.lose(number, "it stands before the first date")
            continue
        _add(rows, number, chat, at, sender, said)
    return importers.Export(rows.table(zone), damaged=rows.damaged, notes=remarks)


def _messages(lines: list[str], chat: str) -> list[tuple[int, tuple[int, int, int] | None, tuple[int, int], str, str]]:
    """Each message: line number, day, clock, sender ("" for a notice) and text with the lines that belong to it."""
    names = {parts[1] for line in lines if MESSAGE.match(line) and len(parts := line.split("\t", 2)) == 3} - {""}
    tabs = any("\t" in line and MESSAGE.match(line) for line in lines)
    longest = sorted({*names, chat}, key=len, reverse=True)
    found: list[tuple[int, tuple[int, int, int] | None, tuple[int, int], str, list[str]]] = []
    day: tuple[int, int, int] | None = None
    for number, line in enumerate(lines, 1):
        dated = DAY.fullmatch(line.strip())
        begins = None if dated else MESSAGE.fullmatch(line)
        if dated:
            day = tuple(int(dated[a] or dated[b]) for a, b in (("y", "y2"), ("m", "m2"), ("d", "d2")))  # type: ignore[assignment]
        elif begins and (begins["gap"] == "\t" or _spaced(begins["rest"], longest, tabs)):
            sender, said = _parted(begins["rest"], begins["gap"], longest)
            found.append((number, day, _clock(begins), sender, [said]))
        elif found and number > 2:
            found[-1][4].append(line)
    return [(number, day, clock, sender, _unquoted(said)) for number, day, clock, sender, said in found]


def _spaced(rest: str, names: Sequence[str], tabs: bool) -> bool:
    """Whether a time and a blank begin a message; in a file with tabs only where a known name follows."""
    return any(rest.startswith(name + " ") for name in names) if tabs else bool(rest.strip())


def _parted(rest: str, gap: str, names: Sequence[str]) -> tuple[str, str]:
    if gap == "\t":
        sender, tab, said = rest.partition("\t")
        return (sender, said) if tab else ("", rest)
    known = next((name for name in names if rest.startswith(name + " ")), None)
    sender, _, said = (known, " ", rest[len(known) + 1 :]) if known else rest.partition(" ")
    return (sender, said) if said else ("", rest)


def _clock(found: re.Match[str]) -> tuple[int, int]:
    hour, half = int(found["h"]), found["half"] or (found["ap"] or "").lower()
    late = half in ("下午", "午後", "오후", "pm")
    return (hour % 12 + 12 * late if half and hour <= 12 else hour), int(found["min"])


def _unquoted(said: list[str]) -> str:
    """The text of a message; one of several lines stands in double quotes."""
    while len(said) > 1 and not said[-1].strip():
        said = said[:-1]
    text = "\n".join(said)
    if len(said) > 1 and text.startswith('"') and text.endswith('"'):
        return text[1:-1].replace('""', '"')
    return text


def _add(rows: Rows, number: int, chat: Chat, at: int, sender: str, said: str) -> None:
    text = said.strip()
    if not sender:
        kind = "recall" if UNSENT.fullmatch(text) else "call" if CALL.fullmatch(text) else "system"
        rows.add(number, chat, at, "LINE", "LINE", kind, text if kind == "system" else None, local=True, from_me=False)
        return
    led = LED.fullmatch(text)
    if text in MEDIA:
        kind = MEDIA[text]
    elif led:
        kind = LED_KIND.get(led[1], "image" if led[1] in ("Album", "相簿", "アルバム") else "file")
    elif UNSENT.fullmatch(text):
        kind = "recall"
    elif CALL.fullmatch(text):
        kind = "call"
    else:
        kind = "text"
    rows.add(number, chat, at, sender, sender, kind, text if kind == "text" else None, local=True)
