"""The memory while people talk: what of it goes into the prompt of one message, by who asks."""

import contextlib
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chatstylebot import progress, recalled
from chatstylebot.card import Card
from chatstylebot.contacts import Contact
from chatstylebot.errors import UserError
from chatstylebot.live import Live
from chatstylebot.memory import embedding, examples, facts, keeping, whose
from chatstylebot.memory.facts import Facts
from chatstylebot.memory.remembering import Remembering
from chatstylebot.memory.scope import Scope
from chatstylebot.memory.search import Search
from chatstylebot.memory.store import Store
from chatstylebot.recalled import Past
from chatstylebot.workspace import Workspace

EXAMPLES = 6  # answers that a model is shown which has not learnt the style


@dataclass(frozen=True, slots=True)
class Asks:
    """Who asks: the owner, somebody of contacts.yaml (by id), or, with neither, a stranger."""

    contact: str | None = None
    owner: bool = False


class AtWork:
    """The memory of one workspace at work; may be shared by threads."""

    def __init__(
        self,
        card: Card,
        search: Search,
        contacts: Callable[[], Mapping[str, Contact]],
        told: Callable[[], Facts],
        alias: Callable[[str], str],
    ) -> None:
        self._card, self._search, self._contacts, self._facts, self._alias = card, search, contacts, told, alias
        self._lock = threading.Lock()  # model and vectors are shared
        self._known: tuple[object, object] = None, None
        self._scopes: dict[Asks, tuple[Scope, Sequence[str] | None]] = {}

    def past(self, said: Sequence[str], asks: Asks, at: datetime, tuned: bool = True) -> Past:
        """What belongs into the prompt of an answer to what was `said` (the last text is what is to be answered);
        `tuned`: the model has learnt the style.

        The same again for the same moment, as long as index, facts and contacts are the same. Raises UserError.
        """
        wanted = self._card.memory.examples
        most = (0 if tuned else EXAMPLES) if wanted == "auto" else wanted
        with self._lock:
            self._look()
            scope, names = self._scope(asks)
            memory = Remembering(self._card, self._search, scope, self._facts(), names)
            notes, found = memory.notes(memory.find(recalled.question(said), at))
            room = self._card.memory.context_window // 2
            shown = examples.nearest(self._search, scope, said[-1], self._me(), most, room) if most else []
            used = [*(one.passage for one in found.passages), *(one.passage for one in shown)]
            return Past(
                tuple(notes),
                tuple((one.heard, one.replied) for one in shown),
                frozenset(one.id for one in used),
                frozenset(id for one in used for id in one.whose if id),
            )

    def still(self, passages: Collection[str]) -> bool:
        """Whether all of these passages may still be told of. Raises UserError."""
        with self._lock:
            self._look()
            return len(self._search.store.numbers(list(passages))) == len(passages)

    def _me(self) -> str:
        """What the person is called in the passages, which may be an earlier name than the card's."""
        return self._search.store.about().get("me") or keeping.called(self._card)

    def _look(self) -> None:
        """Raise UserError where another file stands in the place of ours: what goes out of that is still in ours."""
        if self._search.store.replaced():
            raise UserError("the memory's file was replaced", "start csb serve again")

    def _scope(self, asks: Asks) -> tuple[Scope, Sequence[str] | None]:
        """What they may be told of; looked up once, as long as nothing changes."""
        contacts = self._contacts()
        known = self._search.store.version(), contacts
        if known[0] != self._known[0] or contacts is not self._known[1]:
            self._known = known
            self._scopes.clear()
        if asks not in self._scopes:
            self._scopes[asks] = self._allowed(asks, contacts)
        return self._scopes[asks]

    def _allowed(self, asks: Asks, contacts: Mapping[str, Contact]) -> tuple[Scope, Sequence[str] | None]:
        if asks.owner:
            return whose.scope(self._search.store, contacts, None)
        if asks.contact and asks.contact in contacts:
            return whose.scope(self._search.store, contacts, asks.contact, alias=self._alias)
        return whose.public(contacts, self._alias), []


@contextlib.contextmanager
def opened(own: Workspace, card: Card, contacts: Callable[[], Mapping[str, Contact]]) -> Iterator[AtWork | None]:
    """The memory, its words brought up to date first; None where there is nothing to remember yet. Raises UserError."""
    if not own.memory.is_file() and not own.messages.is_file():
        progress.say("note: nothing is remembered yet: csb preprocess EXPORT, then start again")
        yield None
        return
    _refreshed(own, card)
    with keeping.opened(own, card) as search:
        wanted, store = embedding.chosen(card.memory.embedding), search.store
        how = "words and meaning" if search.embedding else "words alone"
        progress.say(f"memory: {store.count():,} passages, found by {how}")
        waiting = store.count() - store.vectored()
        if wanted != embedding.NONE and waiting:
            progress.say(f"note: {waiting:,} of them have no vectors of {wanted}: csb rag index makes them")
        if search.embedding:
            search.embedding.get_query_embedding("1")  # the first one is slow
        if differs := keeping.differing(store, card):
            progress.say(f"note: {differs} in clone.yaml is not the index's: csb rag index makes it anew")
        told = Live(own.facts, lambda: facts.read(own.facts), Facts())
        yield AtWork(card, search, contacts, told, keeping.alias(own))


def _refreshed(own: Workspace, card: Card) -> None:
    """The index knows the words of the last preprocess. Raises UserError where there is no index, nor can one be."""
    source, there = keeping.Source(), own.memory.is_file()
    if there:
        with Store.open(own.memory) as store:
            if not keeping.stale(own, store):
                return
            source = keeping.source(own, store)
    try:
        with progress.stage("indexing"):
            keeping.refresh(own, card, source)
    except UserError as error:
        if not there:
            raise
        progress.say(f"note: the memory may lack the newest talk: {error.problem}")
