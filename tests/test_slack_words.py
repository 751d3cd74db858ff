"""What people wrote on Slack: in `text`, in blocks, in threads."""

import json
from pathlib import Path
from typing import Any

import pytest

from chatstylebot import importers

USERS = [
    {"id": "U7", "name": "mira", "real_name": "Mira Holt", "profile": {"display_name": "mira"}},
    {"id": "U8", "name": "jonas", "real_name": "Jonas", "profile": {"display_name": ""}},
]


def team(folder: Path, *days: list[dict[str, Any]]) -> importers.Export:
    """What is read of a workspace with one channel; a message without `ts` is a minute after the one before it."""
    (folder / "garden").mkdir(parents=True)
    (folder / "users.json").write_text(json.dumps(USERS))
    (folder / "channels.json").write_text(json.dumps([{"id": "C5", "name": "garden", "members": ["U7", "U8"]}]))
    count = 0
    for number, day in enumerate(days, 1):
        rows = []
        for message in day:
            count += 1
            rows.append({"type": "message", "user": "U7", "ts": f"{1_700_000_000 + 60 * count}.000100"} | message)
        (folder / "garden" / f"2023-11-{number:02}.json").write_text(json.dumps(rows))
    return importers.module("slack_zip").read(folder / "users.json", "UTC")  # type: ignore[no-any-return]


def stamp(count: int) -> str:
    return f"{1_700_000_000 + 60 * count}.000100"


def texts(export: importers.Export) -> list[object]:
    return export.messages["text"].to_list()


def kinds(export: importers.Export) -> list[object]:
    return export.messages["kind"].to_list()


def rich(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"text": "", "blocks": [{"type": "rich_text", "elements": list(parts)}]}


