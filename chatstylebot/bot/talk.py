"""The state of the bot: one value for each conversation, and one for what concerns them all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from chatstylebot.bot.heard import Chat
from chatstylebot.feedback.records import Verdict

Role = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said without the other coming between, as it was sent, letter by letter. `aside`: it touches a
    topic that is never answered, and the model is not shown it."""

    role: Role
    text: str
    at: datetime
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """One message of the burst that is not answered yet; `text` as it stands in the prompt."""

    at: datetime
    text: str
    addressed: bool = True  # in a group: whether the bot was mentioned


@dataclass(frozen=True, slots=True)
class Bubble:
    """A message to be sent, not before `due`. `kept`: it is part of the reply (the disclosure is not)."""

    id: str
    text: str
    due: datetime
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said to `asked`, the turns it was given: `candidates`, and `texts`, those of them that count."""

    completion: str
    model: str
    asked: tuple[tuple[Role, str], ...]
    texts: tuple[str, ...]
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply on its way: `answers` pieces of the burst are what it answers, until its first bubble is confirmed."""

    answer: Answer
    answers: int
    bubbles: tuple[Bubble, ...]
    flying: Bubble | None = None  # handed to the channel, not confirmed
    tries: int = 0
    begun: bool = False
    cut: bool = False  # a new message, or the owner, came between
    at: datetime | None = None  # when the answer was given
    decided: bool = False  # the owner has let it through, or worded it


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation."""

    chat: Chat
    name: str = ""
    contact: str | None = None  # its id in contacts.yaml
    owner: bool = False
    group: bool = False
    turns: tuple[Turn, ...] = ()
    burst: tuple[Piece, ...] = ()
    seen: tuple[str, ...] = ()  # ids of the latest messages
    ripe: datetime | None = None  # when the burst counts as finished, or the question is put again
    asking: int = 0  # the number of the question that is out, 0: none
    asked: int = 0  # how many questions were put so far
    failures: int = 0  # of the same question in a row
    reply: Reply | None = None
    paused: datetime | None = None  # the owner has answered by hand: silent until then
    replied: tuple[datetime, ...] = ()  # the replies of the last hour
    last: Answer | None = None  # what good and bad are about
    judged: str = ""  # the owner's latest verdict on it
    choosing: bool = False  # the owner was given two answers
    disclosed: bool = False
    held: str = ""  # why the burst waits
    quick: int = 0  # replies in a row, each of them answered at once
    steady: int = 0  # replies in a row, without a pause between
    braked: datetime | None = None  # so quick and so many that it may be another bot: silent until then


@dataclass(frozen=True, slots=True)
class Draft:
    """A reply that the owner decides about."""

    number: int
    chat: Chat
    name: str
    heard: str
    answer: Answer
    at: datetime

    @property
    def text(self) -> str:
        """What is proposed."""
        return self.answer.texts[0]


@dataclass(frozen=True, slots=True)
class Vote:
    """An opinion of the owner that the server has not confirmed yet."""

    id: str
    verdict: Verdict
    index: int
    answer: Answer
    source: str
    contact: str | None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class House:
    """What concerns all conversations."""

    silent: bool = False  # the stop word was said
    home: Chat | None = None  # where the owner talks to the bot
    drafts: tuple[Draft, ...] = ()
    drafted: int = 0  # how many drafts there were so far
    votes: tuple[Vote, ...] = ()
    voted: int = 0  # how many votes there were so far
    replied: tuple[datetime, ...] = ()  # the replies of the last hour, to anybody but the owner


@dataclass(frozen=True, slots=True)
class State:
    """Everything the bot knows."""

    house: House = field(default_factory=House)
    talks: Mapping[Chat, Talk] = field(default_factory=dict)

    def talk(self, chat: Chat) -> Talk:
        """The conversation, a new one where there is none."""
        return self.talks.get(chat) or Talk(chat)

    def having(self, talk: Talk, house: House | None = None) -> "State":
        """The state with this conversation in the place of what was there."""
        return State(house or self.house, {**self.talks, talk.chat: talk})
