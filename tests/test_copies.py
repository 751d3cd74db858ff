"""Messages that stand there twice count once; what people really say twice stays two."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import Csb

from chatstylebot.corpus import clean, copies
from chatstylebot.corpus.copies import Copies
from chatstylebot.corpus.messages import SCHEMA

Said = tuple[str, str, str]  # "10:00:05", who, text; an id may follow, and the number of the file


def marked(*rows: tuple[Any, ...], kinds: dict[int, str] | None = None) -> Copies:
    """What becomes of messages of one day: (time, who, text, id, file)."""
    table = []
    for n, (clock, who, text, *more) in enumerate(rows):
        identity, file = (*more, None, None)[:2]
        table.append(
            {
                "chat_id": "c", "chat_name": "c", "is_group": False, "message_id": identity, "sender_id": who,
                "sender_name": who, "from_me": who == "me", "tz_known": True, "kind": (kinds or {}).get(n, "text"),
                "sent_at": datetime.fromisoformat(f"2024-05-01T{clock}").replace(tzinfo=UTC), "text": text,
                "quoted": None, "source": f"f{file or 0}.csv row {n}", "file": file or 0,
            }
        )  # fmt: skip
    schema = pl.Schema({**SCHEMA, "file": pl.UInt16()})
    return copies.mark(clean.mark(pl.DataFrame(table, schema=schema)))


def stays(found: Copies) -> list[str]:
    return found.messages.filter(pl.col("dropped").is_null())["text"].to_list()


def test_one_id_in_one_file_is_one_message() -> None:
    found = marked(("10:00:05", "A", "hi", "7"), ("10:01:00", "me", "yo", "8"), ("10:00:05", "A", "hi", "7"))
    assert stays(found) == ["hi", "yo"]


def test_the_same_words_with_ids_of_their_own_are_two() -> None:
    assert stays(marked(("10:00:05", "A", "好的", "7"), ("10:00:05", "A", "好的", "8"))) == ["好的", "好的"]


def test_an_id_that_stands_for_something_else_makes_no_copies_of_different_words() -> None:
    rows = [("10:00:00", "A", "one", "room"), ("10:00:00", "A", "two", "room"), ("10:01:00", "me", "three", "room")]
    assert stays(marked(*rows)) == ["one", "two", "three"]


def test_of_an_edited_message_what_it_became_stays() -> None:
    assert stays(marked(("10:00:05", "A", "hallo", "7"), ("10:00:05", "A", "hallo!", "7"))) == ["hallo!"]


def test_short_texts_go_with_a_run_whose_seconds_were_cut_off() -> None:
    talk = [("10:00:05", "A", "hey"), ("10:00:40", "me", "hi"), ("10:01:10", "A", "ok"), ("10:01:30", "me", "ok")]
    copies_ = [(clock[:6] + "00", who, text) for clock, who, text in talk]
    found = marked(*talk, *copies_)
    assert stays(found) == ["hey", "hi", "ok", "ok"]
    assert found.kept == 0


def test_a_spreadsheet_s_copy_that_holds_more_than_the_original_is_one_for_what_both_hold() -> None:
    first = [(f"10:0{n}:07", "A" if n % 2 else "me", f"said {n}") for n in range(4)]
    more = [(f"10:0{n}:00", "A" if n % 2 else "me", f"said {n}", None, 1) for n in range(9)]
    assert stays(marked(*first, *more)) == [f"said {n}" for n in range(9)]


def test_without_ids_one_second_tells() -> None:
    rows = [("10:00:05", "A", "ok"), ("10:00:05", "A", "ok"), ("10:00:06", "A", "ok"), ("10:00:06", "me", "ok")]
    found = marked(*rows)
    assert stays(found) == ["ok", "ok", "ok"]
    assert found.kept == 0


def test_a_message_without_an_id_is_a_copy_of_the_one_with_it() -> None:
    found = marked(("10:00:05", "A", "hi"), ("10:00:05", "A", "hi", "7"), ("10:00:09", "A", "ho"))
    assert found.messages.filter(pl.col("dropped") == "duplicate")["message_id"].to_list() == [None]


def test_a_copy_whose_seconds_were_cut_off_goes_and_the_exact_one_stays() -> None:
    rows = [("10:01:00", "me", "loud but good"), ("10:01:05", "me", "loud but good"), ("10:02:30", "A", "bye")]
    found = marked(*rows)
    assert found.messages.filter(pl.col("dropped").is_null())["sent_at"][0].second == 5
    assert stays(found) == ["loud but good", "bye"]


def test_a_short_answer_on_the_full_minute_may_be_real_and_is_counted() -> None:
    found = marked(("10:03:00", "me", "ok"), ("10:03:02", "me", "ok"), ("10:04:07", "A", "x"))
    assert stays(found) == ["ok", "ok", "x"]
    assert found.kept == 1


MINUTES = [
    ("10:00:00", "A", "hast du zeit"), ("10:01:00", "me", "ja"), ("10:01:00", "A", "super"),
    ("10:02:00", "me", "bis gleich"),
]  # fmt: skip


def test_without_seconds_two_of_a_word_stay_two_and_are_counted() -> None:
    found = marked(("10:00:00", "A", "haha"), ("10:00:00", "A", "haha"), ("10:01:00", "me", "was"))
    assert stays(found) == ["haha", "haha", "was"]
    assert found.kept == 1


@pytest.mark.parametrize("times", [2, 3])
def test_without_seconds_a_run_that_stands_there_again_is_a_copy(times: int) -> None:
    found = marked(("09:00:00", "A", "einmal"), *(MINUTES * times), ("11:00:00", "me", "anders"))
    assert stays(found) == ["einmal", "hast du zeit", "ja", "super", "bis gleich", "anders"]
    assert found.kept == 0


def test_what_was_said_twice_stays_twice_in_a_run_that_was_copied() -> None:
    assert stays(marked(*[("10:00:00", "A", "haha"), ("10:00:00", "A", "haha"), *MINUTES] * 2)) == [
        "haha", "haha", "hast du zeit", "ja", "super", "bis gleich",
    ]  # fmt: skip


def test_two_in_a_row_are_no_run() -> None:
    assert len(stays(marked(*MINUTES[:2] * 2, *MINUTES[2:]))) == 6


def test_albums_are_no_copies_and_go_only_with_the_talk_around_them() -> None:
    pictures = [("10:00:00", "A", None)] * 3 + [("10:01:00", "A", None)] * 2 + [("10:02:00", "A", None)] * 4
    assert len(stays(marked(*pictures, kinds=dict.fromkeys(range(9), "image")))) == 9
    rows = [*MINUTES[:2], ("10:01:00", "A", None), *MINUTES[2:]] * 2
    assert len(stays(marked(*rows, kinds={2: "image", 7: "image"}))) == 5


def test_laughter_in_one_minute_is_no_run() -> None:
    assert len(stays(marked(*[("10:00:00", "A", "哈")] * 8))) == 8


def test_two_files_of_one_chat_hold_each_message_once() -> None:
    rows = [("10:00:05", "A", "hi"), ("10:00:05", "A", "hi", None, 1), ("10:00:09", "me", "yo", None, 1)]
    assert stays(marked(*rows)) == ["hi", "yo"]


HEADER = ["id", "MsgSvrID", "type_name", "is_sender", "talker", "room_name", "msg", "src", "CreateTime"]
TALK = [
    (0, "周末来吗😂", "11:42:07"), (1, "来的", "11:42:31"), (0, "带狗不", "11:43:02"), (1, "带❤️", "11:43:40"),
    (0, "那五点", "11:44:10"), (1, "好的好的", "11:44:12"),
]  # fmt: skip


def saved(place: Path, excel: bool) -> Path:
    """A chat as PyWxDump writes it, or as a Chinese spreadsheet saves it: GBK, ? for emoji, no seconds, no long ids."""
    path = place / ("聊天 - 副本.csv" if excel else "wxid_kai_0_6.csv")
    with path.open("w", encoding="gbk" if excel else "utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for n, (mine, text, clock) in enumerate(TALK):
            text = "".join(sign * (2 if ord(sign) > 0xFFFF else 1) for sign in text) if excel else text
            when = f"2024/10/4 {clock[:5]}" if excel else f"2024-10-04 {clock}"
            identity = "1.23457E+18" if excel else str(1234567890123456780 + n)
            who = "wxid_me" if mine else "wxid_kai"
            writer.writerow([n, identity, "文本", mine, who, "wxid_kai", text, "", when])
    return path


@pytest.mark.parametrize("copy_first", [True, False])
def test_a_copy_that_a_spreadsheet_has_damaged_is_seen_as_one_and_said(
    preprocess: Csb, place: Path, copy_first: bool
) -> None:
    files = [saved(place, excel) for excel in (copy_first, not copy_first)]
    told = preprocess(*files, "--report", "r.json", "--heldout", "0", "--privacy", "off")
    report = json.loads((place / "r.json").read_text("utf-8"))
    assert report["dropped"]["duplicate"] == 6
    note = "聊天 - 副本.csv is a copy of wxid_kai_0_6.csv that another program has saved"
    assert note in told.stderr + told.stdout
    assert any(note in line and "2 texts hold ? for them" in line for line in report["notes"])
    outputs = [row["output"] for row in json.loads((place / "data/chat_records.json").read_text("utf-8"))]
    assert outputs == ["来的", "带❤️", "好的好的"]


def test_a_file_whose_times_have_no_seconds_is_no_copy_of_another_chat() -> None:
    other = [("10:00:00", "A", "ganz"), ("10:01:00", "me", "anders"), ("10:02:00", "A", "hier")]
    found = marked(("10:00:05", "A", "hast du zeit"), ("10:01:09", "me", "ja"), *((*row, None, 1) for row in other))
    assert len(stays(found)) == 5
    assert found.remarks == ()


def test_many_messages_that_may_be_copies_are_told() -> None:
    found = marked(*[("10:00:00", "A", "haha"), ("10:00:00", "A", "haha")] * 2)
    assert found.kept == 3
    assert "3 messages say what the same person said" in found.told()[0]
