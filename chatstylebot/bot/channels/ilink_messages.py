"""What iLink calls a WeixinMessage, as Heard."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chatstylebot.bot.channels.ilink_accounts import Account
from chatstylebot.bot.heard import Chat, Heard, Kind
from chatstylebot.words import whole

USER = 1  # message_type of what people write; 2 is what a bot wrote
KINDS: dict[int, Kind] = {1: "text", 2: "image", 3: "voice", 4: "file", 5: "video"}


def heard(account: Account, message: Mapping[str, Any], now: datetime) -> Heard | None:
    """The message; None for what a bot wrote, what comes from a group, and what names nobody."""
    sender = message.get("from_user_id")
    if message.get("message_type") != USER or message.get("group_id") or not (isinstance(sender, str) and sender):
        return None
    items = [one for one in message.get("item_list") or () if isinstance(one, dict)]
    kinds = [KINDS.get(one.get("type") or 0, "other") for one in items]
    sender, scanner = whole(sender), sender == account.user
    return Heard(
        chat=Chat("ilink", account.id, sender),
        id=_id(message),
        sender=sender,
        name=account.name if scanner else "",
        text="\n".join(text for one in items if (text := _text(one))),
        at=min(written(message, now), now),
        kind=next((kind for kind in kinds if kind != "text"), "text" if kinds else "other"),
        quoted=next((text for one in items if (text := _quoted(one.get("ref_msg")))), ""),
        owner=scanner and account.role == "owner",
        contact=account.contact if scanner else "",
    )


def _id(message: Mapping[str, Any]) -> str:
    """The same for the same message; a number beyond 2^53 stays exact, being an int."""
    told = message.get("message_id") or message.get("client_id")
    return str(told or f"{message.get('create_time_ms')}-{message.get('seq')}")


def written(message: Mapping[str, Any], now: datetime) -> datetime:
    """When the server says that it was written, by its own clock; now where it does not."""
    try:
        return datetime.fromtimestamp(message["create_time_ms"] / 1000, UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return now


def _text(item: Mapping[str, Any]) -> str:
    """What was typed, or said: WeChat writes voice messages down itself."""
    found = item.get({1: "text_item", 3: "voice_item"}.get(item.get("type") or 0, ""))
    text = found.get("text") if isinstance(found, dict) else None
    return text if isinstance(text, str) else ""


def _quoted(quote: Any) -> str:
    """The words that a message answers to, as far as they are told."""
    if not isinstance(quote, dict):
        return ""
    item = quote.get("message_item")
    texts = (_text(item) if isinstance(item, dict) else "", quote.get("partial_text"), quote.get("title"))
    return next((text for text in texts if isinstance(text, str) and text), "")
