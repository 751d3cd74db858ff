"""Which chats and which time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from chatstylebot.contacts import Contact
from chatstylebot.corpus import choice
from chatstylebot.errors import UserError

TABLE = pl.DataFrame(
    {
        "chat_id": ["a1", "b2", "c3"],
        "chat_name": ["Ann", "Anna", "Bob"],
        "sent_at": [
            datetime(2023, 12, 31, 16, tzinfo=UTC),
            datetime(2024, 5, 1, tzinfo=UTC),
            datetime(2025, 1, 1, tzinfo=UTC),
        ],
    }
)


def reasons(chosen: choice.Choice, **contacts: Contact) -> list[str | None]:
    return TABLE.select(choice.reasons(TABLE, chosen, contacts)).to_series().to_list()


def test_contacts_are_taken_by_name_id_or_alias_exactly() -> None:
    chosen = choice.Choice(contacts=choice.names(["Ann, 鲍勃"]))
    assert reasons(chosen, c3=Contact(name="鲍勃")) == [None, "not_chosen", None]
    assert reasons(choice.Choice(exclude=("b2",))) == [None, "not_chosen", None]
    assert reasons(choice.Choice(contacts=("telegram:7",)), c3=Contact(aliases={"telegram": "telegram:7"}))[2] is None


def test_leaving_out_wins_over_taking() -> None:
    assert reasons(choice.Choice(contacts=("Ann", "Bob"), exclude=("Bob",))) == [None, "not_chosen", "not_chosen"]


def test_an_unknown_chat_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(UserError, match=r"no chat is called 'Anne' \(did you mean 'Anna?'\?\)"):
        reasons(choice.Choice(contacts=("Anne",)))


def test_a_year_begins_where_the_user_lives_and_until_takes_the_whole_day() -> None:
    since = choice.moment("2024", "Asia/Shanghai")
    assert reasons(choice.Choice(since=since)) == [None, None, None]
    assert reasons(choice.Choice(since=choice.moment("2024", "UTC"))) == ["out_of_time", None, None]
    until = choice.moment("2024-05-01", "UTC", end=True)
    assert until == datetime(2024, 5, 2, tzinfo=ZoneInfo("UTC"))
    assert reasons(choice.Choice(until=until)) == [None, None, "out_of_time"]
    assert choice.moment("2024-12", "UTC", end=True) == datetime(2025, 1, 1, tzinfo=ZoneInfo("UTC"))
    assert choice.moment("2024", "UTC", end=True) == datetime(2025, 1, 1, tzinfo=ZoneInfo("UTC"))
    assert choice.moment("2024/05/01", "UTC") == datetime(2024, 5, 1, tzinfo=ZoneInfo("UTC"))


def test_what_is_no_date_is_told() -> None:
    with pytest.raises(ValueError, match="is not a date"):
        choice.moment("last year", "UTC")
