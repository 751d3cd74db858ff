"""The accounts of the iLink channel and what is known about their people, on the disk: 0600, whole or not at all."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from chatstylebot import files
from chatstylebot.bot.heard import Who
from chatstylebot.errors import UserError

QUOTA = 10  # messages that the server takes for one context token
WINDOW = timedelta(hours=24)

Role = Literal["owner", "friend"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Account:
    """One bot and the person who scanned its code, the only one who can talk to it.

    A new login may give the bot another id (`bot`); `id` is the first that this person was given, and stays. `contact`:
    a friend's id in contacts.yaml.
    """

    id: str
    role: Role
    name: str  # of the friend; "" for the owner
    user: str
    bot: str
    url: str
    token: str = field(repr=False)
    contact: str = ""

    @property
    def whose(self) -> str:
        """For a line to the owner."""
        return f"{self.name}'s account" if self.role == "friend" else "your account"


@dataclass(frozen=True, slots=True)
class Login:
    """What the server gives when a code was scanned and confirmed."""

    bot: str
    user: str
    url: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Person:
    """The last message of somebody allows us to answer: with its context token, so many times, so long."""

    context: str = field(repr=False)
    at: datetime
    sent: int = 0
    refused: str = ""  # why the server takes no more for this token


@dataclass(slots=True)
class State:
    """Where we are in one account's messages, and its people by their id."""

    cursor: str = ""
    people: dict[str, Person] = field(default_factory=dict)


def heard(person: Person | None, context: str, at: datetime) -> Person:
    """The person after a message; one that is older than the last, or came again, changes nothing."""
    if person and (at < person.at or context == person.context):
        return replace(person, at=max(at, person.at))
    return Person(context, at)


def refusal(person: Person | None, now: datetime) -> str:
    """Why nothing can be sent to a person now; "" when it can."""
    if person is None:
        return "WeChat lets the bot answer only: this person has not written since the last login"
    if now - person.at > WINDOW:
        return "WeChat lets the bot answer for 24 hours: this person's last message is older"
    if person.refused:
        return f"{person.refused}; it takes no more before this person writes again"
    if person.sent >= QUOTA:
        return f"WeChat takes {QUOTA} messages after one that was heard: all are used"
    return ""


def enrol(accounts: Sequence[Account], login: Login, friend: Who | None) -> tuple[Account, list[Account]]:
    """The account of who logged in, and all accounts; who is known keeps id, role, name and contact."""
    known = next((one for one in accounts if one.user == login.user), None)
    if known:
        new = replace(known, bot=login.bot, url=login.url, token=login.token)
        return new, [new if one is known else one for one in accounts]
    role: Role = "friend" if friend else "owner"
    name, contact = (friend.name, friend.id) if friend else ("", "")
    new = Account(login.bot, role, name, login.user, login.bot, login.url, login.token, contact)
    return new, [*accounts, new]


def load(folder: Path) -> list[Account]:
    """The accounts that are logged in. Raises UserError for a damaged file."""
    path = folder / "accounts.json"
    return _read(path, dict[str, list[Account]]).get("accounts", []) if path.exists() else []


def save(folder: Path, accounts: Sequence[Account]) -> None:
    """Keep the accounts."""
    files.private_folder(folder)
    files.write_json(folder / "accounts.json", {"accounts": [asdict(one) for one in accounts]}, private=True)


def load_state(folder: Path, id: str) -> State:
    """What is kept for an account. Raises UserError for a damaged file."""
    path = _place(folder, id)
    return _read(path, State) if path.exists() else State()


def save_state(folder: Path, id: str, state: State) -> None:
    """Keep it."""
    files.private_folder(folder)
    files.write_json(_place(folder, id), msgspec.to_builtins(state), private=True)


def forget(folder: Path, keys: Collection[str], take: bool) -> int:
    """How many friends' accounts these ids and names stand for; `take` takes them out, with what is kept for them."""
    accounts = load(folder)
    gone = [one for one in accounts if one.role == "friend" and {one.id, one.name, one.user, one.contact} & set(keys)]
    if take and gone:
        for one in gone:
            _place(folder, one.id).unlink(missing_ok=True)
        save(folder, [one for one in accounts if one not in gone])
    return len(gone)


def _place(folder: Path, id: str) -> Path:
    """The id comes from a server: it is no file name."""
    return folder / f"state-{hashlib.sha256(id.encode()).hexdigest()[:16]}.json"


def _read(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.convert(files.read_json(path), kind)
    except msgspec.ValidationError:
        raise UserError(f"{path} is damaged", "move it away, then csb wechat and scan again") from None
