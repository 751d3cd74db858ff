"""A CSV file as a table of strings, also when exporters or accidents left it irregular."""

import csv
import io
import mmap
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import polars as pl

from chatstylebot.importers import text_file

# rows that are read at once where a file is damaged: a bad quote costs the slow reading of so many
BLOCK = 2_000


def header(line: str) -> list[str]:
    """The names of a first line; the second of a name is called name#2, so that each column has one of its own."""
    names: dict[str, int] = {}  # with the number that the next of the name gets
    for cell in line.split(","):
        name = bare = cell.strip().strip('"').strip()
        while name in names:
            names[bare] += 1
            name = f"{bare}#{names[bare]}"
        names[name] = 1
    return list(names)


def read(
    path: Path, columns: Sequence[str], start: re.Pattern[str], without: Sequence[str] = ()
) -> tuple[pl.DataFrame, list[str], list[str]]:
    """The rows under `columns` as strings with their `row` number in the file, the rows that are lost, and remarks.

    Missing cells are null, cells too many are cut off; `start` matches the beginning of a sound row and lets the
    reader find its way back after a damaged one. NUL bytes, BOMs, any line ends, UTF-16 and GB18030 are taken as
    they come.
    """
    wanted = [name for name in columns if name not in without]
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        plain = view.find(b"\0") < 0
    table = _fast(path, columns, wanted) if plain else None
    if table is not None and table.height:
        return table, [], []
    text, remarks = text_file.read(path)
    table = _fast(text.encode(), columns, wanted)
    if table is not None:
        return table, [], remarks
    table, lost = _careful(text, path.name, columns, wanted, start)
    return table, lost, remarks


def _fast(
    source: Path | bytes, columns: Sequence[str], wanted: Sequence[str], skip: int = 1, first: int = 2
) -> pl.DataFrame | None:
    try:
        return pl.read_csv(
            source,
            glob=False,  # a contact's name may hold brackets
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


def _careful(
    text: str, name: str, columns: Sequence[str], wanted: Sequence[str], start: re.Pattern[str]
) -> tuple[pl.DataFrame, list[str]]:
    """Block by block, and row by row where a block is damaged: one bad quote does not swallow the rows after it."""
    begin = text.find("\n") + 1  # the header
    borders = [found.start() for found in re.finditer(rf"(?m)^(?={start.pattern})", text) if found.start() >= begin]
    if begin not in borders[:1] and text[begin : borders[0] if borders else len(text)].strip():
        borders.insert(0, begin)
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
    """Each row on its own; what belongs to no row is counted, line by line."""
    bad: list[str] = []
    cells: list[list[str | None]] = []

    def take(number: int, found: list[str]) -> None:
        cells.append([str(number), *found, *([None] * len(columns))][: len(columns) + 1])

    for number, chunk in enumerate(rows, first):
        try:
            found = _parse(chunk)
        except csv.Error as error:
            bad.append(f"{name} row {number}: {error}")
            # a row that does not begin as rows do may hide in its lines
            for line in chunk.removesuffix("\n").split("\n")[1:]:
                if line.count(",") >= len(columns) - 4:
                    try:
                        take(number, _parse(line)[0])
                    except csv.Error as worse:
                        bad.append(f"{name} after row {number}: {worse}")
            continue
        for cell in found:
            take(number, cell)  # what is no row has no time, and is told by the importer
    schema = {"row": pl.String} | dict.fromkeys(columns, pl.String)
    table = pl.DataFrame(cells, schema=schema, orient="row").with_columns(pl.col("row").cast(pl.UInt32))
    return table, bad


def _parse(chunk: str) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(chunk.removesuffix("\n"), newline=""), strict=True) if row]


csv.field_size_limit(1 << 24)  # WeChat's XML rows exceed the default of 128 KiB
