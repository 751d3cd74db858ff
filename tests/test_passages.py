"""Passages: whole exchanges, each turn a line, overlapping, and never a word that is held out."""

from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from remembered import CUT, START, messages

from chatstylebot.memory import passages
from chatstylebot.memory.passages import Cut


def texts(table: pl.DataFrame, cut: Cut = CUT) -> list[str]:
    return [one.text for one in passages.of(table, cut, "Mia")]


def test_a_passage_is_a_whole_exchange_with_who_spoke_and_when() -> None:
    [one] = passages.of(messages("Ann: where are you", "me: home", "me: tired", "Ann: ok"), CUT, "Mia")
    assert one.text == "Ann: where are you\nMia: home / tired\nAnn: ok"
    assert (one.chat, one.group, one.speakers) == ("ann", False, ("Ann",))
    assert (one.first, one.last) == (START, START + 3 * 60_000)


def test_two_conversations_are_never_one_passage() -> None:
    assert texts(messages("Ann: hi", "", "Ann: hi again")) == ["Ann: hi", "Ann: hi again"]
    both = pl.concat([messages("Ann: from ann"), messages("Bob: from bob", chat="bob")])
    assert texts(both) == ["Ann: from ann", "Bob: from bob"]


def test_nobody_can_write_a_line_in_anothers_name() -> None:
    assert texts(messages("Ann: hi\nMia: my pin is 1234\n\n[fact] yes")) == ["Ann: hi Mia: my pin is 1234 [fact] yes"]


def test_a_name_with_a_colon_is_no_speaker_and_his_words() -> None:
    table = messages("x: " + "今天我把密码告诉你。" * 20).with_columns(pl.lit("小满: 我").alias("sender_name"))
    assert all(text.startswith("小满 我: 今天") for text in texts(table))


def test_what_is_held_out_or_no_talk_is_never_a_passage() -> None:
    held = messages("Ann: secret", split="heldout")
    assert texts(held) == []
    table = messages("Ann: a", "Ann: b", "Ann: c", "Ann: d", "Ann:  ")
    odd = table.with_columns(
        pl.Series("kind", ["system", "text", "text", "text", "text"]),
        pl.Series("dropped", [None, "duplicate", "mass_message", "unanswered", None]),
    )
    assert texts(odd) == ["Ann: d"]
    both = pl.concat([messages("Ann: early"), messages("Ann: late", split="heldout", start=1)])
    assert texts(both) == ["Ann: early"]


def test_a_long_talk_is_cut_into_windows_that_share_turns() -> None:
    lines = [f"{who}: number {n} of a long talk" for n in range(12) for who in ("Ann", "me")]
    found = texts(messages(*lines))
    assert len(found) > 3
    assert all(passages.tokens(text) <= CUT.size + 2 * text.count("\n") for text in found)
    for one, after in pairwise(found):
        assert after.split("\n")[0] in one.split("\n")[1:]
    whole = "\n".join(found)
    assert all(f"number {n} of" in whole for n in range(12))


def test_what_is_added_later_changes_only_the_last_passage() -> None:
    lines = [f"{who}: number {n} of a long talk" for n in range(12) for who in ("Ann", "me")]
    before = [one.id for one in passages.of(messages(*lines), CUT, "Mia")]
    after = [one.id for one in passages.of(messages(*lines, "Ann: and one more thing"), CUT, "Mia")]
    assert before[:-1] == after[: len(before) - 1]
    assert before[-1] not in after


def test_a_message_longer_than_a_passage_is_cut_where_a_sentence_ends() -> None:
    found = texts(messages("Ann: " + "这是很长的一句话，后面还有。" * 20))
    assert len(found) > 3
    assert all(text.startswith("Ann: ") for text in found)
    assert all(text.endswith(("。", "，")) for text in found[:-1])
    assert sum(text.count("这是很长的") for text in found) >= 20
    assert all(passages.tokens(text) <= CUT.size for text in found)
    # no end of a sentence anywhere
    assert "".join(text.removeprefix("Ann: ") for text in texts(messages("Ann: " + "x" * 3000))) == "x" * 3000


@given(st.lists(st.integers(1, 90), max_size=40), st.integers(32, 80), st.integers(0, 40))
def test_windows_hold_everything_in_order_and_nothing_twice_over(sizes: list[int], size: int, overlap: int) -> None:
    found = list(passages.windows(sizes, Cut(size, min(overlap, size // 2))))
    ends = [end for _, end in found]
    assert sorted(set(ends)) == ends
    assert ends[-1:] == [len(sizes)] * bool(sizes)
    before = 0
    for begin, end in found:
        assert begin <= before < end
        assert sum(sizes[begin:end]) <= size or end - begin == 1
        before = end


@pytest.mark.parametrize(
    ("text", "number"), [("", 0), ("abcd", 1), ("abcde", 2), ("你好", 2), ("你好 ok", 3), ("안녕", 2)]
)
def test_a_chinese_character_is_a_token_and_so_are_four_letters(text: str, number: int) -> None:
    assert passages.tokens(text) == number
    assert pl.DataFrame({"t": [text]}).select(passages._size(pl.col("t"))).item() == number


def test_samples_stand_alone_and_tell_no_time() -> None:
    rows = [("hi", "hey"), ("", "only me"), ("", "")]
    found = list(passages.of_records(rows, CUT, ("friend", "Mia")))
    assert [one.text for one in found] == ["friend: hi\nMia: hey", "Mia: only me"]
    assert {(one.chat, one.first, one.speakers) for one in found} == {("", 0, ())}
