"""What the tests of the memory share: messages as preprocess leaves them, passages, an index."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from chatstylebot.memory import index
from chatstylebot.memory.passages import Cut, Passage
from chatstylebot.memory.store import Store

START = 1_700_000_000_000  # ms
CUT = Cut(64, 16)
NOW = datetime(2024, 6, 1, tzinfo=UTC)


def messages(*lines: str, chat: str = "ann", group: bool = False, split: str = "train", start: int = 0) -> pl.DataFrame:
    """Messages a minute apart from lines such as "Ann: hi", "me: hey"; an empty line begins a new conversation."""
    rows, at, conversation = [], START + start * 60_000, start
    for line in lines:
        if not line:
            conversation, at = conversation + 1, at + 86_400_000
            continue
        who, _, text = line.partition(": ")
        rows.append((chat, chat, group, who, who, who == "me", at, "text", text, None, conversation, split))
        at += 60_000
    columns = ["chat_id", "chat_name", "is_group", "sender_id", "sender_name", "from_me", "sent_at", "kind", "text"]
    table = pl.DataFrame(rows, [*columns, "dropped", "conversation", "split"], orient="row")
    return table.with_columns(
        pl.from_epoch("sent_at", "ms").dt.replace_time_zone("UTC"), pl.col("dropped").cast(pl.String)
    )


def passage(text: str, chat: str = "ann", at: int = START, group: bool = False, *speakers: str) -> Passage:
    """One passage."""
    return Passage(chat, chat, group, at, at + 1000, speakers or (() if group else (chat,)), text)


def indexed(file: Path, passages: Iterable[Passage]) -> Store:
    """A store with these passages."""
    store = Store.open(file)
    index.refresh(store, passages)
    return store
