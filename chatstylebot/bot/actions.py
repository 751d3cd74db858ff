"""What the session wants done; whoever does it tells the session what came of it."""

from dataclasses import dataclass

from chatstylebot.bot.heard import Chat
from chatstylebot.bot.talk import Bubble, Draft, Role


@dataclass(frozen=True, slots=True)
class Ask:
    """Put a question to the model, for `n` answers; the one that is out in this conversation is void."""

    chat: Chat
    number: int
    turns: tuple[tuple[Role, str], ...]
    contact: str | None
    n: int = 1
    owner: bool = False  # nobody else reads the answer


@dataclass(frozen=True, slots=True)
class Send:
    """Send one bubble now."""

    chat: Chat
    bubble: Bubble


@dataclass(frozen=True, slots=True)
class Typing:
    """Show, or no longer show, that somebody is typing."""

    chat: Chat
    on: bool


@dataclass(frozen=True, slots=True)
class Tell:
    """A line for the owner; no word of a chat is in it. `aloud`: in their own chat, too. `reply`: it answers them."""

    text: str
    aloud: bool = False
    reply: bool = False


@dataclass(frozen=True, slots=True)
class Show:
    """A draft waits for the owner."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class Withdraw:
    """A draft is settled, or no longer fits."""

    number: int


@dataclass(frozen=True, slots=True)
class Count:
    """One more of these on the status line: heard, answered, drafted, or a reason why nobody is answered."""

    what: str


Action = Ask | Send | Typing | Tell | Show | Withdraw | Count
