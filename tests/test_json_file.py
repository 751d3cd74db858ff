"""Large and damaged JSON: views of bytes, and what can be saved."""

import json
from pathlib import Path

import pytest
from conftest import Csb

from chatstylebot import importers
from chatstylebot.errors import UserError
from chatstylebot.importers import json_file


def texts(path: Path, data: bytes) -> tuple[list[object], list[str]]:
    """The `t` of each element of "messages", and the damage."""
    path.write_bytes(data)
    _, parts, damaged = json_file.read(path)
    return [found.get("t") for _, found in json_file.objects(parts, path.name, damaged)], damaged


def test_the_members_beside_the_array_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a":1,"messages":[{"t":1}],"z":{"b":[2]}}')
    top, parts, damaged = json_file.read(tmp_path / "a.json")
    assert (top, len(parts), damaged) == ({"a": 1, "z": {"b": [2]}}, 1, [])


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (rb'{"messages":[{"t":"a\x1Fb"}]}', "a\b\bb"),
        (rb'{"messages":[{"t":"a\\x1Fb"}]}', r"a\x1Fb"),
        (b'{"messages":[{"t":"a\x01b"}]}', "a\x01b"),
        (b'{"messages":[{"t":"a\xffb"}]}', "a\ufffdb"),
        ('{"messages":[{"t":"中文文本"}]}'.encode("gb18030"), "中文文本"),
        ('{"messages":[{"t":"中"}]}'.encode("utf-16"), "中"),
        (b'\xef\xbb\xbf{"messages":[{"t":"x"}]}', "x"),
        (b'{"messages":[{"t":"x","n":NaN}]}', "x"),
        (b'{"messages":[{"t":"x"}]}\0\0', "x"),
    ],
)
def test_what_strict_parsers_refuse_is_read(data: bytes, found: str, tmp_path: Path) -> None:
    assert texts(tmp_path / "a.json", data)[0] == [found]


def test_a_cut_file_gives_what_stands_before_the_cut(tmp_path: Path) -> None:
    data = json.dumps({"messages": [{"t": n, "deep": {"t": [n]}} for n in range(5)]}).encode()
    found, damaged = texts(tmp_path / "a.json", data[: data.rindex(b'"deep"')])
    assert found == [0, 1, 2, 3]
    assert len(damaged) == 1


def test_a_damaged_message_costs_itself_alone(tmp_path: Path) -> None:
    found, damaged = texts(tmp_path / "a.json", b'{"messages":[{"t":1},{"t":2,"x":},{"t":3},7,{"t":4}]}')
    assert found == [1, 3, 4]
    assert damaged == ["a.json message 2: Expecting value"]


def test_a_file_without_the_list_is_one_line_and_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no list of messages"):
        texts(tmp_path / "a.json", b'{"a":[1,2')


def test_many_damaged_messages_take_no_square_of_the_time(tmp_path: Path) -> None:
    found, damaged = texts(tmp_path / "a.json", b'{"messages":[' + b'{"t":[1,},' * 60_000 + b"]}")
    assert found == []
    assert len(damaged) == 60_000


def test_the_outline_of_a_beginning_names_paths_and_first_values() -> None:
    found = json_file.outline('{"a":{"b":1},"list":[{"x":"y"},{"z":2}],"cut":"ab')
    assert found == {"a": "{", "a.b": "1", "list": "[", "list[]": "{", "list[].x": "y", "list[].z": "2", "cut": "ab"}
    assert json_file.outline('[{"talker":"x"}') == {"[]": "{", "[].talker": "x"}


ACCOUNT = {
    "personal_information": {"user_id": 1},
    "chats": {
        "list": [
            {
                "name": name, "type": "personal_chat", "id": number,
                "messages": [
                    {
                        "id": n, "type": "message", "date_unixtime": f"164674486{n}", "from_id": f"user{who}",
                        "text": f"t{n}",
                    }
                    for n, who in enumerate((number, 1, number, 1))
                ],
            }
            for number, name in ((8, "A"), (9, "B"))
        ]
    },
}  # fmt: skip


@pytest.mark.parametrize("end", ['"t2"', '"t3"', "]", '"id": 9', '"chats"'])
def test_wherever_a_file_is_cut_off_it_is_known(tmp_path: Path, end: str) -> None:
    whole = json.dumps(ACCOUNT)
    cut = whole[: whole.rindex(end) + (1 if end == "]" else 0)]
    path = tmp_path / "result.json"
    path.write_text(cut)
    if '"messages"' not in cut:
        with pytest.raises(UserError, match="no list of messages"):
            importers.load([path])
        return
    (found,) = importers.load([path])
    assert importers.cut(found).startswith("result.json is cut off in the middle: ")


