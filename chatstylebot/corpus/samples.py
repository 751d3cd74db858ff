"""Turns in, samples out: one per own turn, with the pairs before it as history."""

import polars as pl

from chatstylebot.corpus.clean import REASONS
from chatstylebot.corpus.foreign import normal

SPLITS = pl.Enum(["train", "dev", "heldout"])


def pairs(turns: pl.DataFrame, heldout: float) -> pl.DataFrame:
    """One row per own turn: what the other side said before it (`incoming`, "" for an opener) and `reply`.

    `target`: both sides hold something to learn from. `split`: by time within the chat, the newest `heldout`
    share held out, the same share before it dev. `segment`: the conversation within the split; history never
    reaches out of it, so that no split sees another's text.
    """
    same = pl.col("conversation") == pl.col("conversation").shift()
    both = turns.with_columns(
        pl.when(same).then(pl.col("text").shift()).fill_null("").alias("incoming"),
        pl.when(same).then(pl.col("last_at").shift()).alias("asked_at"),
        pl.when(same).then(pl.col("turn").shift()).alias("incoming_turn"),
        # the other side spoke last, but longer ago than the gap: a late answer
        (~same & (pl.col("chat") == pl.col("chat").shift()) & ~pl.col("from_me").shift())
        .fill_null(False)
        .alias("late"),
    )
    # an own turn without words stands in the history by its placeholders
    own = both.filter("from_me").with_columns(
        pl.col("text").alias("reply"), ((pl.col("incoming") != "") & pl.col("worded")).alias("target")
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


ALIKE = 3  # samples that are nearly the same, of which so many stay …
WORDY = 8  # … where the reply has so many letters: short answers keep their natural rate (SAM-8)
CONTACTS, SAMPLES = 5, 1000  # below so many of either no share is capped


def keep(own: pl.DataFrame, history: int, repeats: bool = True, max_share: float = 1.0) -> pl.DataFrame:
    """Pairs with `kept` (a sample), `used` (it stands in some sample) and `spared`: why a target is no sample.

    Copies of an earlier sample go; of nearly the same ones (`repeats`) the first three stay; no chat is more than
    `max_share` of a split.
    """
    key = own.with_columns(pl.struct("incoming", "reply").hash().alias("pair"))
    whole = pl.struct("chat_prompt", *(window("pair", back).alias(f"h{back}") for back in range(history + 1))).hash()
    marked = key.with_columns(whole.alias("whole"))
    first = marked.filter("target").select("turn", pl.col("whole").is_first_distinct().alias("first"))
    marked = marked.join(first, on="turn", how="left", maintain_order="left").with_columns(
        (pl.col("target") & pl.col("first").fill_null(False)).alias("kept")
    )
    spared = pl.when(pl.col("target") & ~pl.col("kept")).then(pl.lit("duplicate_sample", REASONS))
    marked = marked.with_columns(spared.alias("spared"))
    if repeats:
        marked = _alike(marked)
    marked = _shared(marked, max_share)
    later = [window("kept", -ahead) for ahead in range(1, history + 1)]
    return marked.with_columns(pl.any_horizontal("kept", *later).fill_null(False).alias("used")).drop(
        "pair", "whole", "first"
    )


def _spare(own: pl.DataFrame, which: pl.Expr, reason: str) -> pl.DataFrame:
    """The pairs with those samples taken out for a reason."""
    out = pl.col("kept") & which.fill_null(False)
    return own.with_columns(
        pl.when(out).then(pl.lit(reason, REASONS)).otherwise("spared").alias("spared"),
        (pl.col("kept") & ~out).alias("kept"),
    )


def _alike(own: pl.DataFrame) -> pl.DataFrame:
    """Without the samples that differ from three earlier ones only in blanks, punctuation and emoji."""
    wordy = own.select("turn", "kept", "incoming", "reply").filter(
        pl.col("kept") & (pl.col("reply").str.len_chars() >= WORDY)
    )
    # the replies first: to few of them there is another alike
    plain = wordy.with_columns(normal(wordy["reply"]))
    plain = plain.filter((pl.col("reply").str.len_chars() >= WORDY) & pl.col("reply").hash().is_duplicated())
    key = plain.with_columns(normal(plain["incoming"])).select(
        "turn", pl.struct("incoming", "reply").hash().alias("key")
    )
    nth = key.filter(pl.col("key").is_duplicated()).select("turn", pl.int_range(pl.len()).over("key").alias("nth"))
    return _spare(own, pl.col("turn").is_in(nth.filter(pl.col("nth") >= ALIKE)["turn"].implode()), "near_duplicate")


def _shared(own: pl.DataFrame, max_share: float) -> pl.DataFrame:
    """No chat with more than its share of a split; what goes is spread evenly over time, so that no year is lost."""
    counts = own.filter("kept").group_by("split", "chat").agg(pl.len().alias("n"))
    if counts["chat"].n_unique() < CONTACTS or int(counts["n"].sum()) < SAMPLES or max_share >= 1:
        return own
    limits = []
    for split, table in counts.group_by("split"):
        limit = fair([int(n) for n in table["n"]], max_share)
        limits += [(split[0], chat, n, limit) for chat, n in table.select("chat", "n").iter_rows() if n > limit]
    if not limits:
        return own
    caps = pl.DataFrame(
        limits, schema={"split": SPLITS, "chat": own.schema["chat"], "n": pl.Int64, "limit": pl.Int64}, orient="row"
    )
    nth = (pl.col("kept").cum_sum() - 1).over("split", "chat")
    placed = own.with_columns(nth.cast(pl.Int64).alias("nth")).join(
        caps, on=["split", "chat"], how="left", maintain_order="left"
    )
    # the k-th of n stays where k·limit/n steps over a whole number
    stays = (pl.col("nth") + 1) * pl.col("limit") // pl.col("n") > pl.col("nth") * pl.col("limit") // pl.col("n")
    return _spare(placed, pl.col("limit").is_not_null() & ~stays, "over_share").drop("nth", "n", "limit")


def fair(counts: list[int], share: float) -> int:
    """The largest number of samples per chat with which no chat has more than `share` of what is left."""
    limit = max(counts, default=0)
    while limit > 1:
        allowed = int(share * sum(min(count, limit) for count in counts))
        if allowed >= limit:
            break
        limit = max(allowed, 1)
    # where few chats make it impossible, all come down to the level of the smaller ones
    return max(limit, sorted(counts, reverse=True)[min(int(1 / share), len(counts) - 1)] if counts else 1)


def fates(turns: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """For each turn: its `split`, the `fate` of its messages (null where they are used), whether it is `worded`."""
    why = (
        pl.when("used").then(pl.lit(None, pl.String))
        .when("target").then(pl.col("spared").cast(pl.String))
        .when(pl.col("incoming") == "").then(pl.lit("opener_alone"))
        .otherwise(pl.lit("answered_without_text"))
    )  # fmt: skip
    known = own.select("turn", "split", why.cast(REASONS).alias("fate"), pl.lit(True).alias("paired"))
    placed = turns.select("turn", "chat", "conversation", "from_me", "worded").join(
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
        .when(pl.col("foreign").is_not_null()).then("foreign")
        .when(picture).then(pl.col("kind").cast(pl.String).cast(REASONS, strict=False))
        .otherwise("fate")
    )  # fmt: skip
    split = pl.col("split").forward_fill().backward_fill().over("chat").fill_null("train")
    return messages.hstack(own).with_columns(final.alias("dropped"), split).drop("fate", "worded", "foreign")
