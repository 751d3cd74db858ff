"""A CSV file as a table of strings, also when exporters or accidents left it irregular."""

import csv
import io
import mmap
import re
from collections.abc import Collection, Sequence
from pathlib import Path

import polars as pl

from chatstylebot import looks
from chatstylebot.importers import text_file

CHUNK = 1 << 20  # bytes
# a row of cells that hold no quote, or stand in quotes and hold two for one
SOUND = r'^(?:[^",]*|"(?:[^"]|"")*")(?:,(?:[^",]*|"(?:[^"]|"")*"))*$'


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
    path: Path,
    columns: Sequence[str],
    start: re.Pattern[str],
    without: Sequence[str] = (),
    numbers: Collection[str] = (),
) -> tuple[pl.DataFrame, list[str], list[str]]:
    """The rows under `columns` as strings with their `row` number in the file, the rows that are lost, and remarks.

    Columns of `numbers` are Int64, with null for what is none. Missing cells are null, cells too many are cut off;
    `start` matches the beginning of a sound row and lets the reader find its way back after a damaged one. NUL bytes,
    BOMs, any line ends, UTF-16 and GB18030 are taken as they come.
    """
    wanted = [name for name in columns if name not in without]
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        plain = view.find(b"\0") < 0
    table = _fast(path, columns, wanted, numbers=numbers) if plain else None
    if table is not None and table.height:
        return table, [], []
    data, gone = _without_nul(path)
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff")) or gone >= (len(data) + gone) // 8
    if not wide and b"\n" in data:
        found = _rows(data, path.name, columns, wanted, start, numbers)
        if found is not None:
            return *found, []
    text, remarks = text_file.read(path)
    found = _rows(text.encode(), path.name, columns, wanted, start, numbers)
    assert found is not None, "what was decoded is UTF-8"
    return *found, remarks


def _without_nul(path: Path) -> tuple[bytes, int]:
    """The bytes of a file but for the NULs that an exporter left in, and how many these were."""
    kept, size = io.BytesIO(), 0
    with path.open("rb") as file:
        while piece := file.read(CHUNK):  # while it is in the processor's cache (half the time)
            size += len(piece)
            kept.write(piece.replace(b"\0", b""))
    data = kept.getvalue()
    return data, size - len(data)


def _fast(
    source: Path | bytes,
    columns: Sequence[str],
    wanted: Sequence[str],
    skip: int = 1,
    numbers: Collection[str] = (),
    quote: str | None = '"',
    lax: bool = False,
) -> pl.DataFrame | None:
    """The cells, or None where it is no CSV; all are strings where a column of `numbers` has another (`lax`: it is null)."""
    try:
        return pl.read_csv(
            source,
            glob=False,  # a contact's name may hold brackets
            has_header=False,
            skip_rows=skip,
            columns=[columns.index(name) for name in wanted],
            schema={name: pl.Int64 if name in numbers else pl.String for name in columns},
            extra_columns="ignore",
            missing_columns="insert",
            empty_string_is_null=False,
            row_index_name="row",
            row_index_offset=2,
            quote_char=quote,
            ignore_errors=lax,
        )
    except (pl.exceptions.ComputeError, pl.exceptions.NoDataError):
        return _fast(source, columns, wanted, skip, quote=quote) if numbers else None


