"""Who is answered, how, when, and never about what. Nobody but the owner is answered unless allowed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from chatstylebot import card_parts
from chatstylebot.bot import leaks, topics
from chatstylebot.bot.heard import Chat
from chatstylebot.bot.talk import House, Talk
from chatstylebot.card_parts import Manners, Policy
from chatstylebot.contacts import Contact

HOUR = timedelta(hours=1)
SOON = timedelta(seconds=5)  # before it is seen again whether a reply under way took the place


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
    return topics.found(topics.NEVER if rules.manners.never is None else rules.manners.never, texts)


def risky(rules: Rules, texts: Sequence[str], contact: str | None = None) -> str | None:
    """What the owner should see of a reply before this contact does; None: nothing."""
    if found := topic(rules, texts):
        return f"touches {topics.shown(found)}"
    known = rules.contacts.get(contact or "")
    if leaks.repeats(rules.system, (known.relation if known else None) or "", texts) or leaks.recites(texts):
        return "repeats the system prompt"
    return None


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
    lately = _lately(replied, now)
    if len(lately) < most:
        return now
    return lately[-most] + HOUR if most else now + SOON


def recent(replied: Sequence[datetime], now: datetime) -> tuple[datetime, ...]:
    """The replies of the last hour, this one included."""
    return (*_lately(replied, now), now)


def _lately(replied: Sequence[datetime], now: datetime) -> list[datetime]:
    """Those of the last hour; after a clock was put back, none that lies ahead."""
    return [at for at in replied if timedelta() <= now - at < HOUR]
