"""One person taken out of what `csb preprocess` left. Pure: tables and texts in, tables and texts out."""

import contextlib
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
WORDY = 16  # characters from which a single word can
LONGEST = 200  # characters of a text that are looked for, from its beginning and to its end
WHO = ("chat_id", "chat_name", "sender_id", "sender_name")
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
    name are told apart (`Ann#3`). Raises UserError where that leaves several, or where several are called so.
    """
    person = _exactly(messages, contacts, wanted)
    if person.chats or person.senders:
        _one(messages, contacts, wanted)
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


def _one(messages: pl.DataFrame, contacts: Mapping[str, Contact], wanted: Collection[str]) -> None:
    """Raise UserError where a name is that of several people with ids of their own."""
    ids = messages.select("chat_id", "chat_name", "is_group", "sender_id", "sender_name", "from_me").unique()
    known = {key for key, c in contacts.items() if key in wanted or set(c.aliases.values()) & set(wanted)}
    if known or ids["chat_id"].is_in(list(wanted)).any() or ids["sender_id"].is_in(list(wanted)).any():
        return  # told by an id: it is they
    private = ids.filter(~pl.col("is_group"))
    called = private.filter(pl.col("chat_name").is_in(wanted))["chat_id"].unique().to_list()
    theirs = private.filter(~pl.col("from_me"))
    people = {chat: set(theirs.filter(pl.col("chat_id") == chat)["sender_id"]) for chat in called}
    others = ids.filter(pl.col("sender_name").is_in(wanted) & ~pl.col("from_me"))["sender_id"].unique().to_list()
    alone = [sender for sender in others if not any(sender in senders for senders in people.values())]
    several = sorted([*people, *(sender for sender in alone if sender not in people)])
    if len(several) > 1:
        raise UserError(
            f"{sorted(wanted)[0]!r} is what {len(several)} are called here: {', '.join(several)}",
            f"csb forget --contact {shlex.quote(several[0])}, one after the other",
        )


def _exactly(messages: pl.DataFrame, contacts: Mapping[str, Contact], wanted: Collection[str]) -> Person:
    known = {key for key, c in contacts.items() if {key, c.name, *c.aliases.values()} & set(wanted)}
    others = messages.filter(~pl.col("from_me"))
    named = others.filter(
        pl.col("sender_id").is_in(wanted) | pl.col("sender_name").is_in(wanted) | pl.col("sender_id").is_in(known)
    )
    ids = set(named["sender_id"]) | known
    chats = messages.select("chat_id", "chat_name", "is_group").unique()
    # in a private chat nobody else speaks, whatever the chat's own id is
    talks = others.filter(~pl.col("is_group") & pl.col("sender_id").is_in(ids))["chat_id"].unique()
    own = chats.filter(
        pl.col("chat_id").is_in(wanted) | pl.col("chat_name").is_in(wanted) | pl.col("chat_id").is_in(known)
        | ((pl.col("chat_id").is_in(ids) | pl.col("chat_id").is_in(talks.implode())) & ~pl.col("is_group"))
    )  # fmt: skip
    people = others.filter(pl.col("chat_id").is_in(own.filter(~pl.col("is_group"))["chat_id"].implode()))
    senders = ids | set(people["sender_id"])
    names = {*own["chat_name"], *named["sender_name"], *people["sender_name"]} | {
        c.name for k, c in contacts.items() if k in known and c.name
    }
    aliases = {alias for key in known for alias in contacts[key].aliases.values()} | (set(wanted) - names)
    return Person(*(tuple(sorted(found)) for found in (own["chat_id"], senders, names, aliases)))


def theirs(person: Person) -> pl.Expr:
    """The messages that go: all of their chats, and their own in groups."""
    return pl.col("chat_id").is_in(person.chats) | (pl.col("sender_id").is_in(person.senders) & ~pl.col("from_me"))


def echoes(messages: pl.DataFrame, person: Person) -> pl.Series:
    """Which messages of others quote them: what they said, whole or its beginning, with or without a name before it.

    A word as short as "ok" is theirs only in a group in which they speak.
    """
    spoken = messages.filter(pl.col("sender_id").is_in(person.senders) & ~pl.col("from_me"))
    said = sorted(set(spoken["text"].drop_nulls()))
    among = set(spoken["chat_id"])
    heads = tuple(f"{name}{colon}" for name in person.names for colon in (":", "："))

    def begun(body: str, here: bool) -> bool:
        if len(body) < DISTINCT and not here:
            return False
        place = bisect_left(said, body)
        return place < len(said) and (said[place] == body or (len(body) >= DISTINCT and said[place].startswith(body)))

    def echo(quoted: str, here: bool) -> bool:
        body = re.split(r"[:：]\s*", quoted, maxsplit=1)[-1]
        forms = [form for text in (quoted, body) for form in (text, text.rstrip("….")) if form]
        return quoted.startswith(heads) or any(begun(form, here) for form in forms)

    table = messages.select("quoted", "chat_id").with_row_index("row").filter(pl.col("quoted").is_not_null())
    rows = [row for row, quoted, chat in table.iter_rows() if echo(quoted, chat in among)]
    found = pl.repeat(False, messages.height, eager=True)
    return (found.scatter(rows, True) if rows else found) & ~messages.select(theirs(person)).to_series()


def touched(messages: pl.DataFrame, index: pl.DataFrame, person: Person, quoted: pl.Series) -> pl.DataFrame:
    """The samples that go: of their chats, and of every conversation of a group in which they spoke or are `quoted`, or
    with passages of such a one."""
    spoke = (
        messages.filter((messages.select(theirs(person)).to_series() | quoted) & pl.col("conversation").is_not_null())
        .select("conversation")
        .unique()
    )
    there = spoke["conversation"].cast(pl.UInt32).to_list()
    told = pl.col("chat_id").is_in(person.chats) | pl.col("conversation").is_in(there)
    if "recalled" in index.columns:  # an index of before has none
        told |= pl.col("recalled").list.eval(pl.element().is_in(there)).list.any().fill_null(False)
    return index.filter(told)


def without_rows(text: str, rows: set[int], lines: bool) -> str:
    """A file of samples (a JSON list, or JSON lines) without some of them. Raises ValueError."""
    if lines:
        kept = [line for number, line in enumerate(text.split("\n")[:-1]) if number not in rows]
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


def needles(messages: pl.DataFrame, person: Person, rest: pl.DataFrame, besides: str = "") -> list[str]:
    """What can only come from them: ids, and texts of 8 characters or more.

    Neither a message that stays holds such a text, nor what the others are called, nor `besides`.
    """
    gone = messages.filter(theirs(person))
    columns = [rest[name].unique() for name in ("text", "quoted", *WHO)]
    said = pl.concat([*columns, pl.Series([besides], dtype=pl.String)], rechunk=True).drop_nulls()
    ids = sorted({*person.chats, *person.senders} - set(person.names) - {"me"})
    ids = [key for key in ids if len(key) >= 5]
    return [*ids, *only(_as_told(pl.concat([gone["text"], gone["quoted"]]).drop_nulls()), _as_told(said))]


def _as_told(texts: pl.Series) -> pl.Series:
    """The texts, and those of several lines as the memory tells them: in one."""
    spread = texts.filter(texts.str.contains(r"[^\S ]|  "))
    return pl.concat([texts, spread.str.replace_all(r"\s+", " ").str.strip_chars()])


def only(texts: pl.Series, rest: pl.Series) -> list[str]:
    """The texts of 8 characters or more that stand nowhere in the rest; of long ones the beginning and the end."""
    texts = texts.unique()
    texts = pl.concat([texts.str.head(LONGEST), texts.str.tail(LONGEST)]).unique().sort()
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
    """contacts.yaml without the entries of these chats; every other line stays as it is. Raises yaml.YAMLError.

    Where several entries share a line it is written anew, without its comments.
    """
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
    shorter = "".join(line for number, line in enumerate(lines) if number not in gone)
    wanted = {key: value for key, value in yaml.safe_load(text).items() if str(key) not in keys}
    with contextlib.suppress(yaml.YAMLError):
        if (yaml.safe_load(shorter) or {}) == wanted:
            return shorter
    return yaml.safe_dump(wanted, allow_unicode=True, sort_keys=False) if wanted else ""


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
