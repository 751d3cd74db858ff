"""Files, folders and archives: what is read, and what is refused."""

import json
import stat
import zipfile
from pathlib import Path

import pytest
from make import export, talk

from chatstylebot import importers
from chatstylebot.errors import UserError
from chatstylebot.importers import csv_file, sources, zips

LINES = talk("A: hi", "me: hey")


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return path


def test_a_folder_is_read_with_the_folders_below_it(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    export(tmp_path / "a.csv", LINES)
    export(tmp_path / "more" / "b.csv", LINES)
    found = importers.load([tmp_path])
    assert [file.shown for file in found] == [f"{tmp_path.name}/a.csv", f"{tmp_path.name}/more/b.csv"]
    assert found[1].path == str(tmp_path / "more" / "b.csv")
    assert found[1].export.messages["source"][0] == f"{tmp_path.name}/more/b.csv row 2"


def test_rows_of_an_export_of_several_files_name_the_file_they_stand_in(tmp_path: Path) -> None:
    team = tmp_path / "team"
    (team / "garden").mkdir(parents=True)
    (team / "users.json").write_text('[{"id": "U7", "name": "mo"}]')
    (team / "channels.json").write_text('[{"id": "C5", "name": "garden"}]')
    rows = [{"type": "message", "user": "U7", "ts": "1700000000.1", "text": "x"}, {"type": "message", "user": "U7"}]
    (team / "garden" / "2023-11-14.json").write_text(json.dumps(rows))
    for given, before in ((team, "team/"), (team / "users.json", "")):
        (found,) = importers.load([given])
        assert found.export.messages["source"].to_list() == [f"{before}garden/2023-11-14.json message 1"]
        assert found.export.damaged == [f"{before}garden/2023-11-14.json message 2: 'ts'"]


def test_two_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("a", "b"):
        Path(folder).mkdir()
        export(Path(folder, "chat.csv"), LINES)
    found = importers.load([Path("a/chat.csv"), Path("b/chat.csv")])
    assert [file.shown for file in found] == ["a/chat.csv", "b/chat.csv"]
    assert found[1].export.messages["source"][0] == "b/chat.csv row 2"


def test_a_long_line_of_json_does_not_hold_up_the_look_for_a_csv_header() -> None:
    assert len(csv_file.header('{"a":1,' * 100_000)) == 100_001  # took hours


def test_a_zip_is_read_as_a_folder_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(shelf))
    inner = export(tmp_path / "a.csv", LINES).read_bytes()
    packed = archive(tmp_path / "chats.zip", {"one/a.csv": inner, "photo.jpg": b"x" * 100})
    found = importers.load([packed])
    assert [file.shown for file in found] == ["chats.zip/one/a.csv"]
    assert found[0].export.messages.height == 2
    assert list(shelf.iterdir()) == []


def test_a_file_given_twice_and_within_its_folder_is_read_once(tmp_path: Path) -> None:
    path = export(tmp_path / "a.csv", LINES)
    assert len(importers.load([path, tmp_path, path])) == 1


def test_what_is_no_chat_in_a_folder_is_left_out_and_named(tmp_path: Path) -> None:
    export(tmp_path / "a.csv", LINES)
    (tmp_path / "todo.txt").write_text("buy milk\n")
    (tmp_path / "empty.txt").write_text("")
    (notes,) = [file.export.notes for file in importers.load([tmp_path])]
    assert notes == [f"left out 2 files in no known format: {tmp_path.name}/empty.txt, {tmp_path.name}/todo.txt"]


def test_hidden_folders_are_not_looked_into(tmp_path: Path) -> None:
    (tmp_path / ".csb").mkdir()
    export(tmp_path / "a.csv", LINES)
    export(tmp_path / ".csb" / "b.csv", LINES)
    assert len(importers.load([tmp_path])) == 1


def test_a_file_that_was_named_must_be_a_chat(tmp_path: Path) -> None:
    path = tmp_path / "todo.txt"
    path.write_text("buy milk\n")
    with pytest.raises(UserError, match="first line is: 'buy milk'") as caught:
        importers.load([path])
    assert "--map" in caught.value.remedy


@pytest.mark.parametrize("name", ["../evil.csv", "/evil.csv", "a/../../evil.csv", "..\\evil.csv", "C:\\evil.csv"])
def test_an_archive_that_would_write_outside_is_refused(tmp_path: Path, name: str) -> None:
    packed = archive(tmp_path / "a.zip", {name: b"x"})
    with pytest.raises(UserError, match="not safe"):
        importers.load([packed])
    assert not list(tmp_path.parent.rglob("evil.csv"))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    packed = archive(tmp_path / "a.zip", {"a.txt": b"0" * (zips.LARGE + 1)})
    assert packed.stat().st_size < 1 << 20
    with pytest.raises(UserError, match="would grow"):
        importers.load([packed])


def test_many_small_members_do_not_add_up_to_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MOST_BYTES", 1000)
    packed = archive(tmp_path / "a.zip", {f"{n}.txt": b"0" * 200 for n in range(6)})
    with pytest.raises(UserError, match="would unpack to"):
        importers.load([packed])
    monkeypatch.setattr(zips, "MOST_MEMBERS", 5)
    with pytest.raises(UserError, match="holds 6 files"):
        importers.load([packed])


def test_links_in_an_archive_are_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as packed:
        link = zipfile.ZipInfo("passwd.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(link, "/etc/passwd")
    with pytest.raises(UserError, match="no chat export"):
        importers.load([path])


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"PK\x03\x04" + b"\0" * 500, b"PK\x05\x06" + b"\0" * 18])
def test_a_damaged_archive_is_one_line_and_a_remedy(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"damaged zip archive|no chat export"):
        importers.load([path])


def test_an_empty_folder_says_what_it_should_hold(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no chat export in the folder") as caught:
        importers.load([tmp_path])
    assert ".csv" in caught.value.remedy
    assert sources.is_zip(tmp_path / "nowhere") is False


def test_an_archive_without_chats_in_a_folder_is_left_out_and_named(tmp_path: Path) -> None:
    export(tmp_path / "a.csv", talk("A: x", "me: y"))
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("a.jpg", b"x")
    (found,) = importers.load([tmp_path])
    assert found.export.notes == [f"left out 1 file in no known format: {tmp_path.name}/photos.zip"]
    with pytest.raises(UserError, match="there is no chat export in"):
        importers.load([tmp_path / "photos.zip"])
