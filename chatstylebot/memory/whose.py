"""Who asks → whose talk they may be told of."""

from collections.abc import Mapping, Sequence

from chatstylebot.contacts import Contact
from chatstylebot.errors import UserError, nearest
from chatstylebot.memory.scope import OWNER, Scope
from chatstylebot.memory.store import Store


def scope(
    store: Store, contacts: Mapping[str, Contact], who: str | None, public: bool = True
) -> tuple[Scope, list[str] | None]:
    """What somebody may be told of, and what they are called (for facts.yaml): the owner (None) everything.
    `public`: with the chats of others that everybody may be told of.

    Raises UserError where nobody is called so, or several are.
    """
    if who is None:
        return OWNER, None
    chats = store.chats()
    known = {key for key, one in contacts.items() if who in {key, one.name, *one.aliases.values()}}
    ids = {chat for chat, *_ in chats if chat == who or chat in known}
    ids = ids or {chat for chat, name, *_ in chats if name == who}
    senders = {who, *known} & store.speakers()
    if len(ids) > 1 and who not in ids:
        raise UserError(f"{who!r} is what {len(ids)} are called here: {', '.join(sorted(ids))}", "write the id")
    if not (ids or known or senders):
        raise _unknown(
            who, [*contacts, *(one.name or "" for one in contacts.values()), *(n for c in chats for n in c[:2])]
        )
    private = [chat for chat, _, group, *_ in chats if chat in ids and not group]
    speakers = senders | set(store.speakers_in(private))
    shared = {key for key, one in contacts.items() if one.public and public}
    names = {who, *known, *ids, *(contacts[key].name or "" for key in known)}
    names |= {name for chat, name, *_ in chats if chat in ids}
    return Scope(False, tuple(sorted(ids | shared)), tuple(sorted(speakers))), sorted(filter(None, names))


def _unknown(who: str, names: Sequence[str]) -> UserError:
    near = nearest(who, sorted({name for name in names if name}))
    return UserError(
        f"nobody is called {who!r} here" + (f" (did you mean {near!r}?)" if near else ""),
        "csb rag stats lists the chats; contacts.yaml names who is who",
    )
