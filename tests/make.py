"""Small MemoTrace v1 exports for the tests, written as the exporter writes them."""

import csv
import io
import json
from pathlib import Path
from typing import Any

HEADER = "localId,TalkerId,Type,SubType,IsSender,CreateTime,Status,StrContent,StrTime,Remark,NickName,Sender"
START = 1_700_000_000


def row(at: int, who: str, text: str, talker: int = 1, kind: int = 1, sub: int = 0, name: str = "Alice") -> list[Any]:
    """One row of an "export all" file; `at` seconds after START, `who` is "me" or the contact."""
    mine = int(who == "me")
    sender = "我" if mine else who
    return [at, talker, kind, sub, mine, START + at, "", text, "2023-11-15 06:13:20", name, name, sender]


def export(path: Path, rows: list[list[Any]], header: str = HEADER) -> Path:
    """Write rows as MemoTrace does: BOM, CRLF, minimal quotes."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header.split(","), *rows])
    path.write_bytes(b"\xef\xbb\xbf" + text.getvalue().encode())
    return path


def talk(*lines: str, gap: int = 30, talker: int = 1, name: str = "Alice", start: int = 0) -> list[list[Any]]:
    """Rows from lines such as "A: hi", "me: hey", "+7200 A: late" (seconds after the line before)."""
    rows, at = [], start
    for line in lines:
        wait = gap
        if line.startswith("+"):
            stamp, line = line[1:].split(" ", 1)
            wait = int(stamp)
        who, text = line.split(": ", 1)
        at += wait
        rows.append(row(at, "me" if who == "me" else name if who == "A" else who, text, talker, name=name))
    return rows


def samples(path: Path) -> list[dict[str, Any]]:
    """The samples in a file that preprocess wrote."""
    return json.loads(path.read_text("utf-8"))  # type: ignore[no-any-return]


def pairs(path: Path) -> list[tuple[str, str]]:
    """Just question and answer of each sample."""
    return [(s["instruction"], s["output"]) for s in samples(path)]
