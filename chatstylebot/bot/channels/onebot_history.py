"""What a QQ client still knows: NapCat's extensions to OneBot v11, each of which another client may lack."""

from typing import Any

from chatstylebot.bot.channels import onebot_messages as messages
from chatstylebot.bot.channels.onebot_line import Frame, Line, NoAnswer
from chatstylebot.bot.channels.onebot_sent import Sent, mark
from chatstylebot.bot.heard import Chat

PATIENCE = 3.0  # seconds: all of it can be done without
ROWS, CHATS = 20, 50  # messages of a chat, and chats, that are looked at
SKEW = 60.0  # seconds by which the clocks of QQ and of this machine may differ
FRIEND, ROOM, STRANGER = 1, 2, 100  # chatType


async def quoted(line: Line, message: str) -> str:
    """The text of the message with this id, "" when the client cannot tell."""
    data = await line.try_to("get_msg", PATIENCE, message_id=messages.number(message))
    return messages.words(data.get("message"), line.account).text if isinstance(data, dict) else ""


async def rows(line: Line, chat: Chat) -> list[Frame] | None:
    """The newest messages of a chat, oldest first; None when the client cannot tell. Raises NoAnswer."""
    action = "get_group_msg_history" if chat.id.startswith(messages.GROUP) else "get_friend_msg_history"
    data = await line.ask(action, PATIENCE, **messages.target(chat), count=ROWS)
    found = data.get("messages") if isinstance(data, dict) else None
    if not isinstance(found, list):
        return None
    return sorted((row for row in found if isinstance(row, dict)), key=_time)


async def find(line: Line, chat: Chat, text: str, since: float, sent: Sent) -> str | None:
    """The id of our message with this text, not older than `since`, "" when there is none.

    None when the client cannot tell. Raises NoAnswer when it may tell another time.
    """
    found = await rows(line, chat)
    if found is None:
        return None
    wanted = mark(chat, text)
    for row in found:
        id = str(row.get("message_id"))
        told = mark(chat, messages.words(row.get("message"), line.account).text)
        fresh = _time(row) >= since - SKEW and not sent.known(chat, id)
        if messages.own(row, line.account) and fresh and told == wanted:
            return id
    return ""


async def missed(line: Line, since: float) -> tuple[list[Frame], bool]:
    """The events of all chats from `since` on, in the order in which they were written, and whether they are all.

    A client that does not have them at all has told all that it can.
    """
    whole = True
    found: list[Frame] = []
    try:
        recent = await line.ask("get_recent_contact", PATIENCE, count=CHATS)
        for about in recent if isinstance(recent, list) else []:
            chat = _chat(about, line.account)
            if chat is not None and _number(about.get("msgTime")) >= since:
                said = await rows(line, chat) or []
                found += [{"post_type": "message", "target_id": chat.id} | row for row in said if _time(row) >= since]
    except NoAnswer:
        whole = False
    return sorted(found, key=_time), whole


def _chat(about: Any, account: str) -> Chat | None:
    kind = about.get("chatType") if isinstance(about, dict) else None
    if kind not in (FRIEND, ROOM, STRANGER) or not about.get("peerUin"):
        return None
    return Chat(messages.NAME, account, messages.GROUP * (kind == ROOM) + str(about["peerUin"]))


def _time(row: Frame) -> float:
    return _number(row.get("time"))


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0
