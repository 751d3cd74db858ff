"""A CSV file as a table of strings, also when exporters or accidents left it irregular."""

import csv
import io
import mmap
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import polars as pl

from chatstylebot import importers

# rows that are read at once where a file is damaged: a bad quote costs the slow reading of so many
BLOCK = 2_000


def read(
    path: Path, columns: Sequence[str], start: re.Pattern[str], without: Sequence[str] = ()
) -> tuple[pl.DataFrame, list[str]]:
    """The rows under `columns` as strings, with their `row` number in the file, and what could not be read.

    Missing cells are null, cells too many are cut off; `start` matches the beginning of a sound row and lets the
    reader find its way back after a damaged one. NUL bytes, BOMs, CRLF, UTF-16 and GB18030 are taken as they come.
    """
    wanted = [name for name in columns if name not in without]
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        plain = view.find(b"\0") < 0
    table = _fast(path, columns, wanted) if plain else None
    if table is not None:
        return table, []
    text, bad = _text(path)
    table = _fast(text.encode(), columns, wanted)
    if table is not None:
        return table, bad
    table, damaged = _careful(text, path.name, columns, wanted, start)
    return table, bad + damaged


def _fast(
    source: Path | bytes, columns: Sequence[str], wanted: Sequence[str], skip: int = 1, first: int = 2
) -> pl.DataFrame | None:
    try:
        return pl.read_csv(
            source,
            has_header=False,
            skip_rows=skip,
            columns=[columns.index(name) for name in wanted],
            schema=dict.fromkeys(columns, pl.String),
            extra_columns="ignore",
            missing_columns="insert",
            empty_string_is_null=False,
            row_index_name="row",
            row_index_offset=first,
        )
    except (pl.exceptions.ComputeError, pl.exceptions.NoDataError):
        return None


def _text(path: Path) -> tuple[str, list[str]]:
    """The file as text with \\n for line ends and no NUL bytes, and what could not be read."""
    data = path.read_bytes()
    text, bad = importers.decode(data), []
    if not text:
        text = data.decode("utf-8-sig", errors="replace")
        bad = [f"{path.name}: has bytes that are no text; they read as \ufffd"]
    return text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n"), bad


def _careful(
    text: str, name: str, columns: Sequence[str], wanted: Sequence[str], start: re.Pattern[str]
) -> tuple[pl.DataFrame, list[str]]:
    """Block by block, and row by row where a block is damaged: one bad quote does not swallow the rows after it."""
    borders = [found.start() for found in re.finditer(rf"(?m)^(?={start.pattern})", text)]
    borders.append(len(text))
    parts, bad = [pl.DataFrame(schema={"row": pl.UInt32} | dict.fromkeys(wanted, pl.String))], []
    for first in range(0, len(borders) - 1, BLOCK):
        rows = [text[begin:end] for begin, end in pairwise(borders[first : first + BLOCK + 1])]
        table = _fast("".join(rows).encode(), columns, wanted, skip=0, first=first + 2)
        # as many rows as beginnings of rows: no quote has swallowed any
        if table is None or table.height != len(rows):
            table, damaged = _row_by_row(rows, first + 2, name, columns)
            table = table.select("row", *wanted)
            bad += damaged
        parts.append(table)
    return pl.concat(parts, rechunk=True), bad


def _row_by_row(rows: Sequence[str], first: int, name: str, columns: Sequence[str]) -> tuple[pl.DataFrame, list[str]]:
    bad: list[str] = []
    cells: list[list[str | None]] = []
    for number, chunk in enumerate(rows, first):
        try:
            found = list(csv.reader(io.StringIO(chunk.removesuffix("\n"), newline=""), strict=True))
        except csv.Error as error:
            bad.append(f"{name} row {number}: {error}")
            continue
        if len(found) != 1:
            bad.append(f"{name} row {number}: {len(found) - 1} lines after it belong to no row")
        cells.append([str(number), *found[0], *([None] * len(columns))][: len(columns) + 1])
    schema = {"row": pl.String} | dict.fromkeys(columns, pl.String)
    table = pl.DataFrame(cells, schema=schema, orient="row").with_columns(pl.col("row").cast(pl.UInt32))
    return table, bad


csv.field_size_limit(1 << 24)  # WeChat's XML rows exceed the default of 128 KiB
