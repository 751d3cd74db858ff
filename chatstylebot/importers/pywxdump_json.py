"""WeChat exported by PyWxDump as JSON: a list of the rows of its CSV.

Format: shared facts, formats.md §4.2.
"""

from pathlib import Path

import polars as pl

from chatstylebot import importers
from chatstylebot.importers import json_file, pywxdump_csv
from chatstylebot.importers.pywxdump_csv import claims as claims
from chatstylebot.words import whole

PLATFORM, CHINESE, SUFFIXES = "wechat", True, (".json",)
COLUMNS = ["MsgSvrID", "type_name", "is_sender", "talker", "room_name", "msg", "CreateTime", "is_forward"]
SLICE = 50_000


def detect(head: importers.Head) -> bool:
    """Whether it is a list of objects with PyWxDump's keys."""
    return "[].type_name" in head.json and "[].is_sender" in head.json and "[].CreateTime" in head.json


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one file. Raises UserError when it holds no list."""
    parts, damaged = json_file.read_list(path)
    tables: list[pl.DataFrame] = [pl.DataFrame(schema={"row": pl.UInt32()} | dict.fromkeys(COLUMNS, pl.String()))]
    rows: list[tuple[int, list[str | None]]] = []

    def flush() -> None:
        columns = {name: [cells[n] for _, cells in rows] for n, name in enumerate(COLUMNS)}
        numbers = pl.Series("row", [number for number, _ in rows], pl.UInt32)
        tables.append(pl.DataFrame([numbers, *(pl.Series(n, v, pl.String) for n, v in columns.items())]))
        rows.clear()

    for number, row in json_file.objects(parts, path.name, damaged, "row"):
        rows.append((number, [_cell(row.get(name)) for name in COLUMNS]))
        if len(rows) >= SLICE:
            flush()
    flush()
    return pywxdump_csv.export(pl.concat(tables), path, zone, damaged, [])


def _cell(value: object) -> str | None:
    if isinstance(value, str):
        return value if value.isascii() else whole(value)
    if isinstance(value, bool):
        return str(int(value))
    return str(value) if isinstance(value, int | float) else None
