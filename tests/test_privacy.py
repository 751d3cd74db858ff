"""Private data beside Chinese characters goes; talk with digits in it stays. Ids as in facts/pitfalls.md."""

import json
from pathlib import Path

import polars as pl
import pytest
from conftest import Csb
from hypothesis import given, settings
from hypothesis import strategies as st
from make import export, samples, talk

from chatstylebot.corpus import detectors, privacy, secret_hashes
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
    assert pl.Series([text]).str.contains(privacy.SUSPECT).all()


@pytest.mark.parametrize(
    "text", ["手机１３８－１２３４－５６７８", "打+4420 7946 0958", "打＋44 (20) 7946", "ａ.b＠qq.com"]
)
def test_what_the_quick_look_passes_over_is_never_private(text: str) -> None:
    assert privacy.Finder("zh").replace(text) == text or pl.Series([text]).str.contains(privacy.SUSPECT).all()


@pytest.mark.parametrize(
    "text",
    [
        "哈哈哈哈哈666666", "520快乐", "2333333333", "今天11点半见", "花了12000块", "排队排到第1024号",
        "2024年10月1日放假", "12306抢票", "110报警",
        "19:30-21:00开会", "3-1赢了", "版本3.11.7", "10086发短信来了", "房价55000一平",
        "我有18个", "440106199203154321", "6222021000012345674", "@小明 来吗", "昨天3-1赢了",
    ],
)  # fmt: skip
def test_talk_with_digits_raises_no_alarm_PRI_3(text: str) -> None:
    assert privacy.Finder("zh").replace(text) == text


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("打 +86 138 1234 5678", "打 [电话1]"),
        ("一三八一二三四五六七八", "[电话1]"),
        ("幺三八 一二三四 五六七八", "[电话1]"),
        ("座机020-87654321", "座机[电话1]"),
        ("(020)87654321打这个", "[电话1]打这个"),
        ("02087654321", "[电话1]"),
        ("座机87654321", "座机[电话1]"),
        ("加我微信 zhangsan_1990", "加我微信 [微信号1]"),
        ("微信号：wxid_a1b2c3d4e5f6g7", "微信号：[微信号1]"),
        ("vx: abc12345 备注来意", "vx: [微信号1] 备注来意"),
        ("QQ号12345678", "QQ号[QQ号1]"),
        ("加q 987654321", "加q [QQ号1]"),
        ("我住广州市天河区体育西路101号维多利广场B座1201", "我住[地址1]"),
        ("寄到北京朝阳区望京SOHO T3 2503", "寄到[地址1]"),
        ("学校12栋304", "学校[地址1]"),
        ("粤B12345停楼下", "[车牌1]停楼下"),
        ("车牌粤BD12345", "车牌[车牌1]"),
        ("护照E12345678", "护照[护照1]"),
        ("密码是Abc@1234", "密码是[密码1]"),
        ("wifi密码 88888888", "wifi密码 [密码1]"),
        ("取件码 7-3-2045", "取件码 [验证码1]"),
        ("验证码是 482913", "验证码是 [验证码1]"),
        ("【某宝】482913是你的验证码", "【某宝】[验证码1]是你的验证码"),
        ("服务器192.168.1.1", "服务器[IP1]"),
        ("my password is hunter2", "my password is [密码1]"),
        ("pw: abc123", "pw: [密码1]"),
        ("my ssn is 123456789", "my ssn is [社保号1]"),
        ("SSN 123-45-6789", "SSN [社保号1]"),
        ("I live at 123 Main Street, Apt 4B", "I live at [地址1]"),
        ("https://x.org/a?token=abcdef123 看", "[链接1] 看"),
        ("door code 4821", "door code [验证码1]"),
    ],
)
def test_what_needs_a_word_before_it_is_found_PRI_1(text: str, expected: str) -> None:
    assert privacy.Finder("zh").replace(text) == expected
    assert pl.Series([text]).str.contains(privacy.SUSPECT).all()


