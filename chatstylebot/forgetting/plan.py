"""All that there is of a person, looked up; nothing is changed yet."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from chatstylebot.bot import forget as bots
from chatstylebot.bot.talk import State
from chatstylebot.contacts import read_contacts
from chatstylebot.corpus import forget, forgotten, store
from chatstylebot.corpus.forget import Person
from chatstylebot.corpus.privacy import secret_hashes
from chatstylebot.errors import UserError, nearest
from chatstylebot.feedback import store as stores
from chatstylebot.feedback.records import Record
from chatstylebot.forgetting import begun as begins
from chatstylebot.forgetting import places
from chatstylebot.forgetting.begun import Begun, Search
from chatstylebot.memory import forget as past
from chatstylebot.models import memories
from chatstylebot.models.memories import Memory
from chatstylebot.words import many
from chatstylebot.workspace import Workspace


@dataclass(frozen=True)
class Bots:
    """What the bots keep, with and without the person; `wanted`: what can only come from them, also by the bots."""

    before: Mapping[str, State]
    after: Mapping[str, State]
    drafts: set[str]
    logins: int
    ids: tuple[str, ...]
    wanted: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether anything of theirs is there."""
        return bool(self.before != self.after or self.drafts or self.logins)

    @property
    def told(self) -> str:
        """What goes, in figures."""
        pairs = [(state, self.after[name]) for name, state in self.before.items()]
        talks = sum(after.talks.get(chat) != talk for before, after in pairs for chat, talk in before.talks.items())
        votes = sum(len(before.house.votes) - len(after.house.votes) for before, after in pairs)
        parts = [(talks, "conversations"), (len(self.drafts), "drafts"), (votes, "votes on their way")]
        return ", ".join(f"{number:,} {what}" for number, what in [*parts, (self.logins, "logins")])


@dataclass(frozen=True)
class Plan:
    """What goes, and what stays: looked up, and nothing changed yet."""

    workspace: Workspace
    contact: str
    begun: Begun
    messages: pl.DataFrame
    index: pl.DataFrame
    gone: pl.DataFrame
    rest: pl.DataFrame
    samples: pl.DataFrame
    bots: Bots
    votes: Sequence[Record]
    memory: Sequence[Memory]
    passages: tuple[int, ...] = ()  # of past talk in the memory, by their numbers there
    before: str | None = None  # the day on which they were forgotten, where nothing is left to do
    mentions: int = 0  # how many messages that stay name them

    @property
    def touches(self) -> bool:
        """Whether anything of theirs is there, or a forgetting that is not at its end."""
        return self.before is None

    @property
    def live(self) -> list[Path]:
        """The files without which the workspace does not work: what csb preprocess makes, the card, the contacts."""
        own = self.workspace
        tables = [own.messages, own.index, own.heldout, own.report, own.last_card, own.registry, own.forgotten]
        return [own.card, own.contacts, *tables, *places.written(own, self.index)]

    def told(self) -> list[str]:
        """What goes, in figures."""
        person = self.begun.person
        where = f"{len(person.chats):,} chat{'s' * (len(person.chats) != 1)}"
        groups = self.gone.filter(~pl.col("chat_id").is_in(person.chats))["chat_id"].n_unique()
        where += f" and {groups:,} group{'s' * (groups != 1)}" if groups else ""
        counts = f"{many(self.gone.height, 'message')} in {where}, {many(self.samples.height, 'sample')}"
        counts += f", {many(len(self.votes), 'vote')}"
        counts += f", {many(len(self.passages), 'passage')} of the memory" if self.passages else ""
        lines = [f"{self.contact}: {counts}"]
        lines += [f"  the bot: {self.bots.told}"] if self.bots.any else []
        lines += ["  in groups, every sample of a conversation in which they spoke goes"] if groups else []
        return lines


def plan(workspace: Path, contact: str) -> Plan:
    """All that there is of a person. Raises UserError where nobody is called so, or where it cannot be told."""
    own = Workspace(workspace)
    messages, index = _tables(own)
    key = secret_hashes.key_of(store.secrets(workspace))  # an id that is a phone number stands there by its alias
    spelt = (contact, secret_hashes.alias(key, contact))
    person = forget.find(messages, read_contacts(workspace), spelt)
    everybody, records = forgotten.load(workspace), _records(own)
    if entry := everybody.known(spelt):  # what came of them since, under an id that no list knows now
        again = [name for name in sorted(_contacts(records)) if everybody.hash(name) in entry.keys]
        person = replace(person, aliases=(*person.aliases, *again))
    earlier = [one for one in begins.read(own) if one.person.keys & person.keys]
    found = Begun(person, Search(), ())
    for one in earlier:
        found = found.joined(one)
    person = found.person
    gone = messages.filter(forget.theirs(person))
    quoted = forget.echoes(messages, person)
    rest = forget.rest(messages, person, quoted)
    pieces = forget.needles(messages, person, rest, _said_by_us(own, person))
    kept = _bots(workspace, person, [*found.search.everywhere, *pieces], rest)
    votes, others = _votes(records, person, kept.wanted, rest)
    indexed = past.theirs(own, person.keys, [*found.search.everywhere, *kept.wanted])
    if not (gone.height or votes or kept.any or indexed or earlier):
        if not (known := entry):
            names = [*messages["chat_name"], *messages["chat_id"], *messages["sender_name"]]
            raise _unknown(contact, [*names, *_contacts(others), *bots.names(kept.before)])
        memory = memories.find(own, known.held, places.hashes(own, index, None) - known.held)
        nothing = replace(found, held=tuple(sorted(known.held)))
        return Plan(
            own, contact, nothing, messages, index, gone, rest, index.clear(), kept, (), memory, before=known.on
        )
    samples = forget.touched(messages, index, person, quoted)
    names = samples["file"].unique().to_list()
    held = {*found.held, *places.hashes(own, index, names, with_votes=bool(votes))}
    search = found.search + Search(kept.wanted, tuple(_voted(votes, others)), kept.ids)
    begun = Begun(person, search, tuple(sorted(held)))
    memory = memories.find(own, held, places.hashes(own, index, None) - held)
    mentions = forget.mentions(rest, person)
    return Plan(
        own, contact, begun, messages, index, gone, rest, samples, kept, votes, memory, indexed, mentions=mentions
    )


