"""Discord's raw markup as people saw it, and what was not typed by people."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from chatstylebot import importers

ME, YOU = "310000000000000001", "310000000000000002"
HERE, OTHER = "420000000000000001", "420000000000000002"
PEOPLE = {ME: ("nils_b", "Nils"), YOU: ("oona", "")}


def row(key: str, number: int = 1, **more: Any) -> dict[str, Any]:
    """A message of somebody, so many minutes after two in the afternoon, two hours east of Greenwich."""
    name, nickname = PEOPLE[key]
    return {
        "id": f"5300000000000000{number:02}", "type": "Default", "timestamp": f"2025-05-06T14:{number:02}:00.5+02:00",
        "content": "", "author": {"id": key, "name": name, "nickname": nickname, "isBot": False}, "mentions": [],
    } | more  # fmt: skip


def read(folder: Path, *rows: dict[str, Any]) -> importers.Export:
    whole = {"guild": {"id": "0"}, "channel": {"id": HERE, "type": "GuildTextChat", "name": "trails"}, "messages": rows}
    (folder / "a.json").write_text(json.dumps(whole))
    return importers.module("discord_json").read(folder / "a.json", "UTC")  # type: ignore[no-any-return]


def shown(folder: Path, text: str, **more: Any) -> object:
    """What is read of a text, after both have said something."""
    found = read(folder, row(ME, 1, content="a"), row(YOU, 2, content="b"), row(ME, 3, content=text, **more))
    return found.messages["text"].to_list()[-1]


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        (f"<@{YOU}> up?", "@oona up?"),
        (f"<@!{ME}> up?", "@Nils up?"),
        ("<@310000000000000099> up?", "@someone up?"),
        ("<@&640000000000000001> go", "@role go"),
        (f"in <#{HERE}>", "in #trails"),
        (f"in <#{OTHER}>", "in #channel"),
        ("<:acorn:750000000000000001><a:spin:750000000000000002>", ":acorn::spin:"),
        ("</weather today:860000000000000001>", "/weather today"),
        ("<id:guide> <id:customize>", "#guide #customize"),
        ("at <t:1746540000:t>", "at 16:00"),
        ("at <t:1746540000:T>", "at 16:00:00"),
        ("on <t:1746540000:d>", "on 06/05/2025"),
        ("on <t:1746540000:D>", "on 6 May 2025"),
        ("on <t:1746540000>", "on 6 May 2025 16:00"),
        ("on <t:1746540000:F>", "on Tuesday, 6 May 2025 16:00"),
        ("<t:1746540000:R>", "in 2 hours"),
        ("<t:1746446400:R>", "1 day ago"),
        ("<t:99999999999999999999:R>", "some time"),
        (f"https://discord.com/channels/970000000000000001/{HERE}/980000000000000001", "#trails"),
        (f"https://discord.com/channels/@me/{OTHER}", "#channel"),
        ("https://cdn.discordapp.com/emojis/750000000000000001.png?size=48&name=acorn", ":acorn:"),
        ("https://cdn.discordapp.com/attachments/420000000000000001/530000000000000001/map.png?ex=1", "map.png"),
        (f"id {YOU}", "id @oona"),
    ],
)
def test_markup_reads_as_discord_shows_it(tmp_path: Path, raw: str, seen: str) -> None:
    assert shown(tmp_path, raw) == seen


@pytest.mark.parametrize(
    "text",
    [
        "||the bridge is out||",
        "a <b> c < d :acorn: <3",
        "<@oona> and <#trails>",
        "t:1746540000:R",
        "my parcel is 110101199003071234",
        "https://discord.gg/trails",
        "**so** `<x>`",
    ],
)
def test_what_is_no_markup_stays_as_it_was_typed(tmp_path: Path, text: str) -> None:
    assert shown(tmp_path, text) == text


def test_somebody_who_never_wrote_is_named_by_the_mention(tmp_path: Path) -> None:
    mention = {"id": "310000000000000007", "name": "pia.k", "nickname": "Pia"}
    assert shown(tmp_path, "<@310000000000000007>!", mentions=[mention]) == "@Pia!"


def test_a_quote_holds_no_markup_either(tmp_path: Path) -> None:
    asked = row(ME, 1, content=f"<@{YOU}> <:acorn:750000000000000001> <t:1746540000:t>?")
    answer = row(YOU, 2, type="Reply", content="yes", reference={"messageId": asked["id"], "channelId": HERE})
    found = read(tmp_path, asked, answer).messages
    assert found["quoted"].to_list() == [None, "@someone :acorn: 16:00?"]
    assert not re.search(r"\d{17}", " ".join(filter(None, [*found["text"], *found["quoted"]])))


def test_a_forwarded_message_holds_no_markup(tmp_path: Path) -> None:
    assert shown(tmp_path, "", forwardedMessage={"content": f"ask <@{YOU}>"}) == "ask @oona"


def test_a_reply_to_another_channel_quotes_nothing(tmp_path: Path) -> None:
    asked = row(ME, 1, content="q")
    answer = row(YOU, 2, type="Reply", content="yes", reference={"messageId": asked["id"], "channelId": OTHER})
    found = read(tmp_path, asked, answer).messages
    assert (found["quoted"].to_list(), found["kind"].to_list()) == ([None, None], ["text", "text"])


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"type": "Call", "content": "Started a call that lasted 3 minutes."}, "call"),
        ({"type": "3"}, "call"),
        ({"type": "ChannelPinnedMessage", "content": "Pinned a message."}, "system"),
        ({"type": "GuildMemberJoin", "content": "Joined the server."}, "system"),
        ({"type": "8", "content": "boosted"}, "system"),
        ({"type": "ThreadCreated", "content": "Started a thread."}, "system"),
        ({"type": "21", "reference": {"messageId": "1"}}, "system"),
        ({"type": "46"}, "system"),
        ({"type": "20", "content": "pong", "interaction": {"name": "ping"}}, "system"),
        ({"type": "Default", "content": "pong", "interaction": {"name": "ping"}}, "system"),
        ({"type": "Default", "poll": {"question": {"text": "where?"}}}, "other"),
        ({"type": "19", "content": "yes"}, "quote"),
        ({"type": "Default", "content": "Pinned a message."}, "text"),
    ],
)
def test_what_the_app_wrote_is_told_by_the_type_of_the_message(tmp_path: Path, more: dict[str, Any], kind: str) -> None:
    assert read(tmp_path, row(ME, 1, **more)).messages["kind"].to_list() == [kind]
