"""What Polars does to a column of texts on one core, on two."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import polars as pl

SMALL = 20_000  # texts for which a second thread is worth it
# one for the whole run: Polars compiles an expression once in each thread, and the long ones take 0.02 s
_BESIDE = ThreadPoolExecutor(1, "looks")


def both(texts: pl.Series, work: Callable[[pl.Series], pl.Series]) -> tuple[pl.Series, pl.Series]:
    """What `work` makes of the first half of the texts, and of the second."""
    half = len(texts) // 2
    second = _BESIDE.submit(work, texts[half:])
    return work(texts[:half]), second.result()


def changed(texts: pl.Series, work: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The texts as `work` makes them, one of each."""
    return pl.concat(both(texts, work)) if len(texts) > 2 * SMALL else work(texts)


def holding(texts: pl.Series, pattern: str) -> pl.Series:
    """Whether Rust's `pattern` is found in each of the texts."""
    return changed(texts, lambda part: part.str.contains(pattern).fill_null(False))


def places(texts: pl.Series, pattern: str) -> pl.Series:
    """The places of the texts in which Rust's `pattern` is found."""
    return holding(texts, pattern).arg_true()