def section(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": list(elements)}


def said(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


@pytest.mark.parametrize(
    ("element", "shown"),
    [
        ({"type": "text", "text": "bold", "style": {"bold": True}}, "bold"),
        ({"type": "link", "url": "https://a.example"}, "https://a.example"),
        ({"type": "link", "url": "https://a.example", "text": "the plan"}, "the plan"),
        ({"type": "emoji", "name": "wave", "skin_tone": 3}, ":wave::skin-tone-3:"),
        ({"type": "user", "user_id": "U8"}, "@Jonas"),
        ({"type": "user", "user_id": "U0ABSENT"}, "@someone"),
        ({"type": "usergroup", "usergroup_id": "S1"}, "@group"),
        ({"type": "channel", "channel_id": "C5"}, "#garden"),
        ({"type": "channel", "channel_id": "C0ABSENT"}, "#channel"),
        ({"type": "broadcast", "range": "here"}, "@here"),
        ({"type": "date", "timestamp": 1700000000, "format": "{date}", "fallback": "Nov 14"}, "Nov 14"),
        ({"type": "date", "timestamp": 1700000000, "format": "{date}"}, "2023-11-14 22:13"),
        ({"type": "color", "value": "#ff8800"}, "#ff8800"),
    ],
)
def test_each_element_of_rich_text_reads_as_it_is_seen(tmp_path: Path, element: dict[str, Any], shown: str) -> None:
    assert texts(team(tmp_path, [rich(section(said("see "), element, said(" ok")))])) == [f"see {shown} ok"]


def test_lists_quotes_and_code_keep_their_lines(tmp_path: Path) -> None:
    items = [section(said("seeds")), section(said("soil"))]
    message = rich(
        section(said("to buy:\n")),
        {"type": "rich_text_list", "style": "bullet", "elements": items},
        {"type": "rich_text_list", "style": "ordered", "indent": 1, "offset": 2, "elements": items[:1]},
        {"type": "rich_text_quote", "elements": [said("he said\nno")]},
        {"type": "rich_text_preformatted", "elements": [said("x = 1")]},
    )
    assert texts(team(tmp_path, [message])) == ["to buy:\n• seeds\n• soil\n    3. seeds\n> he said\n> no\n```x = 1```"]


def test_sections_headers_contexts_and_markdown_of_people_are_words(tmp_path: Path) -> None:
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Plan"}},
        {"type": "divider"},
        {"type": "section", "text": {"type": "mrkdwn", "text": "ask <@U8> &amp; go"}, "fields": [{"text": "a"}]},
        {"type": "context", "elements": [{"type": "image", "alt_text": "x"}, {"type": "mrkdwn", "text": "small"}]},
        {"type": "markdown", "text": "**end**"},
    ]
    assert texts(team(tmp_path, [{"text": "", "blocks": blocks}])) == ["Plan\nask @Jonas & go\na\nsmall\n**end**"]


@pytest.mark.parametrize(
    "text", ["This message contains interactive elements.", "This content can't be displayed.", ""]
)
def test_slack_s_own_placeholder_gives_way_to_the_blocks(tmp_path: Path, text: str) -> None:
    assert texts(team(tmp_path, [rich(section(said("mine"))) | {"text": text}])) == ["mine"]


def test_words_like_slack_s_placeholder_stay_when_they_were_typed(tmp_path: Path) -> None:
    typed = "This content can't be displayed."
    more = "it says: This content can't be displayed."
    found = team(tmp_path, [rich(section(said(typed))) | {"text": typed}, {"text": more}])
    assert texts(found) == [typed, more]
    assert found.notes == []


def test_a_placeholder_without_blocks_is_counted_and_said(tmp_path: Path) -> None:
    found = team(tmp_path, [{"text": "This message contains interactive elements."}, {"text": "hm"}])
    assert list(zip(kinds(found), texts(found), strict=True)) == [("other", None), ("text", "hm")]
    assert found.notes == [
        "users.json: 1 message of which the export holds only Slack's own placeholder (the first: "
        "garden/2023-11-01.json message 1): without words"
    ]


def test_blocks_of_an_unknown_type_give_all_their_texts_in_reading_order_and_a_note(tmp_path: Path) -> None:
    odd = {"type": "hologram", "top": {"text": "first"}, "rest": [{"text": "second"}, {"label": "no"}]}
    found = team(tmp_path, [{"text": "", "blocks": [odd]}, rich({"type": "rich_text_verse", "elements": [said("la")]})])
    assert texts(found) == ["first second", "la"]
    assert found.notes == [
        "users.json: 2 messages with blocks of a type that is not known here (hologram, rich_text_verse; the first: "
        "garden/2023-11-01.json message 1): every text in them was taken"
    ]


def test_the_text_of_a_shared_message_is_not_the_person_s(tmp_path: Path) -> None:
    shared = [{"is_share": True, "text": "words of others", "fallback": "words of others"}]
    found = team(tmp_path, [{"text": "", "attachments": shared}, {"text": "look", "attachments": shared}])
    assert list(zip(kinds(found), texts(found), strict=True)) == [("forward", None), ("text", "look")]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("<@U8> hi", "@Jonas hi"),
        ("<@U0ABSENT> hi", "@someone hi"),
        ("<@U0ABSENT|old.name> hi", "@old.name hi"),
        ("<#C5> and <#C5|> and <#C9|shed>", "#garden and #garden and #shed"),
        ("<!here> <!channel> <!here|@here>", "@here @channel @here"),
        ("<!subteam^S1|@growers> <!subteam^S2>", "@growers @group"),
        ("by <!date^1700000000^{date_short}|Nov 14, 2023>", "by Nov 14, 2023"),
        ("<https://a.example|here> <https://b.example>", "here https://b.example"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("1 &lt; 2 &amp;&amp; :tada: &lt;@U8&gt;", "1 < 2 && :tada: <@U8>"),
    ],
)  # fmt: skip
def test_raw_markup_reads_as_it_is_seen(tmp_path: Path, raw: str, shown: str) -> None:
    assert texts(team(tmp_path, [{"text": raw}])) == [shown]


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"subtype": "channel_topic", "text": "<@U7> set the channel topic: x"}, "system"),
        ({"subtype": "pinned_item", "text": "pinned a message"}, "system"),
        ({"subtype": "reminder_add", "text": "set up a reminder"}, "system"),
        ({"subtype": "bot_message", "text": "beep", "bot_id": "B1"}, "system"),
        ({"subtype": "huddle_thread", "text": "A huddle started", "user": "USLACKBOT"}, "call"),
        ({"subtype": "bot_message", "bot_id": "B2", "text": "call", "blocks": [{"type": "call"}]}, "call"),
        ({"subtype": "tombstone", "text": "This message was deleted.", "user": "USLACKBOT"}, "recall"),
        ({"user": "USLACKBOT", "text": "Reminder: water the beans"}, "system"),
        ({"subtype": "me_message", "text": "waters the beans"}, "text"),
        ({"subtype": "thread_broadcast", "text": "done", "thread_ts": "1699990000.000100"}, "text"),
        ({"text": "I pinned a message to the board"}, "text"),
    ],
)
def test_what_the_app_wrote_is_no_text(tmp_path: Path, message: dict[str, Any], kind: str) -> None:
    assert kinds(team(tmp_path, [message])) == [kind]


