"""What single formats get right that others got wrong. Ids as in facts/pitfalls.md."""

import json
from pathlib import Path

import pytest

from chatstylebot import importers
from chatstylebot.errors import UserError
from chatstylebot.importers import imessage_db, instagram_json, wechat, whatsapp_txt

ZONE = "Asia/Shanghai"


def read(key: str, path: Path, text: str | bytes) -> importers.Export:
    """What an importer makes of a file of this content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return importers.module(key).read(path, ZONE)  # type: ignore[no-any-return]


def column(export: importers.Export, name: str) -> list[object]:
    return export.messages[name].to_list()


def telegram(path: Path, *messages: dict[str, object], **chat: object) -> importers.Export:
    rows = [{"id": n, "type": "message", "date_unixtime": str(1646744862 + n), **m} for n, m in enumerate(messages)]
    about = {"name": "Ann", "type": "personal_chat", "id": 7, "messages": rows} | chat
    return read("telegram_json", path / "result.json", json.dumps(about))


@pytest.mark.parametrize("text", ["[捂脸]", "[旺柴]", "[破涕为笑]", "[图片]真好看", "hello: world", "[链接"])
def test_wechat_s_own_emoji_are_text_IMP_13(text: str) -> None:
    assert wechat.placeholder(text) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[图片]", "image"),
        ("[链接] 一篇文章", "link"),
        ("[转账] ￥5", "transfer"),
        ("[语音消息] 到了", "voice"),
        ("[动画表情]", "sticker"),
    ],
)
def test_placeholders_are_known_from_a_closed_list_IMP_13(text: str, kind: str) -> None:
    assert wechat.placeholder(text) == kind


def test_types_of_wechat_4_are_split_before_they_are_looked_up() -> None:
    assert [wechat.kind_of(n) for n in (244813135921, 8589934592049, 81604378673, 25769803825, 1, 10000, 999)] == [
        "quote", "transfer", "forward", "file", "text", "system", "other",
    ]  # fmt: skip


def test_an_unknown_media_type_does_not_end_an_import_IMP_9(tmp_path: Path) -> None:
    found = telegram(tmp_path, {"media_type": "hologram", "from_id": "user7"}, {"text": "hi", "from_id": "user7"})
    assert column(found, "kind") == ["other", "text"]


def test_a_whole_account_yields_all_its_chats_IMP_10(tmp_path: Path) -> None:
    one = {"id": 1, "type": "message", "date_unixtime": "1646744862", "from_id": "user8", "from": "Bob", "text": "x"}
    chats = [{"name": n, "type": "personal_chat", "id": i, "messages": [one]} for i, n in ((8, "A"), (9, "B"))]
    account = {"personal_information": {"user_id": 1}, "chats": {"list": chats}}
    found = read("telegram_json", tmp_path / "result.json", json.dumps(account))
    assert column(found, "chat_name") == ["A", "B"]
    assert column(found, "from_me") == [False, False]


def test_a_newline_stays_and_a_sticker_is_no_word_IMP_11(tmp_path: Path) -> None:
    found = telegram(
        tmp_path, {"text": "line1\nline2", "from_id": "user7"}, {"media_type": "sticker", "from_id": "user1"}
    )
    assert column(found, "text") == ["line1\nline2", None]
    assert column(found, "kind") == ["text", "sticker"]


def test_a_truncated_account_gives_the_chats_before_the_cut(tmp_path: Path) -> None:
    one = {"id": 1, "type": "message", "date_unixtime": "1646744862", "from_id": "user8", "from": "Bob", "text": "x"}
    chats = [{"name": n, "type": "personal_chat", "id": i, "messages": [one] * 3} for i, n in ((8, "A"), (9, "B"))]
    whole = json.dumps({"personal_information": {"user_id": 1}, "chats": {"list": chats}}, indent=1)
    found = read("telegram_json", tmp_path / "result.json", whole[: whole.rindex('"text"')])
    assert column(found, "chat_name") == ["A"] * 3 + ["B"] * 2
    assert len(found.damaged) == 1


def test_broken_facebook_strings_are_repaired_and_sound_ones_stay_IMP_15() -> None:
    assert instagram_json.repaired("你好".encode().decode("latin-1")) == "你好"
    assert instagram_json.repaired("你好 café") == "你好 café"
    assert instagram_json.repaired("café") == "café"
    assert instagram_json.repaired(None) is None


def test_every_object_of_a_qq_export_is_a_chat_IMP_16(tmp_path: Path) -> None:
    text = "消息记录（此消息记录为文本格式，不支持重新导入）\n\n" + "".join(
        f"消息分组:我的好友\n=====\n消息对象:{name}\n=====\n\n2019-07-16 18:15:05 {name}\n在吗\n\n"
        for name in ("甲", "乙")
    )
    assert column(read("qq_txt", tmp_path / "a.txt", text), "chat_id") == ["甲", "乙"]


@pytest.mark.parametrize(
    ("lines", "days"),
    [
        (["[2026/7/9 02:28:09] A: x"], ["2026-07-09"]),
        (["2024/01/02, 10:00 - A: x"], ["2024-01-02"]),
        (["13/01/2024, 10:00 - A: x"], ["2024-01-13"]),
        (["1/13/24, 10:00 AM - A: x"], ["2024-01-13"]),
        (["1/2/24, 10:00 - A: x", "2/1/24, 10:00 - A: y"], ["2024-01-02", "2024-02-01"]),
        (["2/1/24, 10:00 - A: x", "1/2/24, 10:00 - A: y"], ["2024-01-02", "2024-02-01"]),
        (["06.08.2016, 13:23 - A: x"], ["2016-08-06"]),
    ],
)
def test_day_and_month_of_whatsapp_are_told_from_the_whole_file_IMP_17(
    lines: list[str], days: list[str], tmp_path: Path
) -> None:
    found = read("whatsapp_txt", tmp_path / "a.txt", "\n".join(lines))
    assert [f"{at:%Y-%m-%d}" for at in found.messages["sent_at"].dt.convert_time_zone(ZONE)] == days


@pytest.mark.parametrize(
    ("line", "clock", "sender", "text"),
    [
        ("23/06/2018, 01:55 p.m. - Luke: hi", "13:55", "Luke", "hi"),
        ("23/06/2018, 12:05 a. m. - Luke: hi", "00:05", "Luke", "hi"),
        ("09/17/19, 8:30:52 AM – John: hi", "08:30", "John", "hi"),
        ("12/31/23, 11:59\u202fPM - A B: hi: you", "23:59", "A B", "hi: you"),
        ("2024/1/2 下午3:04 - 小明: 在吗", "15:04", "小明", "在吗"),
        ("2024/1/2 上午12:04 - 小明: 在吗", "00:04", "小明", "在吗"),
        ("[2024/1/2 午後3:04:05] 花子: やあ", "15:04", "花子", "やあ"),
        ("2024. 1. 2. 오후 3:04 - 민수: x", "15:04", "민수", "x"),
        ("\u200e[17.9.2019, 16:37:47] Ann: \u200ehey 👩\u200d👧", "16:37", "Ann", "hey 👩\u200d👧"),
        ("06/08/2016, 13.23 - Bob:Hi", "13:23", "Bob", "Hi"),
    ],
)  # fmt: skip
def test_whatsapp_s_locales_IMP_17(line: str, clock: str, sender: str, text: str, tmp_path: Path) -> None:
    found = read("whatsapp_txt", tmp_path / "a.txt", line + "\n")
    (row,) = found.messages.to_dicts()
    assert (f"{found.messages['sent_at'].dt.convert_time_zone(ZONE)[0]:%H:%M}", row["sender_name"], row["text"]) == (
        clock, sender, text,
    )  # fmt: skip


def test_a_doubtful_order_of_day_and_month_is_told(tmp_path: Path) -> None:
    found = read("whatsapp_txt", tmp_path / "a.txt", "1/2/24, 10:00 - A: x\n1/3/24, 10:00 - A: y\n")
    assert "nothing in it says whether day or month comes first" in found.notes[0]


def test_whatsapp_s_lines_that_belong_together_stay_together(tmp_path: Path) -> None:
    text = "1/13/24, 10:00 - A: one\ntwo\n\n12:30 lunch\n1/13/24, 10:01 - B: x\n"
    assert column(read("whatsapp_txt", tmp_path / "a.txt", text), "text") == ["one\ntwo\n\n12:30 lunch", "x"]


@pytest.mark.parametrize(
    ("name", "chat"),
    [
        ("WhatsApp Chat with Ann.txt", "Ann"), ("WhatsApp Chat - Ann/_chat.txt", "Ann"),
        ("WhatsApp-Chat mit Ann.txt", "Ann"),
        ("Chat de WhatsApp con Ann (1).txt", "Ann"), ("与小明的WhatsApp聊天.txt", "小明"), ("notes.txt", "notes"),
    ],
)  # fmt: skip
def test_whatsapp_s_chat_is_called_as_its_file(name: str, chat: str) -> None:
    assert whatsapp_txt.chat_name(Path(name)) == chat


def test_no_format_guesses_who_is_me_IMP_19(tmp_path: Path) -> None:
    for key, text in (
        ("whatsapp_txt", "1/13/24, 10:00 - A: x\n"),
        ("line_txt", "[LINE] Chat history with A\n\n2024.01.02 Tuesday\n10:00\tA\tx\n"),
        ("memotrace_txt", "2024-01-02 10:00:00 A\nx\n\n"),
    ):
        assert column(read(key, tmp_path / "a.txt", text), "from_me") == [None]


def test_the_flag_wins_over_the_id_IMP_19(tmp_path: Path) -> None:
    text = (
        "id,MsgSvrID,type_name,is_sender,talker,room_name,msg,src,CreateTime\n"
        "1,1,文本,0,wxid_me,bob,a,,2024-01-01 10:00:00\n2,2,文本,1,wxid_me,bob,b,,2024-01-01 10:01:00\n"
    )
    found = read("pywxdump_csv", tmp_path / "a.csv", text)
    assert column(found, "from_me") == [False, True]
    assert column(found, "is_group") == [False, False]


def test_a_missing_column_is_told_with_those_that_are_there_IMP_21(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="lacks the columns is_sender, type_name; it has id, talker, msg, CreateTime"):
        read("pywxdump_csv", tmp_path / "a.csv", "id,talker,msg,CreateTime\n1,a,b,2024-01-01\n")


def test_a_header_that_names_a_column_twice_is_read(tmp_path: Path) -> None:
    text = "id,id,MsgSvrID,type_name,is_sender,talker,room_name,msg,src,CreateTime\n"
    text += "1,1,1,文本,1,a,b,hi,,2024-01-01 10:00:00\n"
    assert column(read("pywxdump_csv", tmp_path / "a.csv", text), "text") == ["hi"]


def test_the_archived_text_of_imessage_is_decoded_and_rubbish_is_not() -> None:
    start = b"\x84\x84\x08NSString\x01\x94\x84\x01+"
    assert imessage_db.body(start + bytes([5]) + b"hello\x86") == "hello"
    assert imessage_db.body(start + b"\x81\x2c\x01" + b"x" * 300 + b"\x86") == "x" * 300
    for rubbish in (b"", b"NSString", start, start + b"\x81", start + bytes([200]) + b"x", None, 7):
        assert imessage_db.body(rubbish) is None


def test_a_qq_chunk_outside_of_the_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.jsonl").write_text('{"id":"1"}\n')
    manifest = {"metadata": {}, "chatInfo": {"name": "g"}, "chunked": {"chunks": [{"relativePath": "../secret.jsonl"}]}}
    with pytest.raises(UserError, match=r"chunks of .* are not beside it"):
        read("qq_exporter_json", tmp_path / "in" / "manifest.json", json.dumps(manifest))


def test_one_contradicted_sender_of_chatlog_is_settled_and_two_are_not(tmp_path: Path) -> None:
    def row(sender: str, own: bool) -> dict[str, object]:
        return {
            "seq": 1,
            "time": "2023-11-15T06:15:00+08:00",
            "talker": "t",
            "sender": sender,
            "isSelf": own,
            "type": 1,
            "content": "x",
        }

    one = read("chatlog_json", tmp_path / "a.json", json.dumps([row("t", False), row("me1", True), row("me1", False)]))
    assert column(one, "from_me") == [False, True, True]
    two = read("chatlog_json", tmp_path / "b.json", json.dumps([row("t", True), row("me1", True)]))
    assert column(two, "from_me") == [None, None]
    assert "contradicts" in two.notes[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_and_line_ends_make_no_difference(encoding: str, end: str, tmp_path: Path) -> None:
    texts = {
        "whatsapp_txt": ("a.txt", "2024/1/13 下午3:04 - 小明: 在吗\n2024/1/13 下午3:05 - 小红: 在的呀\n"),
        "memotrace_v2": ("a.csv", "消息ID,类型,发送人,时间,内容\n1,文本,小明,2024-01-13 15:04:00,在吗\n"
                         "2,文本,小红,2024-01-13 15:05:00,在的呀\n"),
        "chatlog_json": ("a.json", '[{"seq":1,"talker":"小明","isSelf":false,"sender":"小明","time":"2024-01-13T15:04:00+08:00",'
                         '"type":1,"content":"在吗"},\n{"seq":2,"talker":"小明","isSelf":true,"sender":"小红","time":"2024-01-13T15:05:00+08:00",'
                         '"type":1,"content":"在的呀"}]\n'),
    }  # fmt: skip
    for key, (name, text) in texts.items():
        path = tmp_path / encoding / key / name
        found = read(key, path, text.replace("\n", end).encode(encoding))
        assert column(found, "text") == ["在吗", "在的呀"], key
        assert importers.detect(importers.head(path)) == key


def test_a_poll_of_whatsapp_is_no_text(tmp_path: Path) -> None:
    text = "1/13/24, 10:00 - A: POLL:\nwhat to eat\nOPTION: pizza (1 vote)\n1/13/24, 10:01 - A: POLL: my word\n"
    found = read("whatsapp_txt", tmp_path / "a.txt", text)
    assert column(found, "text") == [None, "POLL: my word"]


def test_equals_signs_that_somebody_typed_stay_in_a_qq_text(tmp_path: Path) -> None:
    rule = "=" * 64
    text = f"消息记录（此消息记录为文本格式，不支持重新导入）\n\n{rule}\n消息分组:我的好友\n{rule}\n消息对象:甲\n{rule}\n\n"
    text += f"2019-07-16 18:15:05 甲\n==\nx\n\n{rule}\n消息对象:乙\n{rule}\n\n2019-07-16 18:15:05 乙\ny\n\n"
    assert column(read("qq_txt", tmp_path / "a.txt", text), "text") == ["==\nx", "y"]
