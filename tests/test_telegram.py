"""Telegram: whose messages are whose, by whatever ids a file has; topics; the words of rich messages."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import Csb

from chatstylebot import importers
from chatstylebot.corpus import clean, conversations
from chatstylebot.errors import UserError
from chatstylebot.importers import Export, people, whole

FLAG = 2**32
Row = dict[str, Any]


def chat(*rows: Row, **about: Any) -> Row:
    """A chat with Vera (7), a message a minute."""
    told = [
        {"id": n, "type": "message", "date_unixtime": str(1583056800 + 60 * n), "text": f"t{n}", **row}
        for n, row in enumerate(rows, 1)
    ]
    return {"name": "Vera", "type": "personal_chat", "id": 7, "messages": told} | about


def account(*chats: Row, **person: Any) -> Row:
    return {"personal_information": {"user_id": 3, "first_name": "Oskar", "last_name": "Lind"} | person} | {
        "chats": {"list": list(chats)}
    }


def load(place: Path, content: Row, *me: str) -> Export:
    path = place / "result.json"
    path.write_text(json.dumps(content))
    return whole.read([path], None, None, None, me, None).export


def mine(export: Export) -> list[bool]:
    return export.messages["from_me"].to_list()


VERA, OSKAR = {"from": "Vera", "from_id": 7}, {"from": "Oskar", "from_id": 3}


@pytest.mark.parametrize("flagged", [(0, 0), (FLAG, 0), (FLAG, FLAG)], ids=["bare", "the chat's", "all"])
def test_bare_and_flagged_numbers_of_old_files_are_the_same_people(tmp_path: Path, flagged: tuple[int, int]) -> None:
    of_chat, of_people = flagged
    rows = [{**row, "from_id": of_people + row["from_id"]} for row in (VERA, OSKAR, VERA)]
    found = load(tmp_path, chat(*rows, id=of_chat + 7))
    assert mine(found) == [False, True, False]
    assert found.messages["sender_id"].to_list() == ["user7", "user3", "user7"]
    assert set(found.messages["chat_id"]) == {"7"}


def test_an_account_with_bare_numbers_knows_its_owner(tmp_path: Path) -> None:
    group = chat({"from": "Cy", "from_id": 9}, OSKAR, id=12, type="private_group", name="Climbers")
    found = load(tmp_path, account(chat(VERA, OSKAR, id=FLAG + 7), group))
    assert mine(found) == [False, True, False, True]


def test_ids_of_today_above_two_to_the_32_stay_whole(tmp_path: Path) -> None:
    big = FLAG + 7
    found = load(tmp_path, chat({"from_id": f"user{big}"}, {"from_id": "user3"}, id=big))
    assert found.messages["sender_id"].to_list() == [f"user{big}", "user3"]
    assert mine(found) == [False, True]


def test_before_there_were_ids_the_owner_s_full_name_tells(tmp_path: Path) -> None:
    vera = chat({"from": "Vera"}, {"from": "Oskar Lind"})
    del vera["id"]
    group = chat({"from": "Oskar Lind"}, {"from": "Oskar"}, type="private_group", name="Climbers", id=12)
    found = load(tmp_path, account(vera, group))
    assert mine(found) == [False, True, True, False]
    assert found.messages["sender_id"].to_list()[1] == "user3"


def test_a_namesake_of_the_owner_without_ids_is_not_guessed(tmp_path: Path) -> None:
    twin = chat({"from": "Oskar Lind"}, {"from": "Oskar Lind"}, name="Oskar Lind")
    del twin["id"]
    with pytest.raises(UserError, match="does not tell which messages are yours"):
        load(tmp_path, account(twin))


def test_an_old_file_of_one_chat_without_ids_is_known_for_telegram_s(tmp_path: Path) -> None:
    old = chat({"from": "Vera", "date": "2018-08-01T10:00:00"}, {"from": "Oskar", "date": "2018-08-01T10:01:00"})
    del old["id"]
    assert mine(load(tmp_path, old, "Oskar")) == [False, True]


def test_a_third_id_in_a_private_chat_is_neither_side(tmp_path: Path) -> None:
    bot = {"from": "RollBot", "from_id": "user99"}
    found = load(tmp_path, account(chat({"from_id": "user7"}, bot, {"from_id": "user3"})))
    assert mine(found) == [False, False, True]
    assert found.messages["kind"].to_list() == ["text", "system", "text"]
    assert any("neither you nor the other side wrote 1 message (RollBot)" in note for note in found.notes)


def test_a_third_id_in_a_single_chat_is_told_by_how_much_it_wrote(tmp_path: Path) -> None:
    rows = [{"from_id": "user7"}, {"from_id": "user99", "from": "Old"}, *[{"from_id": "user3"}] * 3]
    found = load(tmp_path, chat(*rows))
    assert mine(found) == [False, False, True, True, True]
    assert found.messages["kind"][1] == "system"


def test_where_two_ids_wrote_as_much_the_user_is_asked_and_the_answer_settles_both(tmp_path: Path) -> None:
    rows = [{"from_id": "user7"}, {"from_id": "user99", "from": "Old"}, {"from_id": "user3", "from": "Oskar"}]
    with pytest.raises(UserError, match=r"does not tell which messages are yours.*'user3' \(Oskar, 1 message\)"):
        load(tmp_path, chat(*rows))
    found = load(tmp_path, chat(*rows), "Oskar")
    assert mine(found) == [False, False, True]
    assert found.messages["kind"].to_list() == ["text", "system", "text"]


def test_an_account_without_personal_information_has_its_owner_from_the_private_chats(tmp_path: Path) -> None:
    group = chat({"from_id": "user9"}, {"from_id": "user3"}, id=12, type="private_supergroup", name="Climbers")
    both = [chat({"from_id": f"user{n}"}, {"from_id": "user3"}, id=n, name=f"P{n}") for n in (7, 8)]
    found = load(tmp_path, {"chats": {"list": [*both, group]}})
    assert mine(found) == [False, True] * 3


def test_the_file_s_own_word_for_its_owner_is_taken(tmp_path: Path) -> None:
    for name in ("Oskar", "user3"):
        assert mine(load(tmp_path, chat({"from_id": "user7"}, {"from_id": "user3", "from": "Oskar"}), name)) == [0, 1]


def forum(*rows: Row) -> Row:
    return chat(*rows, type="private_supergroup", name="Climbers", id=900)


def topic(title: str) -> Row:
    return {"type": "service", "action": "topic_created", "title": title, "text": "", "actor_id": "user7"}


def talks(export: Export) -> list[list[str]]:
    """The texts of each conversation."""
    marked = clean.mark(export.messages.with_columns(pl.lit(0).alias("file")))
    numbered = conversations.number(marked, timedelta(minutes=60)).filter(pl.col("conversation").is_not_null())
    return [part["text"].to_list() for part in numbered.partition_by("conversation", maintain_order=True)]


def test_topics_of_a_forum_are_conversations_of_their_own(tmp_path: Path) -> None:
    vera, me = {"from_id": "user7"}, {"from_id": "user3"}
    rows = [
        topic("Ropes"), topic("Cake"),
        {**vera, "text": "is it dry", "reply_to_message_id": 1},
        {**vera, "text": "who bakes", "reply_to_message_id": 2},
        {**me, "text": "dry", "reply_to_message_id": 3}, {**me, "text": "I do", "reply_to_message_id": 4},
        {**vera, "text": "in general"}, {**vera, "text": "thanks", "reply_to_message_id": 5},
    ]  # fmt: skip
    found = load(tmp_path, forum(*rows), "user3")
    assert talks(found) == [["is it dry", "dry", "thanks"], ["who bakes", "I do"], ["in general"]]
    assert found.messages["quoted"].to_list()[2:6] == [None, None, "is it dry", "who bakes"]


def test_a_topic_that_was_opened_before_the_export_begins_is_one_all_the_same(tmp_path: Path) -> None:
    vera, me = {"from_id": "user7"}, {"from_id": "user3"}
    old = {"reply_to_message_id": -5}
    rows = [topic("Cake"), {**vera, **old}, {**vera, "reply_to_message_id": 1}, {**me, **old}, {**vera, **old}, me]
    found = load(tmp_path, forum(*rows), "user3")
    assert talks(found) == [["t3"], ["t2", "t4", "t5"], ["t6"]]


def test_answers_in_a_group_without_topics_do_not_tear_it_apart(tmp_path: Path) -> None:
    vera, me = {"from_id": "user7"}, {"from_id": "user3"}
    rows = [vera, {**me, "reply_to_message_id": 1}, vera, {**me, "reply_to_message_id": 400}, vera]
    found = load(tmp_path, forum(*rows), "user3")
    assert "topic" not in found.messages.columns
    assert talks(found) == [["t1", "t2", "t3", "t4", "t5"]]


def test_ids_of_a_group_that_moved_are_negative_and_quote_as_others_do(tmp_path: Path) -> None:
    rows = [
        {"id": -999, "from_id": "user3", "text": "under the pot"},
        {"id": -998, "from_id": "user7", "reply_to_message_id": -999},
        {"id": 1, "from_id": "user7", "reply_to_message_id": -999, "reply_to_peer_id": "channel5"},
    ]
    found = load(tmp_path, forum(*rows), "user3")
    assert found.messages["quoted"].to_list() == [None, "under the pot", None]


RICH = {
    "blocks": [
        {"type": "heading", "text": "Packing"},
        {"type": "paragraph", "text": [{"type": "plain", "text": "take "}, {"type": "bold", "text": {"text": "two"}}]},
        {"type": "list", "items": [{"text": "a rope"}, {"text": ["a ", {"text": "pot"}]}]},
        {"type": "hologram", "cover": {"text": "look"}, "pages": [{"text": "one"}, {"text": "two"}]},
        {"type": "divider"},
    ]
}


def test_a_rich_message_is_read_in_order_and_what_is_not_known_of_it_is_counted(tmp_path: Path) -> None:
    rows = [{"from_id": "user7", "text": "", "text_entities": [], "rich_message": RICH}, {"from_id": "user3"}]
    found = load(tmp_path, chat(*rows))
    assert found.messages["kind"].to_list() == ["text", "text"]
    assert found.messages["text"][0] == "Packing\ntake two\na rope\na pot\nlook\none\ntwo"
    assert any("(1 hologram)" in note for note in found.notes)


def test_a_rich_message_nested_without_end_does_not_end_the_import(tmp_path: Path) -> None:
    deep: Any = {"type": "paragraph", "text": "deep"}
    for _ in range(300):
        deep = {"type": "list", "items": [deep]}
    rows = [{"from_id": "user7", "text": "", "rich_message": {"blocks": [deep]}}, {"from_id": "user3"}]
    assert load(tmp_path, chat(*rows)).messages.height == 2


@pytest.mark.parametrize("key", ["todo_list", "gift", "giveaway_information"])
def test_a_gift_or_a_list_to_tick_is_no_word(tmp_path: Path, key: str) -> None:
    rows = [{"from_id": "user7", "text": "", key: {"title": "x"}}, {"from_id": "user3"}]
    assert load(tmp_path, chat(*rows)).messages["kind"][0] == "other"


def test_inspect_shows_the_owner_of_an_old_file(csb: Csb, place: Path) -> None:
    (place / "old.json").write_text(json.dumps(chat(VERA, OSKAR)))
    assert "me: user3 (the file tells)" in csb("inspect", "old.json").stdout


def test_the_people_of_an_account_that_nothing_tells_apart_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(forum({"from_id": "user7"}, {"from_id": "user3"})))
    (file,) = importers.load([path])
    assert not people.told(file.export.messages)


def test_topics_that_were_all_opened_before_the_export_begins_are_told_apart(tmp_path: Path) -> None:
    vera, me = {"from_id": "user7"}, {"from_id": "user3"}
    tent, food = {"reply_to_message_id": -9}, {"reply_to_message_id": -8}
    rows = [{**vera, **tent}, {**vera, **food}, {**me, **tent}, {**me, **food}, {**vera, **tent}, {**vera, **food}]
    assert talks(load(tmp_path, forum(*rows), "user3")) == [["t1", "t3", "t5"], ["t2", "t4", "t6"]]


def test_in_a_forum_even_one_answer_to_an_absent_message_is_a_talk_of_its_own(tmp_path: Path) -> None:
    vera, me = {"from_id": "user7"}, {"from_id": "user3"}
    rows = [topic("Cake"), {**vera, "reply_to_message_id": -5}, {**vera, "reply_to_message_id": -6}]
    rows += [{**me, "reply_to_message_id": -5}, {**me, "reply_to_message_id": -6}]
    assert talks(load(tmp_path, forum(*rows), "user3")) == [["t2", "t4"], ["t3", "t5"]]


def test_a_chat_in_which_only_the_other_side_wrote_is_told_to_be_so(csb: Csb, place: Path) -> None:
    (place / "result.json").write_text(json.dumps(chat({"from_id": "user7"}, {"from_id": "user7"})))
    assert "none of these messages is yours: give a chat in which you wrote" in csb("inspect", "result.json").stdout
    refused = csb("preprocess", "result.json", code=1).stderr
    assert "try: give a chat in which you wrote" in refused
    assert "--me" not in refused
