"""Whether a reply repeats the system prompt: its own words in a row; no paraphrase is found."""

import re
from collections.abc import Sequence
from functools import lru_cache

from chatstylebot import recalled
from chatstylebot.card import NAMELESS, SYSTEM

QUOTED = 24  # letters in a row that are a quotation and no chance
SHORT = 18  # of a whole sentence


def repeats(system: str, relation: str, texts: Sequence[str]) -> bool:
    """Whether the texts quote a system prompt, given with its tags, as somebody of this relation has it."""
    packed = _letters("\n".join(texts))
    long, short = _own(system, relation)
    return not _stretches(packed).isdisjoint(long) or any(each in packed for each in short)


def recites(texts: Sequence[str]) -> bool:
    """Whether the texts quote what stands around the past in a prompt."""
    return any(mark in "\n".join(texts) for mark in recalled.MARKS) or any(
        repeats(head, "", texts) for head in recalled.HEADS
    )


@lru_cache(maxsize=256)
def _own(system: str, relation: str) -> tuple[frozenset[str], frozenset[str]]:
    """The stretches of a system prompt as this contact has it, whatever the names; and its short sentences, whole."""
    pieces = re.split(r"\{\w+\}", system.replace("{relation}", relation))
    long = frozenset().union(*(_stretches(_letters(piece)) for piece in pieces))
    return long, frozenset(each for each in _sentences(pieces) - PUBLIC if SHORT <= _weight(each) < QUOTED)


def _sentences(pieces: Sequence[str]) -> frozenset[str]:
    return frozenset(_letters(each) for piece in pieces for each in re.split(r"[.!?。！？，,\n]+", piece))


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _weight(letters: str) -> int:
    """How much of a quotation they are: a Chinese character counts for 3."""
    return sum(3 if c > "\u2e7f" else 1 for c in letters)


def _stretches(letters: str) -> frozenset[str]:
    """Every stretch as long as a quotation: 24 letters, or 8 Chinese characters."""
    weights = [_weight(c) for c in letters]
    found, end, weight = set(), 0, 0
    for begin in range(len(letters)):
        while weight < QUOTED and end < len(letters):
            weight += weights[end]
            end += 1
        if weight >= QUOTED:
            found.add(letters[begin:end])
        weight -= weights[begin]
    return frozenset(found)


PUBLIC = _sentences([*SYSTEM.values(), *NAMELESS.values()])  # what every clone says of itself
