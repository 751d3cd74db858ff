"""Who asks → whose talk they may be told of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chatstylebot.contacts import Contact
from chatstylebot.errors import UserError, nearest
from chatstylebot.memory.scope import OWNER, Scope
from chatstylebot.memory.store import Store


@dataclass(frozen=True, slots=True)
class People:
    """Everybody by id: the chats of the index, who speaks in it, and who stands in contacts.yaml; with their names."""

    contacts: Mapping[str, Contact]
    chats: Mapping[str, tuple[str, bool]]  # id → name, group
    speakers: frozenset[str]

    def called(self, name: str) -> set[str]:
        """The ids of all that are called so: by id, name or alias."""
        if name in self.contacts or name in self.chats or name in self.speakers:
            return {name}
        found = {key for key, one in self.contacts.items() if name in (one.name, *one.aliases.values())}
        named = {chat for chat, (called, _) in self.chats.items() if called == name}
        # a chat that contacts.yaml calls otherwise is not meant by the name that its file has for it
        renamed = {chat for chat in named if chat in self.contacts and self.contacts[chat].name not in (None, "", name)}
        return found | (named - renamed)

    def names(self, id: str) -> list[str]:
        """What stands for this one and nobody else."""
        one = self.contacts.get(id, Contact())
        names = {id, one.name, *one.aliases.values(), self.chats.get(id, ("", False))[0]}
        return sorted(name for name in names if name and self.called(name) == {id})


def people(store: Store, contacts: Mapping[str, Contact]) -> People:
    """Everybody."""
    chats = {chat: (name, group) for chat, name, group, *_ in store.chats()}
    return People(contacts, chats, frozenset(store.speakers()))


def scope(
    store: Store,
    contacts: Mapping[str, Contact],
    who: str | None,
    public: bool = True,
    alias: Callable[[str], str] = lambda id: id,
) -> tuple[Scope, list[str] | None]:
    """What somebody may be told of, and what they alone are called (for facts.yaml): the owner (None) everything.
    `public`: with the chats of others that everybody may be told of. `alias` gives what stands for an id where names
    are hidden.

    Raises UserError where nobody is called so, or several are.
    """
    if who is None:
        return OWNER, None
    if not who.strip():
        raise UserError("--contact is empty: who asks?", "csb rag stats lists the chats")
    known = people(store, contacts)
    ids = known.called(who)
    if len(ids) > 1:
        raise UserError(f"{who!r} is what {len(ids)} are called here: {', '.join(sorted(ids))}", "write the id")
    if not ids:
        raise _unknown(who, [*contacts, *(one.name or "" for one in contacts.values()), *known.chats, *known.speakers,
                             *(name for name, _ in known.chats.values())])  # fmt: skip
    [id] = ids
    both = [id, alias(id)]
    group = any(known.chats.get(one, ("", False))[1] for one in both)
    # in a private chat nobody else speaks, whatever the chat's own id is
    speakers = set() if group else {*both, *store.speakers_in(both)} & known.speakers
    shared = _public(contacts, alias) if public else set()
    return Scope(False, tuple(sorted({*both, *shared})), tuple(sorted(speakers))), known.names(id)


def public(contacts: Mapping[str, Contact], alias: Callable[[str], str] = lambda id: id) -> Scope:
    """What a stranger may be told of: the chats that everybody may be told of."""
    return Scope(False, tuple(sorted(_public(contacts, alias))))


def _public(contacts: Mapping[str, Contact], alias: Callable[[str], str]) -> set[str]:
    shared = {id for id, one in contacts.items() if one.public and id}  # samples, of nobody known, stand under ""
    return shared | {alias(one) for one in shared}


def _unknown(who: str, names: Sequence[str]) -> UserError:
    near = nearest(who, sorted({name for name in names if name}))
    return UserError(
        f"nobody is called {who!r} here" + (f" (did you mean {near!r}?)" if near else ""),
        "csb rag stats lists the chats; contacts.yaml names who is who",
    )
