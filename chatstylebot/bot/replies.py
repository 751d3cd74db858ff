"""A reply as the person would send it: in bubbles, with the person's own pauses, within the channel's limits."""

import itertools
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

# seconds at quantiles, where the person's own are not known: a few seconds, as people type
USUAL = {"reply_pause": {0.05: 1.0, 0.5: 3.0, 0.95: 9.0}, "bubble_pause": {0.05: 1.0, 0.5: 2.5, 0.95: 8.0}}
ENOUGH = 20  # pauses that make a rhythm
END = re.compile(r"(?<=[。！？!?…；;])|(?<=[.,，、])(?=\s|[^\x00-\x7f])|(?<=\n)|(?<=\s)")


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The person's pauses in seconds, by quantile, as `csb preprocess` measured them (.csb/rhythm.json)."""

    reply: Mapping[float, float]
    bubble: Mapping[float, float]


def rhythm(told: Mapping[str, Any]) -> Rhythm:
    """The rhythm of rhythm.json; what is missing there, or rests on a few pauses only, is the usual one."""

    def of(name: str) -> Mapping[float, float]:
        found = told.get(name) or {}
        if found.get("n", 0) < ENOUGH or not found.get("quantiles"):
            return USUAL[name]
        return {float(q): float(seconds) for q, seconds in found["quantiles"].items()}

    return Rhythm(of("reply_pause"), of("bubble_pause"))


def draw(quantiles: Mapping[float, float], dice: random.Random, longest: timedelta) -> timedelta:
    """A pause drawn by inverting the quantiles, straight lines between them; never longer than `longest`."""
    points = sorted(quantiles.items())
    q = min(max(dice.random(), points[0][0]), points[-1][0])
    seconds = points[-1][1]
    for (low, begin), (high, end) in itertools.pairwise(points):
        if low <= q <= high:
            seconds = begin + (end - begin) * ((q - low) / (high - low) if high > low else 0)
            break
    return min(timedelta(seconds=max(seconds, 0)), longest)


def split(text: str, separator: str, length: int, most: int) -> list[str]:
    """The bubbles of a reply: cut where training joined them, none longer than `length` characters, `most` of them at
    the most (0: any number). Not a letter is lost but white space at the edges."""
    pieces = [piece.strip() for piece in text.split(separator) if piece.strip()]
    short = [part for piece in pieces for part in _cut(piece, length)]
    return _joined(short, length, most) if most and len(short) > most else short


def _cut(text: str, length: int) -> list[str]:
    """The text in parts of at most `length` characters, cut after a sentence, a comma or a space where there is one."""
    parts = []
    while len(text) > length:
        places = [found.end() for found in END.finditer(text, 1, length)]
        at = next((place for place in reversed(places) if place >= length // 2), length)
        parts.append(text[:at].strip())
        text = text[at:].strip()
    return [part for part in (*parts, text) if part]


def _joined(bubbles: list[str], length: int, most: int) -> list[str]:
    """The bubbles in `most` messages: neighbours share one where they must. Raises ValueError where they do not fit."""
    whole = list(bubbles)
    while len(whole) > most:
        pairs = [(len(a) + len(b), at) for at, (a, b) in enumerate(itertools.pairwise(whole))]
        size, at = min(pairs)
        if size + 1 > length:
            raise ValueError(f"the reply does not fit into {most} messages of {length} characters")
        whole[at : at + 2] = [whole[at] + "\n" + whole[at + 1]]
    return whole
