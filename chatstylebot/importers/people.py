"""Who is who in an export: whose messages are mine, and who might be me where the file does not tell."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from chatstylebot.corpus.messages import SCHEMA
from chatstylebot.errors import UserError, nearest
from chatstylebot.importers import Found
from chatstylebot.words import many

SHOWN = 12  # candidates that an error lists
NEAR = 0.8  # of 1, how equal two spellings are that may be one name's
_WORD = re.compile(r"[^\W_]+")
NOBODY = ["系统消息", "系统", "未知", "WhatsApp", "LINE", "system"]  # who importers say writes the notices


@dataclass(frozen=True)
class Self:
    """Whose messages are the own ones in a file: their sender_ids, what to call them, and how that is known."""

    ids: tuple[str, ...]
    name: str | None
    how: str | None  # "file", "--me", "--person", None where it is not known


def senders(messages: pl.DataFrame) -> pl.DataFrame:
    """Everybody who wrote something: sender_id, their commonest sender_name, messages, chats; the busiest first."""
    notice = (pl.col("kind") == "system") | pl.col("sender_id").is_in(NOBODY)
    wrote = messages.lazy().filter(~notice).select("sender_id", "sender_name", "chat_id")
    named = wrote.group_by("sender_id", "sender_name", "chat_id").agg(pl.len().alias("n")).collect()
    usual = (
        named.group_by("sender_id", "sender_name").agg(pl.sum("n"))
        .sort("n", "sender_name", descending=[True, False])
        .group_by("sender_id", maintain_order=True).first().select("sender_id", "sender_name")
    )  # fmt: skip
    counted = named.group_by("sender_id").agg(
        pl.sum("n").alias("messages"), pl.col("chat_id").n_unique().alias("chats")
    )
    return (
        counted.join(usual, on="sender_id")
        .select("sender_id", "sender_name", "messages", "chats")
        .sort("chats", "messages", "sender_id", descending=[True, True, False])
    )


def told(messages: pl.DataFrame) -> bool:
    """Whether the file says whose each message is; notices are nobody's."""
    return not messages.select((pl.col("from_me").is_null() & (pl.col("kind") != "system")).any()).item()


def find(files: Sequence[Found], me: Sequence[str], person: str | None = None) -> list[Self]:
    """Who writes the own messages in each file, as far as the file or the given names tell. Guesses nothing."""
    return [_self(found, me, person) for found in files]


def _self(found: Found, me: Sequence[str], person: str | None) -> Self:
    messages = found.export.messages
    if person is None and told(messages):
        own = messages["sender_id"].filter(messages["from_me"].fill_null(False)).unique().sort().to_list()
        return Self(tuple(own), _called(found, own), "file")
    wanted = [person] if person is not None else me
    ids = _matching(found, wanted)
    if not ids:
        return Self((), None, None)
    name = ids[0] if len(ids) == 1 else next(n for n in wanted if _matching(found, [n]))
    return Self(tuple(ids), name, "--me" if person is None else "--person")


def _called(found: Found, own: Sequence[str]) -> str | None:
    """What to call the owner of a file: their id, else a name that the file knows."""
    if len(own) == 1 and own[0] != "me":
        return str(own[0])
    known = sorted(found.export.owner - {"我", "me", "Me"}, key=lambda name: (not name.startswith("wxid_"), name))
    return known[0] if known else min(found.export.owner, default=own[0] if own else None)


def _matching(found: Found, wanted: Sequence[str]) -> list[str]:
    """The sender_ids that these ids or names stand for, exactly: "Ann" is not "Anna" (IMP-18)."""
    sought = set(wanted)
    pairs = found.export.messages.select("sender_id", "sender_name").unique()
    hit = pairs.filter(pl.col("sender_id").is_in(sought) | pl.col("sender_name").is_in(sought))["sender_id"]
    here = set(pairs["sender_id"].to_list())
    known = {key for key, others in found.export.names.items() if sought & others and key in here}
    own = {"me"} & here if sought & found.export.owner else set()
    return sorted({*hit.to_list(), *known, *own})


def check(files: Sequence[Found], selves: Sequence[Self], me: Sequence[str], person: str | None = None) -> list[str]:
    """Raise UserError where it is not known who is me; else remarks about files in which nobody is."""
    names = [person] if person is not None else me
    for name in names:
        _check_name(files, name, person is not None)
    unknown = [found for found, own in zip(files, selves, strict=True) if not own.ids and not _own(found)]
    if len(unknown) == len(files) or (unknown and not me and person is None):
        if person is None and all(told(found.export.messages) for found in files):
            return []
        _ask(unknown, names)
    if person is None:
        for found in unknown:
            _check_absent(found, me)
    called = " or ".join(map(repr, names))
    return [f"{found.shown}: nobody in it is called {called}: nothing in it counts as theirs" for found in unknown]


