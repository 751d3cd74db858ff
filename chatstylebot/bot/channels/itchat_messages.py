"""What web WeChat calls a message, as Heard."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from chatstylebot.bot.channels.itchat_people import GROUP, HELPER, Unclear, name
from chatstylebot.bot.heard import Chat, Heard, Kind

NAME = "itchat"
KINDS: dict[int, Kind] = {
    1: "text", 3: "image", 34: "voice", 42: "other", 43: "video", 47: "sticker", 48: "other", 49: "other", 62: "video",
}  # fmt: skip
APPS: dict[int, Kind] = {6: "file", 8: "sticker", 57: "text"}  # of 49; 57 quotes a message
QUOTE = re.compile(r"「[^：:]*[：:](.*?)」\n(?:- ){4,}-\n(.*)", re.S)
WHO = re.compile(r"@[0-9a-z]*:<br/>")

Raw = Mapping[str, Any]


def wanted(raw: Raw, me: str) -> bool:
    """Whether a person wrote it, in a chat of people: no notices, no services of WeChat, nothing of the machinery."""
    sender, to = str(raw.get("FromUserName")), str(raw.get("ToUserName"))
    other = to if sender == me else sender
    if raw.get("MsgType") not in KINDS or other == me or not raw.get("MsgId"):
        return False
    if other == HELPER:
        return sender == me
    if not other.startswith("@"):
        return False
    # in a group, who speaks stands before the words: what has nobody there is a notice
    return sender == me or not other.startswith(GROUP) or bool(WHO.match(str(raw.get("Content"))))


def plain(raw: Raw) -> dict[str, Any]:
    """The message as itchat reads it whole: a line break that is none of its own ends its search for the speaker."""
    return {**raw, "Content": str(raw.get("Content") or "").replace("\n", "<br/>")}


def heard(found: Raw, me: str, nick: str, account: str, id: Callable[[str], str], now: datetime) -> Heard:
    """The message that itchat has read; `id` names a user. Raises Unclear."""
    mine = found.get("FromUserName") == me
    place = id(str(found.get("ToUserName" if mine else "FromUserName")))
    group, helper = place.startswith("group:"), place == HELPER
    kind, text, quoted = _words(found)
    mentioned = False
    if group and not mine:
        mentioned, text = _mention(text, _names(found, nick))
        mentioned = mentioned or bool(found.get("IsAt"))
    sender, called = _sender(found, place, mine, id)
    return Heard(
        Chat(NAME, account, place), str(found["MsgId"]), sender, called, text, _at(found, now), kind, quoted,
        group=group, mentioned=mentioned, owner=helper, own=mine and not helper,
    )  # fmt: skip


def _words(found: Raw) -> tuple[Kind, str, str]:
    form = int(found["MsgType"])
    kind = KINDS[form]
    if form == 49:
        kind = APPS.get(int(found.get("AppMsgType") or 0), "other")
        return kind, str(found.get("FileName") or "") if kind == "text" else "", ""
    if form != 1:
        return kind, "", ""
    if found.get("Url"):  # a place on the map
        return "other", "", ""
    text = str(found.get("Content") or "")
    if quote := QUOTE.fullmatch(text):
        return kind, quote[2].strip(), quote[1].strip()
    return kind, text.strip(), ""


def _names(found: Raw, nick: str) -> list[str]:
    """What we are called in a group, the longest first."""
    room = found.get("User")
    self = room.get("Self") if isinstance(room, dict) else None
    shown = str((self or {}).get("DisplayName") or "") if isinstance(self, dict) else ""
    return sorted({each for each in (shown, nick) if each}, key=len, reverse=True)


def _mention(text: str, names: list[str]) -> tuple[bool, str]:
    """Whether we are called, and the text without it."""
    if not names:
        return False, text
    call = re.compile(rf"@(?:{'|'.join(map(re.escape, names))})(?:[\u2005 ]|$)")
    return bool(call.search(text)), call.sub("", text).strip()


def _sender(found: Raw, place: str, mine: bool, id: Callable[[str], str]) -> tuple[str, str]:
    if mine:
        return "me", ""
    if not place.startswith("group:"):
        return place, place.partition(":")[2]
    called = name(found.get("ActualNickName"))
    try:  # a friend is the same person in every group
        return id(str(found.get("ActualUserName"))), called
    except Unclear:
        return f"member:{called}", called


def _at(found: Raw, now: datetime) -> datetime:
    try:
        return min(datetime.fromtimestamp(float(found["CreateTime"]), UTC), now)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return now