def test_an_edited_message_counts_once_as_what_it_became(tmp_path: Path) -> None:
    one = {"ts": stamp(1), "text": "tomorow"}
    changed = {"subtype": "message_changed", "message": {**one, "type": "message", "user": "U7", "text": "today"}}
    found = team(tmp_path, [one, {**one, "text": "tomorrow", "edited": {"user": "U7", "ts": stamp(2)}}])
    again = team(tmp_path / "b", [one, changed])
    assert (texts(found), texts(again)) == (["tomorrow"], ["today"])


def test_two_messages_of_the_same_words_stay_two(tmp_path: Path) -> None:
    assert texts(team(tmp_path, [{"text": "ok"}, {"text": "ok"}])) == ["ok", "ok"]


def test_a_thread_is_a_topic_with_its_first_message_and_answers_on_other_days(tmp_path: Path) -> None:
    found = team(
        tmp_path,
        [{"text": "question"}, {"text": "aside"}, {"text": "lonely", "thread_ts": stamp(3)}],
        [{"text": "answer", "thread_ts": stamp(1)}],
        [{"text": "for all", "thread_ts": stamp(1), "subtype": "thread_broadcast", "user": "U8"}],
    )
    assert found.messages["topic"].to_list() == [stamp(1), None, None, stamp(1), stamp(1)]
    assert found.messages["quoted"].to_list() == [None] * 5


def test_a_first_message_that_says_it_was_answered_is_of_its_thread(tmp_path: Path) -> None:
    found = team(tmp_path, [{"text": "q", "thread_ts": stamp(1), "reply_count": 2}, {"text": "other"}])
    assert found.messages["topic"].to_list() == [stamp(1), None]


def test_a_channel_without_threads_has_no_topics(tmp_path: Path) -> None:
    assert "topic" not in team(tmp_path, [{"text": "a"}, {"text": "b"}]).messages.columns


def test_somebody_of_another_workspace_is_mentioned_by_name(tmp_path: Path) -> None:
    guest = {"user": "U99", "text": "hello", "user_profile": {"display_name": "", "real_name": "Ida Berg"}}
    found = team(tmp_path, [guest, {"text": "welcome <@U99>"}])
    assert texts(found) == ["hello", "welcome @Ida Berg"]
    assert found.messages["sender_name"].to_list() == ["Ida Berg", "mira"]


def test_an_empty_day_ends_no_import(tmp_path: Path) -> None:
    team(tmp_path, [{"text": "a"}])
    (tmp_path / "garden" / "2023-12-01.json").write_bytes(b"")
    found = importers.module("slack_zip").read(tmp_path / "users.json", "UTC")
    assert texts(found) == ["a"]


def test_a_day_that_is_cut_off_is_named_with_its_channel(tmp_path: Path) -> None:
    team(tmp_path, [said_by("hi"), said_by("ho")])
    day = tmp_path / "garden" / "2023-11-01.json"
    day.write_text(day.read_text()[:-30])
    (found,) = importers.load([tmp_path])
    assert importers.cut(found).startswith(
        f"{tmp_path.name}/garden/2023-11-01.json is cut off in the middle: 1 message "
    )


def test_a_message_that_stands_twice_in_a_day_is_there_for_the_count_of_copies(tmp_path: Path) -> None:
    one = {"text": "again", "ts": stamp(5)}
    assert texts(team(tmp_path, [one, one])) == ["again", "again"]


def said_by(text: str) -> dict[str, Any]:
    return {"text": text}


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        ("*yes* _it_ ~was~ is `fine`", "yes it was is fine"), ("2*3*4 = 24", "2*3*4 = 24"),
        ("snake_case_name", "snake_case_name"),
        ("* one\n* two", "* one\n* two"), ("a * b * c", "a * b * c"), ("¯\\_(ツ)_/¯", "¯\\_(ツ)_/¯"),
        ("```x = *p*```", "```x = *p*```"), ("(*really*)", "(really)"), ("~ 5 min ~", "~ 5 min ~"),
    ],
)  # fmt: skip
def test_marks_of_style_in_a_text_are_seen_as_style(tmp_path: Path, raw: str, seen: str) -> None:
    assert texts(team(tmp_path, [{"text": raw}])) == [seen]


def test_the_days_of_a_workspace_are_not_looked_into_to_find_out_what_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    head = importers.head
    monkeypatch.setattr(importers, "head", lambda path, size=65536: looked.append(path.name) or head(path, size))
    team(tmp_path, *([{"text": f"hi {n}"}] for n in range(3)))
    (found,) = importers.load([tmp_path])
    assert found.export.messages.height == 3
    assert looked
    assert not [name for name in looked if name.startswith("2023")], looked