def test_a_damaged_message_is_no_cut(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(ACCOUNT).replace('"text": "t2"', '"text": "t2', 1))
    (found,) = importers.load([path])
    assert found.export.damaged
    assert importers.cut(found) == ""


def test_a_file_that_is_cut_off_is_an_error_until_partial_takes_it(csb: Csb, place: Path) -> None:
    whole = json.dumps(ACCOUNT)
    (place / "result.json").write_text(whole[: whole.rindex('"t3"')])
    told = csb("inspect", "result.json").stdout
    assert "note: result.json is cut off in the middle: 7 messages could be read, the last of 2022-03-08" in told
    assert "csb preprocess result.json --partial" in told
    refused = csb("preprocess", "result.json", code=1).stderr
    assert "error: result.json is cut off in the middle: 7 messages could be read" in refused
    assert "try: copy or export it again, which loses nothing, or take what could be read: --partial" in refused
    assert not (place / "data").exists()
    csb("preprocess", "result.json", "--partial", "--heldout", "0")
    replies = [row["output"] for row in json.loads((place / "data/chat_records.json").read_text("utf-8"))]
    assert replies == ["t1", "t3"]


def test_a_last_line_without_its_end_is_a_cut_and_with_it_a_damaged_one(tmp_path: Path) -> None:
    rows = '{"t": 1}\n{"t": 2}\n{"t": '
    for text, cut in ((rows, True), (rows + "\n", False), (rows + "3}\n", None)):
        (tmp_path / "a.jsonl").write_text(text)
        damaged: list[str] = []
        assert len(list(json_file.line_objects(tmp_path / "a.jsonl", "a.jsonl", damaged))) == 2 + (cut is None)
        assert [line.endswith(json_file.CUT) for line in damaged] == ([] if cut is None else [cut])


NESTED = [{"seq": n, "text": f"t{n}"} for n in range(3)]
DAMAGED = '{"seq":3,"sub":5"7,"refer":{"seq":9,"text":"quoted"},"text":"the reply"}'


@pytest.mark.parametrize("indent", [None, 1])
def test_what_is_nested_in_a_damaged_element_is_no_element(tmp_path: Path, indent: int | None) -> None:
    whole = json.dumps([*NESTED, {"seq": 4, "text": "t4"}], indent=indent)
    before = whole.index('{"seq": 4' if indent is None else '{\n  "seq": 4')
    damaged = DAMAGED if indent is None else DAMAGED.replace(",", ",\n  ").replace("{", "{\n  ")
    (tmp_path / "a.json").write_text(whole[:before] + damaged + ("," if indent is None else ",\n ") + whole[before:])
    parts, faults = json_file.read_list(tmp_path / "a.json")
    assert [json_file.value(part)["seq"] for part in parts] == [0, 1, 2, 4]
    assert len(faults) == 1


def test_a_file_cut_off_inside_of_what_is_nested_has_as_many_elements_as_are_whole(tmp_path: Path) -> None:
    text = json.dumps([*NESTED, {"seq": 3, "refer": {"seq": 9, "text": "quoted"}, "text": "x"}])
    for end in ('"quoted"', '}, "text"', '"x"'):
        (tmp_path / "a.json").write_text(text[: text.rindex(end) + 1])
        parts, faults = json_file.read_list(tmp_path / "a.json")
        assert len(parts) == 3
        assert faults == [f"a.json message 4: {json_file.CUT}"]


def test_a_missing_last_bracket_is_no_damaged_message(csb: Csb, place: Path) -> None:
    (place / "result.json").write_text(json.dumps(ACCOUNT)[:-2])
    csb("preprocess", "result.json", "--partial", "--heldout", "0", "--report", "r.json")
    report = json.loads((place / "r.json").read_text("utf-8"))
    assert report["messages_in"] == 8
    assert "damaged_row" not in report["dropped"]


@pytest.mark.parametrize(
    "text", ['{"name": "A", "type": "personal_chat",', '{"participants": [{"name": "A"}, {"na', '[{"se']
)
def test_a_file_cut_off_before_its_first_message_is_told_to_be_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UserError, match="is cut off before its first message is whole"):
        importers.load([tmp_path / "a.json"])


def test_of_a_file_in_which_nothing_is_whole_partial_takes_nothing(csb: Csb, place: Path) -> None:
    whole = json.dumps(ACCOUNT)
    (place / "result.json").write_text(whole[: whole.index('"date_unixtime"') + 20])
    refused = csb("preprocess", "result.json", "--partial", code=1).stderr
    assert "0 messages could be read" in refused
    assert "--partial" not in refused
