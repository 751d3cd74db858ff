"""The person's own replies to messages like the one that is to be answered: examples of the style, for a model that was
not trained on it. They come from the same passages as what is remembered, and so from the same people's talk alone."""

from collections.abc import Iterator
from dataclasses import dataclass

from chatstylebot.memory import words
from chatstylebot.memory.passages import BUBBLE, Passage, tokens
from chatstylebot.memory.scope import Scope
from chatstylebot.memory.search import Search

LIKE, NEWEST = 24, 24  # passages that are looked through: those that share words, and the newest
LONGEST = 120  # tokens of one side of an example: a lecture shows no style


@dataclass(frozen=True, slots=True)
class Example:
    """What somebody said, and what the person answered: the bubbles of each."""

    heard: tuple[str, ...]
    replied: tuple[str, ...]

    @property
    def size(self) -> int:
        """Its tokens, about."""
        return sum(map(tokens, (*self.heard, *self.replied))) + len(self.heard) + len(self.replied)


def of(passage: Passage, me: str) -> Iterator[Example]:
    """The replies in a passage; `me` is what the person is called in it."""
    before: tuple[str, ...] = ()
    for line in passage.text.split("\n"):
        name, _, said = line.partition(": ")
        bubbles = tuple(bubble for bubble in said.split(BUBBLE) if bubble.strip())
        if name != me:
            before = bubbles
        elif before and bubbles and max(tokens(" ".join(side)) for side in (before, bubbles)) <= LONGEST:
            yield Example(before, bubbles)
            before = ()


def nearest(search: Search, scope: Scope, heard: str, me: str, most: int, room: int) -> list[Example]:
    """At most so many examples, of `room` tokens together, the most alike last: answers to messages that share words
    with this one, else the newest; no answer twice."""
    numbers = [number for number, _ in search.words.find(heard, LIKE, scope)]
    condition, values = scope.sql()
    fresh = search.store.where(f"{condition} order by last desc, number limit {NEWEST}", *values)
    passages = search.store.passages([*numbers, *fresh])
    asked = set(words.of(heard.lower()))
    found: dict[tuple[str, ...], tuple[float, int, Example]] = {}
    for place, number in enumerate(dict.fromkeys([*numbers, *fresh])):
        for one in of(passages[number], me):
            said = set(words.of(" ".join(one.heard).lower()))
            alike = len(asked & said) / (len(asked | said) or 1)
            if one.replied not in found or alike > found[one.replied][0]:
                found[one.replied] = alike, -place, one
    chosen: list[Example] = []
    for _, _, one in sorted(found.values(), key=lambda item: item[:2], reverse=True):
        if len(chosen) == most:
            break
        if one.size <= room:
            room -= one.size
            chosen.append(one)
    return chosen[::-1]
