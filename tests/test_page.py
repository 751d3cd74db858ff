"""The chat page in a real browser: what is seen, pressed and typed, and what the gateway hears of it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from browser import Page
from chat_double import Double, Gate, Refuse, say
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from chatstylebot.serving import page as served

STATIC = sorted(served.FOLDER.iterdir())
BOTH = [{"id": "xiaoman", "kind": "clone"}, {"id": "qwen3", "kind": "base"}]
FRIENDS = [{"id": "wx_1", "name": "林夏", "relation": "朋友"}, {"id": "wx_2", "name": "阿哲", "relation": ""}]
USER = {"role": "user"}
CLONE = {"role": "assistant"}


def user(text: str) -> dict[str, str]:
    return USER | {"content": text}


def clone(text: str) -> dict[str, str]:
    return CLONE | {"content": text}


@pytest.fixture(scope="module")
def gateway() -> Iterator[Double]:
    double = Double()
    double.start()
    yield double
    double.stop()


@pytest.fixture
def double(gateway: Double) -> Double:
    gateway.reset()
    return gateway


@pytest.fixture
def page(chrome: webdriver.Chrome, double: Double) -> Iterator[Page]:
    """The page before it is opened; afterwards the console is clean and nobody else was asked for anything."""
    tab = Page(chrome, double.port)
    yield tab
    assert tab.problems() == []


# ---- the files


@pytest.fixture
def client(double: Double) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{double.port}", trust_env=False) as client:
        yield client


def test_the_files_are_found() -> None:
    assert {"index.html", "page.css", "page.js"} <= {path.name for path in STATIC}


@pytest.mark.parametrize("path", ["/", *(f"/page/{each.name}" for each in STATIC)])
def test_every_file_comes_with_headers_that_let_nothing_else_in(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    policy = answer.headers["content-security-policy"]
    assert answer.status_code == 200
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-cache"


def test_a_browser_that_has_the_file_gets_304(client: httpx.Client) -> None:
    first = client.get("/page/page.js")
    again = client.get("/page/page.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/page/page.js", headers={"If-None-Match": '"old"'}).status_code == 200
    assert client.head("/").status_code == 200


@pytest.mark.parametrize("name", ["page.py", "..%2fpage.py", "../page.py", "%2e%2e/card.py", "nothing.js", ""])
def test_what_is_no_file_of_the_page_is_not_found(client: httpx.Client, name: str) -> None:
    assert client.get(f"/page/{name}").status_code == 404


@pytest.mark.parametrize("path", STATIC, ids=lambda path: path.name)
def test_nothing_names_another_server_or_parses_html_SEC_6(path: Path) -> None:
    text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|//[\w-]+\.\w", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", text)
    if path.suffix == ".html":
        assert not re.search(r"<style|\bstyle=|\bon\w+=|<script>", text)


# ---- talking


def test_a_reply_comes_in_bubbles_one_by_one_and_dots_stand_before_and_between(page: Page, double: Double) -> None:
    first, second, third = Gate(), Gate(), Gate()
    double.reset([say([first, "下啦", "下啦", second, "\n", third, "在地铁", "上"])])
    page.ready().say("下班了吗？")
    page.until(first.reached.is_set)
    page.until(lambda: page.dots() == 1)
    assert page.talk() == ["> 下班了吗？"]
    assert page.one("#status").text == "正在输入…"
    first.opened.set()
    page.until(lambda: page.talk() == ["> 下班了吗？", "下啦下啦"] and page.dots() == 0)
    second.opened.set()
    page.until(lambda: page.talk() == ["> 下班了吗？", "下啦下啦"] and page.dots() == 1)
    third.opened.set()
    page.shows("> 下班了吗？", "下啦下啦", "在地铁上")
    assert page.dots() == 0
    assert page.one("#status").text == "在线"


def test_the_talk_is_sent_as_plain_messages_without_a_system_text(page: Page, double: Double) -> None:
    double.reset([say("下啦下啦\n在地铁上"), say("麻辣烫捏")])
    page.ready().say("下班了吗？")
    page.shows("> 下班了吗？", "下啦下啦", "在地铁上")
    page.say("晚饭吃什么")
    page.shows("> 下班了吗？", "下啦下啦", "在地铁上", "> 晚饭吃什么", "麻辣烫捏")
    assert double.asked == [
        {"model": "xiaoman", "messages": messages, "stream": True, "stream_options": {"include_usage": True}}
        for messages in (
            [user("下班了吗？")],
            [user("下班了吗？"), clone("下啦下啦\n在地铁上"), user("晚饭吃什么")],
        )
    ]


def test_another_separator_of_the_card_splits_the_bubbles_and_its_half_is_never_shown(
    page: Page, double: Double
) -> None:
    gate = Gate()
    double.reset([say(["好<", gate, "|>行\n两行"])], separator="<|>")
    page.ready().say("在吗")
    page.until(gate.reached.is_set)
    page.until(lambda: page.talk() == ["> 在吗", "好"])
    gate.opened.set()
    page.shows("> 在吗", "好", "行\n两行")


def test_shift_enter_is_a_new_line_and_the_box_grows(page: Page, double: Double) -> None:
    page.ready()
    low = page.one("#text").size["height"]
    page.type("一")
    page.chord(Keys.SHIFT, Keys.ENTER)
    page.type("二")
    page.chord(Keys.SHIFT, Keys.ENTER)
    page.type("三")
    assert page.one("#text").size["height"] >= low + 40
    assert double.asked == []
    page.type(Keys.ENTER)
    page.shows("> 一\n二\n三", "嗯嗯", "知道啦")
    assert page.one("#text").size["height"] == low
    assert double.asked[0]["messages"] == [user("一\n二\n三")]


def test_enter_that_ends_pinyin_does_not_send(page: Page, double: Double) -> None:
    page.ready()
    page.one("#text").click()
    page.cdp("Input.imeSetComposition", text="nihao", selectionStart=5, selectionEnd=5)
    for kind in ("rawKeyDown", "keyUp"):
        page.cdp("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13)
    assert page.one("#text").get_property("value").startswith("nihao")
    assert (page.talk(), double.asked) == ([], [])
    page.cdp("Input.imeSetComposition", text="", selectionStart=0, selectionEnd=0)
    page.cdp("Input.insertText", text="你好")
    page.type(Keys.ENTER)
    page.shows("> 你好", "嗯嗯", "知道啦")


def test_blank_text_is_not_sent(page: Page, double: Double) -> None:
    page.ready()
    assert not page.one("#send").is_enabled()
    page.type("  ", Keys.ENTER)
    assert not page.one("#send").is_enabled()
    assert (page.talk(), double.asked) == ([], [])


def test_stop_ends_the_stream_and_keeps_what_came(page: Page, double: Double) -> None:
    double.reset([say(["我觉得\n这个", Gate(), "不会来了"]), say("好")])
    page.ready().say("你觉得呢")
    page.until(lambda: page.talk() == ["> 你觉得呢", "我觉得", "这个"])
    assert page.one("#send").accessible_name == "停止"
    page.press("#send")
    page.shows("> 你觉得呢", "我觉得", "这个")
    page.until(lambda: double.closed == 1)
    assert page.seen(".kind") == ["没说完"]
    assert page.all('[data-act="good"]') == []  # half an answer is not judged
    page.say("继续")
    page.shows("> 你觉得呢", "我觉得", "这个", "> 继续", "好")
    assert double.asked[1]["messages"] == [user("你觉得呢"), clone("我觉得\n这个"), user("继续")]


def test_stopped_before_the_first_letter_it_can_be_asked_again(page: Page, double: Double) -> None:
    gate = Gate()
    double.reset([say([gate, "不会来了"]), say("来啦")])
    page.ready().say("在吗")
    page.until(gate.reached.is_set)
    page.press("#send")
    page.until(lambda: page.seen(".failure p") == ["已停下。"])
    page.act("retry")
    page.shows("> 在吗", "来啦")
    assert [each["messages"] for each in double.asked] == [[user("在吗")], [user("在吗")]]


def test_a_message_before_the_answer_began_is_answered_together_with_the_first(page: Page, double: Double) -> None:
    gate = Gate()
    double.reset([say([gate, "不会来了"]), say("在的在的\n吃火锅")])
    page.ready().say("在吗")
    page.until(gate.reached.is_set)
    page.say("晚上吃啥")
    page.shows("> 在吗", "> 晚上吃啥", "在的在的", "吃火锅")
    page.until(lambda: double.closed == 1)
    assert double.asked[1]["messages"] == [user("在吗"), user("晚上吃啥")]


def test_a_message_in_the_middle_of_an_answer_is_answered_after_it(page: Page, double: Double) -> None:
    gate = Gate()
    double.reset([say(["在的", gate, "在的"]), say("火锅！")])
    page.ready().say("在吗")
    page.until(gate.reached.is_set)
    page.say("晚上吃啥")
    page.say("快说")
    page.until(lambda: page.talk() == ["> 在吗", "在的", "> 晚上吃啥", "> 快说"])
    gate.opened.set()
    page.shows("> 在吗", "在的在的", "> 晚上吃啥", "> 快说", "火锅！")
    assert double.asked[1]["messages"] == [user("在吗"), clone("在的在的"), user("晚上吃啥"), user("快说")]


# ---- judging


def test_thumbs_are_votes_and_the_last_one_counts(page: Page, double: Double) -> None:
    page.ready().say("在吗")
    page.shows("> 在吗", "嗯嗯", "知道啦")
    page.act("good")
    page.until(lambda: page.seen(".note") == ["已记下"])
    assert page.one('[data-act="good"]').get_attribute("aria-pressed") == "true"
    page.act("good")  # once is enough
    page.act("bad")
    page.until(lambda: len(double.votes) == 2 and page.seen(".note") == ["已记下"])
    assert page.one('[data-act="good"]').get_attribute("aria-pressed") == "false"
    good, bad = double.votes
    assert good["id"] != bad["id"]
    assert good["completion"].startswith("chatcmpl-")
    assert {**bad, "id": "", "completion": ""} == {
        "id": "", "completion": "", "verdict": "bad", "index": 0, "source": "page",
        "messages": [user("在吗")], "candidates": ["嗯嗯\n知道啦"],
    }  # fmt: skip


def test_another_answer_replaces_the_old_one_which_stays_reachable(page: Page, double: Double) -> None:
    double.reset([say("随便"), say("火锅！\n走"), say("好")])
    page.ready().say("晚上吃啥")
    page.shows("> 晚上吃啥", "随便")
    page.act("again")
    page.shows("> 晚上吃啥", "火锅！", "走")
    assert double.asked[1]["messages"] == [user("晚上吃啥")]
    assert page.seen(".count") == ["2/2"]
    page.act("before")
    page.shows("> 晚上吃啥", "随便")
    assert page.seen(".count") == ["1/2"]
    assert not page.one('[data-act="before"]').is_enabled()
    page.act("after")
    page.say("几点")
    page.shows("> 晚上吃啥", "火锅！", "走", "> 几点", "好")
    assert double.asked[2]["messages"] == [user("晚上吃啥"), clone("火锅！\n走"), user("几点")]


def test_i_would_say_is_stored_and_the_talk_goes_on_with_it(page: Page, double: Double) -> None:
    double.reset([say("随便"), say("好嘞")])
    page.ready().say("晚上吃啥")
    page.shows("> 晚上吃啥", "随便")
    page.act("edit")
    assert page.one(".editing").get_property("value") == "随便"
    assert page.driver.switch_to.active_element == page.one(".editing")
    page.one(".editing").send_keys(Keys.END, "啦", Keys.ENTER, "火锅也行")
    page.act("save")
    page.shows("> 晚上吃啥", "随便啦", "火锅也行")
    page.until(lambda: page.seen(".note") == ["已记下"])
    assert page.seen(".kind") == ["已改"]
    page.say("那走")
    page.shows("> 晚上吃啥", "随便啦", "火锅也行", "> 那走", "好嘞")
    (vote,) = double.votes
    assert (vote["verdict"], vote["text"], vote["candidates"]) == ("edited", "随便啦\n火锅也行", ["随便"])
    assert double.asked[1]["messages"] == [user("晚上吃啥"), clone("随便啦\n火锅也行"), user("那走")]


def test_what_one_has_worded_oneself_takes_no_thumb(page: Page, double: Double) -> None:
    double.reset([say("当然可以。"), say("行")])
    page.ready().say("来吗")
    page.shows("> 来吗", "当然可以。")
    page.act("edit")
    page.one(".editing").send_keys(Keys.CONTROL, "a")
    page.one(".editing").send_keys("来")
    page.act("save")
    page.until(lambda: page.seen(".turn:last-child .note") == ["已记下"])
    # a thumb would be about the answer that does not stand there any more, and take the edit back
    assert page.all('[data-act="good"], [data-act="bad"]') == []
    page.act("again")
    page.shows("> 来吗", "行")
    page.act("good")
    page.until(lambda: len(double.votes) == 2)
    assert [(vote["verdict"], vote["candidates"]) for vote in double.votes] == [
        ("edited", ["当然可以。"]),
        ("good", ["行"]),
    ]


def test_an_edit_that_changes_nothing_or_is_cancelled_is_no_vote(page: Page, double: Double) -> None:
    page.ready().say("在吗")
    page.shows("> 在吗", "嗯嗯", "知道啦")
    page.act("edit")
    page.act("save")
    page.act("edit")
    page.one(".editing").send_keys("不要", Keys.ESCAPE)
    page.shows("> 在吗", "嗯嗯", "知道啦")
    page.act("edit")
    page.one(".editing").send_keys("！")
    page.chord(Keys.CONTROL, Keys.ENTER)
    page.shows("> 在吗", "嗯嗯", "知道啦！")
    page.until(lambda: [vote["text"] for vote in double.votes] == ["嗯嗯\n知道啦！"])


def test_a_half_written_edit_outlives_a_message_and_only_one_is_open(page: Page, double: Double) -> None:
    double.reset([say("随便"), say("好嘞")])
    page.ready().say("晚上吃啥")
    page.shows("> 晚上吃啥", "随便")
    page.act("edit")
    page.one(".editing").send_keys("啦")
    page.say("喂")
    page.until(lambda: page.talk() == ["> 晚上吃啥", "> 喂", "好嘞"] and not page.typing())
    assert page.one(".editing").get_property("value") == "随便啦"
    page.act("edit")
    page.until(lambda: page.talk() == ["> 晚上吃啥", "随便", "> 喂"])


def test_two_answers_stream_side_by_side_and_the_picked_one_goes_on(page: Page, double: Double) -> None:
    gate = Gate()
    double.reset([say(["看看", gate, "呗\n几点"], ["周六", "可以"]), say("好")])
    page.ready(size=(900, 800)).press("#two")
    page.say("看电影吗")
    page.until(gate.reached.is_set)
    page.until(lambda: page.seen(".candidate .bubbles") == ["看看", "周六"])
    left, right = page.all(".candidate")
    assert left.rect["y"] == right.rect["y"]
    assert left.rect["x"] < right.rect["x"]
    assert not page.one('[data-act="pick0"]').is_enabled()
    gate.opened.set()
    page.act("pick1")
    page.shows("> 看电影吗", "周六可以")
    page.until(lambda: page.seen(".note") == ["选中 · 已记下"])
    page.press("#two")
    page.say("那周六")
    page.shows("> 看电影吗", "周六可以", "> 那周六", "好")
    assert [each.get("n") for each in double.asked] == [2, None]
    assert double.asked[1]["messages"] == [user("看电影吗"), clone("周六可以"), user("那周六")]
    (vote,) = double.votes
    assert (vote["verdict"], vote["index"], vote["candidates"]) == ("chosen", 1, ["看看呗\n几点", "周六可以"])


def test_neither_rejects_both_and_the_talk_goes_on_without_them(page: Page, double: Double) -> None:
    double.reset([say("作为AI", "我是模型"), say("来了", "来啦")])
    page.ready().press("#two")
    page.say("你是谁")
    page.act("neither")
    page.until(lambda: len(double.votes) == 2)
    assert [(vote["verdict"], vote["index"]) for vote in double.votes] == [("rejected", 0), ("rejected", 1)]
    assert page.seen(".said .small") == ["都不像：这一句不算在聊天里"]
    page.say("在吗")
    page.until(lambda: len(double.asked) == 2)
    assert double.asked[1]["messages"] == [user("你是谁"), user("在吗")]


def test_a_pick_is_due_before_the_talk_goes_on(page: Page, double: Double) -> None:
    double.reset([say("看看呗", "可以")])
    page.ready().press("#two")
    page.say("看电影吗")
    page.until(lambda: page.one('[data-act="pick0"]').is_enabled())
    page.say("喂")
    assert page.seen("#hint") == ["先在上面选一个，再接着聊。"]
    assert page.one("#text").get_property("value") == "喂"
    assert len(double.asked) == 1


def test_a_pick_can_be_changed(page: Page, double: Double) -> None:
    double.reset([say("看看呗", "可以")])
    page.ready().press("#two")
    page.say("看电影吗")
    page.act("pick0")
    page.shows("> 看电影吗", "看看呗")
    page.act("after")
    page.shows("> 看电影吗", "可以")
    page.act("pick")
    page.until(lambda: [vote["index"] for vote in double.votes] == [0, 1])
    assert {vote["verdict"] for vote in double.votes} == {"chosen"}


def test_votes_that_the_client_may_not_cast_are_not_offered(page: Page, double: Double) -> None:
    double.reset([say("嗯")], votes=False)
    page.ready().say("在吗")
    page.shows("> 在吗", "嗯")
    assert page.all('[data-act="good"], [data-act="edit"], #two') == []
    page.act("again")
    page.shows("> 在吗", "嗯嗯", "知道啦")


# ---- whom and as whom


def test_base_and_clone_can_be_compared_and_only_the_clone_is_judged(page: Page, double: Double) -> None:
    double.reset([say("下啦下啦"), say("您好，我是人工智能助手。")], models=BOTH)
    page.ready().say("下班了吗")
    page.shows("> 下班了吗", "下啦下啦")
    assert page.seen(".kind") == ["小满"]
    page.press('[data-kind="base"]')
    page.act("again")
    page.shows("> 下班了吗", "您好，我是人工智能助手。")
    assert page.seen(".kind") == ["原模型"]
    assert [each["model"] for each in double.asked] == ["xiaoman", "qwen3"]
    assert page.all('[data-act="good"]') == []
    page.act("before")
    assert page.seen(".kind") == ["小满"]
    page.act("good")
    page.until(lambda: [vote["candidates"] for vote in double.votes] == [["下啦下啦"]])


def test_without_a_base_model_or_contacts_there_is_nothing_to_switch(page: Page) -> None:
    page.ready()
    assert page.all("[data-kind], #contact") == []


def test_the_owner_says_who_is_talking_and_another_person_is_another_talk(page: Page, double: Double) -> None:
    double.reset(owner=True, contacts=FRIENDS)
    page.ready().say("在吗")
    page.shows("> 在吗", "嗯嗯", "知道啦")
    page.one("#contact").send_keys("林夏")
    page.until(lambda: page.talk() == [])
    page.say("你好")
    page.shows("> 你好", "嗯嗯", "知道啦")
    assert [each.get("csb") for each in double.asked] == [None, {"contact": "wx_1"}]
    assert double.asked[1]["messages"] == [user("你好")]
    page.reload()
    assert page.one("#contact").get_property("value") == "wx_1"


def test_with_a_memory_the_owner_is_told_everything_and_sees_what_others_would_be_told(
    page: Page, double: Double
) -> None:
    double.reset(owner=True, memory=True, contacts=FRIENDS)
    page.ready()
    for who, told in (("", {"owner": True}), ("陌生人", None), ("林夏 · 朋友", {"contact": "wx_1"})):
        if who:
            page.choose("#contact", who)
        page.until(lambda: page.talk() == [])
        page.say("在吗")
        page.shows("> 在吗", "嗯嗯", "知道啦")
        assert double.asked[-1].get("csb") == told
    page.reload()
    assert page.one("#contact").get_property("value") == "wx_1"


def test_a_new_talk_is_empty_and_the_last_one_can_be_brought_back(page: Page) -> None:
    page.ready().say("在吗")
    page.shows("> 在吗", "嗯嗯", "知道啦")
    page.press("#new")
    page.until(lambda: page.talk() == [])
    page.press("#back")
    page.shows("> 在吗", "嗯嗯", "知道啦")


def test_the_talk_outlives_a_reload_and_never_the_tab(page: Page, chrome: webdriver.Chrome, double: Double) -> None:
    page.ready().say("在吗")
    page.shows("> 在吗", "嗯嗯", "知道啦")
    page.reload()
    page.shows("> 在吗", "嗯嗯", "知道啦")
    assert "关掉就没了" in page.one("#about").text
    assert page.driver.execute_script("return JSON.stringify(localStorage)") == "{}"
    assert Page(chrome, double.port).ready().talk() == []


# ---- how it looks


def test_the_language_is_the_browsers_until_one_is_chosen(page: Page) -> None:
    page.ready(language="en-GB")
    assert page.one("#status").text == "online"
    assert page.one("#text").get_attribute("placeholder") == "Message 小满"
    assert page.one("html").get_attribute("lang") == "en"
    page.press("#language")
    assert page.one("#status").text == "在线"
    page.reload()
    assert page.one("#text").get_attribute("placeholder") == "发给小满"
    assert page.one("html").get_attribute("lang") == "zh-CN"


def test_both_languages_have_the_same_words(page: Page) -> None:
    page.ready()
    shape = page.driver.execute_async_script("""
        const shape = (value) => typeof value === "object"
          ? Object.fromEntries(Object.entries(value).sort().map(([name, each]) => [name, shape(each)])) : typeof value;
        import("/page/words.js").then(({ WORDS }) => arguments[0]([shape(WORDS.zh), shape(WORDS.en)]));
    """)
    assert shape[0] == shape[1]


def background(page: Page) -> int:
    """How bright the page is, 0 to 255."""
    colour = page.driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    return int(re.findall(r"\d+", colour)[0])


def test_dark_is_the_systems_choice_until_one_is_made(page: Page) -> None:
    page.ready(dark=True)
    assert background(page) < 50
    page.press("#theme")
    assert background(page) > 200
    page.reload()
    assert background(page) > 200


CONTRAST = """
const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = (colour) => channels(colour).slice(0, 3).map((c) => c / 255)
  .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
