"""Turns in, samples out: one per own turn, with the pairs before it as history."""

import polars as pl

from chatstylebot.corpus.clean import REASONS

SPLITS = pl.Enum(["train", "dev", "heldout"])


def pairs(turns: pl.DataFrame, heldout: float) -> pl.DataFrame:
    """One row per own turn: what the other side said before it (`incoming`, "" for an opener) and `reply`.

    `target`: both sides hold something to learn from. `split`: by time within the chat, the newest `heldout`
    share held out, the same share before it dev. `segment`: the conversation within the split; history never
    reaches out of it, so that no split sees another's text.
    """
    same = pl.col("conversation") == pl.col("conversation").shift()
    both = turns.with_columns(
        pl.when(same).then(pl.col("shown").shift()).fill_null("").alias("incoming"),
        pl.when(same).then(pl.col("last_at").shift()).alias("asked_at"),
        pl.when(same).then(pl.col("turn").shift()).alias("incoming_turn"),
        # the other side spoke last, but longer ago than the gap: a late answer
        (~same & (pl.col("chat") == pl.col("chat").shift()) & ~pl.col("from_me").shift())
        .fill_null(False)
        .alias("late"),
    )
    own = both.filter("from_me").with_columns(
        # an own turn without text stands in the history by its placeholders
        pl.when(pl.col("said") == "").then("shown").otherwise("said").alias("reply"),
        ((pl.col("incoming") != "") & (pl.col("said") != "")).alias("target"),
    )
    before = pl.col("target").cum_sum().over("chat") - pl.col("target")
    all_of = pl.col("target").sum().over("chat")
    share = (all_of * heldout).floor().cast(pl.UInt32)
    split = (
        pl.when(before.cast(pl.Int64) >= all_of.cast(pl.Int64) - share.cast(pl.Int64)).then(pl.lit("heldout"))
        .when(before.cast(pl.Int64) >= all_of.cast(pl.Int64) - 2 * share.cast(pl.Int64)).then(pl.lit("dev"))
        .otherwise(pl.lit("train"))
    )  # fmt: skip
    if heldout == 0:
        split = pl.lit("train")
    placed = own.with_columns(split.cast(SPLITS).alias("split"))
    border = (pl.col("conversation") != pl.col("conversation").shift()) | (pl.col("split") != pl.col("split").shift())
    return placed.with_columns(border.fill_null(True).cum_sum().alias("segment"))


def window(column: str, turns_back: int) -> pl.Expr:
    """The value of `column` that many pairs before, null outside the segment."""
    inside = pl.col("segment") == pl.col("segment").shift(turns_back)
    return pl.when(inside).then(pl.col(column).shift(turns_back))


def keep(own: pl.DataFrame, history: int) -> pl.DataFrame:
    """Pairs with `kept` (it is a sample, and no copy of an earlier one) and `used` (it stands in some sample)."""
    key = own.with_columns(pl.struct("incoming", "reply").hash().alias("pair"))
    whole = pl.struct("chat_prompt", *(window("pair", back).alias(f"h{back}") for back in range(history + 1))).hash()
    marked = key.with_columns(whole.alias("whole"))
    first = marked.filter("target").select("turn", pl.col("whole").is_first_distinct().alias("first"))
    marked = marked.join(first, on="turn", how="left", maintain_order="left").with_columns(
        (pl.col("target") & pl.col("first").fill_null(False)).alias("kept")
    )
    later = [window("kept", -ahead) for ahead in range(1, history + 1)]
    return marked.with_columns(pl.any_horizontal("kept", *later).fill_null(False).alias("used")).drop(
        "pair", "whole", "first"
    )


def fates(turns: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """For each turn: its `split`, the `fate` of its messages (null where they are used), whether it is `worded`."""
    why = (
        pl.when("used").then(pl.lit(None, pl.String))
        .when("target").then(pl.lit("duplicate_sample"))
        .when(pl.col("incoming") == "").then(pl.lit("opener_alone"))
        .otherwise(pl.lit("answered_without_text"))
    )  # fmt: skip
    known = own.select("turn", "split", why.cast(REASONS).alias("fate"), pl.lit(True).alias("paired"))
    placed = turns.select("turn", "chat", "conversation", "from_me", (pl.col("said") != "").alias("worded")).join(
        known, on="turn", how="left", maintain_order="left"
    )
    next_in = pl.col("conversation") == pl.col("conversation").shift(-1)
    return placed.select(
        "turn",
        "worded",
        pl.when("from_me").then("split").when(next_in).then(pl.col("split").shift(-1)).forward_fill()
        .over("chat").backward_fill().over("chat").alias("split"),
        pl.when("from_me").then("fate").when(next_in).then(pl.col("fate").shift(-1))
        .otherwise(pl.lit("unanswered", REASONS)).alias("fate"),
    )  # fmt: skip


def settle(messages: pl.DataFrame, fates: pl.DataFrame) -> pl.DataFrame:
    """Messages with their final `dropped` reason and their `split`."""
    # turns count from 0 without a hole, so the turn is the row: a gather, and no join
    own = fates.select(pl.col("fate", "worded", "split").gather(messages["turn"]))
    # an own picture is no target, and beside text it does not stand in the history either
    picture = pl.col("from_me") & pl.col("text").is_null() & (pl.col("fate").is_not_null() | pl.col("worded"))
    final = (
        pl.when(pl.col("dropped").is_not_null()).then("dropped")
        .when(picture).then(pl.col("kind").cast(pl.String).cast(REASONS, strict=False))
        .otherwise("fate")
    )  # fmt: skip
    split = pl.col("split").forward_fill().backward_fill().over("chat").fill_null("train")
    return messages.hstack(own).with_columns(final.alias("dropped"), split).drop("fate", "worded")
