"""A CSV file as a table of strings, also when exporters or accidents left it irregular."""

import csv
import io
import mmap
import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from chatstylebot import importers


def read(
    path: Path, columns: Sequence[str], start: re.Pattern[str], without: Sequence[str] = ()
) -> tuple[pl.DataFrame, list[str]]:
    """The rows under `columns` as strings, with their `row` number in the file, and what could not be read.

    Missing cells are null, cells too many are cut off; `start` matches the beginning of a sound row and lets the
    reader find its way back after a damaged one. NUL bytes, BOMs, CRLF, UTF-16 and GB18030 are taken as they come.
    """
    table = _fast(path, columns, [name for name in columns if name not in without])
    if table is not None:
        return table, []
    table, bad = _careful(path, columns, start)
    return table.drop(without), bad


def _fast(path: Path, columns: Sequence[str], wanted: Sequence[str]) -> pl.DataFrame | None:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        if view.find(b"\0") >= 0:
            return None
    try:
        table = pl.read_csv(
            path,
            has_header=False,
            skip_rows=1,
            columns=[columns.index(name) for name in wanted],
            schema=dict.fromkeys(columns, pl.String),
            extra_columns="ignore",
            missing_columns="insert",
            empty_string_is_null=False,
            row_index_name="row",
            row_index_offset=2,
        )
    except (pl.exceptions.ComputeError, pl.exceptions.NoDataError):
        return None
    return table


def _careful(path: Path, columns: Sequence[str], start: re.Pattern[str]) -> tuple[pl.DataFrame, list[str]]:
    """Row by row, each on its own: slower, but one bad quote does not swallow the rows after it."""
    data = path.read_bytes()
    text = importers.decode(data)
    bad: list[str] = []
    if not text:
        text = data.decode("utf-8-sig", errors="replace")
        bad.append(f"{path.name}: has bytes that are no text; they read as \ufffd")
    text = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    borders = [found.start() for found in re.finditer(rf"(?m)^(?={start.pattern})", text)]
    cells: list[list[str | None]] = []
    for number, (begin, end) in enumerate(zip(borders, [*borders[1:], len(text)], strict=True), 2):
        chunk = text[begin:end].removesuffix("\n")
        try:
            rows = list(csv.reader(io.StringIO(chunk, newline=""), strict=True))
        except csv.Error as error:
            bad.append(f"{path.name} row {number}: {error}")
            continue
        if len(rows) != 1:
            bad.append(f"{path.name} row {number}: {len(rows) - 1} lines after it belong to no row")
        cells.append([str(number), *rows[0], *([None] * len(columns))][: len(columns) + 1])
    schema = {"row": pl.String} | dict.fromkeys(columns, pl.String)
    table = pl.DataFrame(cells, schema=schema, orient="row").with_columns(pl.col("row").cast(pl.UInt32))
    return table, bad


csv.field_size_limit(1 << 24)  # WeChat's XML rows exceed the default of 128 KiB
