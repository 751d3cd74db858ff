"""data/dpo_records.json and data/kto_records.json: both or none are written, and never over a file of somebody else."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from chatstylebot import files
from chatstylebot.errors import UserError
from chatstylebot.feedback import pairs
from chatstylebot.feedback.pairs import Resolved, Row
from chatstylebot.training.datasets import LABELS, PAIRS, known, register
from chatstylebot.workspace import Workspace

ENTRIES: dict[str, dict[str, Any]] = {"dpo_records.json": PAIRS, "kto_records.json": LABELS}


DATASETS = {name.removesuffix(".json") for name in ENTRIES}


def mark(workspace: Path) -> Path:
    """What the last export wrote: the hash of each file, and which records each of its rows comes from."""
    return Workspace(workspace).feedback_export


def write(workspace: Path, resolved: Resolved, force: bool = False, how: Mapping[str, Any] | None = None) -> list[Path]:
    """Write both files and give those that hold rows; `how` is remembered. Raises UserError where one that is there is
    not ours."""
    data, told = Workspace(workspace).data, _told(workspace)
    made = _made(resolved)
    if not force and (edited := strange(workspace)):
        raise UserError(
            f"{' and '.join(map(str, edited))}: not written by csb feedback export, or edited since",
            "move it away to keep it, or csb feedback export --force",
        )
    info = data / "dataset_info.json"
    registered = known(info)
    Workspace(workspace).private()
    with files.together() as outputs:
        # takes its place first, and knows the old files too: whenever we are killed, what lies there is known as ours
        marks = {name: _marked(data / name, told.get(name), rows) | {"how": how or {}} for name, rows in made.items()}
        outputs.json(mark(workspace), marks)
        for name, rows in made.items():
            registered = register(registered, name.removesuffix(".json"), name, ENTRIES[name])
            if rows:
                outputs.bytes(data / name, _text(rows))
            else:
                outputs.remove(data / name)
        outputs.json(info, registered, private=False)
    return [data / name for name, rows in made.items() if rows]


def strange(workspace: Path) -> list[Path]:
    """The files that somebody else has written, or edited since."""
    data, told = Workspace(workspace).data, _told(workspace)
    return [data / name for name in ENTRIES if not _ours(data / name, told.get(name))]


def current(workspace: Path, resolved: Resolved) -> bool:
    """Whether both files are what `write` would make of it."""
    data = Workspace(workspace).data
    there = {name: (data / name).read_bytes() if (data / name).is_file() else None for name in ENTRIES}
    return there == {name: _text(rows) if rows else None for name, rows in _made(resolved).items()}


def told_how(workspace: Path) -> dict[str, Any]:
    """The `how` of the last export, {} where there was none."""
    entries = [entry for entry in _told(workspace).values() if isinstance(entry, dict)]
    return next((dict(entry["how"]) for entry in entries if isinstance(entry.get("how"), dict)), {})


def take_out(outputs: files.Outputs, workspace: Path, gone: Collection[str]) -> int:
    """Rewrite the files without the rows that come from these records alone; how many rows go. Raises UserError."""
    data, told, number = Workspace(workspace).data, _told(workspace), 0
    for name, entry in told.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("ids"), list):
            continue  # not ours: what is in the file is found by the search
        rows: list[list[str]] = entry["ids"]
        left = [place for place, ids in enumerate(rows) if not set(ids) <= set(gone)]
        if len(left) == len(rows) or not (data / name).is_file():
            continue
        if _hash((data / name).read_bytes()) != entry["sha256"][0]:
            raise UserError(
                f"{data / name} was edited since it was exported: which rows are theirs cannot be told",
                "csb feedback export --force, then the same line again",
            )
        kept = [files.read_json(data / name)[place] for place in left]
        number += len(rows) - len(left)
        body = _lines(kept)
        told[name] = entry | {"sha256": [_hash(body)], "ids": [rows[place] for place in left]}
        if kept:
            outputs.bytes(data / name, body)
        else:
            outputs.remove(data / name)
    if number:
        outputs.json(mark(workspace), told)
    return number


def _made(resolved: Resolved) -> dict[str, Sequence[Row]]:
    return {"dpo_records.json": resolved.pairs, "kto_records.json": resolved.labels}


def _text(rows: Sequence[Row]) -> bytes:
    return _lines([pairs.dpo(row) if isinstance(row, pairs.Pair) else pairs.kto(row) for row in rows])


def _lines(rows: Sequence[Any]) -> bytes:
    """A JSON list with one row a line, which is counted without being parsed."""
    return ("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n").encode()


def _marked(path: Path, entry: Any, rows: Sequence[Row]) -> dict[str, Any]:
    before = [_hash(path.read_bytes())] if path.is_file() and _ours(path, entry) else []
    return {"sha256": [_hash(_text(rows)), *before], "ids": [list(row.ids) for row in rows]}


def _told(workspace: Path) -> dict[str, Any]:
    path = mark(workspace)
    found = files.read_json(path) if path.is_file() else {}
    return found if isinstance(found, dict) else {}


def _ours(path: Path, entry: Any) -> bool:
    return not path.is_file() or (isinstance(entry, dict) and _hash(path.read_bytes()) in entry.get("sha256", ()))


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
