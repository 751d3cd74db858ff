"""The chat page under axe, on a phone of 360 px: every state that a person meets, both languages, light and dark."""

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browser import Page
from chat_double import Double, Gate, Refuse, say
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium_axe_python import Axe

BOTH = [{"id": "xiaoman", "kind": "clone"}, {"id": "qwen3", "kind": "base"}]
FRIENDS = [{"id": "wx_1", "name": "林夏", "relation": "朋友"}, {"id": "wx_2", "name": "阿哲", "relation": ""}]
WAITING = {
    "id": "onebot-1", "channel": "onebot", "number": 1, "name": "林夏", "heard": "在吗\n吃饭去？",
    "proposed": "走\n楼下见", "at": "2026-05-04T12:00:00+00:00",
}  # fmt: skip
OWNER = {"models": BOTH, "owner": True, "contacts": FRIENDS}
SHOTS = os.environ.get("CSB_SCREENSHOTS")  # a folder
STANDARD = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

# what still moves, but for the dots that always do
MOVING = "return document.getAnimations().some((each) => each.effect.getTiming().iterations !== Infinity)"


@pytest.fixture(scope="module")
def double() -> Iterator[Double]:
    double = Double()
    double.start()
    yield double
    double.stop()


@pytest.fixture
def page(request: pytest.FixtureRequest, chrome: webdriver.Chrome, double: Double) -> Iterator[Page]:
    """A phone with this language and this light."""
    tab = Page(chrome, double.port)
    language, light = request.param.split("-")
    tab.how = {"language": language, "dark": light == "dark", "size": (360, 640)}  # type: ignore[attr-defined]
    yield tab
    assert tab.problems() == []


def faults(page: Page) -> list[str]:
    """What axe finds, and what sticks out to the side."""
    ActionChains(page.driver).move_to_element(page.one("#face")).perform()
    page.until(lambda: not page.driver.execute_script(MOVING))
    if SHOTS:
        name = re.sub(r"[^\w-]+", "-", os.environ["PYTEST_CURRENT_TEST"].partition("[")[2].partition("]")[0])
        page.driver.save_screenshot(f"{SHOTS}/{name}.png")
    axe = Axe(page.driver)
    axe.inject()
    found: list[dict[str, Any]] = axe.run(options=STANDARD)["violations"]
    wide = page.driver.execute_script("return document.documentElement.scrollWidth")
    told = [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]
    return told + ([f"{wide} px wide"] if wide > 360 else [])


def empty(page: Page, double: Double) -> None:
    double.reset(**OWNER)
    page.ready(**page.how)


def stranger(page: Page, double: Double) -> None:
    double.reset(votes=False)
    page.ready(**page.how)


def judged(page: Page, double: Double) -> None:
    double.reset([say("嗯\n好"), say("行")], **OWNER)
    page.ready(**page.how).say("在吗")
    page.shows("> 在吗", "嗯", "好")
    page.act("good")
    page.until(lambda: page.seen(".note"))
    page.say("那走")
    page.shows("> 在吗", "嗯", "好", "> 那走", "行")


def typing(page: Page, double: Double) -> None:
    gate = Gate()
    double.reset([say(["嗯\n", gate, "好"])], **OWNER)
    page.ready(**page.how).say("在吗")
    page.until(gate.reached.is_set)
    page.until(lambda: page.dots() == 1 and page.talk() == ["> 在吗", "嗯"])
    page.gate = gate  # type: ignore[attr-defined]


def edited(page: Page, double: Double) -> None:
    judged(page, double)
    page.act("edit")


def pair(page: Page, double: Double) -> None:
    double.reset([say("好 哈哈", "行")], **OWNER)
    page.ready(**page.how)
    page.press("#two")
    page.say("喂")
    page.until(lambda: page.one('[data-act="pick0"]').is_enabled())


def failed(page: Page, double: Double) -> None:
    page.expected = ["400"]
    double.reset([Refuse(400, "too long")], **OWNER)
    page.ready(**page.how).say("喂")
    page.until(lambda: page.seen(".failure p"))


def locked(page: Page, double: Double) -> None:
    page.expected = ["401"]
    double.reset(keys=["right"])
    page.open(**page.how)
    page.until(lambda: page.seen("#door h2"))


def drafts(page: Page, double: Double) -> None:
    double.reset([say("嗯")], **OWNER)
    double.waiting = [WAITING, WAITING | {"id": "onebot-2", "name": "阿哲"}]
    page.ready(**page.how).say("在吗")
    page.until(lambda: len(page.all(".draft")) == 2 and not page.typing())
    page.press('[data-draft="onebot-2"] [data-act="draft-edit"]')


STATES = [empty, stranger, judged, typing, edited, pair, failed, locked, drafts]
WORDY = [empty, edited, pair, drafts]
# words depend on the language and colours on the light, nothing on both; to be looked at, all
SCENES = [("en-dark", state) for state in STATES] + [("zh-light", state) for state in (STATES if SHOTS else WORDY)]
SCENES += [(look, state) for look in ("zh-dark", "en-light") for state in (STATES if SHOTS else [])]


@pytest.mark.parametrize(("page", "state"), SCENES, indirect=["page"])
def test_axe_finds_nothing_and_nothing_sticks_out_at_360_px(
    page: Page, double: Double, state: Callable[[Page, Double], None]
) -> None:
    state(page, double)
    found = faults(page)
    if gate := getattr(page, "gate", None):
        gate.opened.set()
    assert found == []


@pytest.mark.parametrize("page", ["en-dark"], indirect=True)
def test_axe_sees_what_is_wrong(page: Page, double: Double) -> None:
    empty(page, double)
    page.driver.execute_script("""
        for (const name of ["aria-label", "title"]) document.getElementById("new").removeAttribute(name);
        document.querySelector("#about p").style.opacity = 0.4;
        document.getElementById("text").removeAttribute("aria-label");
        document.getElementById("text").removeAttribute("placeholder");
        document.querySelector("header").style.width = "500px";""")
    found = {fault.partition(":")[0] for fault in faults(page)}
    assert {"button-name", "color-contrast", "label", "500 px wide"} <= found
