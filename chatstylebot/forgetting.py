"""One person taken out of everything that is stored in a workspace, and a search that proves it.

The rooms each take out what they keep; here stands the order. What to look for is written down first and stays until
the search has found nothing, so that the same line goes on wherever it was cut off.
"""

import contextlib
import json
import os
import re
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from chatstylebot import files
from chatstylebot.bot import forget as bots
from chatstylebot.bot.talk import State
from chatstylebot.contacts import read_contacts
from chatstylebot.corpus import forget, forgotten, store, traces
from chatstylebot.corpus.forget import Person
from chatstylebot.corpus.privacy import secret_hashes
from chatstylebot.errors import UserError, nearest
from chatstylebot.feedback import export as exports
from chatstylebot.feedback import store as stores
from chatstylebot.feedback.records import Record
from chatstylebot.models import folders, memories
from chatstylebot.models.memories import Memory
from chatstylebot.workspace import Workspace

REMEDY = "csb preprocess EXPORT --exclude NAME makes everything anew without them"
SHIPPED = tuple(
    f"data/{name}.json" for name in ("example", "identity.template", "dpo_zh_demo", "kto_en_demo", "pretrain_demo")
)
WORD = re.compile(r"[A-Za-z][A-Za-z'.,!?_-]*")  # one word: no engine's file can be told apart from talk by it
LOGS = ("*.log", "questions*.json")  # in .csb: nobody needs them


@dataclass(frozen=True)
class Search:
    """What is looked for: everywhere, in the feedback, in what the bots keep."""

    everywhere: tuple[str, ...] = ()
    votes: tuple[str, ...] = ()
    chats: tuple[str, ...] = ()

    def __add__(self, other: "Search") -> "Search":
        pairs = zip(_parts(self), _parts(other), strict=True)
        return Search(*(tuple(dict.fromkeys((*one, *two))) for one, two in pairs))

    @property
    def all(self) -> set[str]:
        """Every piece."""
        return {piece for part in _parts(self) for piece in part}

    def for_(self, workspace: Workspace, path: Path) -> set[str]:
        """The pieces that must not stand in this file."""
        found = set(self.everywhere)
        if workspace.saves in path.parents or workspace.exported in path.parents:
            found = {piece for piece in found if not (WORD.fullmatch(piece) and len(piece) < forget.WORDY)}
        if path.name.startswith("feedback.sqlite") or path.name in exports.ENTRIES:
            found |= set(self.votes)
        return found | set(self.chats) if workspace.bot in path.parents else found

    def without(self, pieces: Collection[str]) -> "Search":
        """The same without these pieces."""
        return Search(*(tuple(piece for piece in part if piece not in pieces) for part in _parts(self)))


def _parts(search: Search) -> tuple[tuple[str, ...], ...]:
    return search.everywhere, search.votes, search.chats


@dataclass(frozen=True)
class Begun:
    """A forgetting that is not at its end: whom, what is looked for, and which files of samples held them."""

    person: Person
    search: Search
    held: tuple[str, ...]

    def joined(self, other: "Begun") -> "Begun":
        """Both as one."""
        pairs = zip(_fields(self.person), _fields(other.person), strict=True)
        person = Person(*(tuple(sorted({*one, *two})) for one, two in pairs))
        return Begun(person, self.search + other.search, tuple(dict.fromkeys((*self.held, *other.held))))


def _fields(person: Person) -> tuple[tuple[str, ...], ...]:
    return person.chats, person.senders, person.names, person.aliases


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
        return [own.card, own.contacts, *tables, *_written(own, self.index)]

    def told(self) -> list[str]:
        """What goes, in figures."""
        person = self.begun.person
        where = f"{len(person.chats):,} chat{'s' * (len(person.chats) != 1)}"
        groups = self.gone.filter(~pl.col("chat_id").is_in(person.chats))["chat_id"].n_unique()
        where += f" and {groups:,} group{'s' * (groups != 1)}" if groups else ""
        counts = f"{self.gone.height:,} messages in {where}, {self.samples.height:,} samples, {len(self.votes):,} votes"
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
    earlier = [one for one in _pending(own) if one.person.keys & person.keys]
    found = Begun(person, Search(), ())
    for one in earlier:
        found = found.joined(one)
    person = found.person
    gone = messages.filter(forget.theirs(person))
    quoted = forget.echoes(messages, person)
    rest = forget.rest(messages, person, quoted)
    pieces = forget.needles(messages, person, rest, _said_by_us(own, person))
    kept = _bots(workspace, person, [*found.search.everywhere, *pieces], rest)
    votes, others = _votes(own, person, kept.wanted)
    if not (gone.height or votes or kept.any or earlier):
        if not (known := forgotten.load(workspace).known(spelt)):
            names = [*messages["chat_name"], *messages["chat_id"], *messages["sender_name"]]
            raise _unknown(contact, [*names, *_contacts(others), *bots.names(kept.before)])
        memory = memories.find(own, known.held, _hashes(own, index, None) - known.held)
        nothing = replace(found, held=tuple(sorted(known.held)))
        return Plan(own, contact, nothing, messages, index, gone, rest, index.clear(), kept, (), memory, known.on)
    samples = forget.touched(messages, index, person, quoted)
    names = samples["file"].unique().to_list()
    held = {*found.held, *_hashes(own, index, names, with_votes=bool(votes))}
    search = found.search + Search(kept.wanted, tuple(_voted(votes, others)), kept.ids)
    begun = Begun(person, search, tuple(sorted(held)))
    memory = memories.find(own, held, _hashes(own, index, None) - held)
    mentions = forget.mentions(rest, person)
    return Plan(own, contact, begun, messages, index, gone, rest, samples, kept, votes, memory, mentions=mentions)