def _bots(workspace: Path, person: Person, wanted: Sequence[str], rest: pl.DataFrame) -> Bots:
    """What the bots of the workspace keep of the person."""
    before = bots.states(workspace)
    keys = bots.known(before, person.keys)
    lines = [bots.said(state, keys) for state in before.values()]
    own = pl.Series([line for found, _ in lines for line in found], dtype=pl.String)
    other = pl.Series([line for _, found in lines for line in found], dtype=pl.String)
    said = forget.only(own, pl.concat([rest["text"], rest["quoted"], other]).drop_nulls())
    wanted = [*dict.fromkeys([*wanted, *said])]

    def holding(texts: Sequence[str]) -> list[bool]:
        return forget.holding(texts, wanted)

    after = {name: bots.without(state, keys, holding) for name, state in before.items()}
    gone = [
        talk for name, state in before.items() for chat, talk in state.talks.items() if chat not in after[name].talks
    ]
    settled = {
        f"{name}-{draft.number}"
        for name, state in before.items()
        for draft in state.house.drafts
        if draft not in after[name].house.drafts
    }
    drafts = bots.waiting(workspace, settled, keys, holding)
    ids = tuple(f'"id":{json.dumps(talk.chat.id, ensure_ascii=False)}' for talk in gone)
    return Bots(before, after, drafts, bots.logins(workspace, person.keys), ids, tuple(wanted))


def _said_by_us(own: Workspace, person: Person) -> str:
    """What the card and contacts.yaml say, but of the person: what stands there is not only theirs."""
    texts = [own.card.read_text("utf-8-sig", "replace")] if own.card.is_file() else []
    if own.contacts.is_file():
        people = own.contacts.read_text("utf-8-sig", "replace")
        texts.append(forget.without_contact(people, {*person.chats, *person.senders}))
    return "\n".join(texts)


def _records(own: Workspace) -> list[Record]:
    if not own.feedback.is_file():
        return []
    with stores.Store.open(own.feedback) as store:
        return list(store.records())


def _votes(
    records: Sequence[Record], person: Person, wanted: Sequence[str], rest: pl.DataFrame
) -> tuple[list[Record], list[Record]]:
    """The recorded votes that go, because they are the person's or hold what only they wrote, and those that stay.

    What stands in votes of theirs and in no message and no vote of others is theirs, also where nobody said who was
    talking.
    """
    known = [record.contact in person.keys or not person.keys.isdisjoint(record.whose) for record in records]
    theirs = [record for record in records if record.contact in person.keys]
    others = [record for record in records if record.contact not in {None, *person.keys}]
    heard = [m.content for record in theirs for m in record.messages if m.role == "user"]
    elsewhere = pl.Series([text for record in others for text in record.texts], dtype=pl.String)
    elsewhere = pl.concat([rest["text"], rest["quoted"], elsewhere]).drop_nulls()
    said = forget.only(pl.Series(heard, dtype=pl.String), elsewhere)
    held = forget.holding(["\n".join(record.texts) for record in records], [*wanted, *said])
    going = [their or found for their, found in zip(known, held, strict=True)]
    both = list(zip(records, going, strict=True))
    return [record for record, goes in both if goes], [record for record, goes in both if not goes]


def _voted(votes: Sequence[Record], others: Sequence[Record]) -> list[str]:
    """What can only come from the votes that went."""
    texts = pl.Series([text for vote in votes for text in vote.texts], dtype=pl.String)
    rest = pl.Series([text for vote in others for text in vote.texts], dtype=pl.String)
    ids = [key for key in _contacts(votes) - _contacts(others) if len(key) >= forget.DISTINCT]
    return [*sorted(ids), *forget.only(texts, rest)]


def _contacts(votes: Iterable[Record]) -> set[str]:
    return {vote.contact for vote in votes if vote.contact is not None}


def _tables(own: Workspace) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The messages and the index of the samples that the last `csb preprocess` left."""
    if own.bereft:
        raise UserError(
            f"whose the samples in {own.samples.name} are is not known: .csb/ is gone, or was never here",
            "csb preprocess --replace, with all your exports, then the same line",
        )
    kept = any(path.exists() for path in (own.feedback, own.bot, own.forgetting))
    if kept and not own.messages.is_file() and not own.index.is_file():
        return store.nothing()
    return store.tables(own.folder)


def _unknown(contact: str, names: Iterable[str]) -> UserError:
    near = nearest(contact, sorted(set(names)))
    return UserError(
        f"nobody is called {contact!r} here" + (f" (did you mean {near!r}?)" if near else ""),
        "write the name or id exactly; .csb/report.json lists the largest chats",
    )
