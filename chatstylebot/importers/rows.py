"""Messages as an importer finds them, one by one, kept in columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import polars as pl

from chatstylebot.corpus.messages import SCHEMA
from chatstylebot.importers import times
from chatstylebot.words import whole

SLICE = 50_000  # rows that stand in Python objects at a time
# what one odd message may raise; it is counted and the import goes on (IMP-9)
ODD = (TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError)
COLUMNS = {
    "place": pl.UInt32(), "chat_id": pl.String(), "chat_name": pl.String(), "is_group": pl.Boolean(),
    "thread": pl.String(), "at": pl.Int64(), "local": pl.Boolean(), "sender_id": pl.String(),
    "sender_name": pl.String(), "kind": SCHEMA["kind"], "text": pl.String(), "from_me": pl.Boolean(),
    "message_id": pl.String(), "quoted": pl.String(), "topic": pl.String(),
}  # fmt: skip
BESIDE = {"thread": pl.String(), "topic": pl.String()}


class Chat(NamedTuple):
    """The chat a message belongs to. `thread` tells apart chats whose id may be the same."""

    id: str
    name: str
    is_group: bool
    thread: str | None = None


@dataclass
class Rows:
    """Collects messages; `unit` is what their number counts in the file: "line", "message" or "row"."""

    name: str
    unit: str = "message"
    damaged: list[str] = field(default_factory=list)
    _rows: list[tuple[Any, ...]] = field(default_factory=list)
    _parts: list[pl.DataFrame] = field(default_factory=list)

    def add(
        self,
        place: int,
        chat: Chat,
        at: int,
        sender_id: str,
        sender_name: str,
        kind: str,
        text: str | None = None,
        *,
        local: bool = False,
        from_me: bool | None = None,
        message_id: str | None = None,
        quoted: str | None = None,
        topic: str | None = None,
    ) -> None:
        """Take one message. `at` is milliseconds, UTC, or on the wall clock where `local` is true.

        `topic` tells apart what is talked of side by side in one chat: a forum's topic, a thread.
        """
        self._rows.append(
            (place, *chat, at, local, sender_id, sender_name, kind, text, from_me, message_id, quoted, topic)
        )
        if len(self._rows) >= SLICE:
            self.flush()

    def lose(self, place: int, why: object) -> None:
        """Count a message that cannot be read."""
        self.damaged.append(f"{self.name} {self.unit} {place}: {str(why)[:200]}")

    def flush(self) -> None:
        """Turn what stands in Python objects into a table; `name` may change after it."""
        cells = zip(*self._rows, strict=True) if self._rows else ([] for _ in COLUMNS)
        columns = [
            pl.Series(name, values, dtype, strict=False)
            for (name, dtype), values in zip(COLUMNS.items(), cells, strict=True)
        ]
        self._rows.clear()
        source = pl.concat_str(pl.lit(f"{self.name} {self.unit} "), pl.col("place").cast(pl.String))
        table = pl.DataFrame(columns).with_columns(source.alias("source"))
        sane = times.sane("at") & pl.col("chat_id").is_not_null() & pl.col("sender_id").is_not_null()
        for line in table.filter(~sane)["source"]:
            self.damaged.append(f"{line}: no time, or none between 1990 and 2100")
        self._parts.append(
            table.filter(sane).with_columns(
                pl.col("chat_name").fill_null(pl.col("chat_id")),
                pl.col("sender_name").fill_null(pl.col("sender_id")),
                pl.col("at").cast(pl.Datetime("ms")).dt.replace_time_zone("UTC").alias("sent_at"),
                (~pl.col("local")).alias("tz_known"),
            ).select(*SCHEMA, *BESIDE).cast(pl.Schema({**SCHEMA, **BESIDE}))
        )  # fmt: skip

    def table(self, zone: str = "UTC") -> pl.DataFrame:
        """The messages in SCHEMA, with what stands beside it; what has no sane time is counted as damaged."""
        self.flush()
        table = pl.concat(self._parts)
        if not table["topic"].is_not_null().any():
            table = table.drop("topic")
        self._parts.clear()
        if table["tz_known"].all():
            return table
        # the wall clock of all rows at once: an hour that comes twice is told by what stands before it
        walls = times.utc(table["sent_at"].dt.replace_time_zone(None).cast(pl.Int64), zone)
        exact = pl.when(pl.col("tz_known")).then("sent_at").otherwise(walls)
        return table.with_columns(exact.alias("sent_at"))


def doubted(name: str, unit: str, places: Sequence[int]) -> list[str]:
    """What to say of the messages that are kept although the app itself may have written them; nothing where none is."""
    if not places:
        return []
    first = f"(the first: {unit} {min(places)})"
    if len(places) == 1:
        return [f"{name}: 1 message could be the app's own notice {first}; it is kept"]
    return [f"{name}: {len(places):,} messages could be the app's own notices {first}; they are kept"]


def words(value: Any) -> str | None:
    """A text that can be written as UTF-8, and None for anything that is no text."""
    if not isinstance(value, str):
        return None
    return value if value.isascii() else whole(value)  # most are ids and names: six of these are asked for a message


def number(value: Any) -> int:
    """A whole number, also when it is written as a text. Raises ValueError or TypeError."""
    if isinstance(value, bool):
        raise TypeError("true or false is no number")
    return int(value)
