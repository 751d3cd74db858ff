"""One person taken out of what the bots of a workspace keep: conversations, drafts, votes on their way, logins."""

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from chatstylebot.bot import lock, store
from chatstylebot.bot.channels import CHANNELS, ilink_accounts, onebot_sent
from chatstylebot.bot.heard import Chat
from chatstylebot.bot.talk import House, State, Talk
from chatstylebot.errors import UserError
from chatstylebot.feedback import drafts

Holding = Callable[[Sequence[str]], list[bool]]  # which texts hold what can only come from the person


@contextlib.contextmanager
def alone(workspace: Path) -> Iterator[None]:
    """No bot of the workspace runs during the block. Raises UserError where one does."""
    folder = store.folder(workspace)
    with contextlib.ExitStack() as stack:
        for name in CHANNELS if folder.is_dir() else ():
            try:
                stack.enter_context(lock.held(folder / f"{name}.lock", name))
            except UserError:
                raise UserError(
                    f"the bot on {name} is running: it would write down again what is forgotten",
                    "stop it (Ctrl-C there), then the same line again",
                ) from None
        yield


def states(workspace: Path) -> dict[str, State]:
    """What each channel's bot keeps."""
    found = {}
    for name in CHANNELS:
        path = store.path(workspace, name)
        if path.is_file():
            with store.Store.open(path) as kept:
                found[name] = kept.load()
    return found


def names(states: Mapping[str, State]) -> set[str]:
    """What the people are called with whom the bots talk."""
    return {talk.name or talk.chat.id for state in states.values() for talk in state.talks.values()}


def known(states: Mapping[str, State], keys: Collection[str]) -> set[str]:
    """What stands for the person, with what the channels call them."""
    talks = [talk for state in states.values() for talk in state.talks.values() if theirs(talk, keys)]
    return set(keys) | {name for talk in talks if not talk.group for name in (talk.name, talk.chat.id) if name}


def theirs(talk: Talk, keys: Collection[str]) -> bool:
    """Whether a conversation is theirs; what they call themselves on the channel counts, too."""
    return not talk.owner and bool({talk.contact, talk.chat.id, talk.name} & set(keys))


def said(state: State, keys: Collection[str]) -> tuple[list[str], list[str]]:
    """What they wrote to the bot, line by line, and everything that is said in other conversations."""
    heads = tuple(f"{key}: " for key in keys)
    own: list[str] = []
    rest: list[str] = []
    for talk in state.talks.values():
        if theirs(talk, keys):
            own += _heard(talk)
            continue
        lines = _heard(talk) if talk.group else []
        own += [line.split(": ", 1)[1] for line in lines if line.startswith(heads)]
        rest += [line for line in texts(talk) if not line.startswith(heads)]
    return own, rest


def without(state: State, keys: Collection[str], holding: Holding) -> State:
    """The state without the person: their conversations are gone, and those in which they spoke, or which hold what
    only they wrote, begin anew. Which messages were seen stays known there: nobody is answered twice."""
    heads = tuple(f"{key}: " for key in keys)
    mine = {chat for chat, talk in state.talks.items() if theirs(talk, keys)}
    others = [talk for chat, talk in state.talks.items() if chat not in mine]
    held = holding(["\n".join(texts(talk)) for talk in others])
    spoke = [talk.group and any(line.startswith(heads) for line in _heard(talk)) for talk in others]
    touched = {talk.chat for talk, *why in zip(others, held, spoke, strict=True) if any(why)}
    talks = {talk.chat: _anew(talk) if talk.chat in touched else talk for talk in others}
    return State(_house(state.house, mine | touched, keys, holding), talks)


def _house(house: House, chats: set[Chat], keys: Collection[str], holding: Holding) -> House:
    held = holding(["\n".join(texts(each)) for each in (*house.drafts, *house.votes)])
    drafts = tuple(
        draft
        for draft, found in zip(house.drafts, held, strict=False)
        if not (found or draft.chat in chats or draft.name in keys)
    )
    votes = tuple(
        vote
        for vote, found in zip(house.votes, held[len(house.drafts) :], strict=True)
        if not (found or vote.contact in keys)
    )
    return replace(house, drafts=drafts, votes=votes, home=None if house.home in chats else house.home)


def _anew(talk: Talk) -> Talk:
    return replace(
        talk, turns=(), burst=(), ripe=None, asking=0, failures=0, reply=None, last=None, choosing=False, held=""
    )


def _heard(talk: Talk) -> list[str]:
    turns = [turn.text for turn in talk.turns if turn.role == "user"]
    return [line for text in (*turns, *(piece.text for piece in talk.burst)) for line in text.splitlines()]


def texts(value: Any) -> list[str]:
    """Every line of text in a value of the state."""
    return list(_strings(msgspec.to_builtins(value)))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from value.splitlines()
    elif isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def waiting(workspace: Path, gone: Iterable[str], keys: Collection[str], holding: Holding) -> set[str]:
    """The ids of the drafts on the disk that go: these, those for the person, those that hold what only they wrote."""
    path = drafts.path(workspace)
    if not path.is_file():
        return set()
    with drafts.Drafts.open(path) as kept:
        rows = kept.everything()
    held = holding([f"{row.heard}\n{row.proposed}" for row in rows])
    return set(gone) & {row.id for row in rows} | {
        row.id for row, found in zip(rows, held, strict=True) if found or row.name in keys
    }


def take_out(workspace: Path, before: Mapping[str, State], after: Mapping[str, State], ids: Collection[str]) -> None:
    """Have the disk as in `after`, without these drafts; no byte of what was taken out is left. Raises UserError."""
    for name, state in after.items():
        with store.Store.open(store.path(workspace, name)) as kept:
            kept.forget(before[name], state)
    if ids:
        with drafts.Drafts.open(drafts.path(workspace)) as waiting:
            waiting.forget(ids)
    if "onebot" in after:
        replies = [talk.reply for talk in after["onebot"].talks.values() if talk.reply]
        pending = {bubble.id for reply in replies for bubble in (reply.flying, *reply.bubbles) if bubble}
        onebot_sent.keep(store.folder(workspace) / "onebot" / "sent.sqlite", pending)


def logins(workspace: Path, keys: Collection[str], take: bool = False) -> int:
    """How many friends' logins on WeChat are theirs; `take` takes them out."""
    return ilink_accounts.forget(store.folder(workspace) / "ilink", keys, take)