def carry_out(plan: Plan, day: str) -> None:
    """Take it all out. Cut off at any moment, the same again goes on. Raises UserError."""
    own, begun = plan.workspace, plan.begun
    workspace, person = own.folder, begun.person
    others = [one for one in _pending(own) if not one.person.keys & person.keys]
    known = forgotten.load(workspace).add(person.keys, day, begun.held)
    with files.together() as outputs:
        if plan.gone.height:
            _preprocessed(outputs, plan)
            for path, report in _reports(own).items():
                outputs.json(path, forget.without_report(report, person, plan.samples.height, plan.gone.height))
        if own.contacts.is_file():
            keys = {*person.chats, *person.senders}
            outputs.bytes(own.contacts, forget.without_contact(own.contacts.read_text("utf-8-sig"), keys).encode())
        exports.take_out(outputs, workspace, {vote.id for vote in plan.votes})
        for path in (own.chats, own.self_play):
            if path.is_file():
                outputs.bytes(path, traces.dropped(path, begun.search.everywhere))
        outputs.json(own.private().forgotten, known.packed())
        # what cannot be told was refused above, and nothing is changed yet
        files.write_json(own.forgetting, [asdict(one) for one in (*others, begun)], private=True)
        # each of these is whole or not at all, and finds nothing to do the second time
        bots.take_out(workspace, plan.bots.before, plan.bots.after, plan.bots.drafts)
        bots.logins(workspace, person.keys, take=True)
        if plan.votes:
            with stores.Store.open(stores.path(workspace)) as recorded:
                recorded.forget({vote.id for vote in plan.votes})
    for path in _disposable(own):
        if traces.search([path], begun.search.everywhere).hits:
            path.unlink()
    shutil.rmtree(own.cache, ignore_errors=True)


@dataclass(frozen=True)
class Proof:
    """What the search found: by us, in files of the user's own, and what could not be searched, and why."""

    pieces: int
    searched: int
    left: Mapping[Path, int]
    yours: Sequence[Path]
    unreadable: Mapping[Path, str]


def prove(plan: Plan) -> Proof:
    """Search every file of the workspace but the base models for what only they wrote, and for their ids.

    What to look for is forgotten, too, when nothing of it is left. Raises OSError.
    """
    own = plan.workspace
    pending = _pending(own) or [plan.begun]
    whole = Search()
    for one in pending:
        whole = whole + one.search
    whole = whole.without(traces.known(whole.all, _innocent(own)))
    outside = [path for path in [*_written(own, plan.index), *_reports(own)] if own.folder not in path.parents]
    paths = dict.fromkeys([*traces.files(own.folder, lambda path: _skipped(own, path)), *filter(Path.is_file, outside)])
    found = traces.search(paths, whole.all)
    hits = {path: there for path, pieces in found.hits.items() if (there := pieces & whole.for_(own, path))}
    ours = {path: there for path, there in hits.items() if path in outside or _ours(own, path, plan.index)}
    left = {piece for there in ours.values() for piece in there}
    still = [one for one in pending if found.unreadable or one.search.all & left]
    if still:
        files.write_json(own.forgetting, [asdict(one) for one in still], private=True)
    else:
        own.forgetting.unlink(missing_ok=True)
    yours = sorted(set(hits) - set(ours))
    return Proof(len(whole.all), found.searched, {p: len(t) for p, t in ours.items()}, yours, found.unreadable)


def _said_by_us(own: Workspace, person: Person) -> str:
    """What the card and contacts.yaml say, but of the person: what stands there is not only theirs."""
    texts = [own.card.read_text("utf-8-sig", "replace")] if own.card.is_file() else []
    if own.contacts.is_file():
        people = own.contacts.read_text("utf-8-sig", "replace")
        texts.append(forget.without_contact(people, {*person.chats, *person.senders}))
    return "\n".join(texts)


def _skipped(own: Workspace, path: Path) -> bool:
    """Whether a file or folder is none that could hold them: a base model's, an environment, what we look for."""
    if path == own.forgetting or path.name == ".git":
        return True
    if path.parent.parent == own.models and folders.is_base(path.parent):
        return path.name not in folders.strangers(path.parent)
    return os.path.isfile(path / "pyvenv.cfg")


