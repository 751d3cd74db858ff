"""A record of feedback holds only what can be trained on, and comes back from JSON letter by letter."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from feedback_records import START, prompt, record
from hypothesis import given
from hypothesis import strategies as st

from chatstylebot.feedback import records
from chatstylebot.feedback.records import Message


def test_text_is_kept_letter_by_letter_FBK_3() -> None:
    said = " 嗯，，好,的\n\n😂\u200d  \x00\t"
    kept = records.from_json(json.loads(json.dumps(records.to_json(record("a", candidates=(said,))))))
    assert kept.answer == said


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=30), st.integers(0, 1))
def test_a_record_comes_back_from_json_as_it_was(text: str, index: int) -> None:
    one = record("a", 3, "x" + text, text, "y", candidates=(text, text + "z"), verdict="chosen", index=index)
    assert records.from_json(json.loads(json.dumps(records.to_json(one)))) == one


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"verdict": "edited"}, "edited needs the text"),
        ({"verdict": "edited", "text": " \n"}, "edited needs the text"),
        ({"verdict": "good", "text": "x"}, "good takes no text"),
        ({"verdict": "chosen"}, "at least two candidates"),
        ({"verdict": "choesn", "candidates": ("a", "b")}, "the verdict must be one of chosen"),
        ({"index": 1}, "index must be a whole number from 0 to 0"),
        ({"index": -1}, "index must be"),
        ({"index": True, "candidates": ("a", "b")}, "index must be"),
        ({"candidates": ()}, "1 to 16 candidates"),
        ({"candidates": ["a"]}, "tuple"),
        ({"candidates": ("x" * 32_001,)}, "longer than 32,000"),
        ({"candidates": ("\ud800",)}, "lone surrogate"),
        ({"messages": prompt("hi")[1:] * 2}, "the first message must be the system prompt"),
        ({"messages": prompt("hi", system=" ")}, "the first message must be the system prompt"),
        ({"messages": prompt("hi", "yo")}, "the last message must be the user's"),
        ({"messages": prompt(" ")}, "the last message must be the user's"),
        ({"messages": (*prompt("hi"), Message("user", "there"))}, "take turns"),
        ({"messages": (*prompt("hi", "yo"), Message("system", "x"), Message("user", "x"))}, "take turns"),
        ({"messages": prompt(*["x"] * 401)}, "2 to 400 turns"),
        ({"messages": prompt("x" * 256_000)}, "longer than 256,000"),
        ({"at": datetime(2024, 5, 1)}, "UTC"),
        ({"at": datetime(2024, 5, 1, tzinfo=timezone(timedelta(hours=8)))}, "UTC"),
        ({"id": ""}, "id must be a text of 1 to 128"),
        ({"id": "x" * 129}, "id must be"),
        ({"contact": "a\x1b[2J"}, "control characters"),
        ({"source": "a\nb"}, "control characters"),
        ({"model": None}, "model must be a text"),
    ],
)
def test_what_cannot_be_trained_on_is_refused_with_a_reason_FBK_7(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        record("a", **change)


def test_an_own_opener_is_an_answer_to_an_empty_turn() -> None:
    assert record("a", 0, "", "hey you", "hi").messages[1].content == ""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"more": 1}, "unknown field more"),
        ({"at": 5}, "at must be a time"),
        ({"messages": "hi"}, "messages must be a list"),
        ({"messages": [{"role": "system", "content": "x", "name": "y"}]}, "role and content, and nothing else"),
        ({"messages": [{"role": "system", "content": 1}, {"role": "user", "content": "x"}]}, "must be a text"),
        ({"candidates": [1]}, "tuple of texts"),
        ({"verdict": {}}, "the verdict must be one of"),
    ],
)
def test_json_of_another_shape_is_a_plain_reason_and_no_type_error(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        records.from_json(records.to_json(record("a")) | change)


def test_json_may_leave_out_what_has_a_default() -> None:
    value = records.to_json(record("a"))
    for name in ("contact", "index", "text"):
        del value[name]
    assert records.from_json(value) == record("a")
    with pytest.raises(ValueError, match="source is missing"):
        records.from_json({name: item for name, item in value.items() if name != "source"})
    assert record("a").at == START
