"""The chat page before the real gateway: the clicks of test_page.py that end in its feedback store."""

import json
from collections.abc import Iterator

import pytest
from browser import Page
from gateway import FRIEND, OWNER, Running, fake, running
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

from chatstylebot.card import Card
from chatstylebot.contacts import Contact
from chatstylebot.feedback.records import Record
from chatstylebot.serving.recent import Recent
from chatstylebot.serving.state import Choices, Limits

KEYED = Choices(key_required=True, limits=Limits(rate=0))
CARD = Card(name="小林", system="你是{name}，在和{contact}聊天。")
# each question belongs to one test: its answers come in turn
CLONE = {
    "看电影吗": ["看看呗\n几点", "周六 可以"],
    "你是谁": ["作为AI", "来了"],
    "吃啥": ["随便", "火锅！\n走"],
    "嗯？": ["", "嗯"],
}
BASE = {"喝啥": ["您好，我是人工智能助手。"]}


def says(script: dict[str, list[str]]) -> dict[str, str]:
    return {"SAYS": json.dumps(script)}


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("page")
    people = {"wx_ann": Contact(name="Ann", relation="妹妹")}
    specs = [fake(folder, env=says(CLONE)), fake(folder, "base", env=says(BASE))]
    with running(folder, specs, CARD, KEYED, contacts=people) as found:
        yield found


@pytest.fixture
def page(chrome: webdriver.Chrome, where: Running) -> Iterator[Page]:
    tab = Page(chrome, int(where.url.rpartition(":")[2]))
    tab.ready(hash=f"#key={OWNER}")
    yield tab
    assert tab.problems() == []


def votes(where: Running) -> list[Record]:
    return list(where.state.votes.records())  # type: ignore[attr-defined]


def stored(page: Page, where: Running, number: int) -> list[Record]:
    """The last votes, once the page says that they are stored."""
    page.until(lambda: len(votes(where)) >= number and "已记下" in page.seen(".turn:last-child .note")[-1])
    return votes(where)[-number:]


def test_a_thumb_and_an_edit_are_stored_with_the_prompt_that_was_served(page: Page, where: Running) -> None:
    before = len(votes(where))
    page.say("好的 呀")
    page.shows("> 好的 呀", "好的 呀")
    page.act("good")
    page.until(lambda: len(votes(where)) == before + 1)
    assert votes(where)[-1].verdict == "good"
    page.act("edit")
    box = page.one(".turn:last-child textarea")
    box.send_keys(Keys.CONTROL, "a")
    box.send_keys("好嘞")
    page.act("save")
    page.until(lambda: len(votes(where)) == before + 2)
    last = votes(where)[-1]
    assert (last.verdict, last.text, last.candidates) == ("edited", "好嘞", ("好的 呀",))
    assert [(m.role, m.content) for m in last.messages] == [("system", "你是小林，在和朋友聊天。"), ("user", "好的 呀")]
    page.shows("> 好的 呀", "好嘞")


def test_the_picked_one_of_two_answers_is_stored_once(page: Page, where: Running) -> None:
    before = len(votes(where))
    page.press("#two")
    page.say("看电影吗")
    page.until(lambda: page.one('[data-act="pick1"]').is_enabled())
    left, right = page.seen(".candidate .bubbles")
    assert {left, right} == {"看看呗\n几点", "周六 可以"}
    page.act("pick1")
    page.until(lambda: page.seen(".note") == ["选中 · 已记下"])
    (vote,) = votes(where)[before:]
    assert (vote.verdict, vote.index, vote.candidates, vote.answer) == ("chosen", 1, (left, right), right)
    page.shows("> 看电影吗", *right.split("\n"))


def test_neither_of_two_answers_rejects_both(page: Page, where: Running) -> None:
    before = len(votes(where))
    page.press("#two")
    page.say("你是谁")
    page.act("neither")
    page.until(lambda: len(votes(where)) == before + 2)
    assert {(vote.verdict, vote.answer) for vote in votes(where)[before:]} == {
        ("rejected", "作为AI"), ("rejected", "来了"),
    }  # fmt: skip


def test_the_one_of_two_answers_that_says_something_is_judged_in_its_place(page: Page, where: Running) -> None:
    page.press("#two")
    page.say("嗯？")
    page.shows("> 嗯？", "嗯")
    where.state.recent = Recent()  # the gateway was started anew: what it stores is what the page tells
    page.act("good")
    assert stored(page, where, 1)[0].answer == "嗯"


