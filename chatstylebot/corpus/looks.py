"""What Polars does to a column of texts on one core, on two."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import polars as pl

SMALL = 20_000  # texts for which a second thread is worth it


def both(texts: pl.Series, work: Callable[[pl.Series], pl.Series]) -> tuple[pl.Series, pl.Series]:
    """What `work` makes of the first half of the texts, and of the second."""
    half = len(texts) // 2
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(work, (texts[:half], texts[half:]))
    return first, second


def changed(texts: pl.Series, work: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The texts as `work` makes them, one of each."""
    return pl.concat(both(texts, work)) if len(texts) > 2 * SMALL else work(texts)


def places(texts: pl.Series, pattern: str) -> pl.Series:
    """The places of the texts in which Rust's `pattern` is found."""

    def look(part: pl.Series) -> pl.Series:
        return part.str.contains(pattern).fill_null(False).arg_true()

    if len(texts) <= 2 * SMALL:
        return look(texts)
    first, second = both(texts, look)
    return pl.concat([first, second + len(texts) // 2])
