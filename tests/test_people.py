"""Who is me: known, told or asked, never guessed (IMP-19)."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from chatstylebot.corpus.messages import SCHEMA
from chatstylebot.errors import UserError
from chatstylebot.importers import Export, Found, people


def found(*rows: tuple[str, str, bool | None], name: str = "chat.txt", chat: str = "c", **more: Any) -> Found:
    """A file of messages (sender_id, sender_name, from_me)."""
    table = pl.DataFrame(
        [
            {
                "chat_id": chat, "chat_name": chat, "is_group": False, "message_id": None, "sender_id": key,
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
