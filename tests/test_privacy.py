"""Private data beside Chinese characters goes; talk with digits in it stays. Ids as in facts/pitfalls.md."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from conftest import Csb
from hypothesis import given, settings
from hypothesis import strategies as st
from make import export, samples, talk

from chatstylebot.corpus import privacy, store
from chatstylebot.corpus.messages import SCHEMA
from chatstylebot.corpus.privacy import detectors, secret_hashes, suspects
from chatstylebot.errors import UserError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我的电话13812345678你记一下", "我的电话[电话1]你记一下"),
        ("电话:138-1234-5678", "电话:[电话1]"),
        ("打 +86 138 1234 5678", "打 [电话1]"),
        ("手机１３８１２３４５６７８。", "手机[电话1]。"),
        ("身份证11010519491231002X", "身份证[身份证1]"),
        ("身份证号是440106199203154322哈", "身份证号是[身份证1]哈"),
        ("卡号6222021000012345673转我", "卡号[银行卡1]转我"),
        ("卡号 6222 0210 0001 2345 673", "卡号 [银行卡1]"),
        ("邮箱是abc@qq.com哈", "邮箱是[邮箱1]哈"),
        ("发到123456789@qq.com吧", "发到[邮箱1]吧"),
        ("call +1 (415) 555-0134 ok", "call [电话1] ok"),
        ("call (415) 555-0134 or 415-555-0135", "call [电话1] or [电话2]"),
        ("138.1234.5678", "[电话1]"),
        ("138\u200b1234\u200b5678", "[电话1]"),
        ("13812345678和138 1234 5678和13987654321", "[电话1]和[电话1]和[电话2]"),
    ],
)
def test_private_values_beside_chinese_characters_are_found_PRI_1(text: str, expected: str) -> None:
    assert privacy.Finder("zh").replace(text) == expected
    assert len(suspects.places(pl.Series([text]))) == 1


@pytest.mark.parametrize(
    "text", ["手机１３８－１２３４－５６７８", "打+4420 7946 0958", "打＋44 (20) 7946", "ａ.b＠qq.com"]
)
def test_what_the_quick_look_passes_over_is_never_private(text: str) -> None:
    assert privacy.Finder("zh").replace(text) == text or len(suspects.places(pl.Series([text]))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "哈哈哈哈哈666666", "520快乐", "2333333333", "今天11点半见", "花了12000块", "排队排到第1024号",
        "2024年10月1日放假", "12306抢票", "110报警",
        "19:30-21:00开会", "3-1赢了", "版本3.11.7", "10086发短信来了", "房价55000一平",
        "我有18个", "440106199203154321", "6222021000012345674", "@小明 来吗", "昨天3-1赢了",
        "1111111", "999感冒灵", "第3000章", "6666666666666", "233333333333333", "5202333520", "1234567890",
        "3.1415926535",
        "QQ飞车", "QQ空间2019年的", "QQ等级100000", "加q币100", "微信8.0.49更新了", "微信iphone15版", "我的微信步数12345",
        "密码正确", "密码忘了", "密码6位", "密码是6位数", "密码输错3次", "密码是多少", "口令红包666666",
        "验证码收不到", "验证码发我", "验证码收不到，10086也没人", "取件码多少", "电话没电了", "地址发我",
        "我在路上", "知道1号放假", "逛街1号去", "上路3号", "我们小区物业费2500", "住在一起5年了", "快递送到门口3个人拿", "第3单元100页",
        "3楼302教室", "使GPT4000", "RTX4090", "新S21", "高铁G1234", "一二三四五六七八九十一二", "一三五七九",
        "版本3.11.7.1", "version 3.11.7.1", "v10.0.0.1", "11.12.13.14放假", "2024/10/1-2024/10/7",
        "2024-10-01 12:30",
        "password reset", "I forgot my password", "the password is wrong", "password must be 8 characters",
        "my number is 7",
        "2 hour drive", "1 way street", "a 5 star street food place", "20 people on the street",
        "error code 500",
        "13333333333哈哈", "13145201314", "一三一四五二零一三一四", "WeChat is blocked here", "my wechat is banned",
        "上海路5号线", "走二段路", "promo code: 2024", "status code: 5000", "账号10086", "账户余额100000000", "tv: netflix1",
        "V：你好", "GB28 NWBK 6016 1331 9268 19", "密码换了100000遍", "邀请码多少", "货架3层",
        "400-820-8820", "S20240101", "看 https://example.com/a?page=2", "我住天河区", "12栋楼",
    ],
)  # fmt: skip
def test_talk_with_digits_raises_no_alarm_PRI_3(text: str) -> None:
    assert privacy.Finder("zh").replace(text) == text


PROBES = [
    ("一三八一二三四五六七八", "[电话1]"),
    ("幺三八 一二三四 五六七八", "[电话1]"),
    ("座机020-87654321", "座机[电话1]"),
    ("座机(0755)87654321", "座机[电话1]"),
    ("138 123 45678", "[电话1]"),
    ("my number is 4155550134", "my number is [电话1]"),
    ("44010619920315432，最后一位2", "[身份证1]，最后一位2"),
    ("身份证 440106 19920315 4322", "身份证 [身份证1]"),
    ("身份证440106199203154321", "身份证[身份证1]"),
    ("邮箱zhang.san@qq.com", "邮箱[邮箱1]"),
    ("加我微信 zhangsan_1990", "加我微信 [微信号1]"),
    ("微信号：wxid_a1b2c3d4e5f6g7", "微信号：[微信号1]"),
    ("vx: abc12345 备注来意", "vx: [微信号1] 备注来意"),
    ("威信：zhangsan", "威信：[微信号1]"),
    ("QQ号12345678", "QQ号[QQ号1]"),
    ("加q 987654321", "加q [QQ号1]"),
    ("扣扣123456", "扣扣[QQ号1]"),
    ("我住广州市天河区体育西路101号维多利广场B座1201", "我住[地址1]"),
    ("寄到北京朝阳区望京SOHO T3 2503", "寄到[地址1]"),
    ("学校12栋304", "学校[地址1]"),
    ("中山路88号3栋502，到了打我", "[地址1]，到了打我"),
    ("I live at 123 Main Street, Apt 4B", "I live at [地址1]"),
    ("粤B12345停楼下", "[车牌1]停楼下"),
    ("车牌粤BD12345", "车牌[车牌1]"),
    ("密码是Abc@1234", "密码是[密码1]"),
    ("密码：Hunter2!", "密码：[密码1]"),
    ("密码：１２３４５６", "密码：[密码1]"),
    ("wifi密码 88888888", "wifi密码 [密码1]"),
    ("my password is hunter2.", "my password is [密码1]."),
    ("pw: abc123", "pw: [密码1]"),
    ("the wifi password is swordfish", "the wifi password is [密码1]"),
    ("取件码 7-3-2045", "取件码 [验证码1]"),
    ("验证码是 482913", "验证码是 [验证码1]"),
    ("482913是你的验证码", "[验证码1]是你的验证码"),
    ("【某某】您的验证码482913，5分钟内有效", "【某某】您的验证码[验证码1]，5分钟内有效"),
    ("your verification code is 482913", "your verification code is [验证码1]"),
    ("护照E12345678", "护照[护照1]"),
    ("服务器192.168.1.1", "服务器[IP1]"),
    ("IP 1.2.3.4", "IP [IP1]"),
    ("SSN 123-45-6789", "SSN [社保号1]"),
    ("https://a.example/x?access_token=abcdef123 看", "[链接1] 看"),
    ("postgres://bob:s3cret@db.example/x", "[链接1]"),
    ("021－62345678", "[电话1]"),
    ("我的建行卡6227001234567890123", "我的建行卡[银行卡1]"),
    ("账号6222021000012345674", "账号[银行卡1]"),
    ("GB29 NWBK 6016 1331 9268 19", "[银行卡1]"),
    ("iban: DE89370400440532013000", "iban: [银行卡1]"),
    ("CVV 123", "CVV [验证码1]"),
    ("安全码是 123", "安全码是 [验证码1]"),
    ("call 07700 900123", "call [电话1]"),
    ("0151 23456789", "[电话1]"),
    ("v：zhangsan123", "v：[微信号1]"),
    ("薇❤zhangsan123", "薇❤[微信号1]"),
    ("Q号12345678", "Q号[QQ号1]"),
    ("朝阳区建国路88号SOHO现代城C座1502", "[地址1]"),
    ("成都市武侯区人民南路四段十号", "[地址1]"),
    ("台北市信义路五段7号", "[地址1]"),
    ("1600 Pennsylvania Ave NW, Washington, DC 20500", "[地址1]"),
    ("code: 123456", "code: [验证码1]"),
    ("PIN是1234", "PIN是[验证码1]"),
    ("提取码: abcd", "提取码: [验证码1]"),
    ("货架号 3-2-1024", "货架号 [验证码1]"),
    ("密码就是我生日19920315", "密码就是我生日[密码1]"),
    ("passcode 482913", "passcode [密码1]"),
    ("Password - hunter2", "Password - [密码1]"),
    ("psw: hunter2", "psw: [密码1]"),
    ("mima: 123456", "mima: [密码1]"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w", "[密钥1]"),
]


@pytest.mark.parametrize(("text", "expected"), PROBES, ids=[text for text, _ in PROBES])
def test_private_values_of_every_kind_are_found_by_context_or_form_PRI_7(text: str, expected: str) -> None:
    assert privacy.Finder("zh").replace(text) == expected
    assert len(suspects.places(pl.Series([text]))) == 1


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("发到123456789@qq.com吧", {"email": 1}),  # not a QQ number too
        ("密码13812345678", {"phone": 1}),
        ("https://a.example/?token=abcdef&mail=me@b.example", {"url": 1}),
        ("寄到北京朝阳区望京街10号 13812345678", {"address": 1, "phone": 1}),
        ("微信号：wxid_a1b2c3d4", {"wechat": 1}),
    ],
)
def test_a_value_inside_another_is_not_counted_twice(text: str, counts: dict[str, int]) -> None:
    finder = privacy.Finder("zh")
    finder.replace(text)
    assert finder.counts == counts


def test_no_pattern_uses_the_border_that_fails_beside_chinese_characters_PRI_1() -> None:
    assert len(detectors.RULES) > 30
    assert not [rule.pattern.pattern for rule in detectors.RULES if "\\b" in rule.pattern.pattern]
    assert all(rule.pattern.groups <= 1 for rule in detectors.RULES)


PIECES = [
    *(text for text, _ in PROBES), *"路区号市村栋座省，。：:@+-. []x1930一三是", "密码", "验证码", "微信", "wxid_", "13812345678", "[电话1]",
    "[PHONE_1]", "[密码1]", "http://", "?token=", "0755", "8765", "住", "寄到", "password is ", " St ", "1 ",
    "\n", "３８", "＠",
]  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=7).map("".join), st.sampled_from(["zh", "en"]))
def test_redacting_twice_is_redacting_once_and_the_quick_look_passes_over_nothing(text: str, language: str) -> None:
    once = privacy.Finder(language).replace(text)
    finder = privacy.Finder(language)
    assert finder.replace(once) == once
    assert not finder.counts
    assert once == text or len(suspects.places(pl.Series([text]))) == 1


@pytest.mark.parametrize(
    "piece",
    [
        *"1a路区中[@.- ", "1 ", "1-", "a@", "a.", "市路", "中区", "中路1号", "1栋", "一", "密码", "密码!", "://",
        "a://", "?a=", "+1", "0755",
        "1.", "2024:", "Main ", "1 Main ", "pass ", "password is ", "住中区1", "我住中区", "4111 ",
        "13812345678 ", "a@b.cc ", "wxid_", "微信a", "[电话1]",
    ],
)  # fmt: skip
def test_long_and_odd_texts_take_time_in_proportion(piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    start = time.process_time()
    privacy.Finder("zh").replace(text + "!")
    assert time.process_time() - start < 30


def test_redaction_is_idempotent_and_speaks_the_card_s_language() -> None:
    finder = privacy.Finder("en")
    once = finder.replace("mail a.b@example.com, call 13812345678")
    assert once == "mail [EMAIL_1], call [PHONE_1]"
    assert finder.replace(once) == once


def test_no_private_value_is_in_anything_that_preprocess_leaves(preprocess: Csb, place: Path) -> None:
    rows = talk(
        "A: 我的电话13812345678你记一下", "me: 记了 13812345678", "A: 邮箱呢", "me: abc@qq.com", name="13987654321"
    )
    (place / "clone.yaml").write_text("name: 小满\nsystem: 你是{name}，正在和{contact}聊天。\n", "utf-8")
    done = preprocess(export(place / "m.csv", rows), "--report", "r.json")
    (place / "m.csv").unlink()
    for path in place.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        assert b"13812345678" not in data, path
        assert b"abc@qq.com" not in data, path
        assert b"13987654321" not in data, path
    assert "13812345678" not in done.stdout + done.stderr
    report = json.loads(Path("r.json").read_text("utf-8"))
    assert report["redacted"] == {"email": 1, "phone": 2 + 2}
    assert samples(Path("data/chat_records.json"))[1]["history"] == [["我的电话[电话1]你记一下", "记了 [电话1]"]]


def test_drop_leaves_the_message_out_and_off_leaves_it_as_it_is(preprocess: Csb, place: Path) -> None:
    file = export(place / "m.csv", talk("A: 电话?", "me: 13812345678", "A: 好的", "me: 嗯"))
    out = Path("data/chat_records.json")
    preprocess(file, "--privacy", "drop", "--report", "r.json")
    assert [s["instruction"] for s in samples(out)] == ["电话?\n好的"]
    assert json.loads(Path("r.json").read_text("utf-8"))["dropped"] == {"private": 1}
    preprocess(file, "--privacy", "off")
    assert [s["output"] for s in samples(out)] == ["13812345678", "嗯"]


def test_the_hash_file_knows_the_values_and_does_not_hold_them(preprocess: Csb, place: Path) -> None:
    file = export(place / "m.csv", talk("A: 电话?", "me: 138-1234-5678"))
    preprocess(file)
    packed = Path(".csb/secrets.bin").read_bytes()
    assert secret_hashes.holds(packed, "phone", "13812345678")
    assert not secret_hashes.holds(packed, "phone", "13812345679")
    assert b"13812345678" not in packed
    preprocess(file)
    assert Path(".csb/secrets.bin").read_bytes() == packed


def test_an_id_that_is_a_number_gets_an_alias_that_is_the_same_in_every_run(preprocess: Csb, place: Path) -> None:
    lines = [f"{who}: {who} {n}" for n in range(20) for who in ("A", "me")]
    file = export(place / "m.csv", talk(*lines, name="13987654321"))

    def chat() -> str:
        preprocess(file, "--heldout", "0.1")
        [name] = {json.loads(line)["chat_id"] for line in Path(".csb/heldout.jsonl").read_text("utf-8").splitlines()}
        return name  # type: ignore[no-any-return]

    first = chat()
    assert first.startswith("id-")
    assert chat() == first


def test_a_file_that_is_called_by_a_number_is_nowhere_named_so(preprocess: Csb, place: Path) -> None:
    rows = [row[:9] for row in talk("A: hi", "me: yo", "A: bye")]
    preprocess(export(place / "13987654321.csv", rows), "--report", "r.json")
    for path in [p for p in place.rglob("*") if p.is_file() and p.suffix != ".csv"]:
        assert b"13987654321" not in path.read_bytes(), path
    assert json.loads(Path("r.json").read_text("utf-8"))["examples"] == {"unanswered": "[PHONE_1].csv row 4"}


def table(*texts: str, quoted: str | None = None, kind: str = "text") -> pl.DataFrame:
    rows = [
        {
            "chat_id": "1",
            "sender_id": "a",
            "from_me": False,
            "kind": kind,
            "text": text,
            "quoted": quoted,
            "chat_name": "Ann",
        }
        for text in texts
    ]
    return pl.DataFrame(rows, schema_overrides=SCHEMA).select(
        *(pl.col(c) if c in rows[0] else pl.lit(None, kind_of).alias(c) for c, kind_of in SCHEMA.items())
    )


def shown(messages: pl.DataFrame, **more: object) -> tuple[pl.DataFrame, privacy.Finder]:
    finder = privacy.Finder("zh", **more)  # type: ignore[arg-type]
    return privacy.redact(messages, "redact", finder, lambda value: "id-x"), finder


def test_quotes_and_messages_that_no_sample_holds_are_redacted_too() -> None:
    messages, finder = shown(table("嗯", quoted="密码是Abc@1234"))
    assert messages["quoted"].to_list() == ["密码是[密码1]"]
    messages, finder = shown(table("转发：电话13812345678", kind="forward"))
    assert messages["text"].to_list() == ["转发：电话[电话1]"]
    assert finder.counts == {"phone": 1}


def test_numbers_are_the_same_in_every_run_and_in_the_order_of_what_was_said() -> None:
    texts = ["13812345678", "a@b.example", "13912345678 13812345678"]
    runs = [shown(table(*texts))[0]["text"].to_list() for _ in range(2)]
    assert runs == [["[电话1]", "[邮箱1]", "[电话2] [电话1]"]] * 2


def test_the_preview_counts_by_type_as_the_redaction_does_and_tells_no_value() -> None:
    messages = table("电话13812345678", "密码：hunter22", "13812345678")
    assert privacy.preview(messages) == {"password": 1, "phone": 2}


def test_contacts_names_are_hidden_on_request_and_ordinary_words_never() -> None:
    names = ["张伟明", "张伟", " Alice Li ", "妈妈", "王", "Will", "Bo"]
    messages, finder = shown(table("张伟明和张伟都来", "alice li said hi", "Will you? 妈妈说王"), names=names)
    assert messages["text"].to_list() == ["[姓名1]和[姓名2]都来", "[姓名3] said hi", "Will you? 妈妈说王"]
    assert finder.counts == {"name": 3}


def test_a_thousand_names_are_as_fast_as_one() -> None:
    dice = random.Random(1)
    names = ["".join(chr(0x4E00 + dice.randrange(5000)) for _ in range(3)) for _ in range(2000)]
    finder = privacy.Finder("zh", names)
    start = time.process_time()
    for _ in range(200):
        finder.replace("今天晚上我们去看电影好不好啊" * 5)
    assert time.process_time() - start < 5
    assert finder.replace(f"问{names[7]}去") == "问[姓名1]去"


def test_the_user_s_own_list_hides_words_and_expressions(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("# mine\n凤凰计划\nACME\n\nre:工号\\d{4}\n", "utf-8")
    block = privacy.block_list(file)
    messages, _ = shown(table("凤凰计划的工号1234", "acme好", "电话1"), block=block)
    assert messages["text"].to_list() == ["[屏蔽1]的[屏蔽2]", "[屏蔽3]好", "电话1"]
    assert shown(messages, block=block)[0]["text"].to_list() == messages["text"].to_list()


def test_a_list_that_cannot_be_used_names_every_line(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("ok\nre:(\nre:x*\nre:(a+)+\n", "utf-8")
    with pytest.raises(UserError, match=r"line 2 .*; line 3 .*; line 4 ") as raised:
        privacy.block_list(file)
    assert "re:" in raised.value.remedy
    with pytest.raises(UserError, match="cannot be read"):
        privacy.block_list(tmp_path / "none.txt")


def test_no_value_is_in_the_report_or_on_the_screen_whatever_its_kind(preprocess: Csb, place: Path) -> None:
    values = ["Abc@1234", "zhangsan_1990", "粤B12345", "体育西路101号", "7-3-2045", "E12345678"]
    rows = talk(
        "A: 密码是Abc@1234", "me: 加我微信 zhangsan_1990", "A: 粤B12345停楼下", "me: 体育西路101号", "A: 取件码 7-3-2045",
        "me: 护照E12345678",
    )  # fmt: skip
    done = preprocess(export(place / "m.csv", rows), "--report", "r.json")
    (place / "m.csv").unlink()
    written = b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file())
    assert not [value for value in values if value.encode() in written or value in done.stdout + done.stderr]
    redacted = json.loads(Path("r.json").read_text("utf-8"))["redacted"]
    assert redacted == {"address": 1, "code": 1, "passport": 1, "password": 1, "plate": 1, "wechat": 1}


def test_a_password_is_found_behind_what_it_is_for() -> None:
    assert privacy.Finder("en").replace("password for the wifi: hunter22") == "password for the wifi: [PASSWORD_1]"


def test_a_file_called_by_a_hidden_contact_is_hidden_too(preprocess: Csb, place: Path) -> None:
    (place / "WhatsApp Chat with Annabel.txt").write_text("1/13/24, 10:00 - Annabel: up?\n1/13/24, 10:01 - Tom: yes\n")
    preprocess("WhatsApp Chat with Annabel.txt", "--me", "Tom", "--hide-names", "--report", "r.json")
    assert "Annabel" not in (place / "r.json").read_text()
    assert "Annabel" not in str(pl.read_parquet(place / ".csb" / "messages.parquet").to_dicts())


def test_both_languages_rules_run_whatever_the_card_says_PRI_5() -> None:
    line = "电话13812345678，call (415) 555-0134，身份证11010519491231002X，SSN 123-45-6789，密码是Abc@1234"
    assert privacy.Finder("en").replace(line) == (
        "电话[PHONE_1]，call [PHONE_2]，身份证[ID_1]，SSN [SSN_1]，密码是[PASSWORD_1]"
    )


def test_the_same_value_has_one_placeholder_and_no_message_is_deleted_PRI_2(preprocess: Csb, place: Path) -> None:
    preprocess(
        export(place / "m.csv", talk("A: 2024-05-01见，北京", "me: 打13812345678", "A: 138 1234 5678?", "me: 对"))
    )
    [one, two] = samples(Path("data/chat_records.json"))
    assert (one["instruction"], one["output"], two["instruction"]) == ("2024-05-01见，北京", "打[电话1]", "[电话1]?")


def test_no_digit_of_a_value_is_left_in_a_placeholder_PRI_6() -> None:
    texts = ["13812345678", "11010519491231002X", "6222021000012345673", "a.person@example.com"]
    assert [privacy.Finder("zh").replace(text) for text in texts] == ["[电话1]", "[身份证1]", "[银行卡1]", "[邮箱1]"]


def test_names_and_remarks_of_the_export_are_the_name_list_PRI_4(preprocess: Csb, place: Path) -> None:
    rows = talk("A: 张伟明说几点", "me: 问张伟明，看 https://a.example/?token=abcd1234", name="张伟明")
    preprocess(export(place / "m.csv", rows), "--hide-names")
    [sample] = samples(Path("data/chat_records.json"))
    assert (sample["instruction"], sample["output"]) == ("[姓名1]说几点", "问[姓名1]，看 [链接1]")


def test_a_private_run_opens_no_connection_PRI_8(place: Path) -> None:
    code = (
        "import sys\n"
        "def hook(event, args):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo'): raise SystemExit(f'{event} {args}')\n"
        "sys.addaudithook(hook)\n"
        "from chatstylebot.cli import main\nmain(['preprocess', 'm.csv', '--heldout', '0'])"
    )
    export(place / "m.csv", talk("A: 电话?", "me: 13812345678"))
    subprocess.run([sys.executable, "-c", code], check=True, cwd=place, capture_output=True)


def test_a_secret_told_to_one_contact_stands_in_no_sample_of_another_PRI_10(preprocess: Csb, place: Path) -> None:
    rows = [
        *talk("A: 那事呢", "me: 秘密是蓝门", "A: 嗯", "me: 别说"),
        *talk("A: 在", "me: 在", talker=2, name="Bob", start=5),
    ]
    preprocess(export(place / "m.csv", rows))
    found = samples(Path("data/chat_records.json"))
    assert len([s for s in found if "蓝门" in json.dumps(s, ensure_ascii=False)]) == 2
    assert [s["history"] for s in found if s["instruction"] == "在"] == [[]]


def test_the_machine_says_how_many_write_at_a_time_PRI_9() -> None:
    assert [store.workers(5, cores) for cores in (None, 1, 2, 64)] == [1, 1, 2, 5]


def test_no_package_is_asked_for_that_only_looks_like_a_model_PRI_12() -> None:
    wanted = (Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8")
    assert not [name for name in ("zh-core-web-sm", "zh_core_web_sm", "datamask-core") if name in wanted]
