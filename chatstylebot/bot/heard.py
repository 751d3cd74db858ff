"""What a channel brings and takes. A channel turns a platform into `Heard` and sends texts; it knows nothing else."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol

from chatstylebot.words import whole

Kind = Literal["text", "image", "voice", "video", "sticker", "file", "other"]


@dataclass(frozen=True, slots=True)
class Chat:
    """One conversation on a channel: `account` is whose account the bot sits on, `id` the friend or group there.

    Both stay the same after a restart and a new login: history hangs on them.
    """

    channel: str
    account: str
    id: str


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody of contacts.yaml: their id there, and what they are called."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Heard:
    """One message. The same message brought again has the same `id`; `at` is when it was written, in UTC.

    `text` is what was typed, the words of a transcribed voice message included, without the mention of the bot; ""
    for a picture and the like. `owner`: written to the bot by the person it belongs to (who scanned the code, sits at
    the terminal). `own`: written by hand, from the account that the bot sits on, to somebody else: the owner has
    stepped in. `contact`: the id in contacts.yaml of who this can only be, where the owner has told the channel. What
    the bot itself sent is never brought.
    """

    chat: Chat
    id: str
    sender: str
    name: str
    text: str
    at: datetime
    kind: Kind = "text"
    quoted: str = ""
    group: bool = False
    mentioned: bool = False
    owner: bool = False
    own: bool = False
    contact: str = ""


AGES = timedelta(days=3650)


def sound(heard: Heard, now: datetime) -> Heard:
    """The message with texts that can be written down, from a time that can be: whatever a platform says."""
    return replace(
        heard,
        chat=Chat(whole(heard.chat.channel), whole(heard.chat.account), whole(heard.chat.id)),
        id=whole(heard.id),
        sender=whole(heard.sender),
        name=whole(heard.name),
        text=whole(heard.text),
        quoted=whole(heard.quoted),
        contact=whole(heard.contact),
        at=max(min(heard.at, now), now - AGES),
    )


class NotSent(Exception):
    """A text that was not delivered, as far as the platform tells. `again`: a second try after `after` s may help.

    `untried`: nothing went out, so it does not count as a try. `perhaps`: nobody can tell, and a second try may be a
    second message: it counts as sent, and the owner is told.
    """

    def __init__(
        self, reason: str, again: bool = False, after: float = 0, perhaps: bool = False, untried: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason, self.again, self.after, self.perhaps, self.untried = reason, again, after, perhaps, untried


Hear = Callable[[Heard], Awaitable[None]]
Ask = Callable[[str], Awaitable[str]]  # a question to the owner at the terminal → what they type
Say = Callable[[str], None]  # a line of the story, for the owner at the terminal; never what people wrote


class Channel(Protocol):
    """One road to people.

    `run` logs in and brings messages until it is cancelled, through every interruption of the line; it returns by
    itself only when there is nothing more to come, and raises UserError when the owner must do something. `hear`
    returns when the message is on the disk: only then may a cursor move past it. `send` returns when the platform
    confirmed the text, and raises NotSent; `id` is the same when the same text is tried again. `typing` is a
    courtesy: it never raises. `length`: characters of one message. `most`: messages that may follow one that was
    heard (0: any number).
    """

    name: str
    length: int
    most: int

    async def run(self, hear: Hear) -> None: ...

    async def send(self, chat: Chat, text: str, id: str) -> None: ...

    async def typing(self, chat: Chat, on: bool) -> None: ...
