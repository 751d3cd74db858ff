"""One person taken out of what `csb preprocess` left. Pure: tables and texts in, tables and texts out."""

import json
import re
import shlex
import unicodedata
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import yaml

from chatstylebot.contacts import Contact
from chatstylebot.corpus.privacy.blocked import hideable
from chatstylebot.errors import UserError

DISTINCT = 8  # characters from which a text can be looked for
UNSEEN = ("Cf", "Mn", "Cc", "So", "Sk")  # joiners, variation selectors, controls, emoji and their skin
NUMBERED = re.compile(r"#\S+$")


@dataclass(frozen=True)
class Person:
    """Who is to be forgotten: their chats, their sender_ids in groups, what they are called, here and on channels."""

    chats: tuple[str, ...]
    senders: tuple[str, ...]
    names: tuple[str, ...]
    aliases: tuple[str, ...] = ()

    @property
    def keys(self) -> frozenset[str]:
        """Everything that stands for them."""
        return frozenset((*self.chats, *self.senders, *self.names, *self.aliases))


def find(messages: pl.DataFrame, contacts: Mapping[str, Contact], wanted: Collection[str]) -> Person:
    """Everything that these spellings of an id, a name or an alias stand for; empty where it is nobody.

    Where nobody is called exactly so, case, width, spaces and emoji do not count, nor the number by which chats of one
    name are told apart (`Ann#3`). Raises UserError where that leaves several.
    """
    person = _exactly(messages, contacts, wanted)
    if person.chats or person.senders:
        return person
    near = _folded(messages, contacts, set(map(_fold, wanted)))
    if len(near) > 1:
        listed = ", ".join(map(repr, near))
        raise UserError(f"{sorted(wanted)[0]!r} may be any of {listed}", f"csb forget --contact {shlex.quote(near[0])}")
    return _exactly(messages, contacts, {*wanted, *near})


def _fold(name: str) -> str:
    plain = "".join(char for char in unicodedata.normalize("NFKC", name) if unicodedata.category(char) not in UNSEEN)
    return " ".join(plain.casefold().split())


def _folded(messages: pl.DataFrame, contacts: Mapping[str, Contact], wanted: set[str]) -> list[str]:
    """The names and ids that differ from these in nothing that is seen, or are these with a number."""
    others = messages.filter(~pl.col("from_me"))
    columns = (messages["chat_id"], messages["chat_name"], others["sender_id"], others["sender_name"])
    names = {name for column in columns for name in column.unique()}
    names |= {name for c in contacts.values() for name in (c.name, *c.aliases.values()) if name}
    same = [name for name in sorted(names) if _fold(name) in wanted]
    return same or [name for name in sorted(names) if _fold(NUMBERED.sub("", name)) in wanted]


def _exactly(messages: pl.DataFrame, contacts: Mapping[str, Contact], wanted: Collection[str]) -> Person:
    known = {key for key, c in contacts.items() if {key, c.name, *c.aliases.values()} & set(wanted)}
    others = messages.filter(~pl.col("from_me"))
    named = others.filter(
        pl.col("sender_id").is_in(wanted) | pl.col("sender_name").is_in(wanted) | pl.col("sender_id").is_in(known)
    )
    ids = set(named["sender_id"]) | known
    chats = messages.select("chat_id", "chat_name", "is_group").unique()
    own = chats.filter(
        pl.col("chat_id").is_in(wanted) | pl.col("chat_name").is_in(wanted) | pl.col("chat_id").is_in(known)
        | (pl.col("chat_id").is_in(ids) & ~pl.col("is_group"))
    )  # fmt: skip
    people = others.filter(pl.col("chat_id").is_in(own.filter(~pl.col("is_group"))["chat_id"].implode()))
    senders = ids | set(people["sender_id"])
    names = {*wanted, *own["chat_name"], *named["sender_name"]} | {
        c.name for k, c in contacts.items() if k in known and c.name
    }
    aliases = {alias for key in known for alias in contacts[key].aliases.values()}
    return Person(*(tuple(sorted(found)) for found in (own["chat_id"], senders, names, aliases)))


