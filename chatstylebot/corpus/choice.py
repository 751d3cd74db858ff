"""Which messages the user wants: chats by id or name, a span of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

import polars as pl

from chatstylebot.contacts import Contact
from chatstylebot.errors import UserError, nearest

LISTED = 10  # chats that an error shows


@dataclass(frozen=True)
class Choice:
    """Chats to take (empty: all) and to leave out, by id, name or alias; the first moment, and the first one after.

    The moments are UTC until `at` puts them into the zone of the chats.
    """

    contacts: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def at(self, zone: str) -> Self:
        """The same dates as a clock in that zone shows them."""
        here = ZoneInfo(zone)
        return replace(
            self,
            since=self.since and self.since.replace(tzinfo=here),
            until=self.until and self.until.replace(tzinfo=here),
        )


def span(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    """The first moment that counts and the first one after, on no clock yet. Raises UserError."""
    try:
        begin = moment(since) if since else None
        end = moment(until, end=True) if until else None
    except ValueError as error:
        raise UserError(str(error), "write --since 2023 or --until 2023-05-31") from None
    if begin and end and begin >= end:
        raise UserError(f"nothing lies between --since {since} and --until {until}", "swap them")
    return begin, end


def names(texts: Sequence[str]) -> tuple[str, ...]:
    """Names from options that may be given several times and may each hold several, with commas between them."""
    return tuple(name for text in texts for part in text.replace("，", ",").split(",") if (name := part.strip()))


def moment(text: str, zone: str = "UTC", end: bool = False) -> datetime:
    """The beginning (or, for `end`, what follows the end) of a year, month or day, or a time: 2023, 2023-05-01.

    Raises ValueError.
    """
    for shape, step in (("%Y", "y"), ("%Y-%m", "m"), ("%Y-%m-%d", "d"), ("%Y-%m-%dT%H:%M", ""), ("%Y-%m-%d %H:%M", "")):
        try:
            found = datetime.strptime(text.strip().replace("/", "-"), shape).replace(tzinfo=ZoneInfo(zone))
        except ValueError:
            continue
        if not end or not step:
            return found
        if step == "y":
            return found.replace(year=found.year + 1)
        if step == "m":
            return (found + timedelta(days=32)).replace(day=1)
        return found + timedelta(days=1)
    raise ValueError(f"{text!r} is not a date: write 2023, 2023-05 or 2023-05-01")


def reasons(messages: pl.DataFrame, choice: Choice, contacts: Mapping[str, Contact]) -> pl.Expr:
    """Why a message is left out: "not_chosen", "out_of_time" or null. Raises UserError for a chat that is not there."""
    reason = pl.lit(None, pl.String)
    if choice.since or choice.until:
        low = pl.lit(True) if choice.since is None else pl.col("sent_at") >= choice.since.astimezone(UTC)
        high = pl.lit(True) if choice.until is None else pl.col("sent_at") < choice.until.astimezone(UTC)
        reason = pl.when(low & high).then(reason).otherwise(pl.lit("out_of_time"))
    if choice.contacts or choice.exclude:
        chats = messages.select("chat_id", "chat_name").unique()
        taken = _ids(chats, choice.contacts, contacts)
        left = _ids(chats, choice.exclude, contacts)
        wanted = pl.lit(True) if not choice.contacts else pl.col("chat_id").is_in(taken)
        reason = pl.when(wanted & ~pl.col("chat_id").is_in(left)).then(reason).otherwise(pl.lit("not_chosen"))
    return reason


def _ids(chats: pl.DataFrame, wanted: Sequence[str], contacts: Mapping[str, Contact]) -> list[str]:
    """The ids of the chats that these ids, names and aliases stand for, exactly."""
    found: set[str] = set()
    here = set(chats["chat_id"])
    for name in wanted:
        ids = chats.filter((pl.col("chat_id") == name) | (pl.col("chat_name") == name))["chat_id"].to_list()
        known = [i for i, c in contacts.items() if i in here and (c.name == name or name in c.aliases.values())]
        if not ids and not known:
            all_names = sorted({*chats["chat_name"], *here})
            near = nearest(name, all_names)
            shown = ", ".join(map(repr, sorted(set(chats["chat_name"]))[:LISTED]))
            raise UserError(
                f"no chat is called {name!r}" + (f" (did you mean {near!r}?)" if near else "") + f"; there are {shown}",
                "write the chat's name or id exactly; `csb inspect` lists them all",
            )
        found.update(ids, known)
    return sorted(found)
