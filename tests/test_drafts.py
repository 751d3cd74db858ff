"""Drafts over the API and on the chat page, before a real gateway, with a real bot that acts on what was decided."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from browser import Page
from gateway import CARD, FRIEND, OWNER, Running, fake, running
from patience import LIMIT
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

from chatstylebot.contacts import Contact
from chatstylebot.feedback.drafts import LONGEST, Decided, Draft, Drafts
from chatstylebot.serving.state import Choices, Limits

KEYED = Choices(key_required=True, limits=Limits(rate=0))
START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("drafts") / ".csb"  # the workspace's own: a bot beside it uses the same files
    folder.mkdir()
    people = {"wx_bob": Contact(name="Bob")}
    with running(folder, [fake(folder)], CARD, KEYED, contacts=people) as found:
        yield found


@pytest.fixture
def kept(where: Running) -> Iterator[Drafts]:
    with Drafts.open(where.folder / "drafts.sqlite") as found:
        yield found
        found.forget([draft.id for draft in found.everything()])


def draft(number: int, heard: str, proposed: str, name: str = "Bob", channel: str = "onebot") -> Draft:
    return Draft(f"{channel}-{number}", channel, number, name, heard, proposed, START + timedelta(minutes=number))


def call(where: Running, method: str, path: str, key: str = OWNER, **more: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.request(method, f"{where.v1}/{path}", headers=headers, trust_env=False, **more)  # type: ignore[arg-type]


def test_drafts_are_listed_the_oldest_first_and_leave_the_list_when_they_are_decided(
    where: Running, kept: Drafts
) -> None:
    kept.put(draft(2, "later?", "sure"))
    kept.put(draft(1, "hi\nthere", "yo"))
    rows = call(where, "GET", "drafts").json()["data"]
    assert [(row["id"], row["heard"], row["proposed"]) for row in rows] == [
        ("onebot-1", "hi\nthere", "yo"), ("onebot-2", "later?", "sure"),
    ]  # fmt: skip
    assert rows[0]["at"] == "2026-05-04T12:01:00Z"
    assert call(where, "POST", "drafts/onebot-1", json={"choice": "send"}).json() == {
        "id": "onebot-1",
        "choice": "send",
    }
    edit = {"choice": "edit", "text": "not before nine"}
    assert call(where, "POST", "drafts/onebot-2", json=edit).status_code == 200
    assert call(where, "GET", "drafts").json()["data"] == []
    assert kept.decided("onebot") == [Decided(1, "send", ""), Decided(2, "edit", "not before nine")]
    again = call(where, "POST", "drafts/onebot-1", json={"choice": "no"})
    assert (again.status_code, again.json()["error"]["code"]) == (404, "unknown_draft")


def test_only_the_owner_s_key_sees_and_decides(where: Running, kept: Drafts) -> None:
    kept.put(draft(1, "hi", "yo"))
    for key, status in ((FRIEND, 403), ("nobody-0123456789", 401)):
        for method, path, body in (("GET", "drafts", None), ("POST", "drafts/onebot-1", {"choice": "send"})):
            refused = call(where, method, path, key, json=body)
            assert refused.status_code == status
            assert "yo" not in refused.text
    assert len(kept.waiting()) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"choice": "edit"}, {"choice": "edit", "text": " \n"}, {"choice": "send", "text": "x"}, {"choice": "maybe"}, {},
        {"choice": "edit", "text": "x" * (LONGEST + 1)},
    ],
)  # fmt: skip
def test_a_word_that_makes_no_sense_is_a_400_and_decides_nothing(
    where: Running, kept: Drafts, body: dict[str, str]
) -> None:
    kept.put(draft(1, "hi", "yo"))
    assert call(where, "POST", "drafts/onebot-1", json=body).status_code == 400
    assert len(kept.waiting()) == 1


def test_a_lone_surrogate_is_a_400(where: Running, kept: Drafts) -> None:
    kept.put(draft(1, "hi", "yo"))
    body = b'{"choice": "edit", "text": "\\ud800"}'
    headers = {"Authorization": f"Bearer {OWNER}", "Content-Type": "application/json"}
    done = httpx.post(f"{where.v1}/drafts/onebot-1", content=body, headers=headers, trust_env=False)
    assert done.status_code == 400


def test_looking_at_a_workspace_without_a_bot_makes_no_file(tmp_path: Path) -> None:
    with running(tmp_path, wait=False) as found:
        assert call(found, "GET", "drafts").json()["data"] == []
        assert call(found, "POST", "drafts/onebot-1", json={"choice": "no"}).status_code == 404
    assert not (tmp_path / "drafts.sqlite").exists()


# ---- the page


@pytest.fixture
def page(chrome: webdriver.Chrome, where: Running) -> Iterator[Page]:
    tab = Page(chrome, int(where.url.rpartition(":")[2]))
    yield tab
    assert tab.problems() == []


def one(id: str, act: str) -> str:
    return f'[data-draft="{id}"] [data-act="draft-{act}"]'


def test_each_draft_is_sent_changed_or_not_sent_with_a_press(page: Page, kept: Drafts) -> None:
    page.ready(hash=f"#key={OWNER}")
    assert page.seen("#drafts") == []  # nothing waits, nothing is shown
    kept.put(draft(1, "晚上吃饭吗\n老地方", "好呀\n几点"))
    kept.put(draft(2, "书还在吗", "在的", "小明"))
    kept.put(draft(3, "<b>hi</b>", "<i>yo</i>", "Ann"))
    page.until(lambda: page.seen("#drafts-title") == ["3 条回复等你定"])
    assert page.seen('[data-draft="onebot-1"] .bubble') == ["晚上吃饭吗", "老地方", "好呀", "几点"]
    assert page.seen('[data-draft="onebot-3"] .bubble') == ["<b>hi</b>", "<i>yo</i>"]
    page.press(one("onebot-1", "send"))
    page.until(lambda: page.seen("#drafts-title") == ["2 条回复等你定"])
    page.press(one("onebot-2", "edit"))
    box = page.one('[data-draft="onebot-2"] textarea')
    assert box.get_attribute("value") == "在的"
    box.send_keys("，明天给你")
    kept.put(draft(4, "another", "one"))  # what comes meanwhile takes neither words nor cursor away
    page.until(lambda: len(page.all(".draft")) == 3)
    box.send_keys("！")
    page.press(one("onebot-2", "save"))
    page.until(lambda: len(page.all(".draft")) == 2)
    page.press(one("onebot-3", "no"))
    page.until(lambda: page.seen("#drafts-title") == ["1 条回复等你定"])
    assert kept.decided("onebot") == [
        Decided(1, "send", ""), Decided(2, "edit", "在的，明天给你！"), Decided(3, "no", ""),
    ]  # fmt: skip
    page.press("#language")
    page.until(lambda: page.seen("#drafts-title") == ["A reply waits for you"])
    page.press("#language")
    kept.keep("onebot", set())  # the bot has taken it back: its friend has written again
    page.until(lambda: page.seen("#drafts") == [])


def test_a_draft_that_is_gone_says_so_and_goes(page: Page, kept: Drafts) -> None:
    page.expected = ["404"]
    kept.put(draft(1, "hi", "yo"))
    page.ready(hash=f"#key={OWNER}")
    page.until(lambda: len(page.all(".draft")) == 1)
    kept.forget(["onebot-1"])
    page.driver.execute_script("document.querySelector(arguments[0])?.click()", one("onebot-1", "send"))
    page.until(lambda: page.seen("#drafts") == [])


def test_a_friend_s_key_sees_no_drafts_and_does_not_even_ask(page: Page, kept: Drafts) -> None:
    kept.put(draft(1, "hi", "yo"))
    page.ready(hash=f"#key={FRIEND}")
    page.say("在 吗")
    page.shows("> 在 吗", "在 吗")
    assert page.seen("#drafts") == []
    assert "yo" not in page.driver.page_source


@pytest.mark.parametrize("dark", [False, True])
def test_on_a_phone_the_drafts_fit_and_leave_room_for_the_talk(page: Page, kept: Drafts, dark: bool) -> None:
    for number in range(1, 7):
        kept.put(draft(number, "很长的一句话" * 12, "嗯" * number))
    page.ready(hash=f"#key={OWNER}", size=(360, 640), dark=dark)
    page.until(lambda: len(page.all(".draft")) == 6)
    script = """const [a, b] = ["drafts", "composer"].map((id) => document.getElementById(id).getBoundingClientRect());
        return [document.documentElement.scrollWidth, a.height, b.bottom, window.innerHeight]"""
    width, height, bottom, window = page.driver.execute_script(script)
    assert width <= 360
    assert height <= 0.53 * window
    assert bottom <= window
    if folder := os.environ.get("CSB_SCREENSHOTS"):
        page.driver.save_screenshot(f"{folder}/drafts-{'dark' if dark else 'light'}.png")


def test_what_is_pressed_on_the_page_the_running_bot_sends_and_it_is_feedback(
    page: Page, where: Running, kept: Drafts
) -> None:
    workspace = where.folder.parent
    (workspace / "clone.yaml").write_text("name: 小林\nbot: {wait: 0.05s, slowest: 0.01s, two_answers: 0}\n", "utf-8")
    (workspace / "contacts.yaml").write_text("wx_bob: {name: Bob, policy: draft}\n", "utf-8")
    line = ("bot", "run", "terminal", "--server", where.url, "--contact", "Bob")
    page.ready(hash=f"#key={OWNER}")
    with subprocess.Popen(
        [sys.executable, "-m", "chatstylebot", *line], cwd=workspace, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, encoding="utf-8", env=os.environ | {"CSB_OWNER_KEY": OWNER, "PYTHONUTF8": "1"},
    ) as bot:  # fmt: skip
        assert bot.stdin
        assert bot.stdout
        bot.stdin.write("在 忙 吗\n")
        bot.stdin.flush()
        page.press(one("terminal-1", "edit"))
        page.one('[data-draft="terminal-1"] textarea').send_keys(Keys.CONTROL, "a")
        page.one('[data-draft="terminal-1"] textarea').send_keys("不忙")
        page.press(one("terminal-1", "save"))
        assert bot.stdout.readline() == "不忙\n"
        bot.communicate("", timeout=LIMIT)
    page.until(lambda: page.seen("#drafts") == [])
    [vote] = list(where.state.votes.records())  # type: ignore[attr-defined]
    assert (vote.verdict, vote.text, vote.source, vote.contact) == ("edited", "不忙", "bot-terminal", "wx_bob")
