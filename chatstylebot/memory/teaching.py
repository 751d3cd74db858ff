"""Passages of earlier talk in samples, where they stand at work: the clone learns to use them, and to ignore them.

By words alone, as an embedding takes 0.1 s a passage; else as at work: the same search, the same budget, the same form.
"""

import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from chatstylebot import recalled
from chatstylebot.card import Card
from chatstylebot.corpus.recall import Recalled
from chatstylebot.corpus.samples import window
from chatstylebot.memory import keeping
from chatstylebot.memory.facts import Facts
from chatstylebot.memory.left_out import LeftOut
from chatstylebot.memory.passages import Passage
from chatstylebot.memory.remembering import Remembering
from chatstylebot.memory.scope import Scope
from chatstylebot.memory.search import Search
from chatstylebot.memory.store import Store
from chatstylebot.recalled import Past


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample that gets passages: its row, what was said (the last is what is answered), when its conversation began
    (ms) and when it was answered, and its prompt."""

    row: int
    said: tuple[str, ...]
    begun: int
    at: datetime
    prompt: str


@dataclass(frozen=True, slots=True)
class Given:
    """A sample, its notes, and the conversations of groups that they are from."""

    sample: Sample
    notes: tuple[str, ...]
    conversations: tuple[int, ...]


@dataclass(frozen=True)
class Teaching:
    """How many samples get passages, and of what."""

    share: float
    skipped: LeftOut

    def __call__(
        self, messages: pl.DataFrame, own: pl.DataFrame, card: Card, broken: Callable[[pl.Series], pl.Series]
    ) -> Recalled:
        """The own turns with passages in the prompts of a share of the samples, from talk in the same chat that was
        over before their conversation began. What is held out is neither given any nor told of."""
        places, by_chat = _places(messages), defaultdict[str, list[Passage]](list)
        for passage in keeping.remembered(messages, card, self.skipped):
            if not passage.group or (passage.chat, passage.first) in places:
                by_chat[passage.chat].append(passage)
        own = own.with_row_index("row")
        ids = dict(messages.select("chat", "chat_id").unique().iter_rows())
        begun = messages.group_by("conversation").agg(pl.col("sent_at").min().alias("begun"))
        known = own.join(begun, on="conversation", how="left", maintain_order="left").with_columns(
            *(window(name, 1).alias(f"{name}_before") for name in ("incoming", "reply"))
        )
        first = {chat: min(one.last for one in by_chat[id]) for chat, id in ids.items() if id in by_chat}

        def given(chosen: tuple[int, pl.DataFrame]) -> list[Given]:
            chat, some = chosen
            return list(_given(by_chat[ids[chat]], _samples(some, card.history), card, places))

        with ThreadPoolExecutor(os.cpu_count()) as pool:  # most of it is SQLite's work
            made = [one for several in pool.map(given, _chosen(known, self.share, first)) for one in several]
        return _with(own, made, card, broken, self.share)


def _given(
    passages: Sequence[Passage], samples: Iterable[Sample], card: Card, places: Mapping[tuple[str, int], int]
) -> Iterator[Given]:
    """What samples of one chat get of its passages."""
    with Store.passing() as store:
        store.change(passages, ())
        search = Search(store, half_life=card.memory.half_life)
        for sample in samples:
            memory = Remembering(card, search, Scope(True, before=sample.begun), Facts(), [])
            notes, found = memory.notes(memory.find(recalled.question(sample.said), sample.at))
            if notes:
                told = [(one.passage.chat, one.passage.first) for one in found.passages if one.passage.group]
                yield Given(sample, tuple(notes), tuple(sorted({places[one] for one in told})))


def _places(messages: pl.DataFrame) -> dict[tuple[str, int], int]:
    """In which conversation of a group something was said: what one forgets of one speaker is found by it."""
    groups = messages.filter(
        pl.col("is_group") & pl.col("conversation").is_not_null() & pl.col("sent_at").is_not_null()
    )
    rows = groups.select("chat_id", pl.col("sent_at").dt.epoch("ms"), "conversation").iter_rows()
    return {(chat, at): number for chat, at, number in rows}


def _chosen(own: pl.DataFrame, share: float, first: dict[int, int]) -> Iterator[tuple[int, pl.DataFrame]]:
    """Of each split the share of samples, spread evenly over those that have earlier talk; chat by chat."""
    over = pl.col("chat").replace_strict(first, default=None, return_dtype=pl.Int64)
    kept = own.filter(pl.col("kept") & (pl.col("split") != "heldout"))
    able = kept.filter((over < pl.col("begun").dt.epoch("ms")).fill_null(False))
    parts = []
    for (split,), some in able.group_by("split", maintain_order=True):
        wanted = min(some.height, round(share * kept.filter(pl.col("split") == split).height))
        nth = pl.int_range(pl.len(), dtype=pl.Int64)
        # the k-th of n gets some where k·wanted/n steps over a whole number
        parts.append(some.filter((nth + 1) * wanted // pl.len() > nth * wanted // pl.len()))
    if parts:
        for (chat,), some in pl.concat(parts).group_by("chat", maintain_order=True):
            yield chat, some


def _samples(some: pl.DataFrame, history: int) -> Iterator[Sample]:
    columns = ("row", "incoming_before", "reply_before", "incoming", "begun", "first_at", "prompt")
    for row, heard, replied, incoming, begun, at, prompt in some.select(
        *columns[:4], pl.col("begun").dt.epoch("ms"), *columns[5:]
    ).iter_rows():
        before = () if heard is None or not history else (heard, replied)
        yield Sample(row, (*before, incoming), begun, at, json.loads(prompt))


def _with(
    own: pl.DataFrame, given: Sequence[Given], card: Card, broken: Callable[[pl.Series], pl.Series], share: float
) -> Recalled:
    """The own turns with these notes in their prompts."""
    pasts = [Past(one.notes) for one in given]
    whole = [recalled.prompt(one.sample.prompt, past, card.language) for one, past in zip(given, pasts, strict=True)]
    # a person may have typed what a model takes for a control token
    texts = broken(pl.Series(whole, dtype=pl.String))
    added = pl.DataFrame(
        {
            "row": [one.sample.row for one in given],
            "given": [json.dumps(text, ensure_ascii=False) for text in texts],
            "remembered": [recalled.block(past, card.language) for past in pasts],
            "recalled": [list(one.conversations) for one in given],
        },
        schema={"row": pl.UInt32, "given": pl.String, "remembered": pl.String, "recalled": pl.List(pl.UInt32)},
    )
    made = own.join(added, on="row", how="left", maintain_order="left").with_columns(
        pl.coalesce("given", "prompt").alias("prompt")
    )
    splits = dict(made.filter(pl.col("remembered").is_not_null()).group_by("split").len().iter_rows())
    told = {"share": share, "train": splits.get("train", 0), "dev": splits.get("dev", 0)}
    told["passages"] = sum(len(one.notes) for one in given)
    return Recalled(made.drop("row", "given"), told)
