"""The memory of one workspace: made, opened, asked for one person."""

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from chatstylebot import files, locks, progress
from chatstylebot.card import Card
from chatstylebot.card_parts import Memory
from chatstylebot.corpus import store as corpus
from chatstylebot.corpus.privacy import secret_hashes
from chatstylebot.errors import UserError
from chatstylebot.memory import elsewhere, embedding, index, left_out, passages
from chatstylebot.memory.index import Change
from chatstylebot.memory.passages import Cut, Passage
from chatstylebot.memory.search import Here, Search
from chatstylebot.memory.store import Store
from chatstylebot.workspace import Workspace

ME = {"zh": "我", "en": "me"}
OTHER = {"zh": "朋友", "en": "friend"}
INDEX = "csb rag index"


@dataclass(frozen=True, slots=True)
class Source:
    """What is indexed: the last preprocess's messages, or a file of samples."""

    records: Path | None = None

    def path(self, own: Workspace) -> Path:
        """The file."""
        return self.records or own.messages

    def mark(self, own: Workspace) -> str:
        """Another text whenever the file is another."""
        told = self.path(own).stat()
        return f"{self.path(own).resolve()} {told.st_mtime_ns} {told.st_size}"


def refresh(own: Workspace, card: Card, source: Source) -> Change:
    """The words of the index brought up to date with the source. Raises UserError; the index is as it was then."""
    path = source.path(own)
    if source.records and own.memory.is_file() and not _of_records(own):
        raise UserError(
            "this workspace's memory is made of messages, with their times and contacts: --records would replace it",
            f"{INDEX}, without --records",
        )
    if not path.is_file():
        remedy = "check the path of --records" if source.records else "csb preprocess EXPORT"
        what = f"there is no file {path}" if source.records else f"nothing was preprocessed in {own.folder}"
        raise UserError(what, remedy)
    if card.memory.server:
        elsewhere.check(card.memory.server)
    with own.alone(), Store.open(own.private().memory) as store:
        mark, skipped = source.mark(own), left_out.load(own.memory_left_out, alias(own))
        made = list(_passages(path, card, source, skipped))
        _settle(store, card.memory)
        with shelf(store, card.memory) as there:
            change = index.refresh(store, made, there)
        store.note(source=mark, me=called(card), cut=_sizes(card))
        if change.removed:
            try:
                store.tidy()
            except UserError:  # somebody reads: what went is not found any more, and goes with the next index
                progress.say(
                    "note: words of what is gone may stay in the file: csb rag index, once nothing else reads it"
                )
        return change


def alias(own: Workspace) -> Callable[[str], str]:
    """An id → what stands for it where names are hidden."""
    key = secret_hashes.key_of(corpus.secrets(own.folder))
    return lambda id: secret_hashes.alias(key, id)


def _of_records(own: Workspace) -> bool:
    with Store.open(own.memory) as store:
        return not store.about().get("source", "").startswith(f"{own.messages.resolve()} ")


def _passages(path: Path, card: Card, source: Source, skipped: left_out.LeftOut) -> Iterator[Passage]:
    if source.records:
        said = passages.of_records(_samples(path), _cut(card), (OTHER[card.language], called(card)))
        return (one for one in said if not skipped.holds(one))
    try:
        messages = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"{path} is damaged: {error}", "csb preprocess EXPORT makes it anew") from None
    if missing := sorted(passages.COLUMNS - set(messages.columns)):
        raise UserError(f"{path} is of another version: it lacks {', '.join(missing)}", "csb preprocess EXPORT")
    return remembered(messages, card, skipped)


def remembered(messages: pl.DataFrame, card: Card, skipped: left_out.LeftOut) -> Iterator[Passage]:
    """The passages of messages, without what was taken out of the memory."""
    made = passages.of(skipped.kept(passages.talk(messages)), _cut(card), called(card))
    return (one for one in made if not skipped.holds(one))


def _cut(card: Card) -> Cut:
    return Cut(card.memory.chunk_size, card.memory.chunk_overlap)


def called(card: Card) -> str:
    """What the person is called in passages."""
    return passages.called(card.name) or ME[card.language]


def differing(store: Store, card: Card) -> str:
    """What of the card is not as it was when the passages were cut, "" where all is."""
    about = store.about()
    if about.get("me", called(card)) != called(card):
        return "the name"
    return "the length of passages" if about.get("cut", _sizes(card)) != _sizes(card) else ""


def _sizes(card: Card) -> str:
    return f"{card.memory.chunk_size} {card.memory.chunk_overlap}"


