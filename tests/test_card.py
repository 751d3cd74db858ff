"""The clone card: unknown keys, all faults together, and the prompt that training and serving share."""

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from chatstylebot import card as cards
from chatstylebot import card_parts, card_text
from chatstylebot.contacts import read_contacts
from chatstylebot.errors import UserError


def faults(text: str) -> str:
    with pytest.raises(UserError) as caught:
        cards.parse(yaml.safe_load(text), "clone.yaml")
    return caught.value.problem


def test_an_unknown_key_names_the_nearest_known_one() -> None:
    assert faults("tempalte: x") == "clone.yaml: unknown key tempalte (did you mean template?)"
    assert faults("sampling: {tempurature: 1}") == (
        "clone.yaml: unknown key sampling.tempurature (did you mean temperature?)"
    )


def test_all_faults_are_reported_together() -> None:
    text = faults("nmae: x\nhistory: -1\ngap: soon\ntimezone: Mars/Olympus\nsystem: '{who} are you'")
    for part in ("nmae (did you mean name?)", "history: ", "gap: 'soon'", "'Mars/Olympus'", "unknown tag {who}"):
        assert part in text


@pytest.mark.parametrize(
    "url", ["127.0.0.1:11434", "ftp://x/v1", "http://", "http://x:port/v1", "https://me:word@x/v1", "http://x/v1?key=1"]
)
def test_the_url_of_a_server_is_an_address_without_a_password_in_it(url: str) -> None:
    assert faults(f"url: '{url}'").startswith("clone.yaml: url: ")
    assert cards.Card(url="http://[::1]:1/v1").url == "http://[::1]:1/v1"


def test_the_system_prompt_is_never_empty() -> None:
    assert "may not be blank" in faults("system: '  '")
    assert cards.Card(language="en").prompt() == "You are texting with a friend. Reply the way you always text."
    assert cards.Card(name="小满").prompt() == "你是小满，正在和朋友聊天。用你平时说话的方式回复。"


def test_a_name_with_braces_is_only_a_name() -> None:
    assert (
        cards.Card(name="{contact}", system="你是{name}，对面是{contact}").prompt("阿泽") == "你是{contact}，对面是阿泽"
    )


def test_an_unknown_contact_gets_the_neutral_prompt() -> None:
    card = cards.Card(name="Mia", language="en", system="{name} texts {contact}, her {relation}")
    assert card.prompt("Jules", "best friend") == "Mia texts Jules, her best friend"
    assert card.prompt() == "Mia texts a friend, her friend"


@pytest.mark.parametrize(
    ("text", "seconds"), [("60m", 3600), ("90s", 90), ("2h", 7200), ("1d", 86400), (30, 1800), ("1.5h", 5400)]
)
def test_lengths_of_time(text: object, seconds: int) -> None:
    assert card_parts.duration(text) == timedelta(seconds=seconds)


def test_the_commented_card_is_a_valid_card_with_every_key_in_it(tmp_path: Path) -> None:
    text = card_text.commented('小"满: {x}\\', "阿泽", "zh", "qwen3")
    (tmp_path / "clone.yaml").write_text(text, "utf-8")
    card = cards.read(tmp_path / "clone.yaml")
    assert card.name == '小"满: {x}\\'
    for key in cards.Card.model_fields:
        assert f"\n{key}:" in text or f"\n# {key}:" in text
    assert (card.url, card.memory.enabled) == ("", False)


def test_privacy_off_may_stand_there_without_quotes(tmp_path: Path) -> None:
    (tmp_path / "clone.yaml").write_text("privacy: off", "utf-8")
    assert cards.read(tmp_path / "clone.yaml").privacy == "off"


def test_a_dumped_card_reads_as_itself(tmp_path: Path) -> None:
    card = cards.Card(name="Mia", language="en", gap=timedelta(minutes=45), me="wxid_me")
    (tmp_path / "clone.yaml").write_text(cards.dump(card), "utf-8")
    assert cards.read(tmp_path / "clone.yaml") == card


@pytest.mark.parametrize("text", ["a: [", "- a", "\t- x", "just words"])
def test_a_card_that_is_no_yaml_is_an_error_with_a_remedy(tmp_path: Path, text: str) -> None:
    (tmp_path / "clone.yaml").write_text(text, "utf-8")
    with pytest.raises(UserError):
        cards.find(tmp_path)


def test_contacts_are_read_by_chat_id(tmp_path: Path) -> None:
    (tmp_path / "contacts.yaml").write_text("wxid_a: {name: 阿泽, relation: 表弟}\n", "utf-8")
    assert read_contacts(tmp_path)["wxid_a"].relation == "表弟"
    (tmp_path / "contacts.yaml").write_text("wxid_a: {nmae: x}\n", "utf-8")
    with pytest.raises(UserError, match="nmae"):
        read_contacts(tmp_path)


def test_a_card_without_a_name_has_a_prompt_without_one(tmp_path: Path) -> None:
    (tmp_path / "clone.yaml").write_text(card_text.commented("", "", "en", "smollm2"), "utf-8")
    assert cards.read(tmp_path / "clone.yaml").prompt() == (
        "You are texting with a friend. Reply the way you always text."
    )
    assert "name is empty" in faults("system: 'you are {name}'")


def test_a_card_that_is_no_yaml_says_the_line_and_one_that_is_no_utf8_says_so(tmp_path: Path) -> None:
    path = tmp_path / "clone.yaml"
    path.write_text("name: A\ngap:60m\nhistory: 5\n", "utf-8")
    with pytest.raises(UserError, match=r"clone.yaml is not valid YAML: line 3: .*space after the colon"):
        cards.read(path)
    path.write_bytes("name: 小满\n".encode("gbk"))
    with pytest.raises(UserError, match="is not UTF-8 text"):
        cards.read(path)


def test_a_commented_card_has_every_key_of_the_bot(tmp_path: Path) -> None:
    text = card_text.commented("Mia", "", "en", "smollm2")
    assert cards.parse(yaml.safe_load(text), "clone.yaml").bot == card_parts.Manners()
    for key in card_parts.Manners.model_fields:
        assert f"\n  {key}:" in text or f"\n  # {key}:" in text


def test_a_dumped_card_keeps_the_bot_s_lengths_of_time(tmp_path: Path) -> None:
    card = cards.parse({"bot": {"wait": "90s", "pause": "2h", "others": False}}, "clone.yaml")
    (tmp_path / "clone.yaml").write_text(cards.dump(card), "utf-8")
    assert cards.read(tmp_path / "clone.yaml") == card
    assert (card.bot.wait, card.bot.others) == (timedelta(seconds=90), "off")


@pytest.mark.parametrize(
    ("key", "value"),
    [("quiet", ["25:00-07:00"]), ("quiet", ["07:00-07:00"]), ("never", [""]), ("never", ["/(/"]), ("never", ["/x*/"]),
     ("others", "maybe"), ("two_answers", 2), ("stop", ""), ("wait", "soon")],
)  # fmt: skip
def test_manners_that_make_no_sense_are_refused(key: str, value: object) -> None:
    with pytest.raises(UserError, match=f"bot.{key}"):
        cards.parse({"bot": {key: value}}, "clone.yaml")


def test_a_topic_is_a_whole_word_in_english_and_any_place_in_chinese() -> None:
    assert card_parts.topic("PIN").search("my pin is")
    assert not card_parts.topic("pin").search("shopping")
    assert card_parts.topic("转账").search("你给我转账吧")
    assert card_parts.topic("/借.{0,2}钱/").search("借我点钱")