def _rows(
    data: bytes,
    name: str,
    columns: Sequence[str],
    wanted: Sequence[str],
    start: re.Pattern[str],
    numbers: Collection[str],
) -> tuple[pl.DataFrame, list[str]] | None:
    """The rows of a file and those that are lost; None where it is no UTF-8.

    Where a quote may stand anywhere, a bad one does not swallow the rows after it: a row is a line that begins as rows
    do, with those that follow it. Most hold no quote, and are cut at the commas; of the others those that are sound CSV
    are read together, and the rest one by one.
    """
    table = _fast(data, columns, wanted, numbers=numbers)  # where a quote is wrong, it says so in no time
    if table is not None and table.height:
        return table, []
    lines = _lines(data)
    if lines is None:
        return None
    everything = len(lines)
    begins = looks.holding(lines, f"^(?:{start.pattern})")
    first = begins.arg_max() if begins.any() else len(lines)
    if first and (lines[:first].str.strip_chars() != "").any():
        begins = begins.scatter(0, True)  # what comes before the first row is counted as one
        first = 0
    lines, begins = lines[first:], begins[first:]
    table = pl.DataFrame({"line": lines, "row": begins.cum_sum().cast(pl.UInt32) + 1})  # the header is row 1
    alone = begins & begins.shift(-1).fill_null(True)  # a row of one line
    quoted = looks.holding(lines, '"')
    simple = alone & ~quoted
    parts: list[pl.DataFrame] = []
    damaged: list[str] = []
    easy: pl.DataFrame | None
    cut = _fast(data, columns, wanted, numbers=numbers, quote=None, lax=True)  # at every comma
    if cut is not None and cut.height == everything:
        easy = cut[first:].with_columns(table["row"], *_whole_numbers(numbers, wanted)).filter(simple)
    else:
        easy = _read_together(table.filter(simple), columns, wanted, None, numbers)
    if easy is None:
        simple = simple & False
    else:
        parts.append(easy)
    several = table.filter(~alone).group_by("row").agg(pl.col("line").str.join("\n").str.strip_chars_end("\n"))
    rest = pl.concat([table.filter(alone & ~simple).select("row", "line"), several]).sort("row")
    sound = looks.holding(rest["line"], SOUND)
    good = _read_together(rest.filter(sound), columns, wanted, '"', numbers)
    if good is None:
        sound = sound & False
    else:
        parts.append(good)
    bad = rest.filter(~sound)
    if bad.height:
        single, damaged = _row_by_row(bad["line"].to_list(), bad["row"].to_list(), name, columns)
        single = single.select("row", *wanted)
        parts.append(single.with_columns(_whole_numbers(numbers, wanted)))
    whole = pl.concat(parts) if parts else pl.DataFrame(schema={"row": pl.UInt32} | dict.fromkeys(wanted, pl.String))
    return (whole.sort("row", maintain_order=True) if len(parts) > 1 else whole), damaged


def _lines(data: bytes) -> pl.Series | None:
    """The lines below the header, without their ends; None where the file is no UTF-8."""
    unused = next((sign for sign in map(chr, range(1, 9)) if sign.encode() not in data), None)
    if unused is None:
        return pl.Series("line", data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")[1:], pl.String)
    try:
        table = pl.read_csv(
            data, has_header=False, skip_rows=1, schema={"line": pl.String}, separator=unused, quote_char=None,
            empty_string_is_null=False,
        )  # fmt: skip
    except pl.exceptions.NoDataError:
        return pl.Series("line", [], pl.String)
    except pl.exceptions.ComputeError:
        return None
    return table["line"]


def _read_together(
    rows: pl.DataFrame, columns: Sequence[str], wanted: Sequence[str], quote: str | None, numbers: Collection[str]
) -> pl.DataFrame | None:
    """The cells of rows, each a `line` with its number `row`; None where Polars makes another number of rows of them."""
    if not rows.height:
        return None
    data = rows.select(pl.col("line").str.join("\n").cast(pl.Binary)).item()
    found = _fast(data, columns, wanted, skip=0, quote=quote)
    if found is None or found.height != rows.height:
        return None
    return found.with_columns(rows["row"], *_whole_numbers(numbers, wanted))


def _whole_numbers(numbers: Collection[str], wanted: Sequence[str]) -> list[pl.Expr]:
    return [pl.col(name).cast(pl.Int64, strict=False) for name in numbers if name in wanted]


def _row_by_row(
    rows: Sequence[str], numbers: Sequence[int], name: str, columns: Sequence[str]
) -> tuple[pl.DataFrame, list[str]]:
    """Each row on its own; what belongs to no row is counted, line by line."""
    bad: list[str] = []
    cells: list[list[str | None]] = []

    def take(number: int, found: list[str]) -> None:
        cells.append([str(number), *found, *([None] * len(columns))][: len(columns) + 1])

    for number, chunk in zip(numbers, rows, strict=True):
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