def theirs(person: Person) -> pl.Expr:
    """The messages that go: all of their chats, and their own in groups."""
    return pl.col("chat_id").is_in(person.chats) | (pl.col("sender_id").is_in(person.senders) & ~pl.col("from_me"))


def echoes(messages: pl.DataFrame, person: Person) -> pl.Series:
    """Which messages of others quote them: what they said, whole or its beginning, with or without a name before it."""
    spoken = messages.filter(pl.col("sender_id").is_in(person.senders) & ~pl.col("from_me"))["text"]
    said = sorted(set(spoken.drop_nulls()))
    heads = tuple(f"{name}{colon}" for name in person.names for colon in (":", "："))

    def begun(body: str) -> bool:
        place = bisect_left(said, body)
        return place < len(said) and (said[place] == body or (len(body) >= DISTINCT and said[place].startswith(body)))

    def echo(quoted: str | None) -> bool:
        if not quoted:
            return False
        body = re.split(r"[:：]\s*", quoted, maxsplit=1)[-1]
        return quoted.startswith(heads) or any(begun(text.rstrip("….")) or begun(text) for text in (quoted, body))

    return (
        messages["quoted"].map_elements(echo, pl.Boolean, skip_nulls=False)
        & ~messages.select(theirs(person)).to_series()
    )


def touched(messages: pl.DataFrame, index: pl.DataFrame, person: Person, quoted: pl.Series) -> pl.DataFrame:
    """The samples that go: of their chats, and of every conversation of a group in which they spoke or are `quoted`."""
    spoke = (
        messages.filter((messages.select(theirs(person)).to_series() | quoted) & pl.col("conversation").is_not_null())
        .select("conversation")
        .unique()
    )
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


def rest(messages: pl.DataFrame, person: Person, quoted: pl.Series) -> pl.DataFrame:
    """The messages that stay, without what they quote of the person."""
    words = pl.when(~quoted).then("quoted").alias("quoted")
    return messages.with_columns(words).filter(~theirs(person))


def needles(messages: pl.DataFrame, person: Person, rest: pl.DataFrame) -> list[str]:
    """What can only come from them: ids, and texts of 8 characters or more that no message which stays holds."""
    gone = messages.filter(theirs(person))
    said = pl.concat([rest["text"], rest["quoted"]]).drop_nulls()
    ids = sorted({*person.chats, *person.senders} - set(person.names) - {"me"})
    ids = [key for key in ids if len(key) >= 5]
    return [*ids, *only(pl.concat([gone["text"], gone["quoted"]]).drop_nulls(), said)]


def only(texts: pl.Series, rest: pl.Series) -> list[str]:
    """The texts of 8 characters or more that stand nowhere in the rest."""
    texts = texts.unique().sort()
    texts = texts.filter(texts.str.len_chars() >= DISTINCT)
    if len(texts) == 0 or len(rest) == 0:
        return texts.to_list()
    elsewhere = rest.str.extract_many(texts.implode(), overlapping=True).explode().drop_nulls().unique()
    return texts.filter(~texts.is_in(elsewhere.implode())).to_list()


def holding(texts: Sequence[str], wanted: Sequence[str]) -> list[bool]:
    """Which of the texts hold one of the needles."""
    if not texts or not wanted:
        return [False] * len(texts)
    return pl.Series(texts, dtype=pl.String).str.contains_any(list(wanted)).to_list()


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


def mentions(rest: pl.DataFrame, person: Person) -> int:
    """How many of the messages that stay name them; 妈妈 and other ordinary words do not count."""
    names = [name for name in person.names if hideable(name)]
    return int(rest["text"].str.contains_any(names).sum() or 0) if names else 0


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
