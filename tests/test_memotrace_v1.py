"""MemoTrace v1 CSV in all its variants (facts/formats.md §4.1), and what damage does to it."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import Csb
from make import HEADER, START, export, pairs, row, talk

from chatstylebot import importers
from chatstylebot.corpus.messages import SCHEMA
from chatstylebot.errors import UserError

OUT = Path("data/chat_records.json")


def read(path: Path) -> importers.Export:
    found, formats = importers.read([path])
    assert set(formats.values()) == {"memotrace_v1"}
    assert pl.Schema({k: v for k, v in found.messages.schema.items() if k != "file"}) == SCHEMA
    return found


def report() -> dict[str, Any]:
    return json.loads(Path("r.json").read_text("utf-8"))  # type: ignore[no-any-return]


def private(at: int, mine: int, text: str, *names: str) -> list[Any]:
    return [at, 7, 1, 0, mine, START + at, "", text, "2023-11-15 06:13:20", *names]


def test_one_private_chat_is_known_by_the_other_side_s_wxid(place: Path) -> None:
    rows = [
        private(0, 0, "在吗", "小明", "Ming", "wxid_ming:25319:1"),
        private(9, 1, "在", "我自己", "Me", "wxid_me"),
    ]
    found = read(export(place / "小明_utf8.csv", rows))
    assert found.messages["chat_id"].unique().to_list() == ["wxid_ming"]
    assert found.messages["chat_name"].unique().to_list() == ["小明"]
    assert found.messages["from_me"].to_list() == [False, True]
    assert not found.messages["is_group"].any()
    assert found.owner == {"wxid_me", "我自己", "Me"}


def test_rows_of_nine_values_belong_to_the_chat_the_file_is_named_after_IMP_6(place: Path) -> None:
    rows = [private(0, 0, "在吗"), private(9, 1, "在")]
    found = read(export(place / "小明_utf8.csv", rows))
    assert found.messages.select("chat_id", "chat_name").unique().rows() == [("小明", "小明")]
    assert found.messages["text"].to_list() == ["在吗", "在"]


def test_a_header_of_nine_names_will_do(place: Path) -> None:
    header = ",".join(HEADER.split(",")[:9])
    found = read(export(place / "a.csv", [private(0, 0, "在吗"), private(9, 1, "在")], header))
    assert found.messages["chat_id"].unique().to_list() == ["a"]


def test_raw_sql_tuples_give_ids_and_no_names_IMP_6(place: Path) -> None:
    rows = [
        private(0, 0, "在吗", "4611686018427387904", "b'\\n\\x04'", "None", "b''"),
        private(9, 1, "在", "4611686018427387905", "b'\\n\\x04'", "b'x'", "b''"),
    ]
    found = read(export(place / "小明.csv", rows))
    assert found.messages["message_id"].to_list() == ["4611686018427387904", "4611686018427387905"]
    assert found.messages["chat_name"].unique().to_list() == ["小明"]


def test_a_group_exported_alone_names_every_speaker(place: Path) -> None:
    rows = [
        private(0, 0, "有人吗", "", "Ann", "wxid_ann"),
        private(5, 0, "有", "老波", "Bo", "wxid_bo"),
        private(9, 1, "我", "", "Me", "wxid_me"),
        [10, 7, 10000, 0, 0, START + 10, "", "有人退出了群聊", "", "", "", ""],
    ]
    found = read(export(place / "吃饭群_utf8.csv", rows))
    assert found.messages["is_group"].all()
    assert found.messages["chat_name"].unique().to_list() == ["吃饭群"]
    assert found.messages["sender_name"].to_list()[:2] == ["Ann", "老波"]


def test_export_all_keeps_chats_without_a_remark_and_namesakes_apart_IMP_3(place: Path) -> None:
    rows = [
        [1, 1, 1, 0, 0, START, "", "hi", "", "", "Leo", "Leo"],
        [2, 1, 1, 0, 1, START + 1, "", "hey", "", "", "Leo", "我"],
        [3, 2, 1, 0, 0, START + 2, "", "yo", "", "", "Leo", "Leo"],
        [4, 2, 1, 0, 1, START + 3, "", "yo yo", "", "", "Leo", "我"],
        [5, 3, 1, 0, 0, START + 4, "", "吃了吗", "", "妈妈", "淑芬", "淑芬"],
    ]
    rows[4] = [5, 3, 1, 0, 0, START + 4, "", "吃了吗", "", "妈妈", "淑芬", "淑芬"]
    found = read(export(place / "messages.csv", rows))
    assert set(found.messages["chat_id"]) == {"Leo#1", "Leo#2", "妈妈"}
    assert found.owner == {"我"}


def test_any_text_is_text_IMP_2(place: Path) -> None:
    words = ["null", "NA", "nan", "None", "a < b && c", 'she said "hi", ok', "line1\nline2"]
    found = read(export(place / "m.csv", [row(n, "Alice", word) for n, word in enumerate(words)]))
    assert found.messages["text"].to_list() == words


def test_descending_files_are_put_in_order_IMP_7(preprocess: Csb, place: Path) -> None:
    preprocess(export(place / "m.csv", talk("A: 一", "me: 二", "A: 三", "me: 四")[::-1]))
    assert pairs(OUT) == [("一", "二"), ("三", "四")]


def test_lost_quoted_replies_are_reported_and_are_no_text_IMP_5(preprocess: Csb, place: Path) -> None:
    rows = [row(0, "Alice", "", kind=49, sub=57), row(5, "me", "对"), row(9, "me", "", kind=49, sub=57)]
    done = preprocess(export(place / "m.csv", rows), "--report", "r.json")
    assert "2 quoted replies are not in this export" in done.stderr
    assert pairs(OUT) == [("[引用]", "对")]
    assert report()["dropped"] == {"quote": 1}


@pytest.mark.parametrize(
    ("kind", "sub", "expected"),
    [
        (3, 0, "image"),
        (34, 0, "voice"),
        (43, 0, "video"),
        (47, 0, "sticker"),
        (48, 0, "location"),
        (42, 0, "contact"),
        (50, 0, "call"),
        (49, 6, "file"),
        (49, 5, "link"),
        (49, 19, "forward"),
        (49, 2000, "transfer"),
        (49, 57, "quote"),
        (49, 9999, "other"),
        (777, 0, "other"),
        (10000, 0, "system"),
        (10000, 4, "system"),
        (10000, 1, "recall"),
    ],
)
def test_every_type_has_its_kind_IMP_9(place: Path, kind: int, sub: int, expected: str) -> None:
    found = read(export(place / "m.csv", [row(0, "Alice", "<xml/>", kind=kind, sub=sub)]))
    assert (found.messages["kind"][0], found.messages["text"][0]) == (expected, None)


def test_nul_bytes_and_huge_fields_do_not_end_a_run_IMP_8(place: Path) -> None:
    path = export(place / "m.csv", [row(0, "Alice", "a\0b"), row(1, "Alice", "<msg>" + "x" * 300_000, kind=3)])
    found = read(path)
    assert found.messages["text"].to_list() == ["ab", None]


def test_one_bad_quote_costs_one_row_and_is_named(preprocess: Csb, place: Path) -> None:
    path = export(place / "m.csv", talk("A: 一", "me: 二", "A: 三", "me: 四", "A: 五", "me: 六"))
    path.write_bytes(path.read_bytes().replace("三".encode(), '"三'.encode()))
    done = preprocess(path, "--report", "r.json")
    assert pairs(OUT) == [("一", "二\n四"), ("五", "六")]
    assert report()["dropped"]["damaged_row"] == 1
    assert report()["damaged"][0].startswith("m.csv row 4: ")
    assert "damaged_row" in done.stdout


def test_bad_quotes_far_apart_swallow_nothing_between_them(place: Path) -> None:
    path = export(place / "m.csv", talk("A: 一", "me: 二", "A: 三", "me: 四", "A: 五", "me: 六", "A: 七", "me: 八"))
    path.write_bytes(path.read_bytes().replace("三".encode(), '"三'.encode()).replace("七".encode(), '"七'.encode()))
    found = read(path)
    assert found.messages["text"].to_list() == ["一", "二", "四", "五", "六", "八"]
    assert found.messages["source"].to_list() == [f"m.csv row {n}" for n in (2, 3, 5, 6, 7, 9)]
    assert [line.split(":")[0] for line in found.damaged] == ["m.csv row 4", "m.csv row 8"]


def test_a_chat_has_the_name_that_most_of_its_rows_have(place: Path) -> None:
    rows = [row(n, "me" if n == 1 else "A", "a", name="旧名" if n < 2 else "新名") for n in range(5)]
    assert set(read(export(place / "m.csv", rows)).messages["chat_name"]) == {"新名"}
    assert set(read(export(place / "n.csv", rows[:4])).messages["chat_name"]) == {"旧名"}


def test_a_row_without_a_time_is_damaged_and_a_blank_line_is_nothing(place: Path) -> None:
    bad = row(5, "Alice", "when")
    bad[5] = "soon"
    path = export(place / "m.csv", [row(0, "Alice", "hi"), bad])
    path.write_bytes(path.read_bytes() + b"\r\n")
    found = read(path)
    assert found.messages.height == 1
    assert found.damaged == ["m.csv row 3: no type, sender flag or unix time"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings_are_taken_as_they_come(place: Path, encoding: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([HEADER.split(","), *talk("A: 晚上吃啥", "me: 火锅")])
    (place / "m.csv").write_bytes(text.getvalue().encode(encoding))
    assert read(place / "m.csv").messages["text"].to_list() == ["晚上吃啥", "火锅"]


def test_lf_line_ends_and_a_missing_last_one_do(place: Path) -> None:
    path = export(place / "m.csv", talk("A: a", "me: b"))
    path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").rstrip(b"\n"))
    assert read(path).messages["text"].to_list() == ["a", "b"]


def test_a_missing_column_is_named_with_those_found_IMP_21(place: Path) -> None:
    export(place / "m.csv", [], HEADER.replace("Status,", "").replace("StrTime,", ""))
    with pytest.raises(UserError, match="lacks the columns Status, StrTime; it has localId") as caught:
        importers.read([place / "m.csv"])
    assert "export it again" in caught.value.remedy


def test_milliseconds_are_read_as_such(place: Path) -> None:
    late = row(0, "Alice", "hi")
    late[5] = (START + 7) * 1000
    assert read(export(place / "m.csv", [late])).messages["sent_at"].dt.epoch("s")[0] == START + 7


def test_the_shipped_exports_are_read_whole() -> None:
    for name, owner in (("mia_memotrace.csv", "我"), ("xiaoman_memotrace.csv", "我")):
        found = read(Path(__file__).parent.parent / "data" / "exports" / name)
        assert found.damaged == []
        assert found.messages.height > 400
        assert found.owner == {owner}
        assert found.messages["chat_id"].n_unique() >= 6
        assert found.messages.filter("is_group").height > 20


def test_a_name_with_brackets_or_stars_is_a_name_and_no_pattern(preprocess: Csb, place: Path) -> None:
    export(place / "x.csv", talk("A: wrong", "me: file"))
    export(place / "ab.csv", talk("A: wrong", "me: too"))
    for name in ("[x].csv", "a*.csv"):
        preprocess(export(place / name, talk("A: right", "me: one")), "--replace")
        assert pairs(OUT) == [("right", "one")]
    folder = place / "[dir]"
    folder.mkdir()
    preprocess(export(folder / "x.csv", talk("A: in", "me: there")), "--replace")
    assert pairs(OUT) == [("in", "there")]


def test_a_group_in_which_one_person_speaks_is_not_the_chat_with_that_person_CON_1(
    preprocess: Csb, place: Path
) -> None:
    def said(at: int, talker: int, mine: int, text: str) -> list[Any]:
        names = ("", "Me", "wxid_me") if mine else ("", "Ann", "wxid_ann")
        return [at, talker, 1, 0, mine, START + at, "", text, "", *names]

    chat = [said(0, 1, 0, "private secret?"), said(20, 1, 1, "yes private")]
    group = [said(10, 9, 0, "group hello"), said(25, 9, 1, "to the group")]
    wanted = {("private secret?", "yes private"), ("group hello", "to the group")}
    preprocess(export(place / "both.csv", chat + group))
    assert set(pairs(OUT)) == wanted
    preprocess(export(place / "one.csv", chat), export(place / "two.csv", group), "--replace")
    assert set(pairs(OUT)) == wanted


def test_namesakes_in_two_files_stay_two_chats_CON_1(preprocess: Csb, place: Path) -> None:
    first = export(place / "x.csv", talk("A: from one", "me: to one", name="Al", talker=1))
    second = export(place / "y.csv", talk("A: from two", "me: to two", name="Al", talker=2, start=10))
    preprocess(first, second)
    assert set(pairs(OUT)) == {("from one", "to one"), ("from two", "to two")}


@pytest.mark.parametrize("bom", [b"\xef\xbb\xbf", b""], ids=["bom", "no bom"])
@pytest.mark.parametrize("odd", [b"\xe9", b"\xff", b"\xed\xa0\xbd"], ids=["latin", "ff", "surrogate"])
def test_a_bad_byte_costs_one_character_and_not_the_file(place: Path, bom: bytes, odd: bytes) -> None:
    path = export(place / "m.csv", talk("A: 你好 😀", "me: cafXte", "A: 晚上吃什么", "me: 火锅"))
    path.write_bytes(bom + path.read_bytes().removeprefix(b"\xef\xbb\xbf").replace(b"cafX", b"caf" + odd))
    found = read(path)
    texts = found.messages["text"].to_list()
    assert (texts[0], texts[2], texts[3]) == ("你好 😀", "晚上吃什么", "火锅")
    assert texts[1].startswith("caf\ufffd")
    assert "are no text" in found.notes[0]
    assert found.damaged == []


def test_a_file_with_every_field_in_quotes_survives_a_bad_quote(place: Path) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([HEADER.split(","), *talk("A: 一", "me: 二", "A: 三", "me: 四")])
    (place / "m.csv").write_text(text.getvalue().replace("三", 'x" y'), "utf-8")
    found = read(place / "m.csv")
    assert found.messages["text"].to_list() == ["一", "二", "四"]
    assert len(found.damaged) == 1


def test_rows_without_a_talker_after_a_bad_quote_are_all_accounted_for(place: Path) -> None:
    rows = [row(n, "me" if n % 2 else "Alice", f"text {n}") for n in range(20)]
    for late in rows[12:]:
        late[1] = ""
    path = export(place / "m.csv", rows)
    path.write_bytes(path.read_bytes().replace(b"text 9", b'"text 9'))
    found = read(path)
    assert found.messages.height + len(found.damaged) == 20
    assert len(found.damaged) == 1


def test_mac_line_ends_are_line_ends(place: Path) -> None:
    path = export(place / "m.csv", talk("A: a", "me: b"))
    path.write_bytes(path.read_bytes().replace(b"\r\n", b"\r"))
    assert read(path).messages["text"].to_list() == ["a", "b"]


def test_times_that_are_no_unix_times_are_said_to_be_damaged(preprocess: Csb, place: Path) -> None:
    rows = talk("A: a", "me: b")
    for line in rows:
        line[5] = "2023-11-15 06:13:20"
    done = preprocess(export(place / "m.csv", rows), code=1)
    assert "all 2 rows are damaged (m.csv row 2: no type, sender flag or unix time)" in done.stderr


def test_a_stray_row_with_my_own_id_makes_no_group_IMP_19(place: Path) -> None:
    rows = [
        private(0, 0, "hi", "", "Ann", "wxid_ann"),
        private(5, 1, "yo", "", "Me", "wxid_me"),
        private(9, 0, "odd", "", "Me", "wxid_me"),
    ]
    assert not read(export(place / "m.csv", rows)).messages["is_group"].any()


def test_newest_first_files_keep_the_order_within_a_second_IMP_7(preprocess: Csb, place: Path) -> None:
    rows = talk("A: hm", "+5 me: one", "+0 me: two", "+0 me: three")
    preprocess(export(place / "m.csv", rows[::-1]))
    assert pairs(OUT) == [("hm", "one\ntwo\nthree")]


def test_a_return_is_a_line_end_and_nothing_visible_is_nothing_said(place: Path, preprocess: Csb) -> None:
    rows = [row(0, "Alice", "a\rb"), row(1, "Alice", "\u200b"), row(2, "me", "\ufeff "), row(3, "me", "ok")]
    preprocess(export(place / "m.csv", rows), "--report", "r.json")
    assert pairs(OUT) == [("a\nb", "ok")]
    assert report()["dropped"] == {"empty": 2}


def test_in_a_file_with_stray_quotes_a_cell_that_is_no_number_spoils_its_row_alone(place: Path) -> None:
    path = export(place / "m.csv", [row(n, "Alice" if n % 2 else "me", f"t{n}") for n in range(1, 9)])
    text = path.read_text("utf-8").replace("t3", 't3"').replace(f",{START + 5},", ",soon,").replace("t7", "t\x007")
    path.write_bytes(text.encode())
    found = read(path)
    assert found.messages["text"].to_list() == ["t1", "t2", 't3"', "t4", "t6", "t7", "t8"]
    assert found.damaged == ["m.csv row 5: no type, sender flag or unix time"]  # it does not begin as rows do


def test_many_speakers_and_kinds_of_one_chat_keep_their_own_names_and_kinds(place: Path) -> None:
    people = [f"p{n}" for n in range(40)]
    rows = [row(n, people[n % 40], f"t{n}", kind=1 if n % 3 else 3, name=people[n % 40]) for n in range(400)]
    messages = read(export(place / "g.csv", rows)).messages
    assert messages["sender_name"].to_list() == [people[n % 40] for n in range(400)]
    assert messages["kind"].to_list() == ["text" if n % 3 else "image" for n in range(400)]
    assert messages["text"].to_list() == [f"t{n}" if n % 3 else None for n in range(400)]
