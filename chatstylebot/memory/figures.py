"""What an index holds, in figures."""

from collections.abc import Mapping
from dataclasses import dataclass

from chatstylebot.contacts import Contact
from chatstylebot.memory import embedding, whose
from chatstylebot.memory.facts import Facts
from chatstylebot.memory.keeping import stale
from chatstylebot.memory.store import Store
from chatstylebot.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Figures:
    """What an index holds; times in milliseconds since 1970. `public`: chats that everybody may be told of."""

    passages: int
    chats: int
    public: int
    first: int | None
    last: int | None
    embedding: str
    vectors: int
    server: str
    bytes: int
    stale: bool
    largest: tuple[tuple[str, str, bool, int], ...]  # id, name, group, passages


def strangers(facts: Facts, store: Store, contacts: Mapping[str, Contact]) -> list[str]:
    """The names in facts.yaml that stand for nobody, or for several: what stands there is told to the owner alone."""
    known = whose.people(store, contacts)
    return [name for name, _ in facts.contacts if len(known.called(name)) != 1]


def of(own: Workspace, store: Store, contacts: Mapping[str, Contact]) -> Figures:
    """What the index holds."""
    chats, about = store.chats(), store.about()
    whole = [own.memory, *own.memory.parent.glob(f"{own.memory.name}-*")]
    return Figures(
        passages=store.count(),
        chats=len(chats),
        public=sum(1 for chat, *_ in chats if chat in contacts and contacts[chat].public),
        first=min((first for *_, first, _ in chats if first), default=None),
        last=max((last for *_, last in chats if last), default=None),
        embedding=about.get("embedding", embedding.NONE),
        vectors=store.vectored(),
        server=about.get("server", ""),
        bytes=sum(path.stat().st_size for path in whole if path.is_file()),
        stale=stale(own, store),
        largest=tuple(chat[:4] for chat in chats[:10]),
    )
