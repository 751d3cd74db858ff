"""One person taken out of what `csb preprocess` left. Pure: tables and texts in, tables and texts out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import yaml

from chatstylebot.card import Contact

DISTINCT = 8  # characters from which a text can be looked for
INDEX = pl.Schema({"file": pl.String(), "row": pl.UInt32(), "chat_id": pl.String(), "conversation": pl.UInt32()})


@dataclass(frozen=True)
class Person:
    """Who is to be forgotten: their chats, the sender_ids they have in groups, and what they are called."""

    chats: tuple[str, ...]
    senders: tuple[str, ...]
    names: tuple[str, ...]


def find(messages: pl.DataFrame, contacts: Mapping[str, Contact], wanted: str) -> Person:
    """Everything that an id, a name or an alias stands for, exactly; empty where it stands for nobody."""
    known = {key for key, c in contacts.items() if wanted in (key, c.name, *c.aliases.values())}
    others = messages.filter(~pl.col("from_me"))
    named = others.filter(
        (pl.col("sender_id") == wanted) | (pl.col("sender_name") == wanted) | pl.col("sender_id").is_in(known)
    )
    ids = set(named["sender_id"]) | known
    chats = messages.select("chat_id", "chat_name", "is_group").unique()
    own = chats.filter(
        (pl.col("chat_id") == wanted) | (pl.col("chat_name") == wanted) | pl.col("chat_id").is_in(known)
        | (pl.col("chat_id").is_in(ids) & ~pl.col("is_group"))
    )  # fmt: skip
    people = others.filter(pl.col("chat_id").is_in(own.filter(~pl.col("is_group"))["chat_id"].implode()))
    senders = ids | set(people["sender_id"])
    names = {wanted, *own["chat_name"], *named["sender_name"]} | {
        c.name for k, c in contacts.items() if k in known and c.name
    }
    return Person(tuple(sorted(own["chat_id"])), tuple(sorted(senders)), tuple(sorted(names)))


def theirs(person: Person) -> pl.Expr:
    """The messages that go: all of their chats, and their own in groups."""
    return pl.col("chat_id").is_in(person.chats) | (pl.col("sender_id").is_in(person.senders) & ~pl.col("from_me"))


def touched(messages: pl.DataFrame, index: pl.DataFrame, person: Person) -> pl.DataFrame:
    """The samples that go: of their chats, and of every conversation of a group in which they spoke."""
    spoke = messages.filter(theirs(person) & pl.col("conversation").is_not_null()).select("conversation").unique()
    return index.filter(
        pl.col("chat_id").is_in(person.chats) | pl.col("conversation").is_in(spoke["conversation"].implode())
    )


def without_rows(text: str, rows: set[int], lines: bool) -> str:
    """A file of samples (a JSON list, or JSON lines) without some of them. Raises ValueError."""
    if lines:
        kept = [line for number, line in enumerate(text.splitlines()) if number not in rows]
        return "".join(f"{line}\n" for line in kept)
    samples = [sample for number, sample in enumerate(json.loads(text)) if number not in rows]
    return (
        "[\n"
        + ",\n".join(json.dumps(sample, ensure_ascii=False) for sample in samples)
        + ("\n]\n" if samples else "]\n")
    )


def needles(messages: pl.DataFrame, person: Person) -> list[str]:
    """What can only come from them: ids, and texts of 8 characters or more that no message which stays holds."""
    gone = messages.filter(theirs(person))
    rest = messages.filter(~theirs(person))
    texts = pl.concat([gone["text"], gone["quoted"]]).drop_nulls().unique()
    texts = texts.filter(texts.str.len_chars() >= DISTINCT).sort()
    ids = sorted({*person.chats, *person.senders} - set(person.names) - {"me"})
    ids = [key for key in ids if len(key) >= 5]
    if len(texts) == 0:
        return ids
    said = pl.concat([rest["text"], rest["quoted"]]).drop_nulls()
    elsewhere = (
        said.str.extract_many(texts.implode(), overlapping=True).explode().drop_nulls().unique() if len(said) else said
    )
    return [*ids, *texts.filter(~texts.is_in(elsewhere.implode()))]


def left(text: str, wanted: Sequence[str]) -> int:
    """How many of the needles stand in a file's text, as they are or escaped as JSON does."""
    forms = {
        form
        for needle in wanted
        for form in (needle, json.dumps(needle)[1:-1], json.dumps(needle, ensure_ascii=False)[1:-1])
    }
    if not forms:
        return 0
    found = pl.Series([text]).str.extract_many(sorted(forms)).explode().drop_nulls()
    return found.n_unique()


def without_contact(text: str, keys: set[str]) -> str:
    """contacts.yaml without the entries of these chats; every other line stays as it is. Raises yaml.YAMLError."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(node, yaml.MappingNode):
        return text
    lines = text.splitlines(keepends=True)
    starts = [key.start_mark.line for key, _ in node.value] + [len(lines)]
    gone: set[int] = set()
    for (key, _), begin, end in zip(node.value, starts, starts[1:], strict=False):
        if key.value in keys:
            while end > begin + 1 and lines[end - 1].lstrip().startswith("#"):  # a comment on what follows
                end -= 1
            gone.update(range(begin, end))
    return "".join(line for number, line in enumerate(lines) if number not in gone)


def without_report(report: dict[str, Any], person: Person, samples: int, messages: int) -> dict[str, Any]:
    """The report without the person's lines, and with what was forgotten since."""
    names = {*person.names, *person.chats}
    found = {**report, "contacts": [row for row in report.get("contacts", []) if row.get("name") not in names]}
    if found.get("largest_chat") in names:
        found["largest_chat"] = None
    # a file is often called by its chat, and so are the places in it
    found |= {"examples": {}, "damaged": [], "notes": [], "files": {}}
    before = report.get("forgotten", {})
    found["forgotten"] = {
        "samples": before.get("samples", 0) + samples, "messages": before.get("messages", 0) + messages
    }  # fmt: skip
    return found
