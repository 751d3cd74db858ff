"""A reply on its way out: cut at stop strings, split into bubbles."""

from collections.abc import Sequence

from chatstylebot.words import begun


def bubbles(text: str, separator: str) -> list[str]:
    """The bubbles of a reply, without empty ones; the separator is the one that training joined them with."""
    return [piece.strip() for piece in text.split(separator) if piece.strip()]


class Stops:
    """Text up to the first stop string, given out as it comes: what could begin a stop string waits."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self.found = False

    def feed(self, text: str) -> str:
        """What may go out now; nothing any more after a stop string was found."""
        if self.found:
            return ""
        self._held += text
        places = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if places:
            self.found = True
            out, self._held = self._held[: min(places)], ""
            return out
        keep = max((begun(self._held, stop) for stop in self._stops), default=0)
        out, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return out

    def end(self) -> str:
        """What was held back, when no more text comes."""
        out, self._held = self._held, ""
        return "" if self.found else out
