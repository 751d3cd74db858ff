"""The latest completions, in memory only: what a vote is about."""

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(slots=True)
class Completion:
    """What was sent to the engine, system prompt first, and what it answered, letter by letter."""

    messages: tuple[dict[str, str], ...]
    candidates: list[str]
    model: str
    adapter: str | None
    contact: str | None


class Recent:
    """At most `limit` completions and about `size` characters; the oldest goes first."""

    def __init__(self, limit: int = 2000, size: int = 16 << 20) -> None:
        self._limit, self._size = limit, size
        self._kept: OrderedDict[str, Completion] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._total = 0

    def keep(self, id: str, completion: Completion) -> None:
        """Remember one."""
        size = sum(len(m["content"]) for m in completion.messages) + sum(map(len, completion.candidates))
        self._kept[id] = completion
        self._sizes[id] = size
        self._total += size
        while self._kept and (len(self._kept) > self._limit or self._total > self._size):
            old, _ = self._kept.popitem(last=False)
            self._total -= self._sizes.pop(old)

    def get(self, id: str) -> Completion | None:
        """The completion of this id, None when it is not known any more."""
        return self._kept.get(id)
