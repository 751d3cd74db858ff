"""What a forgetting looks for, written down until nothing of it is found any more."""

import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from chatstylebot import files
from chatstylebot.corpus import forget
from chatstylebot.corpus.forget import Person
from chatstylebot.errors import UserError
from chatstylebot.feedback import export as exports
from chatstylebot.workspace import Workspace

REMEDY = "csb preprocess EXPORT --exclude NAME makes everything anew without them"
WORD = re.compile(r"[A-Za-z][A-Za-z'.,!?_-]*")  # one word: no engine's file can be told apart from talk by it


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


def read(own: Workspace) -> list[Begun]:
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


def write(own: Workspace, pending: Sequence[Begun]) -> None:
    """Write down what is begun and not at its end; the file goes with the last of it."""
    if pending:
        files.write_json(own.private().forgetting, [asdict(one) for one in pending], private=True)
    else:
        own.forgetting.unlink(missing_ok=True)
