"""Local wall times to UTC, and the zone they are read in."""

from datetime import datetime

import polars as pl
import tzlocal

EPOCH = datetime(1970, 1, 1)
SANE = (datetime(1990, 1, 1), datetime(2100, 1, 1))  # no messenger is older


def zone(chosen: str | None, chinese: bool) -> str:
    """The zone that local times are read in: the chosen one, else Shanghai for Chinese apps, else this machine's."""
    return chosen or ("Asia/Shanghai" if chinese else tzlocal.get_localzone_name() or "UTC")


def wall(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> int:
    """Milliseconds of a wall time since 1970-01-01 00:00 on the same clock. Raises ValueError for no such time."""
    return round((datetime(year, month, day, hour, minute, second) - EPOCH).total_seconds()) * 1000


def unix(text: str) -> int:
    """Milliseconds since 1970 UTC of an ISO 8601 time with an offset. Raises ValueError without one."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    return round(moment.timestamp() * 1000)


def sane(column: str) -> pl.Expr:
    """Whether a column of milliseconds lies between 1990 and 2100."""
    low, high = (round((moment - EPOCH).total_seconds()) * 1000 for moment in SANE)
    return pl.col(column).is_between(low, high).fill_null(False)


def utc(walls: pl.Series, name: str) -> pl.Series:
    """Wall times (milliseconds, in file order) as UTC datetimes.

    An hour that the clock skipped reads as the hour after it; of an hour that came twice, the second is meant
    where the times before it go backwards.
    """
    naive = walls.cast(pl.Datetime("ms"))
    first = naive.dt.replace_time_zone(name, ambiguous="earliest", non_existent="null")
    second = naive.dt.replace_time_zone(name, ambiguous="latest", non_existent="null")
    table = pl.DataFrame({"wall": naive, "first": first, "second": second}).with_row_index("row")
    twice = (pl.col("first") != pl.col("second")).fill_null(False)
    if table.select(twice.any()).item():
        # within one run of doubtful times: from the first step back on, it is the second time
        run = (twice != twice.shift()).fill_null(True).cum_sum()
        back = twice & (pl.col("wall").diff() < 0).fill_null(False)
        table = table.with_columns(run.alias("run")).with_columns(
            pl.when(twice & (back.cum_sum().over("run") > 0)).then("second").otherwise("first").alias("first")
        )
    skipped = naive.dt.offset_by("1h").dt.replace_time_zone(name, ambiguous="earliest", non_existent="null")
    done = table.select(pl.col("first").fill_null(skipped)).to_series()
    return done.dt.convert_time_zone("UTC")