def _ours(own: Workspace, path: Path, index: pl.DataFrame) -> bool:
    """Whether the file is one that csb writes, not one of the user's own."""
    places = (own.data, own.hidden, own.saves, own.exported, own.config)
    one = path in (own.card, own.contacts) or path in _written(own, index) or path in _reports(own)
    return one or any(place in path.parents for place in places)


def _innocent(own: Workspace) -> list[Path]:
    """Files that hold nothing of anybody's: what ships with the package, and the texts of the base models."""
    package = [path for path in files.PACKAGE.rglob("*") if path.suffix in (".py", ".json", ".yaml", ".html", ".js")]
    shipped = [path for path in map(files.shipped, SHIPPED) if path.is_file()]
    models = [path for path in own.models.glob("*/*") if folders.is_base(path.parent)]
    texts = [path for path in models if path.suffix in (".json", ".jinja", ".txt", ".model", ".md")]
    return [*package, *shipped, *(path for path in texts if path.name not in folders.strangers(path.parent))]


def _written(own: Workspace, index: pl.DataFrame) -> list[Path]:
    """The files of samples that the last preprocess wrote, wherever they lie."""
    return [own.folder / name for name in index["file"].unique()]


def _disposable(own: Workspace) -> list[Path]:
    logs = [path for pattern in LOGS for path in own.hidden.glob(pattern)]
    return [*logs, *own.saves.rglob("engine.log")]


def _pending(own: Workspace) -> list[Begun]:
    """What was begun and is not at its end. Raises UserError where that cannot be read."""
    if not own.forgetting.is_file():
        return []
    try:
        return [
            Begun(
                Person(*map(tuple, (row["person"][name] for name in ("chats", "senders", "names", "aliases")))),
                Search(*map(tuple, (row["search"][name] for name in ("everywhere", "votes", "chats")))),
                tuple(row["held"]),
            )
            for row in files.read_json(own.forgetting)
        ]
    except (KeyError, TypeError):
        raise UserError(f"{own.forgetting} is damaged", f"remove it; then {REMEDY}") from None


def _preprocessed(outputs: files.Outputs, plan: Plan) -> None:
    """Take the person out of what `csb preprocess` left."""
    workspace = plan.workspace.folder
    for name, rows in plan.samples.group_by("file"):
        path = workspace / str(name[0])
        text = _samples_text(path, plan.index.filter(pl.col("file") == name[0]).height)
        lines = path.suffix == ".jsonl"
        outputs.bytes(path, forget.without_rows(text, set(rows["row"].to_list()), lines).encode())
    kept = plan.index.join(plan.samples.select("file", "row"), on=["file", "row"], how="anti")
    renumbered = kept.sort("file", "row").with_columns(
        pl.int_range(pl.len(), dtype=pl.UInt32).over("file").alias("row")
    )
    store.rewrite(outputs, workspace, plan.rest, renumbered)


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


def _votes(own: Workspace, person: Person, wanted: Sequence[str]) -> tuple[list[Record], list[Record]]:
    """The recorded votes that go, because they are the person's or hold what only they wrote, and those that stay."""
    if not own.feedback.is_file():
        return [], []
    with stores.Store.open(own.feedback) as store:
        records = list(store.records())
    held = forget.holding(["\n".join(record.texts) for record in records], wanted)
    going = [record.contact in person.keys or found for record, found in zip(records, held, strict=True)]
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


def _samples_text(path: Path, expected: int) -> str:
    """A file of samples that still holds as many as were written. Raises UserError."""
    try:
        text = path.read_text("utf-8")
        number = text.count("\n") if path.suffix == ".jsonl" else len(json.loads(text))
    except FileNotFoundError:
        raise UserError(f"{path} is gone: which samples are theirs cannot be told", REMEDY) from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}", REMEDY) from None
    if number != expected:
        raise UserError(f"{path} holds {number:,} samples, {expected:,} were written: it was changed since", REMEDY)
    return text


def _reports(own: Workspace) -> dict[Path, dict[str, Any]]:
    """The report of the last run, and its copy where `--report` put one."""
    found: dict[Path, dict[str, Any]] = {}
    for path in (own.report, None):
        path = path or own.folder / next((r.get("report") or "" for r in found.values()), "")
        report = None
        if path.is_file():
            with contextlib.suppress(UserError):  # a path that somebody else uses by now
                report = files.read_json(path)
        if isinstance(report, dict) and "messages_in" in report:
            found[path] = report
    return found


def _hashes(own: Workspace, index: pl.DataFrame, names: Sequence[str] | None, with_votes: bool = False) -> set[str]:
    """The hashes of files of samples: of these names in the index, of all that there are (None)."""
    paths = [own.folder / name for name in names or ()]
    if names is None:
        paths = [*_written(own, index), *own.data.glob("*.json")]
    if with_votes:
        paths += [own.data / name for name in exports.ENTRIES]
    return {files.digest(path) for path in paths if path.is_file()}
