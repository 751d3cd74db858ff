"""What a OneBot v11 event says: segments or CQ strings in, `Heard` out; texts as segments."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chatstylebot.bot.heard import Chat, Heard, Kind

NAME = "onebot"
GROUP = "group:"  # a group and a person may have the same number
CQ = re.compile(r"\[CQ:([A-Za-z0-9_.-]+)((?:,[^,\[\]]+)*)\]")
ESCAPES = {"&#44;": ",", "&#91;": "[", "&#93;": "]", "&amp;": "&"}
KINDS: dict[str, Kind] = {
    "image": "image", "record": "voice", "video": "video", "file": "file", "mface": "sticker", "bface": "sticker",
    "marketface": "sticker", "face": "sticker", "dice": "sticker", "rps": "sticker",
}  # fmt: skip
QUIET = ("text", "at", "reply")  # no kind of their own
EVERYBODY = "@全体成员"  # as QQ shows it

Segment = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Words:
    """What a message holds: `reply` is the id of the message it quotes."""

    text: str = ""
    kind: Kind = "text"
    mentioned: bool = False
    reply: str = ""


def unescape(text: str) -> str:
    """The text of a CQ string: each escape is read once, so that `&amp;#91;` stays `&#91;`."""
    return re.sub(r"&(?:amp|#44|#91|#93);", lambda found: ESCAPES[found[0]], text)


def segments(message: Any) -> list[Segment]:
    """The segments of a message in either form; what is none is left out."""
    if isinstance(message, str):
        return _parse(message)
    rows = message if isinstance(message, list) else [message]
    found = [row for row in rows if isinstance(row, dict) and isinstance(row.get("type"), str)]
    return [(row["type"], data if isinstance(data := row.get("data"), dict) else {}) for row in found]


def _parse(message: str) -> list[Segment]:
    found: list[Segment] = []
    end = 0
    for code in CQ.finditer(message):
        if code.start() > end:
            found.append(("text", {"text": unescape(message[end : code.start()])}))
        pairs = (part.partition("=") for part in code[2].split(",")[1:])
        found.append((code[1], {key: unescape(value) for key, _, value in pairs}))
        end = code.end()
    if end < len(message):
        found.append(("text", {"text": unescape(message[end:])}))
    return found


def of_text(text: str) -> list[dict[str, Any]]:
    """A text to send. As a segment it is never parsed: `[CQ:at,qq=all]` arrives as these very characters."""
    return [{"type": "text", "data": {"text": text}}]


def words(message: Any, account: str) -> Words:
    """What was typed and what came with it; the mention of `account` is told, not spelled out."""
    said: list[str] = []
    kind: Kind = "text"
    mentioned, reply = False, ""
    for form, data in segments(message):
        if form == "text":
            said.append(str(data.get("text") or ""))
        elif form == "at":
            who = str(data.get("qq") or "")
            mentioned |= who == account
            said.append("" if who == account else _mention(who, data))
        elif form == "reply":
            reply = str(data.get("id") or "")
        elif form == "face":
            said.append(_face(data))
        if form not in QUIET and kind in ("text", "sticker"):
            kind = _kind(form, data)
    text = "".join(said).strip()
    return Words(text, "text" if text and kind == "sticker" else kind, mentioned, reply)


def _mention(who: str, data: Mapping[str, Any]) -> str:
    if who == "all":
        return EVERYBODY
    return "@" + str(data.get("name") or who).removeprefix("@") + " "


def _face(data: Mapping[str, Any]) -> str:
    """The name of QQ's own small pictures (`/微笑`), where the client tells."""
    raw = data.get("raw")
    return str((raw if isinstance(raw, dict) else {}).get("faceText") or "")


def _kind(form: str, data: Mapping[str, Any]) -> Kind:
    if form == "image" and (str(data.get("sub_type")) == "1" or data.get("summary") == "[动画表情]"):
        return "sticker"
    return KINDS.get(form, "other")


def number(value: Any) -> int | str:
    """An id as the standard wants it: a number, where it is one."""
    return int(value) if str(value).isdecimal() else str(value)


def target(chat: Chat) -> dict[str, Any]:
    """The parameters that name a chat in an action."""
    if chat.id.startswith(GROUP):
        return {"group_id": number(chat.id.removeprefix(GROUP))}
    return {"user_id": number(chat.id)}


def own(event: Mapping[str, Any], account: str) -> bool:
    """Whether the account itself wrote it: by hand, or we did."""
    return event.get("post_type") == "message_sent" or str(event.get("user_id")) == account


def heard(event: Mapping[str, Any], account: str, owner: str | None, now: datetime) -> tuple[Heard, str] | None:
    """What an event says, and the id of the message that it quotes; None when it is no message of a person."""
    group, mine = event.get("message_type") == "group", own(event, account)
    if event.get("post_type") not in ("message", "message_sent") or event.get("sub_type") == "notice":
        return None
    # the other side of an own message is only told by `target_id`, an extension
    place = event.get("group_id") if group else event.get("target_id") if mine else event.get("user_id")
    if place is None or event.get("message_id") is None or str(event.get("self_id", account)) != account:
        return None
    if mine and not group and str(place) == account:  # notes to oneself: the bot's own account is the owner's
        if owner != account:
            return None
        mine = False
    sender, name = _sender(event)
    said = words(event.get("message"), account)
    found = Heard(
        Chat(NAME, account, GROUP * group + str(place)), str(event["message_id"]), sender, name, said.text,
        _time(event.get("time"), now), said.kind, group=group, mentioned=group and said.mentioned,
        owner=sender == owner and not mine and (said.mentioned or not group), own=mine,
    )  # fmt: skip
    return found, said.reply


def _sender(event: Mapping[str, Any]) -> tuple[str, str]:
    hidden = event.get("anonymous")
    if isinstance(hidden, dict):  # all anonymous writers share one number
        return f"anonymous:{hidden.get('id')}", str(hidden.get("name") or "")
    about = event.get("sender")
    about = about if isinstance(about, dict) else {}
    key = str(event.get("user_id"))
    return key, str(about.get("card") or about.get("nickname") or key)


def _time(stamp: Any, now: datetime) -> datetime:
    """When it was written; a client that does not tell, or tells nonsense, means now."""
    try:
        seconds = float(stamp)
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return now
