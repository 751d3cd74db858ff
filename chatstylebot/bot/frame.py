"""What the session goes by: the card, the contacts, the person's rhythm, the channel's limits."""

from dataclasses import dataclass
from datetime import timedelta

from chatstylebot.bot.policy import Rules
from chatstylebot.bot.replies import Rhythm


@dataclass(frozen=True, slots=True)
class Frame:
    """The settings of one run. `length` and `most` are the channel's."""

    rules: Rules
    rhythm: Rhythm
    separator: str
    history: int
    gap: timedelta
    length: int
    most: int
    quotes: bool = False

    @property
    def zh(self) -> bool:
        """Whether the chats are Chinese."""
        return self.rules.language == "zh"