@pytest.mark.parametrize(
    "text",
    [
        "1111111", "999感冒灵", "第3000章", "QQ飞车", "密码正确", "验证码收不到", "password reset", "I forgot my password",
        "my password is wrong", "version 3.11.7.1", "版本3.11.7.1", "我在路上", "我住宿舍", "送到楼下就行",
        "5 minutes down the road", "走了3条街", "微信 windows 版", "wechat official account", "code 200", "一二三四五六七",
        "https://b23.tv/abc?p=2", "200 people in the street", "密码是多少", "你住几号楼", "400-800-1234", "2024-05-01见",
        "电话打不通", "12 months on the road", "密码123",
    ],
)  # fmt: skip
def test_talk_about_private_things_raises_no_alarm_PRI_3(text: str) -> None:
    assert privacy.Finder("zh").replace(text) == text
    assert privacy.Finder("en").replace(text) == text


PIECES = st.sampled_from(
    ["13812345678", "密码是", "Abc@1234", "[电话1]", "[PHONE_1]", "[PASSWORD_12]", " ", "，", "验证码", "482913", "加q", "987654321", "a@b.cn",
     "我住广州市天河区体育西路101号", "password is", "hunter2", "020-87654321", "粤B12345", "[", "]", "微信号：", "zhangsan_1990", "哈哈"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=8).map("".join), st.sampled_from(["zh", "en"]))
@settings(max_examples=400, deadline=None, derandomize=True)
def test_redaction_is_idempotent_whatever_stands_beside_what(text: str, language: str) -> None:
    once = privacy.Finder(language).replace(text)
    assert privacy.Finder(language).replace(once) == once


def test_no_rule_uses_a_word_border_and_none_hangs_on_long_rubbish() -> None:
    assert not [rule.kind for rule in detectors.RULES if r"\b" in rule.pattern.pattern]
    for unit in ("1", "一", "a", "1-", "路", "a.", "省市", "住在", "密码", "1 a ", "@a", "[电话", "0 "):
        privacy.Finder("zh").replace(unit * (20_000 // len(unit)))


def test_names_of_contacts_are_hidden_on_wish_but_ordinary_words_are_not() -> None:
    finder = privacy.Finder("zh", names=["张伟", "妈妈", "Ann", "李"])
    assert finder.replace("张伟和妈妈去看Ann，Anna没去，李也没去") == "[姓名1]和妈妈去看[姓名2]，Anna没去，李也没去"


def test_the_user_s_own_list_is_hidden_and_a_bad_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("# mine\nProject Falcon\nre:工号\\d+\n", "utf-8")
    finder = privacy.Finder("en", block=privacy.block_list(tmp_path / "words.txt"))
    assert finder.replace("project falcon, 工号1234") == "[BLOCKED_1], [BLOCKED_2]"
    for bad, why in (("re:(", "line 1 is no regular expression"), ("re:x*", "line 1 matches everything")):
        (tmp_path / "words.txt").write_text(bad)
        with pytest.raises(UserError, match=why):
            privacy.block_list(tmp_path / "words.txt")


def test_words_of_the_list_and_names_are_hidden_in_the_samples(preprocess: Csb, place: Path) -> None:
    (place / "words.txt").write_text("falcon\n")
    rows = talk("A: is Alice coming with falcon", "me: Alice is, falcon not")
    preprocess(export(place / "m.csv", rows), "--block", "words.txt", "--hide-names")
    (sample,) = samples(place / "data" / "chat_records.json")
    assert sample["instruction"] == "is [NAME_1] coming with [BLOCKED_1]"
    assert sample["output"] == "[NAME_1] is, [BLOCKED_1] not"


def test_quotes_are_redacted_too() -> None:
    table = pl.DataFrame({"text": ["ok"], "quoted": ["打13812345678"]})
    assert privacy.preview(table) == {"phone": 1}
