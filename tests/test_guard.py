"""The output guard masks what stood in the raw exports, in a stream as in one piece."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatstylebot.corpus.privacy import plain, secret_hashes
from chatstylebot.corpus.privacy.known_secrets import Known
from chatstylebot.serving.guard import Guard

PHONE, EMAIL = "13812345678", "xiao.lin@example.com"
SECRETS = [("phone", PHONE), ("email", EMAIL), ("password", "hunter2x"), ("address", "杭州市西湖区文三路123号")]
KNOWN = Known(secret_hashes.pack([(kind, plain(kind, value)) for kind, value in SECRETS], b"k" * 16), "zh")


def through(pieces: list[str]) -> tuple[str, list[str]]:
    counted: list[str] = []
    guard = Guard(KNOWN, counted.append)
    return "".join([*map(guard.feed, pieces), guard.end()]), counted


def test_a_phone_number_of_the_exports_is_masked_however_it_is_spelt() -> None:
    assert through(["我电话138-1234-5678哈"]) == ("我电话[电话]哈", ["phone"])
    assert through(["+86 13812345678"])[0] == "[电话]"


def test_a_number_that_is_in_no_export_stays() -> None:
    assert through(["打 13900001111"]) == ("打 13900001111", [])


def test_a_secret_cut_into_single_characters_is_masked() -> None:
    assert through(list(f"发到{EMAIL}吧"))[0] == "发到[邮箱]吧"


def test_the_context_may_have_gone_out_before_the_value_came() -> None:
    assert through(["密码：", "hunter2x", " 别告诉别人"])[0] == "密码：[密码] 别告诉别人"


def test_words_go_out_as_soon_as_no_secret_can_begin_in_them() -> None:
    guard = Guard(KNOWN, lambda kind: None)
    assert guard.feed("hey what's ") == "hey what's "
    assert guard.feed("up\n") == "up\n"
    assert guard.feed("ok\n") == "ok\n"
    assert guard.feed("晚上") == ""
    assert guard.feed("吃啥，") == "晚上吃啥，"


@pytest.mark.parametrize(
    ("said", "masked"),
    [
        ("我的是\n138\n1234\n5678\n别给别人", "我的是\n[电话]\n别给别人"),
        ("138\n12345678", "[电话]"),
        ("write to xiao.lin\n@example.com ok", "write to [邮箱] ok"),
        ("密码是\nhunter2x\n哈哈", "密码是\n[密码]\n哈哈"),
    ],
)
def test_a_secret_spread_over_bubbles_is_masked(said: str, masked: str) -> None:
    assert through([said])[0] == masked


def test_what_stands_between_bubbles_is_the_card_s_separator() -> None:
    guard = Guard(KNOWN, lambda kind: None, " / ")
    assert guard.feed("138 / 1234 / 5678") + guard.end() == "[电话]"


def test_of_a_secret_whose_beginning_went_out_the_rest_does_not() -> None:
    out, counted = through(["住在杭州市西湖区\n", "文三路123号\n"])
    assert (out, counted) == ("住在杭州市西湖区\n[地址]\n", ["address"])


def test_without_hashes_nothing_is_held_back() -> None:
    guard = Guard(Known(b"", "zh"), lambda kind: None)
    assert guard.feed("138") == "138"
    assert guard.end() == ""


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="no list of hashed secrets"):
        Known(b"PK\x03\x04 something else", "zh")


WORDS = st.sampled_from(
    [
        PHONE,
        EMAIL,
        "138 1234 5678",
        "138\n1234\n5678",
        "密码是hunter2x",
        "杭州市西湖区文三路123号",
        "哈哈哈",
        "ok",
        "，",
        "。",
        " ",
        "\n",
        "1",
        "2333",
        "on my way",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=12), st.data())
def test_no_known_secret_leaves_in_any_pieces(words: list[str], data: st.DataObject) -> None:
    text = "".join(words)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=10)))
    out, _ = through([text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)])
    assert KNOWN.spans(out) == []
    assert not [kind for *_, kind in KNOWN.spans(out.replace("\n", "")) if kind == "phone"]
    assert through([text])[0] == out
