"""Who is me: known, told or asked, never guessed (IMP-19)."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from chatstylebot.corpus.messages import SCHEMA
from chatstylebot.errors import UserError
from chatstylebot.importers import Export, Found, people


def found(
    *rows: tuple[str, str, bool | None], name: str = "chat.txt", chat: str = "c", group: bool = False, **more: Any
) -> Found:
    """A file of messages (sender_id, sender_name, from_me)."""
    table = pl.DataFrame(
        [
            {
                "chat_id": chat, "chat_name": chat, "is_group": group, "message_id": None, "sender_id": key,
                "sender_name": called, "from_me": mine, "sent_at": datetime(2024, 1, 1, tzinfo=UTC), "tz_known": True,
                "kind": "text", "text": "x", "quoted": None, "source": f"{name} line {n}",
            }
            for n, (key, called, mine) in enumerate(rows)
        ],
        schema=SCHEMA,
    )  # fmt: skip
    return Found(name, name, "whatsapp_txt", "whatsapp", Export(table, **more))


def claimed(files: list[Found], me: list[str], person: str | None = None) -> list[list[bool]]:
    selves = people.find(files, me, person)
    people.check(files, selves, me, person)
    return [file.export.messages["from_me"].to_list() for file in people.claim(files, selves, person)]


UNTOLD = found(("1", "Tom", None), ("2", "Ann", None), ("2", "Ann", None))
TOLD = found(("me", "我", True), ("wxid_ann", "Ann", False), owner=frozenset({"wxid_tom", "Tom"}), name="w.csv")


def test_where_the_file_does_not_tell_the_candidates_are_listed_and_nothing_is_guessed() -> None:
    with pytest.raises(UserError, match=r"chat.txt does not tell which messages are yours") as caught:
        claimed([UNTOLD], [])
    assert "'2' (Ann, 2 messages), '1' (Tom, 1 message)" in caught.value.problem
    assert "--me" in caught.value.remedy


@pytest.mark.parametrize("me", ["Tom", "1"])
def test_an_id_or_a_name_says_who_is_me(me: str) -> None:
    assert claimed([UNTOLD], [me]) == [[True, False, False]]


def test_names_match_exactly_IMP_18() -> None:
    with pytest.raises(UserError, match=r"nobody in these files is called 'An' \(did you mean 'Ann'\?\)"):
        claimed([UNTOLD], ["An"])


def test_a_name_that_the_file_knows_besides_the_shown_one_counts() -> None:
    file = found(("7", "老王", None), ("8", "Ann", None), names={"7": frozenset({"王伟", "wangwei"})})
    assert claimed([file], ["王伟"]) == [[True, False]]


def test_where_the_file_tells_no_name_is_needed() -> None:
    assert claimed([TOLD], []) == [[True, False]]
    assert claimed([TOLD], ["wxid_tom"]) == [[True, False]]
    assert people.find([TOLD], [])[0] == people.Self(("me",), "wxid_tom", "file")


def test_a_wrong_name_is_an_error_even_where_the_file_tells() -> None:
    with pytest.raises(UserError, match="somebody else") as caught:
        claimed([TOLD], ["Ann"])
    assert "--person 'Ann'" in caught.value.remedy
    with pytest.raises(UserError, match=r"nobody in these files is called 'Bob'.*'Tom', 'wxid_tom'"):
        claimed([TOLD], ["Bob"])


def test_one_name_of_two_people_needs_an_id() -> None:
    twins = found(("1", "Tom", None), ("2", "Tom", None), ("3", "Ann", None))
    with pytest.raises(UserError, match="the name of 2 people") as caught:
        claimed([twins], ["Tom"])
    assert "1" in caught.value.remedy
    assert claimed([twins], ["2"]) == [[False, True, False]]


def test_several_files_may_need_several_names() -> None:
    other = found(("u9", "Tommy", None), ("u8", "Eve", None), name="t.json")
    assert claimed([UNTOLD, other, TOLD], ["Tom", "u9"]) == [[True, False, False], [True, False], [True, False]]


def test_a_file_in_which_nobody_is_me_is_a_remark() -> None:
    other = found(("3", "Bob", None), name="b.txt")
    files = [UNTOLD, other]
    selves = people.find(files, ["Tom"])
    assert people.check(files, selves, ["Tom"]) == [
        "b.txt: nobody in it is called 'Tom': nothing in it counts as theirs"
    ]
    assert claimed(files, ["Tom"])[1] == [False]


def test_somebody_else_can_be_the_person() -> None:
    assert claimed([TOLD], [], "Ann") == [[False, True]]
    assert claimed([UNTOLD], [], "Ann") == [[False, True, True]]
    with pytest.raises(UserError, match="nobody in these files is called 'Bob'"):
        claimed([TOLD], [], "Bob")


def test_notices_without_an_owner_leave_a_file_told() -> None:
    table = TOLD.export.messages.vstack(
        found(("sys", "sys", None)).export.messages.with_columns(pl.lit("system", SCHEMA["kind"]).alias("kind"))
    )
    file = Found("w.csv", "w.csv", "x", "wechat", Export(table, TOLD.export.owner))
    assert claimed([file], []) == [[True, False, False]]


ALEX = found(("Alex", "Alex", None), ("Bob", "Bob", None), name="a.txt")


@pytest.mark.parametrize(
    ("rows", "group"),
    [([("Alex R.", "Alex R.", None), ("Cy", "Cy", None)], False), ([("1", "alex", None), ("2", "Cy", None)], True)],
)
def test_a_file_in_which_i_am_called_nearly_so_is_an_error_and_not_a_note(rows: list[Any], group: bool) -> None:
    other = found(*rows, name="b.txt", group=group)
    with pytest.raises(
        UserError, match=rf"nobody in b.txt is called 'Alex' \(did you mean {rows[0][1]!r}\?\)"
    ) as caught:
        claimed([ALEX, other], ["Alex"])
    assert "--me Alex --me" in caught.value.remedy
    assert claimed([ALEX, other], ["Alex", rows[0][1]]) == [[True, False], [True, False]]


def test_a_private_chat_of_two_others_is_an_error() -> None:
    other = found(("Dee", "Dee", None), ("Cy", "Cy", None), name="b.txt")
    with pytest.raises(UserError, match=r"nobody in b.txt is called 'Alex'; there are 'Cy' .*, 'Dee'"):
        claimed([ALEX, other], ["Alex"])


@pytest.mark.parametrize(
    ("rows", "group"), [([("Alexandra", "Alexandra", None), ("Cy", "Cy", None)], True), ([("Cy", "Cy", None)], False)]
)
def test_a_group_or_a_chat_without_a_word_of_mine_is_a_remark(rows: list[Any], group: bool) -> None:
    files = [ALEX, found(*rows, name="b.txt", group=group)]
    assert people.check(files, people.find(files, ["Alex"]), ["Alex"]) == [
        "b.txt: nobody in it is called 'Alex': nothing in it counts as theirs"
    ]


def test_the_id_that_an_error_lists_for_the_owner_is_taken() -> None:
    assert claimed([TOLD], ["me"]) == [[True, False]]


def test_who_has_said_who_they_are_is_not_told_to_say_so() -> None:
    other = found(("Cy", "Cy", None), ("Dee", "Dee", None), name="b.txt")
    told = found(("me", "我", True), ("wxid_ann", "Ann", False), owner=frozenset({"我"}), name="w.csv")
    with pytest.raises(UserError) as caught:
        claimed([told, other], ["我"])
    assert "say which of them you are" not in caught.value.remedy
