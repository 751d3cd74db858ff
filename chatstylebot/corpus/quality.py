"""Figures about the samples: lengths, tokens, the cutoff that fits them, and whether there is enough to train on."""

from collections.abc import Callable, Sequence
from math import ceil
from typing import Any

import polars as pl

from chatstylebot.corpus.privacy import redacted_share
from chatstylebot.corpus.samples import window

SHARES = (0.5, 0.9, 0.99)
SAMPLED = 2_000  # samples that a tokenizer looks at
COVERED = 0.99  # of the samples fit into the cutoff
PER_TURN = 8  # tokens that a chat template puts around a turn, about
LOWEST, HIGHEST, STEP = 256, 4096, 64
SHOWN = 20  # contacts in the report
# Rules of thumb for LoRA on a person's chats; nobody has measured them: they say what users of such tools report.
ENOUGH = (
    (200, "too_few", "too few to learn a style from: expect little more than the base model"),
    (1_000, "few", "few: tone and length will show, habits hardly"),
    (5_000, "good", "enough for a style"),
    (None, "plenty", "plenty"),
)


def of_messages(messages: pl.DataFrame, own: pl.DataFrame) -> dict[str, Any]:
    """What the report says of contacts, and of redacted texts."""
    used = messages["text"].filter(messages["dropped"].is_null()).drop_nulls()
    return {
        "contacts": _contacts(messages, own.filter("kept")),
        "share_redacted": round(redacted_share(used), 4),
    }


def figures(
    own: pl.DataFrame,
    history: int,
    system: str,
    count: Callable[[Sequence[str]], list[int]] | None,
) -> dict[str, Any]:
    """What the report says of samples. `count` gives the tokens of texts; without it they are estimated."""
    kept = own.filter("kept")
    whole = _whole(own, history)
    lengths = kept["reply"].str.len_chars()
    characters = whole["characters"]
    tokens, exact = _tokens(whole, system, count)
    return {
        "reply_characters": _spread(lengths),
        "sample_characters": _spread(characters),
        "sample_tokens": _spread(tokens) | {"counted": exact},
        "cutoff_len": cutoff(tokens),
        "verdict": verdict(kept.filter(pl.col("split") == "train").height),
    }


def _whole(own: pl.DataFrame, history: int) -> pl.DataFrame:
    """Each sample's characters and turns, its history included, and the text of some of them (null for the others)."""
    length = pl.col("incoming").str.len_chars() + pl.col("reply").str.len_chars()
    notes = pl.col("remembered").str.len_chars().fill_null(0) if "remembered" in own.columns else pl.lit(0)
    sizes = own.select("segment", "kept", length.alias("length"), notes.alias("notes"))
    lengths = [window("length", back).fill_null(0) for back in range(history + 1)]
    pairs = [window("length", back).is_not_null().cast(pl.UInt32) for back in range(history + 1)]
    sizes = sizes.with_columns(
        pl.sum_horizontal("notes", *lengths).alias("characters"), (pl.sum_horizontal(pairs) * 2).alias("turns")
    )
    # the texts only of some: a million windows of five pairs would be a gigabyte
    places = sizes["kept"].arg_true()
    some = places.gather_every(max(1, len(places) // SAMPLED))
    columns = []
    for back in range(history, -1, -1):
        before = pl.select(pl.when(some >= back).then(some.cast(pl.Int64) - back)).to_series()
        same = own["segment"].gather(before) == own["segment"].gather(some)
        pair = own.select(pl.col("incoming", "reply").gather(before))
        columns += [
            pl.select(pl.when(same).then(pair[name]).otherwise(pl.lit(""))).to_series().alias(f"{name}{back}")
            for name in pair.columns
        ]
    if "remembered" in own.columns:
        columns.append(own["remembered"].gather(some).fill_null(""))
    texts = pl.DataFrame(columns).select(pl.concat_str(pl.all(), separator="\n")).to_series()
    empty = pl.Series("text", [None], dtype=pl.String).new_from_index(0, own.height)
    return sizes.with_columns(empty.scatter(some, texts)).filter("kept").select("characters", "turns", "text")


def _tokens(
    whole: pl.DataFrame, system: str, count: Callable[[Sequence[str]], list[int]] | None
) -> tuple[pl.Series, bool]:
    """Tokens per sample, counted for some of them, else estimated: one a Chinese character, one for 3 Latin letters."""
    some = whole.filter(pl.col("text").is_not_null())
    if count is not None and some.height:
        around = count([system])[0]
        numbers = pl.Series("tokens", count(some["text"].to_list()), pl.Float64)
        return (numbers + around + some["turns"] * PER_TURN + PER_TURN).ceil().cast(pl.Int64), True
    han = some["text"].str.count_matches(r"[\u2e80-\u9fff\u3040-\u30ff\uac00-\ud7af\uff00-\uffef]")
    rest = some["text"].str.len_chars() - han
    numbers = (han + rest / 3 + some["turns"] * PER_TURN + PER_TURN + len(system)).ceil().cast(pl.Int64)
    return numbers.alias("tokens"), False


def cutoff(tokens: pl.Series) -> int:
    """The cutoff_len that 99 % of the samples fit into, a multiple of 64 between 256 and 4096."""
    top = float(tokens.quantile(COVERED, "higher") or LOWEST) if len(tokens) else LOWEST
    return min(max(STEP * ceil(top / STEP), LOWEST), HIGHEST)


def _spread(values: pl.Series) -> dict[str, Any]:
    found = {f"p{share * 100:g}": int(values.quantile(share, "higher") or 0) for share in SHARES} if len(values) else {}
    return found | {"max": int(values.max() or 0)} if len(values) else found  # type: ignore[arg-type]


def _contacts(messages: pl.DataFrame, kept: pl.DataFrame) -> list[dict[str, Any]]:
    """The chats with most samples: name, number and share."""
    names = messages.select("chat", "chat_name").unique("chat")
    shares = (
        kept.group_by("chat").len().join(names, on="chat").sort("len", "chat", descending=[True, False]).head(SHOWN)
    )
    return [
        {"name": name, "samples": number, "share": round(number / kept.height, 4)}
        for name, number in shares.select("chat_name", "len").iter_rows()
    ]


def verdict(samples: int) -> dict[str, str]:
    """Whether so many training samples are enough, in a word and in a sentence."""
    word, text = next((word, text) for least, word, text in ENOUGH if least is None or samples < least)
    return {"level": word, "text": f"{samples:,} training samples: {text}"}
