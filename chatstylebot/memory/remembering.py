"""What one person may be told, for a question: facts and passages, and what of them goes into a prompt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from chatstylebot import recalled
from chatstylebot.card import Card
from chatstylebot.memory.facts import Facts
from chatstylebot.memory.passages import Passage, tokens
from chatstylebot.memory.scope import Scope
from chatstylebot.memory.search import Found as Fitting
from chatstylebot.memory.search import Search


@dataclass(frozen=True, slots=True)
class Found:
    """What a question brings up."""

    facts: Sequence[str]
    passages: Sequence[Fitting]


@dataclass(frozen=True, slots=True)
class Remembering:
    """The memory as one person may ask it; `names` is what they are called, None for the owner."""

    card: Card
    search: Search
    scope: Scope
    facts: Facts
    names: Sequence[str] | None

    def find(self, question: str, now: datetime | None = None) -> Found:
        """The facts and passages for a question."""
        passages = self.search.find(question, self.scope, self.card.memory.top_k, now or datetime.now(UTC))
        return Found(self.facts.nearest(question, self.names), passages)

    def notes(self, found: Found) -> tuple[list[str], Found]:
        """The notes for the prompt, facts first, as many as the card's `context_window` holds; and what they are of."""
        room, made = self.card.memory.context_window, list[str]()
        facts: list[str] = []
        for line in found.facts:
            note = recalled.fact(line, self.card.language)
            if tokens(note) <= room:
                room -= tokens(note)
                made.append(note)
                facts.append(line)
        passages: list[Fitting] = []
        for one in found.passages:
            # what is too long gives way to the next; the best one is cut rather than to have none
            note = self.note(one.passage)
            if not passages and one is found.passages[0]:
                note = _cut(note, room)
            if note and tokens(note) <= room:
                room -= tokens(note)
                made.append(note)
                passages.append(one)
        return made, Found(facts, passages)

    def note(self, passage: Passage) -> str:
        """A passage as a note."""
        return recalled.passage(passage.text, passage.name, self.time(passage), self.card.language)

    def time(self, passage: Passage) -> datetime | None:
        """When a passage began, on the card's clock, else on this machine's; None where that is not known."""
        if not passage.first:  # samples tell no time
            return None
        zone = ZoneInfo(self.card.timezone) if self.card.timezone else None
        return datetime.fromtimestamp(passage.first / 1000, UTC).astimezone(zone)


def _cut(note: str, room: int) -> str:
    """As many of the note's first lines as fit, "" where that is only its heading."""
    lines = note.split("\n")
    while len(lines) > 1 and tokens("\n".join(lines)) > room:
        lines.pop()
    return "\n".join(lines) if len(lines) > 1 else ""
