"""What the memory does to samples, as this room knows it: the room of the memory lies above."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl

from chatstylebot.card import Card


@dataclass(frozen=True)
class Recalled:
    """Own turns, some with passages in their `prompt`: these alone as `remembered`, and the conversations of groups
    that they are from as `recalled`; and what the report says of it."""

    own: pl.DataFrame
    account: dict[str, Any]


class Recall(Protocol):
    """Puts passages of earlier talk into samples."""

    def __call__(
        self, messages: pl.DataFrame, own: pl.DataFrame, card: Card, broken: Callable[[pl.Series], pl.Series]
    ) -> Recalled:
        """Messages with what became of them, own turns, the card; `broken` breaks control tokens."""
        ...
