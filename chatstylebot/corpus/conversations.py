"""Messages in, conversations and turns out."""

from datetime import timedelta

import polars as pl

from chatstylebot.corpus.clean import REASONS
from chatstylebot.words import GROUP_CONTEXT, PLACEHOLDERS, QUOTED, SAYS

FORWARDED = 300  # characters of what others pass on


def number(messages: pl.DataFrame, gap: timedelta) -> pl.DataFrame:
    """Messages with `conversation` and `turn`: one chat each, cut where it was silent for longer than `gap`.

    A turn is what one side said without the other coming between. Dropped messages belong to none (null). Where talk
    has topics, each is a talk of its own: the messages are put in order of conversations, these in order of their
    beginnings.
    """
    place = "chat"
    if "topic" in messages.columns:
        place, messages = "talk", _by_topic(messages, gap)
    places = messages["dropped"].is_null().arg_true()
    alive = messages.select(pl.col(place, "sent_at", "from_me").gather(places))
    new = _new(gap, place)
    turn = new | (pl.col("from_me") != pl.col("from_me").shift())
    numbers = alive.select(new.cum_sum().alias("conversation"), (turn.cum_sum() - 1).alias("turn")).cast(pl.UInt32)
    empty = pl.Series([None], dtype=pl.UInt32).new_from_index(0, messages.height)
    return messages.with_columns(empty.scatter(places, column).alias(column.name) for column in numbers).drop(
        "talk", strict=False
    )


def _new(gap: timedelta, *same: str) -> pl.Expr:
    """Whether a message begins a conversation: it is of another chat, or long after the one before it."""
    other = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in same)
    return (other | (pl.col("sent_at").diff() > gap)).fill_null(True)


def _by_topic(messages: pl.DataFrame, gap: timedelta) -> pl.DataFrame:
    """Messages in order of the talks they belong to, with the number of each: one chat, one topic, no long silence."""
    apart = messages.sort("chat", "topic", "sent_at", maintain_order=True)
    talks = apart.with_columns(_new(gap, "chat", "topic").cum_sum().alias("talk"))
    begun = pl.col("sent_at").first().over("talk").alias("begun")
    ordered = talks.with_columns(begun).sort("chat", "begun", "talk", maintain_order=True)
    return ordered.drop("topic", "begun")


def shorten_groups(messages: pl.DataFrame) -> pl.DataFrame:
    """In groups, mark what others said too long before the own turn."""
    if not messages["is_group"].any():
        return messages
    behind = pl.int_range(pl.len()).reverse().over("turn")
    early = (
        pl.col("is_group")
        & ~pl.col("from_me")
        & pl.col("turn").is_not_null()
        & pl.col("dropped").is_null()
        & (behind >= GROUP_CONTEXT)
    )
    reason = pl.when(early).then(pl.lit("group_context", REASONS)).otherwise("dropped")
    return messages.with_columns(reason.alias("dropped"))


def turns(messages: pl.DataFrame, separator: str, language: str, quotes: bool = False) -> pl.DataFrame:
    """One row per turn, in order: chat, conversation, from_me, first and last time, bubbles, `text`, and `worded`.

    `worded` says whether there is any typed text. `text` of the own side is that alone, and placeholders where there is
    none; that of the others has a placeholder for each bubble that was no text, so that a reply to a picture keeps its
    question (CON-7), and in groups each names its speaker (CON-9). With `quotes`, what others quote stands before their
    words; what the own side quotes never does, as serving could not send it (SAM-3).
    """
    alive = messages.select(
        "turn", "chat", "conversation", "from_me", "sent_at", "text", "kind", "is_group", "sender_name", "quoted"
    ).filter(messages["turn"].is_not_null() & messages["dropped"].is_null())
    # most bubbles of others are plain text between two people: only the others are put together
    theirs = ~pl.col("from_me")
    plain = (pl.col("kind") == "text") & pl.col("text").is_not_null() & ~pl.col("is_group")
    if quotes:
        plain &= pl.col("quoted").is_null()
    odd = alive.select((theirs & ~plain).arg_true()).to_series()
    shown = _shown(alive[odd], language, quotes)
    alive = alive.with_columns(
        pl.col("text").is_not_null().alias("worded"), alive["text"].scatter(odd, shown) if len(odd) else "text"
    )
    first = alive.select((pl.col("turn") != pl.col("turn").shift()).fill_null(True)).to_series()
    places = first.arg_true()
    bubbles = (places.shift(-1, fill_value=alive.height) - places).alias("bubbles")
    turns_ = alive.select(
        pl.col("turn", "chat", "conversation", "from_me").gather(places),
        pl.col("sent_at").gather(places).alias("first_at"),
        pl.col("sent_at").gather(places + bubbles - 1).alias("last_at"),
        bubbles,
        pl.col("worded", "text").gather(places),
    )
    # half of all bubbles are a turn each: nothing is to be joined there
    joined = _joined(alive.filter(~(first & first.shift(-1).fill_null(True))), separator)
    several = (bubbles > 1).arg_true()
    turns_ = turns_.with_columns(turns_[name].scatter(several, joined[name]) for name in ("worded", "text"))
    return _with_signs(turns_, alive, separator, language)


def _joined(bubbles: pl.DataFrame, separator: str) -> pl.DataFrame:
    """The texts of each turn as one, in order."""
    # the numbers ascend: told so, Polars cuts where they change instead of hashing (a third of the time)
    return (
        bubbles.lazy()
        .select(pl.col("turn").set_sorted(), "worded", "text")
        .group_by("turn", maintain_order=True)
        .agg(pl.col("worded").any(), "text")
        .with_columns(pl.col("text").list.join(separator))
        .collect()
    )


def _with_signs(turns_: pl.DataFrame, alive: pl.DataFrame, separator: str, language: str) -> pl.DataFrame:
    """Own turns without a word, with their placeholders for text."""
    places = turns_.select((pl.col("from_me") & ~pl.col("worded")).arg_true()).to_series()
    if not len(places):
        return turns_
    bubbles = alive.filter("from_me").join(turns_[places].select("turn"), on="turn", how="semi", maintain_order="left")
    signs = (
        bubbles.group_by("turn", maintain_order=True).agg(_sign(language).alias("text"))["text"].list.join(separator)
    )
    return turns_.with_columns(turns_["text"].scatter(places, signs))


def _sign(language: str) -> pl.Expr:
    """The placeholder of a bubble's kind."""
    known = PLACEHOLDERS[language]
    return pl.col("kind").replace_strict(known, default=known["other"], return_dtype=pl.String)


def _shown(theirs: pl.DataFrame, language: str, quotes: bool) -> pl.Series:
    """Bubbles of others as they stand in a question."""
    sign = _sign(language)
    captioned = pl.col("kind").is_in(["image", "video", "file"]) & pl.col("text").is_not_null()
    # what somebody passes on can be a whole article
    words = pl.when(pl.col("kind") == "forward").then(pl.col("text").str.slice(0, FORWARDED)).otherwise("text")
    bubble = pl.when(captioned).then(pl.concat_str(sign, pl.lit(" "), "text")).otherwise(words.fill_null(sign))
    if quotes:
        cited = pl.concat_str(pl.lit("「"), pl.col("quoted").str.slice(0, QUOTED), pl.lit("」"), bubble)
        bubble = pl.when(pl.col("quoted").is_not_null()).then(cited).otherwise(bubble)
    tagged = pl.when("is_group").then(pl.concat_str("sender_name", pl.lit(SAYS), bubble)).otherwise(bubble)
    return theirs.select(tagged.alias("text")).to_series()
