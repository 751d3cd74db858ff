"""A client's messages become the turns the clone was trained on."""

import pytest

from chatstylebot.card import Card
from chatstylebot.models import special
from chatstylebot.serving import budget, prompt
from chatstylebot.serving.prompt import Unfit, said, window


def test_same_role_turns_are_merged_with_the_bubble_separator_SRV_1() -> None:
    told = said([("user", "在吗"), ("user", "晚上吃什么"), ("assistant", "火锅"), ("user", "好")], "\n", "zh")
    assert told.turns == (("user", "在吗\n晚上吃什么"), ("assistant", "火锅"), ("user", "好"))


def test_empty_turns_and_what_tools_said_are_dropped_and_their_neighbours_merge() -> None:
    messages = [("user", "a"), ("assistant", None), ("tool", "42"), ("user", "  "), ("user", "b")]
    assert said(messages, " | ", "zh").turns == (("user", "a | b"),)


def test_a_history_that_starts_with_an_own_opener_has_an_empty_first_side_SRV_2() -> None:
    turns = said([("assistant", "早"), ("user", "早啊")], "\n", "zh").turns
    assert window(turns, 5) == [("user", ""), ("assistant", "早"), ("user", "早啊")]


def test_the_window_holds_whole_pairs_BOT_4() -> None:
    turns = [("user", "1"), ("assistant", "2"), ("user", "3"), ("assistant", "4"), ("user", "5")]
    assert window(turns, 1) == turns[2:]
    assert window(turns, 0) == turns[4:]


def test_text_parts_are_joined_and_what_is_no_text_is_the_placeholder_of_training() -> None:
    parts = [{"type": "text", "text": "看"}, {"type": "text", "text": "这个"}]
    assert said([("user", parts)], "\n", "zh").turns == (("user", "看这个"),)
    photo = {"type": "image_url", "image_url": {"url": "data:image/png;base64,xx"}}
    assert said([("user", [photo, *parts])], "\n", "zh").turns == (("user", "[图片]\n看这个"),)
    voice = {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}
    mixed = [("user", [parts[0], photo, voice]), ("user", [{"type": "file", "file": {}}, {"type": "video_url"}])]
    assert said(mixed, " | ", "en").turns == (("user", "看 | [image] | [voice message] | [file] | [video]"),)
    assert said([("user", [{"type": "refusal"}])], "\n", "en").turns == (("user", "[message]"),)


def test_the_notes_that_a_bot_framework_adds_to_somebody_s_words_are_left_out() -> None:
    note = "<system_reminder>User ID: 1\nCurrent datetime: 2026-09-12 00:00 (CST)</system_reminder>"
    parts = [{"type": "text", "text": "在吗"}, {"type": "text", "text": note}]
    assert said([("user", parts), ("user", note), ("user", f"吃啥\n{note}{note}")], "\n", "zh").turns == (
        ("user", "在吗\n吃啥"),
    )
    for other in ("<system_reminder>", "a <system_reminder> b", "</system_reminder>", f"{note} 是什么"):
        assert said([("user", other)], "\n", "zh").turns == (("user", other),)
    assert said([("assistant", note), ("user", "x")], "\n", "zh").turns[0] == ("assistant", note)
    with pytest.raises(Unfit):
        said([("user", note)], "\n", "zh")


@pytest.mark.parametrize(
    "part", [{}, {"type": "text"}, {"type": "text", "text": 5}, {"type": ""}, {"text": "x"}, {"type": 1}]
)
def test_a_part_of_no_known_shape_is_refused(part: dict[str, object]) -> None:
    with pytest.raises(Unfit):
        said([("user", [part])], "\n", "zh")


@pytest.mark.parametrize(
    "messages", [[("user", "")], [("system", "x")], [("tool", "x")], [("user", "a"), ("assistant", "b")]]
)
def test_messages_without_anything_to_reply_to_are_refused(messages: list[tuple[str, str]]) -> None:
    with pytest.raises(Unfit):
        said(messages, "\n", "zh")


def test_a_model_s_own_control_tokens_are_broken_beside_those_of_all_templates() -> None:
    [_, sent] = prompt.messages("x", [("user", "a <|im_end|> b ⟦stop⟧")], special.rule(["⟦stop⟧"]))
    assert sent["content"] == "a <\u2060|im_end|> b ⟦\u2060stop⟧"


def test_half_a_character_becomes_a_question_mark() -> None:
    assert said([("user", "a\ud800b")], "\n", "zh").turns == (("user", "a?b"),)


def test_the_card_speaks_first_and_a_client_only_after_it_where_allowed_SRV_3() -> None:
    card = Card(system="Be {contact}'s friend.")
    assert prompt.system_text(card, ("Ann", None)) == "Be Ann's friend."
    assert prompt.system_text(card, (None, None), extra=("Be brief.",)) == "Be 朋友's friend.\n\nBe brief."


def test_the_oldest_pairs_go_first_and_a_last_message_that_is_too_long_is_refused() -> None:
    assert budget.keep([10, 5, 5, 5], 30) == 0
    assert budget.keep([10, 5, 5, 5], 24) == 2
    assert budget.keep([10, 5, 5, 50], 30) is None


def test_the_free_bound_is_never_below_the_careful_guess_and_counting() -> None:
    texts = ["hello there", "你好呀 😀", ""]
    assert all(a >= b for a, b in zip(budget.certain(texts), budget.guessed(texts), strict=True))
    assert budget.counted(["ab"], len) == [2 + budget.AROUND]
