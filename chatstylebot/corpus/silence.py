"""How long the person is silent: the curve of pauses before own messages, and the gap that it suggests."""

from datetime import timedelta
from typing import Any

import polars as pl

STEPS = (1, 2, 5, 10, 30, 60, 180, 360)  # minutes, as in facts/measuring_style.md §3
LEAST = 200  # pauses below which nothing is to be seen
USUAL = timedelta(minutes=60)
LOW, HIGH = 15 * 60, 6 * 3600  # seconds between which a gap is looked for
BIN = 0.1  # of log10 seconds
SPREAD = 2  # bins to either side that are taken together


def pauses(messages: pl.DataFrame) -> pl.Series:
    """Seconds between each own message and what was said before it in the same chat, and of the same topic."""
    place = ["chat", *(["topic"] if "topic" in messages.columns else [])]
    alive = messages.lazy().filter(pl.col("dropped").is_null()).select(*place, "sent_at", "from_me")
    if len(place) > 1:
        alive = alive.sort(*place, maintain_order=True)
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift()) for name in place)
    gap = pl.when(same).then(pl.col("sent_at").diff().dt.total_seconds())
    return alive.select(gap.alias("pause"), "from_me").filter("from_me").select("pause").drop_nulls().collect()["pause"]


def curve(gaps: pl.Series) -> dict[str, float]:
    """The share of pauses up to 1, 2, 5 … minutes."""
    if not len(gaps):
        return {}
    return {str(step): round(float((gaps <= step * 60).mean() or 0), 3) for step in STEPS}  # type: ignore[arg-type]


def gap(gaps: pl.Series) -> tuple[timedelta, str]:
    """The silence that parts conversations, and why: the emptiest place of the curve between 15 minutes and 6 hours.

    Pauses within a conversation and pauses between conversations are two hills on a scale of log10 seconds; the valley
    between them is the border.
    """
    if len(gaps) < LEAST:
        return USUAL, f"only {len(gaps):,} pauses to look at, so the usual 60 min"
    table = pl.DataFrame({"bin": (gaps.clip(1).log10() / BIN).floor().cast(pl.Int64)})
    counted: dict[int, int] = dict(table.group_by("bin").len().iter_rows())
    first, last = (int(pl.select(pl.lit(float(edge)).log10() / BIN).item()) for edge in (LOW, HIGH))

    def around(place: int) -> int:
        return sum(counted.get(place + step, 0) for step in range(-SPREAD, SPREAD + 1))

    valley = min(range(first, last + 1), key=lambda place: (around(place), place))
    minutes = max(round(10 ** ((valley + 0.5) * BIN) / 60), LOW // 60)
    chosen = timedelta(minutes=min(minutes, HIGH // 60))
    share = float((gaps <= chosen.total_seconds()).mean() or 0)  # type: ignore[arg-type]
    return chosen, f"the pauses before your messages are rarest around {minutes:,} min; {share:.0%} of them are shorter"


def told(gaps: pl.Series, chosen: timedelta) -> dict[str, Any]:
    """What the report says of silences."""
    return {"minutes": chosen / timedelta(minutes=1), "pauses": len(gaps), "shares": curve(gaps)}
