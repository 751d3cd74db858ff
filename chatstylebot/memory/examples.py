"""The person's own replies to messages like the one that is to be answered: examples of the style, for a model that was
not trained on it. They come from the same passages as what is remembered, and so from the same people's talk alone."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

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
    passage: Passage = field(compare=False, repr=False)

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
            yield Example(before, bubbles, passage)
            before = ()


def nearest(search: Search, scope: Scope, heard: str, me: str, most: int, room: int) -> list[Example]:
    """At most so many examples, of `room` tokens together, the most alike last: answers to messages that share words
    with this one, else the newest; no answer twice."""
    like = [number for number, _ in search.by_words(heard, scope)[:LIKE]]
    chosen = _best(_all(search, like, me), heard, most, room)
    if len(chosen) < most:
        condition, values = scope.sql()
        newest = search.store.where(f"{condition} order by last desc, number limit {NEWEST}", *values)
        chosen = _best(_all(search, dict.fromkeys([*like, *newest]), me), heard, most, room)
    return chosen[::-1]


def _all(search: Search, numbers: Collection[int], me: str) -> list[Example]:
    passages = search.store.passages(list(numbers))
    return [one for number in numbers if number in passages for one in of(passages[number], me)]


def _best(found: Sequence[Example], heard: str, most: int, room: int) -> list[Example]:
    """The most alike first, and of those that are as much alike, the first; each answer once."""
    asked = set(words.of(heard.lower()))
    alike: dict[Example, float] = {}
    for one in found:
        said = set(words.of(" ".join(one.heard).lower()))
        alike[one] = len(asked & said) / (len(asked | said) or 1)
    chosen: dict[tuple[str, ...], Example] = {}
    for one in sorted(alike, key=lambda one: -alike[one]):
        if len(chosen) < most and one.replied not in chosen and one.size <= room:
            room -= one.size
            chosen[one.replied] = one
    return list(chosen.values())
