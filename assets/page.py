"""assets/page_zh.png and page_en.png: the real page before the tests' gateway double; every word is invented.

python assets/page.py     (needs the dev extra, Pillow, and Debian's chromium, chromium-driver, fonts-noto-cjk)
"""

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browser import Page, start  # noqa: E402
from chat_double import Double, say  # noqa: E402

BOTH = [{"id": "clone", "kind": "clone"}, {"id": "base", "kind": "base"}]
BASE_EN = "I'm glad you asked! As an AI, I don't have weekend plans, but I can suggest some fun activities."


def shoot(page: Page, target: str) -> None:
    """The screen as a picture of at most 256 colours: a quarter of the bytes, and nobody sees it."""
    page.driver.execute_script("document.activeElement.blur()")
    page.until(lambda: not page.driver.execute_script("return document.getAnimations().length"))
    shot = Image.open(io.BytesIO(page.driver.get_screenshot_as_png())).convert("RGB")
    shot.quantize(256, dither=Image.Dither.NONE).save(ROOT / "assets" / target, optimize=True)


def open_page(page: Page, double: Double, scenes: list[Any], card: dict[str, Any], **how: Any) -> None:
    double.reset(scenes, models=BOTH, **card)
    page.ready(**how)
    page.cdp("Emulation.setScrollbarsHidden", hidden=True)
    width, height = how["size"]
    page.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2, mobile=False)


def chinese(page: Page, double: Double) -> None:
    scenes = [
        say("下啦下啦\n在地铁上 挤成饼了"),
        say("楼下麻辣烫捏\n多加青菜！！"),
        say("看看呗\n几点呀", "周六可以滴\n周日要陪我妈"),
    ]
    open_page(page, double, scenes, {}, language="zh-CN", size=(390, 764))
    page.say("下班了吗？")
    page.until(lambda: len(page.talk()) == 3 and not page.typing())
    page.say("晚饭吃啥")
    page.until(lambda: len(page.talk()) == 6 and not page.typing())
    page.act("good")
    page.until(lambda: page.seen(".note")[-1:] == ["已记下"])
    page.press("#two")
    page.say("周末看电影去不去")
    page.until(lambda: page.one('[data-act="pick0"]').is_enabled())
    shoot(page, "page_zh.png")


def english(page: Page, double: Double) -> None:
    scenes = [
        say("ugh mondays\nstill on the bus lol\nsend coffee"),
        say(BASE_EN),
        say("sat is good!\nsunday im at grandmas", "maybe??\nlets see how tired i am"),
    ]
    card = {
        "name": "Mia",
        "language": "en",
        "owner": True,
        "contacts": [{"id": "1", "name": "Jonas", "relation": "friend"}],
    }
    open_page(page, double, scenes, card, language="en-US", size=(1080, 760), dark=True)
    page.say("how's your morning going?")
    page.until(lambda: len(page.talk()) == 4 and not page.typing())
    page.press('[data-kind="base"]')
    page.say("any plans for the weekend?")
    page.until(lambda: len(page.talk()) == 6 and not page.typing())
    page.press('[data-kind="clone"]')
    page.press("#two")
    page.say("movie on saturday?")
    page.until(lambda: page.one('[data-act="pick0"]').is_enabled())
    shoot(page, "page_en.png")


if __name__ == "__main__":
    double = Double()
    double.start()
    with tempfile.TemporaryDirectory() as profile:
        driver = start(Path(profile))
        try:
            chinese(Page(driver, double.port), double)
            english(Page(driver, double.port), double)
        finally:
            driver.quit()
            double.stop()
