"""Who may be told what: one person each, however they are called."""

from pathlib import Path

import pytest
from remembered import START, indexed, passage

from chatstylebot.contacts import Contact
from chatstylebot.errors import UserError
from chatstylebot.memory import figures, whose
from chatstylebot.memory.facts import Facts
from chatstylebot.memory.passages import Passage
from chatstylebot.memory.scope import OWNER
from chatstylebot.memory.store import Store


def private(id: str, name: str, speaker: str = "") -> Passage:
    return Passage(id, name, False, START, START, (speaker or id,), f"{name}: from {id}")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two called Ann, one of whom speaks in the club under another id than that of her chat; Bob only in the club."""
    club = passage("x: in the club", "club", START, True, "ann-in-groups", "bob")
    return indexed(tmp_path / "m.sqlite", [private("a1", "Ann", "ann-in-groups"), private("a2", "Ann"), club])


def test_an_id_a_name_and_an_alias_stand_for_one_person(store: Store) -> None:
    contacts = {"a1": Contact(name="Annie", aliases={"qq": "77"}), "club": Contact(public=True)}
    for who in ("a1", "Annie", "77"):
        scope, names = whose.scope(store, contacts, who)
        assert scope.chats == ("a1", "club")
        assert scope.speakers == ("ann-in-groups",)
        assert names == ["77", "Annie", "a1"]
    assert whose.scope(store, contacts, "Annie", public=False)[0].chats == ("a1",)
    assert whose.scope(store, contacts, None) == (OWNER, None)
    # Ann is the other one now
    assert whose.scope(store, contacts, "Ann")[0].chats == ("a2", "club")


def test_a_name_of_two_is_nobodys(store: Store) -> None:
    with pytest.raises(UserError, match="'Ann' is what 2 are called here: a1, a2"):
        whose.scope(store, {}, "Ann")
    assert whose.scope(store, {}, "a1")[1] == ["a1"]  # and so no fact for "Ann" is told to either
    two = {"a1": Contact(name="Lee"), "gone": Contact(name="Lee")}
    with pytest.raises(UserError, match="a1, gone"):
        whose.scope(store, two, "Lee")
    facts = Facts(contacts=(("Ann", ("x",)), ("a1", ("y",)), ("Zoe", ("z",))))
    assert figures.strangers(facts, store, {}) == ["Ann", "Zoe"]


def test_who_speaks_only_in_a_group_and_who_stands_only_in_contacts_yaml(store: Store) -> None:
    scope, names = whose.scope(store, {}, "bob")
    assert (scope.chats, scope.speakers, names) == (("bob",), ("bob",), ["bob"])
    scope, names = whose.scope(store, {"zoe": Contact(name="Zoe")}, "Zoe")
    assert (scope.chats, scope.speakers, names) == (("zoe",), (), ["Zoe", "zoe"])
    assert store.where(*[scope.sql()[0], *scope.sql()[1]]) == []


def test_a_group_that_asks_is_told_of_the_group(store: Store) -> None:
    scope, _ = whose.scope(store, {}, "club")
    assert (scope.chats, scope.speakers) == (("club",), ())
