"""How long the person takes: pauses before replies and between bubbles, bubbles per turn."""

from typing import Any

import polars as pl

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def measure(messages: pl.DataFrame, own: pl.DataFrame) -> dict[str, Any]:
    """`reply_pause` and `bubble_pause` in seconds and `bubbles_per_turn`, each with n and quantiles.

    A reply's pause runs from the other side's last message to the first own bubble, within a conversation;
    a bubble's from the own bubble before it in the same turn.
    """
    mine = messages.select("turn", "sent_at", "from_me").filter(pl.col("from_me") & pl.col("turn").is_not_null())
    gaps = mine.select(
        pl.col("sent_at").diff().dt.total_milliseconds().filter(pl.col("turn") == pl.col("turn").shift()) / 1000
    )["sent_at"]
    replies = own.filter(pl.col("asked_at").is_not_null()).select(
        ((pl.col("first_at") - pl.col("asked_at")).dt.total_milliseconds() / 1000).alias("pause")
    )["pause"]
    return {
        "reply_pause": _spread(replies),
        "bubble_pause": _spread(gaps),
        "bubbles_per_turn": _spread(own["bubbles"].cast(pl.Float64)),
    }


def _spread(values: pl.Series) -> dict[str, Any]:
    if not len(values):
        return {"n": 0, "quantiles": {}}
    values = values.sort()  # once, and not for each quantile
    return {"n": len(values), "quantiles": {str(q): round(float(values.quantile(q) or 0), 2) for q in QUANTILES}}
