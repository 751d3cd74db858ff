"""The latest completions, in memory only: what a vote is about."""

import json
import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from chatstylebot.recalled import NOTHING, Past
from chatstylebot.serving.keys import Keys

Messages = Sequence[Mapping[str, str]]


def new_id(keys: Keys, messages: Messages, model: str, adapter: str | None, at: datetime) -> str:
    """An id for an answer: when it was asked for, and the seal of what is answered, and by whom."""
    return f"chatcmpl-{_milliseconds(at):012x}{secrets.token_hex(10)}-{_seal(keys, messages, model, adapter)}"


def asked_at(id: str) -> datetime | None:
    """When the answer of this id was asked for, None where the id does not say."""
    parts = id.split("-")
    try:
        return datetime.fromtimestamp(int(parts[1][:12], 16) / 1000, UTC)
    except (IndexError, ValueError, OverflowError, OSError):
        return None


def moment(at: datetime) -> datetime:
    """The moment as an id tells it."""
    return datetime.fromtimestamp(_milliseconds(at) / 1000, UTC)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def answers(id: str, keys: Keys, messages: Messages, model: str, adapter: str | None) -> bool | None:
    """Whether the answer of this id is one to these messages; None where the id does not say."""
    parts = id.split("-")
    if len(parts) != 3 or parts[0] != "chatcmpl" or len(parts[2]) != 16:
        return None
    return parts[2] == _seal(keys, messages, model, adapter)


def _seal(keys: Keys, messages: Messages, model: str, adapter: str | None) -> str:
    said = [(message["role"], message["content"]) for message in messages]
    return keys.seal(json.dumps([said, model, adapter], ensure_ascii=False))


@dataclass(slots=True)
class Completion:
    """What was sent to the engine, system prompt first, and what it answered, letter by letter."""

    messages: tuple[dict[str, str], ...]
    candidates: list[str]
    model: str
    adapter: str | None
    contact: str | None
    past: Past = NOTHING


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
