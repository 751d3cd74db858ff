"""The files that the paths on a command line stand for: themselves, those in a folder, those in a zip."""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from chatstylebot import drafts
from chatstylebot.errors import UserError
from chatstylebot.importers import zips

SUFFIXES = frozenset({".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".txt", ".db", ".sqlite", ".xlsx", ".xls"})

HOLDS = f"it should hold a file that ends in one of {' '.join(sorted(SUFFIXES))}"


@dataclass(frozen=True)
class Source:
    """A file to read, its path and its short name for the user, and whether they named it (then it must be read)."""

    path: Path
    given: str
    shown: str
    named: bool


@contextmanager
def opened(paths: Sequence[Path]) -> Iterator[list[Source]]:
    """Every file that the paths stand for, in order; archives are unpacked into a private folder for the while.

    Raises UserError for a path that is not there, an empty folder or an unsafe archive.
    """
    found: dict[Path, Source] = {}
    with drafts.folder(Path(tempfile.gettempdir()) / "csb") as shelf:
        for path in paths:
            for source in _files(path, shelf):
                found.setdefault(source.path.resolve(), source)
        names = Counter(source.shown for source in found.values())
        # two of one name are told apart by the way they were given
        yield [replace(each, shown=each.given) if names[each.shown] > 1 else each for each in found.values()]


def _files(path: Path, shelf: Path) -> Iterator[Source]:
    if path.is_dir():
        inside = _below(path, path, path.name)
        if not inside:
            raise UserError(
                f"there is no chat export in the folder {path}", f"it should hold {' '.join(sorted(SUFFIXES))}"
            )
        for source in inside:
            if is_zip(source.path) and source.path.suffix.lower() == ".zip":
                # holiday photos in the same folder are no fault: the archive is left out and named
                yield from _unpacked(source.path, source.given, source.shown, shelf) or [source]
            else:
                yield source
    elif is_zip(path) and path.suffix.lower() not in (".xlsx", ".xlsm"):
        found = _unpacked(path, str(path), path.name, shelf)
        if not found:
            raise UserError(f"there is no chat export in {path}", HOLDS)
        yield from found
    else:
        yield Source(path, str(path), path.name, named=True)


def _unpacked(path: Path, given: str, shown: str, shelf: Path) -> list[Source]:
    """The files in an archive that may be chats."""
    # the folder is called as the archive is: some formats name the chat nowhere else
    folder = Path(tempfile.mkdtemp(dir=shelf)) / path.stem
    zips.unpack(path, folder, SUFFIXES)
    return _below(folder, Path(given), shown) if folder.is_dir() else []


def _below(folder: Path, given: Path, shown: str) -> list[Source]:
    inner = ((p, p.relative_to(folder).parts) for p in folder.rglob("*") if p.is_file())
    files = sorted(p for p, parts in inner if not any(part.startswith(".") or part == "__MACOSX" for part in parts))
    return [
        Source(p, str(given / inside), f"{shown}/{inside.as_posix()}", named=False)
        for p in files
        for inside in (p.relative_to(folder),)
        if p.suffix.lower() in SUFFIXES | {".zip"}
    ]


def is_zip(path: Path) -> bool:
    """Whether the file begins as a zip archive does."""
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except OSError:
        return False
