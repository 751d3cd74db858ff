"""The secrets of the raw exports, recognised by their hashes: what the output guard masks."""

from chatstylebot.corpus.privacy import Finder, narrowed, plain
from chatstylebot.corpus.privacy.detectors import NAMES
from chatstylebot.corpus.privacy.secret_hashes import MAGIC, SIZE, digest


class Known:
    """What looks like a secret (to the detector of preprocessing) and is one (its hash is in `secrets.bin`)."""

    def __init__(self, packed: bytes, language: str) -> None:
        """`packed` is the file, b"" when there is none. Raises ValueError when it is another kind of file."""
        body = packed[len(MAGIC) + SIZE :]
        if packed and (not packed.startswith(MAGIC) or len(packed) < len(MAGIC) + SIZE or len(body) % SIZE):
            raise ValueError("this is no list of hashed secrets")
        self._key = packed[len(MAGIC) : len(MAGIC) + SIZE]
        self._hashes = frozenset(body[at : at + SIZE] for at in range(0, len(body), SIZE))
        self._finder = Finder(language)
        self._names = NAMES[language]

    def __len__(self) -> int:
        return len(self._hashes)

    def spans(self, text: str) -> list[tuple[int, int, str]]:
        """Where secrets of the exports stand: from, to, type; overlapping ones are one."""
        found: list[tuple[int, int, str]] = []
        level = narrowed(text) if self._hashes else ""
        while new := [span for span in sorted(self._finder.spans(level)) if self._knows(level, *span)]:
            for start, stop, kind in new:
                if found and start < found[-1][1] and stop > found[-1][0]:  # they overlap: one
                    first, last, before = found.pop()
                    start, stop, kind = min(start, first), max(stop, last), before
                found.append((start, stop, kind))
                # what goes can bare what it hid: a number beside an address was part of it
                level = level[:start] + "]" * (stop - start) + level[stop:]
        return sorted(found)

    def _knows(self, level: str, start: int, stop: int, kind: str) -> bool:
        return digest(self._key, kind, plain(kind, level[start:stop])) in self._hashes

    def mask(self, kind: str) -> str:
        """What stands for a value of this type, for example [电话]."""
        return f"[{self._names[kind]}]"
