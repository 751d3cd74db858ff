"""What single formats get right that others got wrong. Ids as in facts/pitfalls.md."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from chatstylebot import importers
from chatstylebot.corpus import clean
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


def weflow(path: Path, *messages: dict[str, object], group: bool = True) -> importers.Export:
    """What `csb` makes of a WeFlow file with these messages."""
    session = {"wxid": "1@chatroom" if group else "wxid_a", "type": "群聊" if group else "私聊", "nickname": "x"}
    rows = [{"createTime": 1_700_000_000 + n, "type": "文本消息", "isSend": 0, **m} for n, m in enumerate(messages)]
    path.write_text(json.dumps({"weflow": {}, "session": session, "messages": rows}))
    return importers.together(importers.load([path], ZONE))


def test_only_a_known_member_s_id_is_taken_from_before_a_group_text_IMP_14(tmp_path: Path) -> None:
    texts = ["wxid_b:\n在吗", "hello: world", "hello:\nworld", "wxid_stranger:\nx", "http://a.b\nx"]
    found = weflow(tmp_path / "g.json", *({"senderUsername": "wxid_b", "content": text} for text in texts))
    assert column(found, "text") == ["在吗", *texts[1:]]
    private = weflow(tmp_path / "p.json", {"senderUsername": "wxid_a", "content": "wxid_a:\nx"}, group=False)
    assert column(private, "text") == ["wxid_a:\nx"]


@pytest.mark.parametrize(
    "text",
    [
        "我加入群聊了",
        "怎么加入群聊",
        "他撤回了一条消息",
        "妈妈拍了拍我的肩膀",
        "他加入群聊了之后没说过话",
        "你领取了吗",
    ],
)
def test_what_only_sounds_like_a_notice_was_typed(text: str) -> None:
    assert wechat.notice(text) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("你撤回了一条消息", "recall"), ('"小明" 撤回了一条消息', "recall"), ("小明 撤回了一条消息", "recall"),
        ('<![CDATA[你撤回了一条消息 <a href="weixin://x">重新编辑</a>]]>', "recall"), ('"A" recalled a message', "recall"),
        ('"小明"加入了群聊', "system"), ('你邀请"小明"加入了群聊，群聊参与人还有：小红', "system"), ('"小明" 拍了拍我', "system"),
        ('我拍了拍 "小明"', "system"), ("小明领取了你的红包", "system"), ("以上是打招呼的内容", "system"),
        ("我通过了你的朋友验证请求，现在我们可以开始聊天了", "system"),
    ],
)  # fmt: skip
def test_what_wechat_itself_wrote_is_known(text: str, kind: str) -> None:
    assert wechat.notice(text) == kind


def test_pywxdump_s_texts_are_what_was_typed_whatever_they_look_like(tmp_path: Path) -> None:
    head = "id,MsgSvrID,type_name,is_sender,talker,room_name,msg,src,CreateTime\n"
    text = head + "1,1,文本,1,wxid_me,bob,[文件]在哪,,2024-01-01 10:00:00\n"
    assert column(read("pywxdump_csv", tmp_path / "a.csv", text), "text") == ["[文件]在哪"]


def test_ids_that_excel_has_rounded_are_none(tmp_path: Path) -> None:
    head = "id,MsgSvrID,type_name,is_sender,talker,room_name,msg,src,CreateTime\n"
    for part, text in enumerate(("在吗", "在的")):
        row = f"1,7.43727E+18,文本,{part},bob,bob,{text},,2024/1/1 10:0{part}\n"
        rounded = row.replace("7.43727E+18", "7437267147299590000")
        (tmp_path / f"bob_{part}_{part + 1}.csv").write_text(head + row + rounded)
    found = importers.together(importers.load([tmp_path], ZONE))
    assert column(found, "message_id") == [None] * 4


def test_a_quote_within_the_quoted_preview_is_no_own_word_IMP_4(tmp_path: Path) -> None:
    said = {"type": "引用消息", "senderUsername": "wxid_b", "content": "好[引用 小明：在吗[引用 我：嗯]]"}
    found = weflow(tmp_path / "a.json", said, {**said, "type": "语音消息", "content": "[语音消息] 到了"})
    assert column(found, "text") == ["好", "到了"]
    assert column(found, "kind") == ["quote", "voice"]


def test_a_link_of_chatlog_may_have_brackets_in_its_title_and_address(tmp_path: Path) -> None:
    text = "Time,SenderName,Sender,TalkerName,Talker,Content\n"
    text += "2024-01-01 10:00:00,a,a,a,a,[链接|[转载]题 (1)](http://x/a_(b))\n2024-01-01 10:00:00,a,a,a,a,[捂脸](笑)\n"
    found = read("chatlog_csv", tmp_path / "a.csv", text)
    assert column(found, "kind") == ["link", "text"]


def test_a_29th_of_february_tells_chatlog_s_year(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("我 12-31 23:59:00\na\n\nTom(t) 02-29 10:00:00\nb\n\n我 03-01 10:00:00\nc\n")
    os.utime(path, (1_767_225_600, 1_767_225_600))  # 2026-01-01
    found = importers.module("chatlog_txt").read(path, ZONE)
    assert [f"{at:%Y-%m-%d}" for at in found.messages["sent_at"]] == ["2023-12-31", "2024-02-29", "2024-03-01"]
    assert "the last message was put into 2024" in found.notes[0]


def test_a_contact_with_a_number_in_brackets_is_no_qq_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("2024-01-02 10:00:00 我\nx\n\n2024-01-02 10:00:01 Tom(2020)\ny\n\n")
    assert importers.detect(importers.head(path)) == "memotrace_txt"
    path.write_text("2024-01-02 10:00:00 我(10001)\nx\n\n2024-01-02 10:00:01 Tom(2020)\ny\n\n")
    with pytest.raises(UserError):
        importers.detect(importers.head(path))


def test_a_person_s_bare_number_of_an_old_telegram_export_is_their_id_IMP_19(tmp_path: Path) -> None:
    found = telegram(tmp_path, {"from": "Ann", "from_id": 7, "text": "x"}, {"from": "Tom", "from_id": 1, "text": "y"})
    assert column(found, "sender_id") == ["user7", "user1"]
    assert column(found, "from_me") == [False, True]


def test_a_telegram_name_without_an_id_is_not_guessed_to_be_me_IMP_19(tmp_path: Path) -> None:
    found = telegram(tmp_path, {"from": "Ann", "text": "x"}, {"from": "Tom", "text": "y"}, {"from": None, "text": "z"})
    assert column(found, "from_me") == [False, None, False]


def test_a_telegram_person_and_a_group_of_one_number_are_two_chats_IMP_1(tmp_path: Path) -> None:
    one = {"id": 1, "type": "message", "date_unixtime": "1646744862", "from_id": "user8", "from": "Bob", "text": "x"}
    chats = [{"name": t, "type": t, "id": 8, "messages": [one]} for t in ("personal_chat", "private_group")]
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"personal_information": {"user_id": 1}, "chats": {"list": chats}}))
    found = importers.together(importers.load([path], ZONE))
    assert len(set(column(found, "chat_id"))) == 2


def test_an_answer_to_a_message_of_another_telegram_chat_quotes_none_of_this(tmp_path: Path) -> None:
    answer = {"from_id": "user1", "text": "y", "reply_to_message_id": 0}
    found = telegram(tmp_path, {"from_id": "user7", "text": "x"}, answer, {**answer, "reply_to_peer_id": "channel9"})
    assert column(found, "quoted") == [None, "x", None]


def test_control_characters_of_telegram_do_not_end_an_import_IMP_12(tmp_path: Path) -> None:
    text = (
        '{"name":"A","type":"personal_chat","id":7,"messages":[{"id":1,"type":"message","date_unixtime":"1646744862",'
    )
    found = read("telegram_json", tmp_path / "r.json", text + '"from_id":"user7","text":"a\\x1Fb \\\\x1F"}]}')
    (said,) = column(found, "text")
    assert str(said).replace("\b", "") == "ab \\x1F"
    assert found.damaged == []


def test_a_colon_within_the_quotes_of_a_whatsapp_notice_names_nobody(tmp_path: Path) -> None:
    text = (
        '1/13/24, 10:00 - A: x\n1/13/24, 10:01 - A changed the subject from "a: b" to "c"\n1/13/24, 10:02 - B: y: z\n'
    )
    found = read("whatsapp_txt", tmp_path / "a.txt", text)
    assert column(found, "sender_name") == ["A", "WhatsApp", "B"]
    assert column(found, "is_group") == [False] * 3


def test_a_time_within_a_text_of_line_begins_no_message(tmp_path: Path) -> None:
    text = (
        '[LINE] Chat history with Ann\n\n2024.01.02 Tuesday\n10:00\tAnn\t"plan\n12:30 go to lunch"\n10:01 Ann in time\n'
    )
    assert column(read("line_txt", tmp_path / "a.txt", text), "text") == ["plan\n12:30 go to lunch", "in time"]


def test_a_name_of_two_words_in_a_line_file_without_tabs(tmp_path: Path) -> None:
    text = "[LINE] Chat history with Ann B\n\n2024.01.02 Tuesday\n10:00 Ann B hi there\n10:01 Tom x\n"
    found = read("line_txt", tmp_path / "a.txt", text)
    assert column(found, "sender_name") == ["Ann B", "Tom"]


def test_a_notice_of_meta_s_names_whoever_sent_it_and_anything_else_was_typed() -> None:
    for text in ("Tom Day changed the theme to Lo-Fi.", "You named the group x.", "Tom sent an attachment."):
        assert instagram_json.notice(text, "Tom Day")
    for text in ("I changed the plan", "she changed the light bulb", "we left the group", "Ann sent an attachment."):
        assert not instagram_json.notice(text, "Tom Day")


def test_an_answer_on_discord_that_is_a_picture_is_a_picture(tmp_path: Path) -> None:
    row = {"id": "1", "type": "Reply", "timestamp": "2023-01-17T19:33:07+00:00", "author": {"id": "1", "name": "a"}}
    picture = {**row, "content": "", "attachments": [{"fileName": "a.png"}]}
    whole = {"guild": {}, "channel": {"id": "7"}, "messages": [picture, {**row, "content": "yes", "id": "2"}]}
    assert column(read("discord_json", tmp_path / "a.json", json.dumps(whole)), "kind") == ["image", "quote"]


def test_every_line_of_a_signal_quote_loses_its_mark(tmp_path: Path) -> None:
    row = {"date": "2024-01-02T03:04:06+00:00", "sender": "Me", "body": "yo  ", "quote": "> hi\n> there\n\n"}
    assert column(read("signal_jsonl", tmp_path / "data.json", json.dumps(row)), "quoted") == ["hi\nthere"]


def test_an_answer_without_a_date_in_a_qq_text_was_typed(tmp_path: Path) -> None:
    text = "[QQChatExporter V5 / https://x]\n\n甲:\n时间: 2023-11-15 06:13:20\n内容: 好\n回复: 你好\n\n"
    text += "乙:\n时间: 2023-11-15 06:13:40\n内容: 来\n[回复: 11-15 06:13 甲 - 好]\n"
    found = read("qq_exporter_txt", tmp_path / "a.txt", text)
    assert column(found, "text") == ["好\n回复: 你好", "来"]
    assert column(found, "quoted") == [None, "好"]


def test_local_times_are_marked_and_exact_ones_are_left_alone_IMP_22(tmp_path: Path) -> None:
    local = read("whatsapp_txt", tmp_path / "a.txt", "1/13/24, 10:00 - A: x\n")
    assert column(local, "tz_known") == [False]
    assert [f"{at:%H:%M}" for at in local.messages["sent_at"]] == ["02:00"]  # in Shanghai
    exact = telegram(tmp_path, {"from_id": "user7", "text": "x", "date": "2000-01-01T00:00:00"})
    assert column(exact, "tz_known") == [True]
    assert [at.timestamp() for at in exact.messages["sent_at"]] == [1646744862]


def test_a_large_table_is_read_by_columns_IMP_23(tmp_path: Path) -> None:
    """A row loop takes more than 7 s of a core for these; columns take a fifth of a second."""
    head = "localId,TalkerId,Type,SubType,IsSender,CreateTime,Status,StrContent,StrTime,Remark,NickName,Sender\n"
    rows = "".join(f"{n},1,1,0,{n % 2},{1_700_000_000 + n},,text {n},,a,a,wxid_{n % 2}\n" for n in range(200_000))
    begin = time.process_time()
    assert read("memotrace_v1", tmp_path / "a.csv", head + rows).messages.height == 200_000
    assert time.process_time() - begin < 4


def test_importing_every_importer_does_nothing_IMP_24(tmp_path: Path) -> None:
    code = "from chatstylebot import importers\nfor key in importers.FORMATS: importers.module(key)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr, list(tmp_path.iterdir())) == ("", "", [])


def test_fullwidth_signs_are_style_and_stay_IMP_25(tmp_path: Path) -> None:
    text = "1/13/24, 10:00 - A: 好！ＡＢ１２，ｶﾞ ﬁ cafe\u0301\n"
    (tmp_path / "a.txt").write_text(text)
    found = clean.mark(importers.together(importers.load([tmp_path / "a.txt"], ZONE)).messages)
    assert found["text"].to_list() == ["好！ＡＢ１２，ｶﾞ ﬁ café"]


def test_an_imessage_that_stands_archived_only_is_quoted_all_the_same(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "chat.db")) as base:
        base.executescript((Path(__file__).parent / "exports/imessage_db/chat.sql").read_text("utf-8"))
        base.execute("UPDATE message SET thread_originator_guid = 'g5', text = 'mine' WHERE guid = 'g1'")
        base.commit()
    found = importers.module("imessage_db").read(tmp_path / "chat.db", "UTC")
    asked = found.messages.filter(found.messages["message_id"] == "g5")["text"].item()
    assert found.messages.filter(found.messages["message_id"] == "g1")["quoted"].item() == asked == "saturday?"