def _check_absent(found: Found, me: Sequence[str]) -> None:
    """Raise UserError for a file in which I am not, though I should be: two people talk in it, or one is called nearly so.

    Only in a group, or where one side alone wrote, can there be no word of mine.
    """
    rows = senders(found.export.messages)
    called = [*rows["sender_name"], *rows["sender_id"]]
    near = next((other for name in me for other in called if _alike(name, other)), "")
    if not near and (rows.height < 2 or found.export.messages["is_group"].all()):
        return
    near = near or next((hit for name in me if (hit := nearest(name, called))), "")
    raise UserError(
        f"nobody in {found.shown} is called {' or '.join(map(repr, me))}" + (f" (did you mean {near!r}?)" if near else "")
        + f"; there are {described(rows.to_dicts())}",
        f"say who you are in it, too: {' '.join(f'--me {shlex.quote(name)}' for name in [*me, near or 'NAME'])}, or leave that file out",
    )  # fmt: skip


def _own(found: Found) -> bool:
    return told(found.export.messages)


def _check_name(files: Sequence[Found], name: str, person: bool) -> None:
    """Raise UserError for a name that nobody has, that several people have, or that is somebody else's."""
    owners = frozenset[str]().union(*(found.export.owner for found in files))
    if name == "me" and not person and any(_own(found) and _matching(found, [name]) for found in files):
        return  # what importers call the owner where the file has no id
    for found in files:
        same = _matching(found, [name])
        if len(same) > 1 and name not in same and not (name in found.export.owner and not person):
            raise UserError(
                f"{name!r} is the name of {len(same)} people in {found.shown}: {', '.join(map(repr, same[:SHOWN]))}",
                f"give the id instead, for example {same[0]}",
            )
    if name in owners and not person:
        return
    hits = [found for found in files if _matching(found, [name])]
    if not hits:
        everybody = senders(pl.concat([found.export.messages for found in files], how="diagonal"))
        near = nearest(name, [*everybody["sender_id"], *everybody["sender_name"]])
        raise UserError(
            f"nobody in these files is called {name!r}" + (f" (did you mean {near!r}?)" if near else "")
            + f"; there are {described(everybody.to_dicts())}"
            + (f"; the owner of the export is {', '.join(map(repr, sorted(owners)))}" if owners else ""),
            "write one of these names or ids, exactly as it stands here",
        )  # fmt: skip
    if not person and all(told(found.export.messages) for found in hits):
        raise UserError(
            f"the files say that {name!r} is somebody else: their own messages belong to "
            f"{', '.join(map(repr, sorted(owners))) or 'nobody named'}",
            f"leave out --me (these files tell which messages are yours), or clone that person with --person {name!r}",
        )


def _alike(name: str, other: str) -> bool:
    """Whether two names may be one person's: all words of one stand in the other (Alex, Alex R.), or a letter differs."""
    mine, theirs = (set(_WORD.findall(text.casefold())) for text in (name, other))
    if mine and theirs and (mine <= theirs or theirs <= mine):
        return True
    return bool(nearest(name.casefold(), [other.casefold()], NEAR))


def _ask(files: Sequence[Found], given: Sequence[str]) -> None:
    """Raise the UserError that lists who could be me; `given` is what was said already."""
    first = files[0]
    rows = senders(
        pl.concat([found.export.messages.select("sender_id", "sender_name", "chat_id", "kind") for found in files])
    )
    listed = rows.to_dicts()
    more = f", nor {'do' if len(files) > 2 else 'does'} {many(len(files) - 1, 'more file')}" if len(files) > 1 else ""
    raise UserError(
        f"{first.shown} does not tell which messages are yours{more}; the people in {'them' if more else 'it'} are "
        f"{described(listed)}",
        f"{', '.join(map(repr, given))} is none of them: leave that file out, or add the name that you have in it"
        if given
        else f"say which of them you are: --me {shlex.quote(listed[0]['sender_name'])} or another of them"
        if listed
        else "export the chats again: nobody wrote in them",
    )


def claim(files: Sequence[Found], selves: Sequence[Self], person: str | None = None) -> list[Found]:
    """The files with `from_me` filled in everywhere."""
    return [_claimed(found, own, person is not None) for found, own in zip(files, selves, strict=True)]


def _claimed(found: Found, own: Self, anew: bool) -> Found:
    if own.how == "file" and not found.export.messages["from_me"].null_count():
        return found
    mine = pl.col("sender_id").is_in(own.ids)
    if anew:
        messages = found.export.messages.with_columns(mine.alias("from_me"))
    else:
        messages = found.export.messages
        neither = pl.col("from_me").is_null() & ~mine & ~pl.col("is_group")
        if found.export.sided and own.ids:
            kind = pl.when(neither).then(pl.lit("system")).otherwise("kind").cast(SCHEMA["kind"])
            messages = messages.with_columns(kind.alias("kind"))
        messages = messages.with_columns(pl.col("from_me").fill_null(mine & (pl.col("kind") != "system")))
    return replace(found, export=replace(found.export, messages=messages))


def described(rows: Sequence[Mapping[str, Any]]) -> str:
    """People for an error line: 'id' (name, 120 messages in 3 chats)."""
    parts = []
    for row in rows[:SHOWN]:
        name = "" if row["sender_name"] == row["sender_id"] else f"{row['sender_name']}, "
        chats = "" if row["chats"] == 1 else f" in {row['chats']} chats"
        parts.append(f"{row['sender_id']!r} ({name}{row['messages']:,} message{'s' * (row['messages'] != 1)}{chats})")
    more = len(rows) - SHOWN
    return ", ".join(parts) + (f" and {more:,} more" if more > 0 else "")
