"""A piece of text is found in every kind of file, and what cannot be searched is told."""

import bz2
import gzip
import json
import os
import pickle
import sqlite3
import struct
import zipfile
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
import yaml

from chatstylebot.corpus import traces

SAID = 'the blue door, 在老地方见 "ok"\nbring a lamp'


def safetensors(path: Path, text: str) -> None:
    head = json.dumps({"__metadata__": {"x": text}}).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + b"\0" * 64)


def sqlite(path: Path, text: str) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("create table t (a, b)")
        # far longer than a page: in the file itself it is cut
        file.execute("insert into t values (1, ?)", ("x" * 4000 + text + "y" * 9000,))
        file.commit()


def zipped(path: Path, text: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("model/data.pkl", pickle.dumps({"a": text}))
        file.writestr("model/data/0", b"\0" * 1000)


def nested(path: Path, text: str) -> None:
    zipped(path.with_suffix(".zip"), text)
    with zipfile.ZipFile(path, "w") as file:
        file.write(path.with_suffix(".zip"), "ws/data/1")


KINDS = {
    "a.json": lambda path, text: path.write_text(json.dumps([text])),
    "b.json": lambda path, text: path.write_text(json.dumps([text], ensure_ascii=False), "utf-8"),
    "c.yaml": lambda path, text: path.write_text(yaml.safe_dump({"a": {"b": [text, "x" * 70]}}, width=30)),
    "d.txt": lambda path, text: path.write_text(text, "utf-8"),
    "e.csv": lambda path, text: path.write_text(text, "utf-16"),
    "f.txt": lambda path, text: path.write_text(text, "gb18030"),
    "g.parquet": lambda path, text: pl.DataFrame({"n": [1], "t": [text]}).write_parquet(path),
    "h.parquet": lambda path, text: pl.DataFrame({"t": [["x", text]]}).write_parquet(path),
    "i.sqlite": sqlite,
    "j.pt": zipped,
    "k.xlsx": zipped,
    "l.gz": lambda path, text: path.write_bytes(gzip.compress(text.encode())),
    "m.safetensors": safetensors,
    "n.gguf": lambda path, text: path.write_bytes(b"GGUF\0\0" + text.encode() + b"\xff" * 100),
    "o": lambda path, text: path.write_bytes(b"\1\0\xff" + text.encode() + b"\xff"),
    "p.bin": lambda path, text: nested(path, text),
    "q.parquet": lambda path, text: pl.DataFrame({"t": [text]}, schema={"t": pl.Categorical}).write_parquet(path),
    "r.parquet": lambda path, text: pl.DataFrame({"t": [text.encode()]}).write_parquet(path),
    "s.txt": lambda path, text: path.write_bytes(text.encode("utf-16-le")),
    ".hidden": lambda path, text: path.write_text(text, "utf-8"),
}


@pytest.mark.parametrize("name", KINDS)
def test_it_is_found_in(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    KINDS[name](path, SAID)  # type: ignore[no-untyped-call]
    found = traces.search([path], [SAID if name != "h.parquet" else "the blue door", "something else"])
    assert (list(found.hits), found.unreadable, found.searched) == ([path], {}, 1)


@pytest.mark.parametrize("name", [name for name in KINDS if name != "i.sqlite"])
def test_it_is_not_found_where_it_is_not(name: str, tmp_path: Path) -> None:
    KINDS[name](tmp_path / name, "nothing of the kind")  # type: ignore[no-untyped-call]
    assert traces.search([tmp_path / name], [SAID]).hits == {}


UNREADABLE = {
    "a.parquet": b"PAR1 and no more",
    "b.arrow": b"ARROW1",
    "c.zip": b"PK\x03\x04 and no more",
    "d.gz": gzip.compress(b"x" * 1000)[:20],
    "e.7z": b"7z\xbc\xaf\x27\x1c",
    "f.bz2": bz2.compress(b"x"),
    "g.sqlite": b"SQLite format 3\0" + b"\xff" * 2000,
    "h.safetensors": b"\xff" * 20,
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_searched_is_told(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(UNREADABLE[name])
    found = traces.search([tmp_path / name], [SAID])
    assert list(found.unreadable) == [tmp_path / name]


def test_a_piece_across_two_chunks_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "CHUNK", 20_000)
    path = tmp_path / "x.txt"
    for begin in (19_990, 39_995, 40_000):
        path.write_text("x" * begin + SAID + "y" * 30_000, "utf-8")
        assert traces.search([path], [SAID]).hits == {path: {SAID}}


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX modes")
def test_a_folder_that_cannot_be_entered_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locked").mkdir()
    walk = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return walk(path)

    monkeypatch.setattr(os, "scandir", refusing)
    found = traces.search(traces.files(tmp_path, lambda path: False), [SAID])
    assert found.unreadable == {tmp_path / "locked": "the folder cannot be entered"}


def test_linked_folders_are_followed_once_and_what_is_skipped_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "a" / "skip").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    for name in ("a/x", "a/skip/y", "elsewhere/z"):
        (tmp_path / name).write_text("x")
    (tmp_path / "a" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "a" / "round").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "nowhere").symlink_to(tmp_path / "no")
    found = traces.files(tmp_path / "a", lambda path: path.name == "skip")
    assert [str(path.relative_to(tmp_path)) for path in found] == ["a/x", "a/link/z"]


def test_lines_that_hold_a_piece_go_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"head": 1}\n{"a": "the blue door"}\n{"b": "x"}\n')
    assert traces.dropped(path, ["the blue door"]) == b'{"head": 1}\n{"b": "x"}\n'