const ground = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (channels(colour)[3] !== 0) return colour;
  }
};
return [...document.querySelectorAll("p, h1, h2, .bubble, .chip, .note, .kind, .count, .solid, .plain, .round")]
  .filter((each) => each.checkVisibility() && each.textContent.trim() && !each.disabled)
  .map((each) => {
    const [a, b] = [light(getComputedStyle(each).color), light(ground(each))].sort((x, y) => y - x);
    return [each.textContent, Math.round(100 * (a + 0.05) / (b + 0.05)) / 100];
  });
"""


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_is_readable(page: Page, double: Double, dark: bool) -> None:
    page.expected = ["400"]
    double.reset([say("嗯"), say("好", "行"), Refuse(400, "太长了")], models=BOTH)
    page.ready(dark=dark).say("在吗")
    page.shows("> 在吗", "嗯")
    page.act("good")
    page.until(lambda: page.seen(".note") == ["已记下"])
    page.press("#two")
    page.act("again")
    page.act("pick0")
    page.say("喂")
    page.until(lambda: page.seen(".failure p") == ["这条没被接受。\n太长了"])
    ActionChains(page.driver).move_to_element(page.one("h1")).perform()
    measured = page.driver.execute_script(CONTRAST)
    assert len(measured) > 10
    assert [each for each in measured if each[1] < 4.5] == []  # WCAG AA


def overflow(page: Page) -> list[str]:
    """What sticks out of the screen to the side."""
    return list(
        page.driver.execute_script("""
        const hidden = (each) => each.closest("#choices, .sprite, .unseen");
        return [...document.querySelectorAll("body *")].filter((each) => !hidden(each) && each.checkVisibility()
          && (each.getBoundingClientRect().right > innerWidth + 0.5 || each.getBoundingClientRect().left < -0.5))
          .map((each) => each.outerHTML.slice(0, 80))""")
    )


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_a_narrow_phone_shows_everything(page: Page, double: Double, language: str) -> None:
    long = "https://example.invalid/" + "a" * 200
    double.reset([say(long), say("哈" * 80, "ok " * 40)], models=BOTH, owner=True, contacts=FRIENDS, name="小满" * 12)
    page.ready(language=language, size=(360, 640)).say("w" * 120)
    page.shows("> " + "w" * 120, long)
    page.act("again") if language == "zh-CN" else page.press("#two")
    page.press("#two") if language == "zh-CN" else page.act("again")
    page.until(lambda: not page.typing())
    assert overflow(page) == []
    assert page.driver.execute_script("return document.documentElement.scrollWidth") == 360


def test_what_the_model_writes_is_text_and_nothing_else_SEC_6(page: Page, double: Double) -> None:
    evil = '<img src=x onerror="document.title=1"><script>document.title=1</script> **a** [b](javascript:1)'
    double.reset([say(evil)], name="<b>小满</b>")
    page.ready().say("<i>hi</i>")
    page.shows("> <i>hi</i>", evil)
    assert page.all("#talk img, #talk script, #talk i, #talk a, #talk b, h1 b") == []
    assert page.driver.title == "<b>小满</b>"


def test_right_to_left_text_runs_right_to_left(page: Page, double: Double) -> None:
    double.reset([say("مرحبا كيف الحال\nok")])
    page.ready().say("שלום")
    page.shows("> שלום", "مرحبا كيف الحال", "ok")
    direction = "return [...document.querySelectorAll('.bubble')].map((each) => getComputedStyle(each).direction)"
    assert page.driver.execute_script(direction) == ["rtl", "rtl", "ltr"]


def test_while_one_reads_further_up_the_talk_does_not_jump(page: Page, double: Double) -> None:
    gate = Gate()
    double.reset([say("一\n" * 40), say(["二\n", gate, "三\n" * 20])])
    page.ready().say("说")
    page.until(lambda: not page.typing())
    page.say("再说")
    page.until(gate.reached.is_set)
    page.driver.execute_script("document.getElementById('scroll').scrollTop = 100")
    page.until(lambda: page.one("#latest").is_displayed())
    gate.opened.set()
    page.until(lambda: len(page.talk()) == 63 and not page.typing())
    assert page.driver.execute_script("return document.getElementById('scroll').scrollTop") == 100
    page.press("#latest")
    page.until(lambda: not page.one("#latest").is_displayed())


# ---- everybody can use it


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_everything_that_can_be_pressed_has_a_name(page: Page, double: Double, language: str) -> None:
    double.reset([say("嗯"), say("好", "行")], models=BOTH, owner=True, contacts=FRIENDS)
    page.ready(language=language).say("在吗")
    page.shows("> 在吗", "嗯")
    page.press("#two")
    page.say("喂")
    page.until(lambda: page.one('[data-act="pick0"]').is_enabled())
    controls = [each for each in page.all("button, textarea, select, input") if each.is_displayed()]
    assert len(controls) > 12
    assert [each.get_attribute("outerHTML") for each in controls if not each.accessible_name.strip()] == []
    assert page.one("#talk").aria_role == "log"


def test_the_keyboard_is_enough_and_the_focus_is_seen_and_kept(page: Page, double: Double) -> None:
    double.reset([say("嗯"), say("好")])
    page.ready().say("在吗")
    page.shows("> 在吗", "嗯")
    for _ in range(20):
        page.chord(Keys.SHIFT, Keys.TAB)
        if page.driver.switch_to.active_element.get_attribute("data-act") == "good":
            break
    assert page.driver.switch_to.active_element.value_of_css_property("outline-style") == "solid"
    page.driver.switch_to.active_element.send_keys(Keys.SPACE)
    page.until(lambda: page.seen(".note") == ["已记下"])
    assert page.driver.switch_to.active_element.get_attribute("data-act") == "good"


def test_a_finished_reply_is_read_out_once(page: Page, double: Double) -> None:
    gate = Gate()
    double.reset([say(["嗯", gate, "嗯\n好"])])
    page.ready().say("在吗")
    page.until(gate.reached.is_set)
    assert page.one("#spoken").get_property("textContent") == ""
    gate.opened.set()
    page.until(lambda: page.one("#spoken").get_property("textContent") == "小满: 嗯嗯 好")


# ---- keys


def test_a_key_in_the_link_is_used_and_taken_out_of_the_address(page: Page, double: Double) -> None:
    double.reset(keys=["s3cret+/=%"])
    page.ready(hash="#key=s3cret%2B%2F%3D%25").say("在吗")
    page.shows("> 在吗", "嗯嗯", "知道啦")
    assert page.driver.current_url == f"{page.origin}/"
    page.reload()
    page.shows("> 在吗", "嗯嗯", "知道啦")
    assert "s3cret" not in page.driver.execute_script("return JSON.stringify(localStorage) + document.cookie")


def test_a_link_opens_the_page_once_and_no_copy_of_it_opens_it_again(page: Page, double: Double) -> None:
    page.expected = ["401", "410"]
    double.reset(keys=["s3cret"])
    double.links = {"word-1": "s3cret"}
    page.ready(hash="#once=word-1").say("在吗")
    page.shows("> 在吗", "嗯嗯", "知道啦")
    assert page.driver.current_url == f"{page.origin}/"
    page.open(hash="#once=word-1")  # the same tab, which has the key
    page.shows("> 在吗", "嗯嗯", "知道啦")
    page.driver.execute_script("sessionStorage.clear()")
    page.driver.get("about:blank")
    page.open(hash="#once=word-1")
    page.until(
        lambda: (
            page.seen("#door-why")
            == ["这个链接已经用过一次了。终端里有新的链接；也可以在这里填 .csb/keys 里 owner 那一行的密钥。"]
        )
    )
    page.one("#key").send_keys("wrong", Keys.ENTER)
    page.until(lambda: page.seen("#door-why") == ["这个密钥不对，再看看？"])
    page.one("#key").send_keys("s3cret", Keys.ENTER)
    page.until(lambda: page.one("#text").is_enabled())


def test_who_opens_a_used_link_and_may_talk_all_the_same_is_told_that_it_was_used(page: Page, double: Double) -> None:
    page.expected = ["410"]
    double.reset(votes=False)
    page.ready(hash="#once=word-1")
    assert "这个链接已经用过一次了" in page.one("#about").text


def test_who_may_talk_without_a_key_is_told_how_to_judge(page: Page, double: Double) -> None:
    double.reset(votes=False)
    page.ready()
    page.press("#judge")
    page.until(lambda: page.seen("#door h2") == ["需要密钥"])
    double.reset(owner=True)
    page.one("#key").send_keys("right", Keys.ENTER)
    page.until(lambda: page.one("#text").is_enabled() and page.seen("#two"))
    assert page.all("#judge") == []


def test_without_a_key_the_page_asks_for_one_until_it_is_right(page: Page, double: Double) -> None:
    page.expected = ["401"]
    double.reset(keys=["right"])
    page.open()
    page.until(lambda: page.seen("#door h2") == ["需要密钥"])
    for wrong in ("wrong", "错的"):
        page.one("#key").send_keys(wrong, Keys.ENTER)
        page.until(lambda: "不对" in page.one("#door-why").text and page.one("#key").get_property("value") == "")
    page.press("#door-later")
    page.press('[data-act="retry"]')
    page.one("#key").send_keys("right")
    page.press("#door-open")
    page.until(lambda: page.one("#text").is_enabled())
    page.say("在吗")
    page.shows("> 在吗", "嗯嗯", "知道啦")


def test_a_key_that_ends_in_the_middle_of_a_talk_is_asked_for_and_the_question_goes_on(
    page: Page, double: Double
) -> None:
    page.expected = ["401"]
    page.ready().say("在吗")
    page.shows("> 在吗", "嗯嗯", "知道啦")
    double.keys = {"new"}
    page.say("吃了没")
    page.until(lambda: page.one("#key").is_displayed())
    page.one("#key").send_keys("new", Keys.ENTER)
    page.shows("> 在吗", "嗯嗯", "知道啦", "> 吃了没", "嗯嗯", "知道啦")


def test_a_vote_that_wants_a_key_is_delivered_once_the_key_is_there(page: Page, double: Double) -> None:
    page.expected = ["401"]
    page.ready().say("在吗")
    page.shows("> 在吗", "嗯嗯", "知道啦")
    double.keys = {"new"}
    voted_with_another_key(page, double, "new")


def voted_with_another_key(page: Page, double: Double, key: str) -> None:
    """A thumb waits visibly while its key may not cast it, and is delivered once with the right one."""
    page.act("good")
    page.until(lambda: page.one("#key").is_displayed())
    assert page.seen(".note") == ["评价待送达 · 再试"]
    page.one("#key").send_keys(key, Keys.ENTER)
    page.until(lambda: page.seen(".note") == ["已记下"])
    assert len(set(double.tries)) == len(double.votes) == 1


# ---- when it goes wrong

FAILURES: dict[str, tuple[Any, str]] = {
    "503": (Refuse(503, "restarting"), "模型正在重启，马上就好。"),
    "500": (Refuse(500, "x"), "模型出了点问题，没能说完。"),
    "403": (Refuse(403, "x"), "这个密钥不能做这件事。"),
    "400": (Refuse(400, "too long: 9000 tokens"), "这条没被接受。\ntoo long: 9000 tokens"),
    "error": (say("", ending="error"), "模型出了点问题，没能说完。"),
    "cut": (say("", ending="cut"), "连接断了，话只说了一半。"),
    "empty": (say(""), "这次什么也没说。"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_a_friendly_line_and_trying_again_works(page: Page, double: Double, name: str) -> None:
    page.expected = ["Failed to load resource"]
    scene, line = FAILURES[name]
    double.reset([scene])
    page.ready().say("在吗")
    page.until(lambda: page.seen(".failure p") == [line])
    assert page.one('.failure [role="alert"]').text == line
    page.act("retry")
    page.shows("> 在吗", "嗯嗯", "知道啦")
    assert page.seen(".failure") == []
    assert double.asked[0] == double.asked[1]


@pytest.mark.parametrize("ending", ["error", "cut"])
def test_an_answer_that_breaks_off_stays_until_the_next_try(page: Page, double: Double, ending: Any) -> None:
    page.expected = ["Failed to load resource"]
    gate = Gate()
    double.reset([say(["我在\n想", gate], ending=ending), say("想好了")])
    page.ready().say("想好没")
    page.until(lambda: page.talk() == ["> 想好没", "我在", "想"])
    gate.opened.set()
    page.until(lambda: page.talk() == ["> 想好没", "我在", "想"] and page.seen(".failure"))
    page.act("retry")
    page.shows("> 想好没", "想好了")
    assert page.all(".count") == []


def test_429_counts_the_seconds_and_then_lets_one_try_again(page: Page, double: Double) -> None:
    page.expected = ["429"]
    double.reset([Refuse(429, "busy", {"Retry-After": "2"})])
    page.ready().say("在吗")
    page.until(lambda: page.seen(".failure p") == ["现在人多，排不上队。"])
    assert re.fullmatch(r"[12] 秒后可再试", page.one('[data-act="retry"]').text)
    assert not page.one('[data-act="retry"]').is_enabled()
    page.act("retry")  # waits until it can be pressed
    page.shows("> 在吗", "嗯嗯", "知道啦")


def test_when_the_gateway_is_gone_the_page_says_so_and_comes_back(page: Page, double: Double) -> None:
    page.expected = ["ERR_CONNECTION_REFUSED"]
    page.ready()
    double.stop()
    page.say("在吗")
    page.until(lambda: page.seen(".failure p") and page.one("#status").text == "连不上")
    page.act("retry")
    page.until(lambda: page.seen(".failure p"))
    double.start()
    page.act("retry")
    page.shows("> 在吗", "嗯嗯", "知道啦")
    assert page.one("#status").text == "在线"


def test_an_engine_that_says_nothing_at_all_is_given_up_at_last(page: Page, double: Double) -> None:
    # three minutes of patience, made half a second
    script = "const wait = setTimeout; window.setTimeout = (run, ms) => wait(run, ms === 180000 ? 500 : ms)"
    page.cdp("Page.addScriptToEvaluateOnNewDocument", source=script)
    double.reset([say([Gate(), "不会来了"])])
    page.ready().say("在吗")
    page.until(lambda: page.seen(".failure p") == ["等了很久也没有回音。"])
    page.act("retry")
    page.shows("> 在吗", "嗯嗯", "知道啦")


def test_a_question_that_failed_goes_along_with_the_next_message(page: Page, double: Double) -> None:
    page.expected = ["503"]
    double.reset([Refuse(503)])
    page.ready().say("在吗")
    page.until(lambda: page.seen(".failure p"))
    page.say("喂")
    page.shows("> 在吗", "> 喂", "嗯嗯", "知道啦")
    assert double.asked[1]["messages"] == [user("在吗"), user("喂")]


def test_a_failed_second_answer_leaves_the_first(page: Page, double: Double) -> None:
    page.expected = ["503"]
    double.reset([say("嗯"), Refuse(503)])
    page.ready().say("在吗")
    page.shows("> 在吗", "嗯")
    page.act("again")
    page.until(lambda: page.seen(".failure p"))
    page.shows("> 在吗", "嗯")


def test_a_vote_that_cannot_be_delivered_waits_visibly_and_keeps_its_id(page: Page, double: Double) -> None:
    page.expected = ["503"]
    page.ready().say("在吗")
    page.shows("> 在吗", "嗯嗯", "知道啦")
    double.refusals.extend([Refuse(503), Refuse(503, headers={"Retry-After": "600"})])
    page.act("good")
    page.until(lambda: len(double.tries) == 2)
    page.until(lambda: page.seen(".note") == ["评价待送达 · 再试"])
    page.reload()  # tries once more by itself
    page.until(lambda: page.seen(".note") == ["已记下"])
    assert len(set(double.tries)) == 1
    assert [vote["verdict"] for vote in double.votes] == ["good"]


def test_a_waiting_vote_can_be_sent_by_hand_and_votes_keep_their_order(page: Page, double: Double) -> None:
    page.expected = ["503"]
    page.ready().say("在吗")
    page.shows("> 在吗", "嗯嗯", "知道啦")
    double.refusals.append(Refuse(503, headers={"Retry-After": "600"}))
    page.act("good")
    page.until(lambda: page.seen(".note") == ["评价待送达 · 再试"])
    double.refusals.append(Refuse(503, headers={"Retry-After": "600"}))
    page.act("bad")
    page.until(lambda: len(double.tries) == 2 and page.seen(".note") == ["评价待送达 · 再试"])
    page.act("hurry")
    page.until(lambda: page.seen(".note") == ["已记下"])
    assert [vote["verdict"] for vote in double.votes] == ["good", "bad"]


def test_a_vote_that_another_key_may_not_cast_waits_for_the_right_one(page: Page, double: Double) -> None:
    page.expected = ["403"]
    double.reset([say("嗯")])
    double.refusals.append(Refuse(403, "only the owner's key may vote"))
    page.ready().say("在吗")
    page.shows("> 在吗", "嗯")
    voted_with_another_key(page, double, "owner")


def test_a_vote_that_was_stored_while_the_talk_was_away_is_stored_when_it_comes_back(
    page: Page, double: Double
) -> None:
    page.expected = ["503"]
    double.reset([say("嗯")])
    double.refusals.append(Refuse(503, "wait", {"Retry-After": "1"}))
    page.ready().say("在吗")
    page.shows("> 在吗", "嗯")
    page.act("good")
    page.until(lambda: page.seen(".note") == ["评价待送达 · 再试"])
    page.press("#new")
    page.until(lambda: double.votes)
    page.until(lambda: not page.driver.execute_script("return JSON.parse(sessionStorage.getItem('csb.votes')).length"))
    page.press("#back")
    page.until(lambda: page.seen(".note") == ["已记下"])


def test_a_vote_whose_answer_was_lost_is_stored_once(page: Page, double: Double) -> None:
    page.expected = ["ERR_"]
    page.ready().say("在吗")
    page.shows("> 在吗", "嗯嗯", "知道啦")
    double.forget_to_answer = True
    page.act("good")
    page.until(lambda: page.seen(".note") == ["已记下"])
    assert len(double.tries) == 2
    assert len(double.votes) == 1


def test_a_refused_vote_says_why_and_is_not_tried_again(page: Page, double: Double) -> None:
    page.expected = ["409"]
    page.ready().say("在吗")
    page.shows("> 在吗", "嗯嗯", "知道啦")
    double.refusals.append(Refuse(409, "another vote has this id"))
    page.act("good")
    page.until(lambda: page.seen(".note") == ["没有记下: another vote has this id"])
    page.act("bad")
    page.until(lambda: page.seen(".note") == ["已记下"])
    assert len(double.tries) == 2


def test_the_double_keeps_the_contract_of_votes(client: httpx.Client) -> None:
    """What the page's tests rest on."""
    vote = {
        "id": "2f1c7a3e-0000-4000-8000-000000000000", "completion": "chatcmpl-1", "verdict": "good", "index": 0,
        "source": "page", "messages": [user("在吗")], "candidates": ["嗯"],
    }  # fmt: skip
    answers = [client.post("/v1/feedback", json=each) for each in (vote, vote, vote | {"verdict": "bad"}, {})]
    assert [each.status_code for each in answers] == [201, 200, 409, 422]
