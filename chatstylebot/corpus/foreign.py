"""Own messages that are not the person's words: pasted text, bare links, the same greeting to everybody, what a bot
said from their account.

They stay in the conversation as own messages without words (as a picture does), so that no question is paired with the
answer to another; facts/measuring_style.md §3. Shortness and typos are the style and are never a reason.
"""

from collections.abc import Callable, Sequence

import polars as pl

from chatstylebot import looks
from chatstylebot.corpus.clean import REASONS

LONG = 200  # characters from which a text may be pasted
MARKS = 4  # 书面 marks that such a text has at least
GREETING = 8  # letters that a mass message has at least: 嗯, 好的, 在吗 go to everybody every day
CHATS = 3  # so many chats …
DAYS = 3  # … within so many days make a mass message
KEPT = 1  # of which so many stay
# own texts and their times (milliseconds since 1970) → which of them a bot has said
Bots = Callable[[Sequence[tuple[str, int]]], list[bool]]
URL = r"^\s*(?:https?://|www\.)\S+\s*$"
ENDS = " \t\n。！!？?~～…,.，、"  # what copies of a greeting differ in
WRITTEN = r"[。；：、“”《》【】（）]|[;:](?:\s|$)|\n\s*\n|\. [A-Z]"


def normal(texts: pl.Series) -> pl.Series:
    """Texts without what varies between copies: blanks, punctuation and emoji; small letters."""
    bare = looks.changed(texts, lambda part: part.str.replace_all(r"[^\p{L}\p{N}]+", ""))
    # small letters only where there are others: for them Polars takes twice as long as for the rest
    places = looks.places(bare, r"[\p{Lu}\p{Lt}]")
    return bare.scatter(places, bare.gather(places).str.to_lowercase()) if len(places) else bare


def mark(messages: pl.DataFrame, pasted: bool = True, repeats: bool = True, bots: Bots | None = None) -> pl.DataFrame:
    """Messages with `foreign`: why an own text is not the person's words (its `text` is gone then), or null."""
    reason = pl.Series("foreign", [None], dtype=REASONS).new_from_index(0, messages.height)
    mine = messages.select(
        (pl.col("from_me") & pl.col("dropped").is_null() & pl.col("text").is_not_null()).arg_true()
    ).to_series()
    own = messages.select(pl.col("chat", "sent_at", "text").gather(mine)).with_columns(mine.alias("place"))
    found = {"pasted": _pasted(own) if pasted and own.height else None}
    found["mass_message"] = _mass(own) if repeats and own.height else None
    found["said_by_bot"] = _said(own, bots) if bots and own.height else None
    for name, places in found.items():
        if places is not None and len(places):
            reason = reason.scatter(places, pl.Series([name] * len(places), dtype=REASONS))
    theirs = reason.is_not_null()
    if not theirs.any():
        return messages.with_columns(reason)
    return messages.with_columns(reason, pl.when(~theirs).then("text").alias("text"))


def _said(own: pl.DataFrame, bots: Bots) -> pl.Series:
    """The places of texts that a bot has said: nobody's style is learnt from a machine's."""
    said = bots(own.select("text", pl.col("sent_at").dt.epoch("ms")).rows())
    return own["place"].filter(pl.Series(said, dtype=pl.Boolean))


def _pasted(own: pl.DataFrame) -> pl.Series:
    """The places of texts that are nothing but a link, or long, written, and longer than nearly all the person says."""
    length = own["text"].str.len_chars()
    usual = max(LONG, length.quantile(0.99) or 0)
    long = own.filter(length > usual).filter(pl.col("text").str.count_matches(WRITTEN) >= MARKS)["place"]
    links = own.filter(pl.col("text").str.contains("://|www", literal=False)).filter(pl.col("text").str.contains(URL))
    return pl.concat([long, links["place"]]).unique().sort()


def _mass(own: pl.DataFrame) -> pl.Series:
    """The places of texts sent to several chats within days, but for the first."""
    long = own.filter(pl.col("text").str.len_chars() >= GREETING)
    keyed = long.select("chat", "place", "sent_at", pl.col("text").str.strip_chars(ENDS).hash().alias("key"))
    keyed = keyed.filter(pl.col("key").is_duplicated())
    # spans of days, and again shifted by half, so that a border between two does not hide a wave
    hours = pl.col("sent_at").dt.epoch("s") // 3600
    waves = []
    for shift in (0, DAYS * 12):
        span = (hours + shift) // (DAYS * 24)
        within = keyed.select("chat", "place", (pl.col("key") ^ span.hash()).alias("wave"))
        # what is said once in a span needs no group (a third of the time)
        alike = within.filter(pl.col("wave").is_duplicated())
        wide = alike.group_by("wave").agg(pl.col("chat").n_unique().alias("chats"), "place")
        waves.append(wide.filter(pl.col("chats") >= CHATS).select("place"))
    # within a group they ascend, as they do in `own`
    places = pl.concat(waves)["place"].list.slice(KEPT).explode().drop_nulls().unique().sort()
    sent = own.filter(pl.col("place").is_in(places.implode()))
    return sent["place"].filter(normal(sent["text"]).str.len_chars() >= GREETING)
