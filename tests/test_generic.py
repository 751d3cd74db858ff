"""Any table with a mapping; without one, a draft of it."""

import json
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from chatstylebot import importers
from chatstylebot.errors import UserError
from chatstylebot.importers import generic

MAP = "sender: who\ntime: at\ntext: said\n"
ROWS = [["who", "at", "said"], ["Ann", "2024-01-02 10:00:00", "hi, you"], ["Tom", "2024-01-02 10:01:00", "hey\nthere"]]


def read(path: Path, mapping: str = MAP) -> importers.Export:
    (path.parent / "map.yaml").write_text(mapping, "utf-8")
    (found,) = importers.load([path], "UTC", mapping=path.parent / "map.yaml")
    return found.export


def texts(export: importers.Export) -> list[str]:
    return export.messages["text"].to_list()


def excel(path: Path) -> Path:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("chat")
        for number, row in enumerate(ROWS):
            sheet.write_row(number, 0, row)
    return path


def test_an_excel_sheet_is_read(tmp_path: Path) -> None:
    assert texts(read(excel(tmp_path / "a.xlsx"))) == ["hi, you", "hey\nthere"]
    with pytest.raises(UserError, match="cannot be read"):
        read(tmp_path / "a.xlsx", MAP + "sheet: nowhere\n")


def test_an_excel_sheet_with_xml_entities_expands_none(tmp_path: Path) -> None:
    path = excel(tmp_path / "a.xlsx")
    bomb = '<!DOCTYPE x [<!ENTITY a "boom"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/sharedStrings.xml":
                data = data.replace(b"?>", b"?>" + bomb.encode(), 1).replace(b"hi, you", b"&b;")
            new.writestr(name, data)
    try:
        found = texts(read(tmp_path / "b.xlsx"))
    except UserError:
        return
    assert "boom" not in str(found)


def test_a_bomb_in_the_shape_of_an_excel_sheet_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * (70 << 20))
    with pytest.raises(UserError, match="would grow"):
        read(tmp_path / "a.xlsx")


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_separators_are_found_out(sign: str, tmp_path: Path) -> None:
    lines = [sign.join(f'"{cell}"' for cell in row) for row in ROWS]
    (tmp_path / "a.csv").write_text("\n".join(lines), "utf-8-sig")
    assert texts(read(tmp_path / "a.csv")) == ["hi, you", "hey\nthere"]


def test_nested_json_is_reached_with_dots(tmp_path: Path) -> None:
    rows = [
        {"author": {"name": "Ann"}, "when": 1700000000, "body": "hi"},
        {"author": {"name": "Tom"}, "when": "x", "body": "lost"},
    ]
    (tmp_path / "a.json").write_text(json.dumps({"ok": True, "data": {"list": rows}}))
    mapping = "sender: author.name\ntime: when\ntime_format: unix\ntext: body\nrows: data.list\n"
    found = read(tmp_path / "a.json", mapping)
    assert texts(found) == ["hi"]
    assert len(found.damaged) == 1
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert texts(read(tmp_path / "a.jsonl", mapping.replace("rows: data.list\n", ""))) == ["hi"]


def test_without_a_mapping_the_columns_are_shown_with_a_draft(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("User,Timestamp,Message,Room\nA,2024-01-01,hi,r\n")
    with pytest.raises(UserError, match="has the columns 'User', 'Timestamp', 'Message', 'Room'") as caught:
        generic.read(tmp_path / "a.csv", "UTC")
    draft = caught.value.remedy.partition("for example: ")[2]
    assert json.loads(draft) == {"chat": "Room", "sender": "User", "time": "Timestamp", "text": "Message"}
    (found,) = importers.load([tmp_path / "a.csv"], "UTC", mapping=_written(tmp_path / "m.yaml", draft))
    assert texts(found.export) == ["hi"]


def _written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("mapping", "why"),
    [
        ("sender: who\n", "time is missing; text is missing"),
        (MAP + "sendr: x\n", r"unknown key sendr \(did you mean sender\?\)"),
        (MAP + "kinds: {a: picture}\n", "kinds must map to text, image"),
        ("just words", "holds no `name: column` lines"),
        (MAP.replace("who", "whom"), "has no column 'whom'; it has 'who', 'at', 'said'"),
    ],
)
def test_a_faulty_mapping_is_told_in_full(mapping: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("who,at,said\nA,2024-01-01,hi\n")
    with pytest.raises(UserError, match=why):
        read(tmp_path / "a.csv", mapping)


def test_fixed_values_stand_for_columns_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("who,at,said\nA,2024-01-01,hi\n")
    found = read(tmp_path / "a.csv", MAP + "chat: {value: Bob}\ngroup: {value: true}\nplatform: Forum\n")
    assert found.messages.select("chat_id", "is_group").row(0) == ("Bob", True)
    assert found.platform == "Forum"


def test_a_quote_that_is_not_closed_costs_its_line_alone(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        'who,at,said\nAnn,2024-01-02 10:00:00,"hi\nTom,2024-01-02 10:01:00,hey\nTom,2024-01-02 10:02:00,"a, b"\n'
    )
    found = read(tmp_path / "a.csv")
    assert texts(found) == ["hey", "a, b"]
    assert found.damaged == ["a.csv row 2: unexpected end of data"]
