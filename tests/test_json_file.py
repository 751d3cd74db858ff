"""Large and damaged JSON: views of bytes, and what can be saved."""

import json
from pathlib import Path

import pytest

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
