"""Messages in, the same messages in order, each with the reason for which it can not be used, if there is one."""

import polars as pl

from chatstylebot import looks
from chatstylebot.corpus.messages import KINDS

REASONS = pl.Enum(
    [
        "damaged_row",
        "duplicate",
        "system",
        "recall",
        "empty",
        "forgotten",
        "group_chat",
        "not_chosen",
        "out_of_time",
        "private",
        "pasted",
        "mass_message",
        "said_by_bot",
        "unanswered",
        "opener_alone",
        "group_context",
        "answered_without_text",
        "duplicate_sample",
        "near_duplicate",
        "over_share",
        *(kind for kind in KINDS if kind not in ("text", "system", "recall")),
    ]
)
# for people: what each reason means
MEANING = {
    "damaged_row": "the row can not be read",
    "duplicate": "stands there twice, or in another of the files too",
    "system": "a notice of the app",
    "recall": "taken back by its sender",
    "empty": "no text in it",
    "forgotten": "of somebody who was forgotten, or beside it in a group",
    "group_chat": "group chats are off",
    "not_chosen": "a chat that was not chosen (--contacts, --exclude)",
    "out_of_time": "outside of --since and --until",
    "pasted": "copied, or nothing but a link: not your words",
    "mass_message": "the same to several people at once",
    "said_by_bot": "your bot said it, from your account",
    "private": "holds private data (--privacy drop)",
    "unanswered": "nothing of yours follows it in the conversation",
    "opener_alone": "you opened, and no reply of yours follows",
    "group_context": "too long before your reply in a group",
    "answered_without_text": "answered with a picture, sticker or the like",
    "duplicate_sample": "the same sample stands there already",
    "near_duplicate": "nearly the same sample stands there often enough",
    "over_share": "more than --max-share from one chat",
    **dict.fromkeys((k for k in KINDS if k not in ("text", "system", "recall")), "your own, and not text"),
    "forward": "forwarded by you: not your words",
}
# what the user does not want is not kept either; everything else is there for the memory of past talk
UNWANTED = ("forgotten", "not_chosen", "out_of_time", "group_chat", "private")
# what may hold typed words: also the caption of a picture, the transcript of a voice message
WORDS = pl.col("kind").is_in(["text", "quote", "voice", "image", "video", "file"])
THEIRS = (pl.col("kind") == "forward") & ~pl.col("from_me")  # what others pass on is what they said


def mark(messages: pl.DataFrame, groups: bool = True, left_out: pl.Expr | None = None) -> pl.DataFrame:
    """Messages ordered by chat and time (in file order within a second), with `chat` (int) and `dropped`.

    `left_out` gives the reason (a String) for which the user does not want a message, or null.
    """
    # Sort a narrow table, then bring the wide one into order once; chats keep the order within them when grouped, so
    # a file in order of time, as they come, is never really sorted (0.1 s instead of 0.3 s a million).
    order = (
        messages.lazy()
        .select("chat_id", "sent_at", pl.int_range(pl.len(), dtype=pl.UInt32).alias("place"))
        .sort("sent_at", maintain_order=True)
        .group_by("chat_id")
        .agg("place")
        .sort("chat_id")
        .select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("chat"), "place")
        .explode("place")
        .collect()
    )
    # a column of nothing is one value to Polars, and not a million, as long as nobody looks into it
    said = [name for name in ("text", "quoted") if messages.select(pl.col(name).is_not_null().any()).item()]
    tidy = messages.with_columns(_tidy(messages[name]) for name in said)
    ordered = tidy[order["place"]].with_columns(order["chat"])
    reason: pl.Expr = (
        pl.when(pl.col("kind") == "system").then(pl.lit("system", REASONS))
        .when(pl.col("kind") == "recall").then(pl.lit("recall", REASONS))
        .when((pl.col("kind") == "text") & (pl.col("text").fill_null("") == "")).then(pl.lit("empty", REASONS))
        .when(pl.lit(not groups) & pl.col("is_group")).then(pl.lit("group_chat", REASONS))
    )  # fmt: skip
    if left_out is not None:
        reason = pl.when(left_out.is_not_null()).then(left_out.cast(REASONS)).otherwise(reason)
    return ordered.with_columns(
        reason.alias("dropped"), pl.when((WORDS | THEIRS) & (pl.col("text") != "")).then("text").alias("text")
    )


# a look that is cheap at a million texts: what it does not match needs no tidying
UNTIDY = (
    r"^\s|\s$|[\x00-\x08\x0b-\x1f\x7f]|\p{M}|[\u1100-\u11ff\uf900-\ufaff\u2126\u212a\u212b]|"
    r"^[\s\u200b-\u200f\u2060\ufeff]+$"
)


def _tidy(texts: pl.Series) -> pl.Series:
    """Line ends as \\n, no control characters, NFC and not NFKC: fullwidth punctuation is style (IMP-25)."""
    places = looks.places(texts, UNTIDY)
    lines = texts.gather(places).str.replace_all("\r\n?", "\n")
    lines = lines.str.replace(r"^[\s\u200b-\u200f\u2060\ufeff]+$", "")  # nothing to be seen is nothing said
    tidy = lines.str.replace_all(r"[\x00-\x08\x0b-\x1f\x7f]", "").str.normalize("NFC").str.strip_chars()
    return texts.scatter(places, tidy) if len(places) else texts
