"""Whatever a file holds, an importer gives messages or one line with a remedy: no traceback, no hang, no lost memory.

Seeded: the same mutations in every run. `CSB_FUZZ=20` makes twenty times as many.
"""

import json
import os
import random
import resource
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from formats import made, mapping

from chatstylebot import importers
from chatstylebot.corpus.messages import SCHEMA
from chatstylebot.errors import UserError

ROUNDS = 120 * int(os.environ.get("CSB_FUZZ", "1"))  # mutations per format
KEYS = list(importers.FORMATS)
JUNK = [
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"\\", b"\\x1F", b"{", b"}", b"[", b"]", b",", b":", b"\r", b"\n",
    b"\r\n", b"\t", b"\x1b",
    b"\xe4", "。".encode(), "‎".encode(), b"\xf0\x9f\x98", b"\\ud83d", b"null", b"NaN", b"1e999",
    b"-1", b"9" * 400, b"[[[[[[[[", b"0000-00-00", b"9999-12-31 23:59:59", b"<a&b;>", b"' OR 1=1 --", b"x" * 5000,
]  # fmt: skip
ODD_VALUES: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**30, 1e308, "", "x", "\ud83d", "9" * 30, [], {}, [None], {"a": 1}, [[[]]],
    "2024-13-45",
]  # fmt: skip


def mutated(data: bytes, dice: random.Random) -> bytes:
    """The bytes with a few places changed, as a bad disk, a bad editor or an enemy would."""
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(data) + 1)
        end = min(len(data), at + dice.choice((1, 1, 2, 8, 64, 512)))
        match dice.randrange(7):
            case 0:
                data = data[:at]
            case 1:
                data = data[:at] + data[end:]
            case 2:
                data = data[:at] + dice.choice(JUNK) + data[at:]
            case 3:
                data = data[:at] + dice.choice(JUNK) + data[end:]
            case 4:
                data = data[:at] + bytes(dice.randrange(256) for _ in range(end - at)) + data[end:]
            case 5:
                data = data[:at] + data[at:end] * dice.randint(2, 40) + data[end:]
            case 6:
                other = dice.randrange(len(data) + 1)
                data = data[:at] + data[other : other + 200] + data[at:]
    return data


def twisted(value: Any, dice: random.Random, chance: float) -> Any:
    """The JSON value with some of its members of another type, gone, or under another name."""
    if dice.random() < chance:
        return dice.choice(ODD_VALUES)
    if isinstance(value, dict):
        return {
            (key + "x" if dice.random() < chance else key): twisted(inner, dice, chance)
            for key, inner in value.items()
            if dice.random() > chance
        }
    return [twisted(inner, dice, chance) for inner in value] if isinstance(value, list) else value


def variants(path: Path, dice: random.Random) -> bytes:
    data = path.read_bytes()
    if path.suffix in (".json", ".jsonl") and dice.random() < 0.5:
        try:
            chance = dice.choice((0.01, 0.05, 0.2))
            if path.suffix == ".json":
                return json.dumps(twisted(json.loads(data), dice, chance)).encode()
            lines = [json.loads(line) for line in data.splitlines() if line.strip() and not line.startswith(b"#")]
            return b"\n".join(json.dumps(twisted(line, dice, chance)).encode() for line in lines)
        except ValueError:
            pass
    match dice.randrange(12):
        case 0:
            return data.decode("utf-8", "replace").encode("utf-16")
        case 1:
            return data.decode("utf-8", "replace").encode("gb18030", "replace")
        case 2:
            return b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")
    return mutated(data, dice)


def check(export: importers.Export) -> None:
    """What every importer promises of its table, whatever it read."""
    table = export.messages.select(*SCHEMA)
    assert table.schema == SCHEMA
    for column in (
        "chat_id",
        "chat_name",
        "is_group",
        "sender_id",
        "sender_name",
        "sent_at",
        "tz_known",
        "kind",
        "source",
    ):
        assert table[column].null_count() == 0, column
    years = table["sent_at"].dt.year()
    assert years.is_between(1989, 2101).all()
    assert all(isinstance(line, str) and len(line) < 2000 for line in export.damaged + export.notes)


def outcome(read: Callable[[], importers.Export]) -> importers.Export | UserError:
    """What comes of an import: messages, or the error that the user sees."""
    try:
        return read()
    except UserError as error:
        return error


@pytest.mark.parametrize("key", KEYS)
def test_damaged_exports_give_messages_or_one_line_and_a_remedy(key: str, tmp_path: Path) -> None:
    dice = random.Random(f"csb {key}")
    module = importers.module(key)
    folder = made(key, tmp_path / "sound")
    for packed in [p for p in folder.rglob("*.zip") if p.is_file()]:  # what is in the archive is to be damaged
        with zipfile.ZipFile(packed) as archive:
            archive.extractall(packed.with_suffix(""))
        packed.unlink()
    more = {"mapping": mapping(key)} if key == "generic" else {}
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    mains = [p for p in paths if key == "generic" or module.detect(importers.head(p))]
    assert mains
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes: list[importers.Export | UserError] = []
    for number in range(ROUNDS):
        place = tmp_path / str(number)
        shutil.copytree(folder, place)
        victim = place / dice.choice(paths).relative_to(folder)
        victim.write_bytes(variants(victim, dice))
        if victim.stat().st_size:
            for other in KEYS:
                importers.module(other).detect(
                    importers.Head(victim, victim.read_bytes(), importers.decode(victim.read_bytes()))
                )
        main = victim if folder / victim.relative_to(place) in mains else place / dice.choice(mains).relative_to(folder)
        if main.stat().st_size:  # the frame refuses an empty file
            outcomes.append(outcome(lambda main=main: module.read(main, "Asia/Shanghai", **more)))
        shutil.rmtree(place)
    exports = [export for export in outcomes if isinstance(export, importers.Export)]
    errors = [error for error in outcomes if isinstance(error, UserError)]
    for export in exports:
        check(export)
    assert all(error.problem and error.remedy for error in errors)
    # SQLite refuses a database with a damaged page as a whole
    assert len(exports) > len(errors) / 4 or key == "imessage_db", "most damage should cost messages, not the file"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # KiB


@pytest.mark.parametrize("key", [key for key in KEYS if "json" in importers.module(key).SUFFIXES[0]])
@pytest.mark.parametrize("bomb", [b"[" * 200_000, b'{"messages":' * 20_000, b'{"messages":[' + b'{"a":' * 20_000])
def test_deep_nesting_does_not_overflow(key: str, bomb: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(bomb)
    done = outcome(lambda: importers.module(key).read(path, "UTC"))
    assert isinstance(done, UserError) or not done.messages.height


def test_tables_are_compared_with_the_schema() -> None:
    with pytest.raises((AssertionError, pl.exceptions.ColumnNotFoundError)):
        check(importers.Export(pl.DataFrame({"chat_id": ["x"]})))
