"""The output guard on a stream: text goes out once no secret can begin in what has not come yet."""

import re
from collections.abc import Callable
from typing import Protocol

# after these a value is over: whatever a rule could still find begins behind them
HARD = re.compile(r"[。！？]")
# after these it is over, too, unless a number, an address or a password is on its way; a bubble may end within one
SOFT = re.compile(r"[\s，,;；~～、!?]")
RISKY = re.compile(r"[0-9０-９@:：=零〇一二三四五六七八九幺]")
REACH = 400  # characters held back at most; no rule finds anything as long


class Detector(Protocol):
    """What knows the secrets of the raw exports."""

    def __len__(self) -> int: ...
    def spans(self, text: str) -> list[tuple[int, int, str]]: ...
    def mask(self, kind: str) -> str: ...


class Guard:
    """One reply's text, masked, in pieces that never end inside a secret, be it spread over bubbles."""

    def __init__(self, detector: Detector, counted: Callable[[str], None], separator: str = "\n") -> None:
        self._detector, self._counted = detector, counted
        self._between = re.compile(f"\n|{re.escape(separator)}")
        self._text, self._out = "", 0  # all that came, and how far it has been given out

    def feed(self, text: str) -> str:
        """What may go out now."""
        if not len(self._detector):
            return text
        self._text += text
        return self._upto(self._safe())

    def end(self) -> str:
        """The rest, when no more text comes."""
        return self._upto(len(self._text))

    def _safe(self) -> int:
        """Up to where nothing can change any more."""
        begin = self._out
        for found in HARD.finditer(self._text, begin):
            begin = found.end()
        soft = begin
        for found in SOFT.finditer(self._text, begin):
            if RISKY.search(self._text, begin, found.start()):
                break
            soft = found.end()
        return max(soft, len(self._text) - REACH)

    def _upto(self, end: int) -> str:
        if end <= self._out:
            return ""
        # looked at with what went out before: "the password is" may have been a piece of its own
        spans = self._spans()
        end = min([start for start, stop, _ in spans if start < end < stop], default=end)
        pieces, at = [], self._out
        for start, stop, kind in spans:
            if stop > at and stop <= end:  # where its beginning went out, at least the rest does not
                pieces += [self._text[at:start], self._detector.mask(kind)]
                at = stop
                self._counted(kind)
        pieces.append(self._text[at:end])
        self._out = max(end, at)
        return "".join(pieces)

    def _spans(self) -> list[tuple[int, int, str]]:
        """Where secrets stand: in the text as it is, and in its bubbles put together, with and without a space."""
        found = self._detector.spans(self._text)
        if self._between.search(self._text):
            for joint in ("", " "):
                flat, places = _joined(self._text, self._between, joint)
                spans = self._detector.spans(flat)
                found += [(places[start], places[stop - 1] + 1, kind) for start, stop, kind in spans]
        whole: list[tuple[int, int, str]] = []
        for start, stop, kind in sorted(found):
            if whole and start < whole[-1][1]:  # they overlap: one
                first, last, kind = whole.pop()
                start, stop = first, max(stop, last)
            whole.append((start, stop, kind))
        return whole


def _joined(text: str, between: re.Pattern[str], joint: str) -> tuple[str, list[int]]:
    """The text with `joint` in the place of what stands between bubbles, and where each character of it stood."""
    flat, places, at = "", [], 0
    for found in [*between.finditer(text), None]:
        end = found.start() if found else len(text)
        flat += text[at:end] + (joint if found else "")
        places += [*range(at, end), *([end] * len(joint) if found else [])]
        at = found.end() if found else end
    return flat, places
