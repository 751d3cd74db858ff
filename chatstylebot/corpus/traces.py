"""Where pieces of text stand in the files of a folder: in every kind of file, and what cannot be searched is told."""

import gzip
import json
import os
import re
import sqlite3
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import polars as pl
import yaml

from chatstylebot.corpus.forget import LONGEST

CHUNK = 64 << 20  # bytes of a file that are looked at together
OVERLAP = 8192  # the longest form of a needle fits
BATCH = 128 << 20  # characters that are searched together
HEAD = 64 << 20  # bytes of a GGUF that hold its texts
TENSORS = (".pt", ".pth", ".bin", ".ckpt")  # archives of torch
NUMBERS = re.compile(r"[^/]+/data/\d+")
DEEP = 3  # archives in archives
ZIP, GZIP = b"PK\x03\x04", b"\x1f\x8b"
PACKED = (b"7z\xbc\xaf\x27\x1c", b"Rar!", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00", b"BZh")


class Unreadable(Exception):
    """A file that may hold anything, and why."""


@dataclass
class Found:
    """What a search found: which pieces in which file, how many files were read, which could not be, and why."""

    hits: dict[Path, set[str]] = field(default_factory=dict)
    searched: int = 0
    unreadable: dict[Path, str] = field(default_factory=dict)


def files(folder: Path, skip: Callable[[Path], bool]) -> Iterator[Path]:
    """Every file below a folder, linked folders included; `skip` says of a folder or file that it is none of ours.

    A folder that cannot be entered comes as itself: whoever reads it will find that out.
    """
    seen: set[str] = set()
    refused: list[OSError] = []
    for top, inner, names in os.walk(folder, onerror=refused.append, followlinks=True):
        if (real := os.path.realpath(top)) in seen:
            inner.clear()
            continue
        seen.add(real)
        inner[:] = sorted(name for name in inner if not skip(Path(top, name)))
        for name in sorted(names):
            path = Path(top, name)
            if os.path.isfile(path) and not skip(path):
                yield path
    yield from (Path(error.filename) for error in refused)


def search(paths: Iterable[Path], needles: Collection[str]) -> Found:
    """Look for the pieces in the files."""
    found = Found()
    look = _Look(needles)
    waiting: list[tuple[Path, str]] = []
    size = 0

    def flush() -> None:
        for (path, _), hits in zip(waiting, look.at([text for _, text in waiting]), strict=True):
            if hits:
                found.hits.setdefault(path, set()).update(hits)
        waiting.clear()

    for path in paths:
        found.searched += 1
        try:
            for text in texts(path):
                waiting.append((path, text))
                size += len(text)
                if size > BATCH:
                    flush()
                    size = 0
        except (Unreadable, OSError) as error:
            found.unreadable[path] = getattr(error, "strerror", None) or str(error)
    flush()
    return found


class _Look:
    """Finds needles in texts, as they are or escaped as JSON does."""

    def __init__(self, needles: Collection[str]) -> None:
        self._whole: dict[str, set[str]] = {}
        for needle in needles:
            cut = needle[:LONGEST]
            for form in (cut, json.dumps(cut)[1:-1], json.dumps(cut, ensure_ascii=False)[1:-1]):
                self._whole.setdefault(form, set()).add(needle)
        self._forms = sorted(self._whole)

    def at(self, texts: list[str]) -> list[set[str]]:
        if not self._forms or not texts:
            return [set() for _ in texts]
        series = pl.Series(texts, dtype=pl.String)
        held = series.str.contains_any(self._forms)
        rows = series.filter(held).str.extract_many(self._forms, overlapping=True).to_list() if held.any() else []
        places = iter(rows)
        return [
            {needle for form in next(places) for needle in self._whole[form]} if there else set()
            for there in held.to_list()
        ]


def known(needles: Collection[str], paths: Iterable[Path]) -> set[str]:
    """Which of the pieces stand in these files, too."""
    return {needle for hits in search(paths, needles).hits.values() for needle in hits}


def texts(path: Path) -> Iterator[str]:
    """All the text that a file holds, in pieces. Raises Unreadable, OSError."""
    if path.is_dir():
        raise Unreadable("the folder cannot be entered")
    with path.open("rb") as file:
        begin = file.read(16)
    match path.suffix.lower():
        case ".parquet":
            yield from _parquet(path)
        case ".arrow":
            raise Unreadable("it holds tokens, which are no text")
        case ".safetensors":
            yield _safetensors(path)
        case ".gguf":
            with path.open("rb") as file:
                yield from _decoded(file.read(HEAD))
        case _ if begin.startswith(ZIP):
            yield from _zipped(path, path.suffix in TENSORS)
        case _ if begin.startswith(GZIP):
            with gzip.open(path, "rb") as unpacked:
                yield from _pieces(unpacked, "gzip")
        case _ if begin.startswith(PACKED):
            raise Unreadable("it is compressed")
        case _:
            if begin.startswith(b"SQLite format 3\0"):
                yield from _sqlite(path)
            if path.suffix.lower() in (".yaml", ".yml"):
                yield from _yaml(path)
            with path.open("rb") as file:
                yield from _pieces(file, "")


def _pieces(file: IO[bytes] | gzip.GzipFile, form: str) -> Iterator[str]:
    before = b""
    try:
        while data := file.read(CHUNK):
            yield from _decoded(before + data)
            before = data[-OVERLAP:]
    except (EOFError, gzip.BadGzipFile) as error:
        raise Unreadable(f"its {form} is damaged: {error}") from None


def _decoded(data: bytes) -> Iterator[str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield data.decode("utf-16", "replace")
        return
    for odd, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if data[odd:400:2].count(0) > min(len(data), 400) // 8:  # Latin letters of two bytes each
            yield data.decode(name, "replace")
    try:
        yield data.decode("utf-8")
    except UnicodeDecodeError:  # not text, or in another encoding
        yield data.decode("utf-8", "replace")
        yield data.decode("gb18030", "replace")


def _parquet(path: Path) -> Iterator[str]:
    try:
        table = pl.read_parquet(path)
    except pl.exceptions.PolarsError as error:
        raise Unreadable(f"it is damaged: {str(error).splitlines()[0]}") from None
    for name, kind in table.schema.items():
        column = table[name].drop_nulls()
        if kind == pl.Binary:
            yield "\n".join(value.decode("utf-8", "replace") for value in column)
        elif kind in (pl.String, pl.Categorical, pl.Enum):
            yield "\n".join(column.cast(pl.String).unique())
        elif kind.is_nested() or kind == pl.Object:
            yield "\n".join(map(str, column.to_list()))


def _safetensors(path: Path) -> str:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > 100 << 20:
            raise Unreadable("it is damaged: its header is too long")
        return file.read(length).decode("utf-8", "replace")


def _zipped(source: Path | IO[bytes], tensors: bool, depth: int = 0) -> Iterator[str]:
    try:
        with zipfile.ZipFile(source) as archive:
            names = archive.namelist()
            # what torch.save writes: numbers below */data/, and a pickle that says what they are
            torch = tensors and any(name.count("/") == 1 and name.endswith("/data.pkl") for name in names)
            for entry in archive.infolist():
                yield entry.filename
                if entry.is_dir() or (torch and NUMBERS.fullmatch(entry.filename)):
                    continue
                with archive.open(entry) as file:
                    begin = file.read(16)
                with archive.open(entry) as file:
                    if begin.startswith(ZIP) and depth < DEEP:
                        yield from _zipped(file, tensors, depth + 1)
                    elif begin.startswith((ZIP, GZIP, *PACKED)):
                        raise Unreadable(f"{entry.filename} in it is compressed")
                    else:
                        yield from _pieces(file, "zip")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:  # encrypted
        raise Unreadable(f"it cannot be unpacked: {error}") from None


def _sqlite(path: Path) -> Iterator[str]:
    """The texts of all tables: in the file itself a long one is cut where a page ends."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            connection.text_factory = lambda data: data.decode("utf-8", "replace")
            tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
            for table in tables:
                name = table.replace('"', '""')
                yield "\n".join(
                    cell if isinstance(cell, str) else cell.decode("utf-8", "replace")
                    for row in connection.execute(f'select * from "{name}"')
                    for cell in row
                    if isinstance(cell, str | bytes)
                )
    except sqlite3.Error as error:
        raise Unreadable(f"it is damaged: {error}") from None


def _yaml(path: Path) -> Iterator[str]:
    """The texts of a YAML file: a writer may have folded long ones into several lines."""
    try:
        with path.open("rb") as file:
            yield "\n".join(_strings(list(yaml.safe_load_all(file))))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        return  # searched as it stands


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _strings([*value, *value.values()])
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def dropped(path: Path, needles: Collection[str]) -> bytes:
    """A file of JSON lines without those that hold one of the pieces."""
    lines = [f"{line}\n" for line in path.read_text("utf-8", "replace").removesuffix("\n").split("\n")]
    held = _Look(needles).at(lines)
    return "".join(line for line, hits in zip(lines, held, strict=True) if not hits).encode()
