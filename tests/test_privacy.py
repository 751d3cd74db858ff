"""Private data beside Chinese characters goes; talk with digits in it stays. Ids as in facts/pitfalls.md."""

import json
from pathlib import Path

import polars as pl
import pytest
from conftest import Csb
from make import export, samples, talk

from chatstylebot.corpus import privacy, secret_hashes


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
