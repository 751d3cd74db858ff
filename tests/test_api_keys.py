"""Keys come from a 0600 file or the environment, and are compared in constant time."""

import os
from pathlib import Path

import pytest

from chatstylebot.errors import UserError
from chatstylebot.serving import keys
from chatstylebot.serving.keys import Caller, Keys

LONG = "a-key-of-20-letters."


def test_the_first_start_makes_an_owner_key_in_a_file_of_the_owners_own(place: Path) -> None:
    known, owner = keys.load(place / "keys", {})
    assert (place / "keys").stat().st_mode & 0o777 == 0o600
    assert known.caller(owner) == Caller("owner", True)
    assert keys.load(place / "keys", {})[1] == owner


def test_several_keys_of_file_and_environment_hold_and_only_one_is_the_owners(place: Path) -> None:
    keys.load(place / "keys", {})
    with (place / "keys").open("a") as file:
        file.write(f"friend {LONG}\n")
    known, _ = keys.load(place / "keys", {"CSB_API_KEYS": f"{LONG}x, {LONG}y"})
    assert known.caller(LONG) == Caller("friend", False)
    assert known.caller(LONG + "y") == Caller("key2", False)
    assert len(known) == 4


def test_the_owners_key_of_the_environment_replaces_the_files(place: Path) -> None:
    known, owner = keys.load(place / "keys", {"CSB_OWNER_KEY": LONG})
    assert owner == LONG
    assert not (place / "keys").exists()
    assert known.caller(LONG) == Caller("owner", True)


@pytest.mark.parametrize("wrong", [None, "", "x", LONG[:-1], LONG + " ", "\ud800"])
def test_any_other_key_is_nobodys(wrong: str | None) -> None:
    assert Keys({"owner": LONG}).caller(wrong) is None


@pytest.mark.skipif(os.name == "nt", reason="Windows has no file modes")
def test_a_key_file_that_others_can_read_is_refused(place: Path) -> None:
    keys.load(place / "keys", {})
    (place / "keys").chmod(0o644)
    with pytest.raises(UserError, match="others can read the keys"):
        keys.load(place / "keys", {})


@pytest.mark.parametrize("line", ["onlyakey", "name short", f"a b {LONG}", f"owner {LONG}\nowner {LONG}"])
def test_a_line_that_is_no_key_is_named_by_its_number_and_not_repeated(place: Path, line: str) -> None:
    with pytest.raises(UserError, match=r"line [12] of keys") as error:
        keys.parse(line, "keys")
    assert LONG not in error.value.problem


def test_a_key_that_no_client_can_send_is_refused(place: Path) -> None:
    with pytest.raises(UserError, match="ASCII"):
        keys.parse("friend schlüssel-0123456789", "keys")
    (place / "keys").write_bytes("# 钥匙\nowner 0123456789abcdef\n".encode("gbk"))
    (place / "keys").chmod(0o600)
    with pytest.raises(UserError, match="is not UTF-8 text"):
        keys.load(place / "keys", {})


def test_a_short_key_of_the_environment_is_refused(place: Path) -> None:
    with pytest.raises(UserError, match="shorter than 16"):
        keys.load(place / "keys", {"CSB_API_KEYS": "secret"})


def test_the_key_is_read_from_every_header_that_clients_use() -> None:
    assert keys.bearer({"authorization": "Bearer abc"}) == "abc"
    assert keys.bearer({"authorization": "bearer  abc "}) == "abc"
    assert keys.bearer({"x-api-key": "abc"}) == "abc"
    assert keys.bearer({"authorization": "Basic abc"}) is None