def test_another_answer_is_judged_for_itself(page: Page, where: Running) -> None:
    before = len(votes(where))
    page.say("吃啥")
    page.shows("> 吃啥", "随便")
    page.act("bad")
    page.until(lambda: len(votes(where)) == before + 1)
    page.act("again")
    page.shows("> 吃啥", "火锅！", "走")
    page.act("good")
    page.until(lambda: len(votes(where)) == before + 2)
    assert [(vote.verdict, vote.candidates, vote.adapter) for vote in votes(where)[before:]] == [
        ("bad", ("随便",), "abc123"), ("good", ("火锅！\n走",), "abc123"),
    ]  # fmt: skip


def test_the_base_model_answers_for_itself_and_only_the_clone_is_judged(page: Page, where: Running) -> None:
    page.press('[data-kind="base"]')
    page.say("喝啥")
    page.shows("> 喝啥", "您好，我是人工智能助手。")
    assert page.seen(".kind") == ["原模型"]
    assert page.all('[data-act="good"], [data-act="edit"]') == []
    page.press('[data-kind="clone"]')
    page.act("again")
    page.until(lambda: page.seen(".kind") == ["小林"] and not page.typing())
    page.act("good")
    assert stored(page, where, 1)[0].model == "clone"


def test_the_owner_says_who_is_talking_and_the_vote_keeps_the_prompt_for_them(page: Page, where: Running) -> None:
    page.choose("#contact", "Ann · 妹妹")
    page.say("在 吗")
    page.shows("> 在 吗", "在 吗")
    page.act("good")
    (vote,) = stored(page, where, 1)
    assert (vote.contact, vote.messages[0].content) == ("wx_ann", "你是小林，在和Ann聊天。")


def test_a_gateway_that_has_forgotten_the_answer_stores_the_same_vote(page: Page, where: Running) -> None:
    page.choose("#contact", "Ann · 妹妹")
    page.say("在 吗")
    page.shows("> 在 吗", "在 吗")
    where.state.recent = Recent()  # as after a start
    page.act("good")
    (vote,) = stored(page, where, 1)
    assert (vote.contact, vote.messages[0].content) == ("wx_ann", "你是小林，在和Ann聊天。")
    assert (vote.model, vote.candidates) == ("clone", ("在 吗",))


def test_stop_ends_the_engine_s_work_too(page: Page, where: Running) -> None:
    page.say("好 的 !sleep 60 等 等")
    page.until(lambda: page.talk()[1:] == ["好 的 等"] or page.talk()[1:] == ["好 的"])
    page.press("#send")
    page.until(lambda: page.seen(".kind") == ["小林", "没说完"])
    page.until(lambda: where.state.models["clone"].slots.busy == 0)
    page.say("还在 吗")
    page.until(lambda: page.talk()[-1] == "还在 吗" and not page.typing())


def test_an_engine_that_ends_in_mid_answer_is_a_friendly_line_and_the_talk_goes_on(page: Page, where: Running) -> None:
    page.expected = ["503"]
    page.say("我 想 !crash")
    page.until(lambda: len(page.seen(".failure p")) == 1)
    page.say("在 吗")
    page.until(lambda: page.talk()[-1].endswith("在 吗") and page.seen(".failure") == [] and not page.typing())


def test_without_the_right_key_the_page_asks_for_it(page: Page, where: Running) -> None:
    page.expected = ["401"]
    page.driver.execute_script("sessionStorage.clear()")
    page.open()
    page.until(lambda: page.seen("#door h2") == ["需要密钥"])
    page.one("#key").send_keys("wrong-key-0123456789", Keys.ENTER)
    page.until(lambda: "不对" in page.one("#door-why").text)
    page.one("#key").send_keys(OWNER, Keys.ENTER)
    page.until(lambda: page.one("#text").is_enabled())
    page.say("在 吗")
    page.shows("> 在 吗", "在 吗")


def test_a_friend_s_key_talks_and_neither_votes_nor_sees_the_contacts(page: Page) -> None:
    page.driver.get("about:blank")
    page.ready(hash=f"#key={FRIEND}")
    page.say("在 吗")
    page.shows("> 在 吗", "在 吗")
    assert page.all('#contact, #two, [data-act="good"], [data-act="edit"]') == []
    assert "Ann" not in page.driver.page_source
