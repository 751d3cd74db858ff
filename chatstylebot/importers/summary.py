"""What is in an export, as `csb inspect` tells it. Pure: messages in, counts out."""

from typing import Any

import polars as pl

from chatstylebot.importers import Found, cut, local_times, people
from chatstylebot.words import many


def of(found: Found, own: people.Self) -> dict[str, Any]:
    """One file: format, platform, messages, kinds, chats with their people, first and last time, who is me, warnings.

    Times are ISO 8601 in UTC; `from_me` counts own messages and is null where it is not known whose they are.
    """
    messages = found.export.messages
    kinds = messages.group_by("kind").len().sort("len", "kind", descending=[True, False])
    span = messages.select(pl.col("sent_at").min().alias("first"), pl.col("sent_at").max().alias("last")).row(0)
    return {
        "path": found.path,
        "format": found.form,
        "platform": found.platform,
        "messages": messages.height,
        "by_kind": dict(kinds.iter_rows()),
        "chats": _chats(messages, known=own.how is not None),
        "first": _iso(span[0]),
        "last": _iso(span[1]),
        "me": own.name,
        "me_known_by": own.how,
        "damaged": len(found.export.damaged),
        "warnings": warnings(found, own),
    }


def _iso(moment: Any) -> str | None:
    return moment and f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _chats(messages: pl.DataFrame, known: bool) -> list[dict[str, Any]]:
    own = pl.col("from_me").fill_null(False)
    per_person = (
        messages.lazy()
        .group_by("chat_id", "sender_id", "sender_name")
        .agg(
            pl.len().alias("messages"),
            own.sum().alias("own"),
            (pl.col("kind") == "system").sum().alias("notices"),
            pl.col("chat_name").first(),
            pl.col("is_group").first(),
        )
        .sort("messages", "sender_id", "sender_name", descending=[True, False, False])
        .collect()
    )
    chats = (
        per_person.group_by("chat_id")
        .agg(pl.col("chat_name", "is_group").first(), pl.sum("messages"), pl.sum("own").alias("from_me"))
        .sort("messages", "chat_id", descending=[True, False])
    )
    # who wrote nothing but notices takes no part
    wrote = per_person.with_columns((pl.col("messages") - pl.col("notices")).alias("messages")).filter(
        pl.col("messages") > 0
    )
    people_of = wrote.group_by("chat_id", "sender_id", maintain_order=True).agg(
        pl.col("sender_name").first(), pl.sum("messages")
    )
    taking_part = people_of.partition_by("chat_id", as_dict=True)
    return [
        {
            "id": chat["chat_id"],
            "name": chat["chat_name"],
            "is_group": chat["is_group"],
            "messages": chat["messages"],
            "from_me": chat["from_me"] if known else None,
            "participants": [
                {"id": row["sender_id"], "name": row["sender_name"], "messages": row["messages"]}
                for row in (taking_part[chat["chat_id"],].to_dicts() if (chat["chat_id"],) in taking_part else [])
            ],
        }
        for chat in chats.to_dicts()
    ]


def warnings(found: Found, own: people.Self) -> list[str]:
    """What the user should know before going on."""
    lines = found.export.notes + local_times([found])
    if torn := cut(found):
        lines.append(f"{torn}; csb preprocess takes that with --partial")
    damaged = found.export.damaged
    if damaged:
        lines.append(f"{many(len(damaged), 'row')} cannot be read; the first: {damaged[0]}")
    if found.export.messages.height == 0:
        lines.append("there are no messages in it")
    elif own.how is None:
        rows = people.senders(found.export.messages).to_dicts()
        lines.append(f"it does not tell which messages are yours; in it write {people.described(rows)}")
    elif not found.export.messages.filter(pl.col("sender_id").is_in(own.ids)).height:
        lines.append("none of its messages is yours")
    return lines


def months(messages: pl.DataFrame) -> list[tuple[str, int]]:
    """Messages per month, months without any included: [("2023-11", 120), …]."""
    if messages.height == 0:
        return []
    counted = messages.group_by(pl.col("sent_at").dt.truncate("1mo").alias("month")).len().sort("month")
    whole = counted.upsample("month", every="1mo").with_columns(pl.col("len").fill_null(0))
    return [(f"{month:%Y-%m}", number) for month, number in whole.iter_rows()]
