"""What one gateway holds together: card, models, keys, limits, memory of the latest answers, counters."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from chatstylebot.card import Card
from chatstylebot.contacts import Contact
from chatstylebot.feedback.records import Record
from chatstylebot.serving.answers import Served
from chatstylebot.serving.guard import Detector
from chatstylebot.serving.keys import Keys
from chatstylebot.serving.links import Links
from chatstylebot.serving.metrics import Metrics
from chatstylebot.serving.recent import Recent

if TYPE_CHECKING:
    from chatstylebot.memory.at_work import AtWork


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of a gateway; `rate` is how many requests a key, and an address, may make in a minute (0: any)."""

    rate: int = 300
    waiting: int = 32
    patience: float = 60  # seconds in the queue
    seconds: float = 300  # for a whole answer
    tokens: int = 2048  # of one reply
    body: int = 1 << 20


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user decided at the start."""

    key_required: bool = False
    client_system: bool = False  # whether a client may add a system text of its own
    hosts: Sequence[str] = ()  # further names this server goes by
    origins: Sequence[str] = ()  # other sites whose pages may ask (CORS)
    limits: Limits = field(default_factory=Limits)


class Votes(Protocol):
    """Where votes go; `add` returns when the vote is on disk, and tells whether it is new."""

    def add(self, record: Record) -> bool: ...


class State:
    """One gateway's state. `log` gets one JSON object per answer, when the user wants chats logged;
    `drafts` is where the bot's replies wait for the owner, `links` open the chat page for them."""

    def __init__(
        self,
        card: Card,
        contacts: Callable[[], Mapping[str, Contact]],
        models: Sequence[Served],
        keys: Keys,
        votes: Votes,
        secrets: Detector,
        choices: Choices,
        now: Callable[[], datetime],
        log: Callable[[dict[str, object]], None] | None = None,
        drafts: Path | None = None,
        links: Links | None = None,
        memory: "AtWork | None" = None,
    ) -> None:
        self.card, self._contacts, self.keys, self.votes, self.memory = card, contacts, keys, votes, memory
        self.secrets, self.choices, self.now, self.log = secrets, choices, now, log
        self.drafts, self.links = drafts, links
        self.models = {served.engine.spec.id: served for served in models}
        self.recent = Recent()
        self.metrics = Metrics(self)
        self.began = int(now().timestamp())
        self._rate: RateLimitItem | None = parse(f"{choices.limits.rate}/minute") if choices.limits.rate else None
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def states(self) -> dict[str, str]:
        """Each engine's state."""
        return {id: served.engine.state for id, served in self.models.items()}

    def gauges(self) -> Sequence[tuple[str, bool, int, int, int]]:
        """For the metrics: id, ready, restarts, answers at work, requests waiting."""
        return [
            (id, one.engine.state == "ready", one.engine.restarts, one.slots.busy, len(one.slots.queue))
            for id, one in self.models.items()
        ]

    def served(self, name: str | None) -> Served:
        """The model of this name; a name that we do not know is the clone's: bot frameworks send what they like."""
        return self.models.get(name or "") or next(iter(self.models.values()))

    def within(self, *who: str) -> int:
        """0 when all of these may ask now, else the seconds after which they may."""
        if self._rate is None:
            return 0
        for name in who:
            if not self._limiter.test(self._rate, name):
                reset = self._limiter.get_window_stats(self._rate, name).reset_time
                return int(max(1, min(60, reset - time.time() + 1)))
        for name in who:
            self._limiter.hit(self._rate, name)
        return 0

    @property
    def contacts(self) -> Mapping[str, Contact]:
        """The people of contacts.yaml, as it stands now."""
        return self._contacts()

    def contact(self, name: str) -> tuple[str, Contact] | None:
        """The contact of this id, else alias, else name in contacts.yaml; none where several are called so."""
        people = self.contacts
        if name in people:
            return name, people[name]
        for called in (_aliases, lambda one: {one.name}):
            if found := [(id, one) for id, one in people.items() if name in called(one)]:
                return found[0] if len(found) == 1 else None
        return None


def _aliases(one: Contact) -> set[str | None]:
    return {text for channel, id in one.aliases.items() for text in (id, f"{channel}:{id}")}
