"""Who is answered, how, when, and never about what. Nobody but the owner is answered unless allowed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from functools import lru_cache

from chatstylebot import card_parts
from chatstylebot.bot.heard import Chat
from chatstylebot.bot.talk import House, Talk
from chatstylebot.card_parts import Manners, Policy
from chatstylebot.contacts import Contact

HOUR = timedelta(hours=1)
QUOTED = 24  # letters in a row that are a quotation and no chance; a Chinese character counts for 3
SOON = timedelta(seconds=5)  # before it is seen again whether a reply under way took the place
NEVER = {
    "zh": (
        "转账", "转钱", "打钱", "汇款", "红包", "还钱", "欠钱", "/借.{0,4}(钱|块|万|元)/", "付款码", "收款码",
        "验证码", "密码", "银行卡", "卡号", "身份证",
        "/(几点|哪里|哪儿|在哪|什么时候).{0,6}(见|碰头|集合)/", "/(见个?面|约(个|一下)?(时间|地点|饭))/",
    ),
    "en": (
        r"/(send|lend|wire|transfer|owe).{0,20}(money|cash|bucks)/", r"/[$€£]\s?\d/", "venmo", "paypal", "iban",
        r"/gift cards?\b/", "bank account", "account number", "credit card",
        "/(verification|security|login|one.time) code/", "otp", "passcode", "password", "pin", "ssn",
        r"/(where|when|what time).{0,24}\bmeet/", r"/\bmeet (up|me|you)\b/",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rules:
    """What the policy goes by."""

    manners: Manners
    contacts: Mapping[str, Contact]
    zone: tzinfo
    language: str = "zh"
    system: str = ""  # the card's system prompt, with its tags


def contact(contacts: Mapping[str, Contact], chat: Chat) -> str | None:
    """The id in contacts.yaml of who this chat is with: by alias, else by the very id. Never by a name: anybody may
    call themselves anything."""
    for id, one in contacts.items():
        if one.aliases.get(chat.channel) == chat.id:
            return id
    return chat.id if chat.id in contacts else None


def policy(rules: Rules, talk: Talk) -> Policy:
    """How this conversation is answered. A group goes by its own entry in contacts.yaml."""
    if talk.owner and not talk.group:
        return rules.manners.owner
    if talk.contact is not None and talk.contact in rules.contacts:
        return rules.contacts[talk.contact].policy
    return "off" if talk.group else rules.manners.others


def topic(rules: Rules, texts: Sequence[str]) -> str | None:
    """The first listed topic that these texts touch, as it stands in the list."""
    topics = rules.manners.never if rules.manners.never is not None else NEVER[rules.language]
    # a burst may hold half of it in one bubble and half in the next
    whole = "\n".join(texts)
    return next((each for each in topics if card_parts.topic(each).search(whole)), None)


def risky(rules: Rules, texts: Sequence[str]) -> str | None:
    """What the owner should see of a reply before anybody else does; None: nothing."""
    if found := topic(rules, texts):
        return f"touches {found}"
    if not _stretches("\n".join(texts)).isdisjoint(_own(rules.system)):
        return "repeats the system prompt"
    return None


@lru_cache(maxsize=8)
def _own(system: str) -> frozenset[str]:
    """The stretches of a system prompt, whatever stands for its tags."""
    return frozenset().union(*(_stretches(piece) for piece in re.split(r"\{\w+\}", system)))


def _stretches(text: str) -> frozenset[str]:
    """Every stretch of letters as long as a quotation: 24 letters, or 8 Chinese characters."""
    letters = [c for c in text.casefold() if c.isalnum()]
    weights = [3 if c > "\u2e7f" else 1 for c in letters]
    found, end, weight = set(), 0, 0
    for begin in range(len(letters)):
        while weight < QUOTED and end < len(letters):
            weight += weights[end]
            end += 1
        if weight >= QUOTED:
            found.add("".join(letters[begin:end]))
        weight -= weights[begin]
    return frozenset(found)


def awake(rules: Rules, now: datetime) -> datetime:
    """The next moment, from `now` on, that is in no quiet hours."""
    hours = [card_parts.quiet(text) for text in rules.manners.quiet]
    local = now.astimezone(rules.zone)
    for _ in range(len(hours) + 1):  # the end of one may lie in another
        for begin, end in hours:
            if _within(local.time(), begin, end):
                local = _next(local, end)
    return local.astimezone(now.tzinfo)


def _within(moment: time, begin: time, end: time) -> bool:
    return begin <= moment < end if begin < end else moment >= begin or moment < end


def _next(local: datetime, end: time) -> datetime:
    there = local.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)
    return there if there > local else there + timedelta(days=1)


def free(rules: Rules, house: House, talk: Talk, under_way: int, now: datetime) -> datetime:
    """The next moment, from `now` on, at which this contact's and the overall rate allow a reply.

    `under_way`: replies to others that have been asked for, and that nobody has got yet.
    """
    first = _free(talk.replied, rules.manners.per_contact, now)
    overall = _free(house.replied, max(rules.manners.overall - under_way, 0), now)
    return max(first, overall)


def _free(replied: Sequence[datetime], most: int, now: datetime) -> datetime:
    recent = [at for at in replied if now - at < HOUR]
    if len(recent) < most:
        return now
    return recent[-most] + HOUR if most else now + SOON


def recent(replied: Sequence[datetime], now: datetime) -> tuple[datetime, ...]:
    """The replies of the last hour, this one included."""
    return (*(at for at in replied if now - at < HOUR), now)
