"""The sample exports of tests/exports/ as the files that a user would have."""

import json
import os
import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

from chatstylebot import importers

FOLDER = Path(__file__).parent / "exports"
SAVED = 1_706_745_600  # 2024-02-01: some formats lack the year
EXTRA = ("expected.json", "map.yaml")


def made(key: str, place: Path) -> Path:
    """A folder below `place` with the samples of a format, databases and archives built."""
    target = place / key
    shutil.copytree(FOLDER / key, target, ignore=shutil.ignore_patterns(*EXTRA))
    for file in target.rglob("*"):
        os.utime(file, (SAVED, SAVED))
    for script in target.rglob("*.sql"):
        with closing(sqlite3.connect(script.with_suffix(".db"))) as base:
            base.executescript(script.read_text("utf-8"))
        script.unlink()
    for folder in [p for p in target.rglob("*.zip") if p.is_dir()]:
        pack(folder, folder.with_suffix(".packed"))
        shutil.rmtree(folder)
        folder.with_suffix(".packed").rename(folder)
    return target


def pack(folder: Path, target: Path) -> Path:
    """The folder as a zip archive."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(file, file.relative_to(folder).as_posix())
    return target


def expected(key: str) -> dict[str, Any]:
    """What must be read from the samples of a format."""
    return json.loads((FOLDER / key / "expected.json").read_text("utf-8"))  # type: ignore[no-any-return]


def mapping(key: str) -> Path | None:
    """The column mapping of the samples, for the generic format."""
    path = FOLDER / key / "map.yaml"
    return path if path.exists() else None


def rows(export: importers.Export) -> list[list[Any]]:
    """The messages as expected.json writes them."""
    wanted = ["chat_id", "chat_name", "is_group", "sender_id", "sender_name", "from_me"]
    return [
        [
            *(row[c] for c in wanted),
            row["sent_at"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            row["kind"],
            row["text"],
            row["quoted"],
        ]
        for row in export.messages.iter_rows(named=True)
    ]