def _samples(path: Path) -> Iterator[tuple[str, str]]:
    """What was heard and answered in each sample of a file in Alpaca's format. Raises UserError."""
    rows = files.read_json(path)
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "output" in row for row in rows):
        raise UserError(f"{path} holds no samples", "a list of {instruction, output}, as data/chat_records.json")
    for row in rows:
        heard = [str(row.get(key) or "") for key in ("instruction", "input")]
        yield "\n".join(filter(None, heard)), str(row["output"])


def _settle(store: Store, wanted: Memory) -> None:
    """Where another model or server has the vectors now, those that are there count for nothing."""
    name, about = embedding.chosen(wanted.embedding), store.about()
    now = {"embedding": name, "server": elsewhere.shown(wanted.server)}
    if {key: about.get(key, "") for key in now} != now:
        with shelf(store, wanted, about) as there:
            if there is not None:
                there.remove(sorted(store.ids()))
        store.without_vectors(**now, size="0")


@contextlib.contextmanager
def shelf(store: Store, wanted: Memory, about: Mapping[str, str] | None = None) -> Iterator[elsewhere.Elsewhere | None]:
    """The server with this index's vectors, None where they lie here or nothing lies there yet."""
    about = store.about() if about is None else about
    size, place = about.get("size", ""), about.get("server", "")
    if not (place and size.isdigit() and int(size) and store.vectored()):
        yield None
    elif place != elsewhere.shown(wanted.server):
        now = elsewhere.shown(wanted.server) or "here"
        raise UserError(
            f"the vectors lie in {place}, and memory.server in clone.yaml says {now}",
            f"write {place} there again, `csb rag index --embedding none` (which takes them out), then change it;"
            " where that server is gone for good: rm .csb/memory.sqlite",
        )
    else:
        yield elsewhere.Elsewhere(wanted.server, store, collection(store), int(size))


def collection(store: Store) -> str:
    """The name of this index's collection in a server: the same for ever, and nobody else's."""
    about = store.about()
    if "collection" not in about:
        store.note(collection=secrets.token_hex(8))
        about = store.about()
    return about["collection"]


def embed(own: Workspace, card: Card, begin: Callable[[int], Callable[[int], None]]) -> int:
    """Every passage gets its vector, if there is a model for it; how many did. `begin` is told how many will, and
    gives what is told of each batch. Raises UserError while another does the same."""
    name = embedding.chosen(card.memory.embedding)
    if name == embedding.NONE:
        return 0
    with alone(own), Store.open(own.memory) as store:
        waiting = store.count() - store.vectored()
        if not waiting:
            return 0
        if card.memory.server:
            elsewhere.check(card.memory.server)
        model = embedding.load(name)
        size = len(model.get_text_embedding("1"))
        # connected first: what is noted of a server that is not there would hinder everything else
        there = elsewhere.Elsewhere(card.memory.server, store, collection(store), size) if card.memory.server else None
        store.note(size=str(size))
        return index.embed(store, model, there, begin(waiting))


@contextlib.contextmanager
def alone(own: Workspace) -> Iterator[None]:
    """Nobody else embeds here during the block. Raises UserError while another does."""
    try:
        handle = locks.take(own.hidden / "memory.lock")
    except OSError:  # a file system without locks
        handle = -1
    if handle is None:
        raise UserError("another csb rag index is at work here", "wait for its end, or end it: nothing is lost")
    try:
        yield
    finally:
        if handle >= 0:
            os.close(handle)


@contextlib.contextmanager
def opened(own: Workspace, card: Card) -> Iterator[Search]:
    """The search over what is indexed. Raises UserError where nothing is."""
    if not own.memory.is_file():
        raise UserError(f"nothing is indexed in {own.folder}", INDEX)
    with Store.open(own.memory) as store:
        name, half_life = embedding.chosen(card.memory.embedding), card.memory.half_life
        if name != embedding.NONE and has_vectors(store, name):
            with shelf(store, card.memory) as there:
                yield Search(store, embedding.load(name), there or Here(store), half_life)
        else:
            yield Search(store, half_life=half_life)


def has_vectors(store: Store, model: str) -> bool:
    """Whether the index was embedded by this model."""
    return store.about().get("embedding") == model and store.vectored() > 0


def source(own: Workspace, store: Store) -> Source:
    """What was indexed."""
    mark = store.about().get("source", "")
    return Source(None if mark.startswith(str(own.messages.resolve())) else Path(mark.rsplit(" ", 2)[0]))


def stale(own: Workspace, store: Store) -> bool:
    """Whether what was indexed has changed since."""
    try:
        return source(own, store).mark(own) != store.about().get("source", "")
    except OSError:  # it is gone
        return False
