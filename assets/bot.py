"""assets/bot_zh.png, bot_en.png and wechat.png: the real `csb bot run terminal` and `csb wechat` in a pseudo terminal,
before the tests' fake engine and double of Tencent's server; every word is invented.

python assets/bot.py     (needs the extras wechat and dev, Debian's chromium, fonts-dejavu, fonts-noto-cjk)
"""

import html
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from gateway import ENGINE_KEY, alone  # noqa: E402
from ilink_server import ilink_server  # noqa: E402
from patience import until  # noqa: E402
from screen import Screen  # noqa: E402

HUSH = re.compile(r"the chat page is|engine: |starting|you are the owner")  # what says nothing here; one shows a key
TALKS = {
    "zh": [("下班了吗？", "下啦下啦\n在地铁上 挤成饼了"), ("晚饭吃啥", "楼下麻辣烫捏\n多加青菜！！")],
    "en": [("are you home yet?", "ugh no\nstill on the bus lol"), ("pizza tonight?", "YES\nextra cheese pls")],
}
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 14px; width: max-content }}
div {{ background: #11161d; color: #d7dee7; border-radius: 10px; padding: 14px 20px 16px }}
pre {{ font: 15px/{} "DejaVu Sans Mono", "Noto Sans CJK SC", monospace; margin: 0 }}
b {{ color: #fff }} u {{ text-decoration: none; color: #43c692 }} i {{ font-style: normal; color: #8b97a5 }}
s {{ text-decoration: none; background: #fff; color: #000; line-height: 1.16; display: block; width: max-content }}
</style><div><pre>{}</pre></div>"""


def said(answers: dict[str, str]) -> str:
    """What the engine says, as it wants to be told."""
    return json.dumps({asked: [answer] for asked, answer in answers.items()})


def rows(raw: str) -> list[str]:
    """What stands on the screen in the end, colours kept."""
    found = []
    for line in raw.replace("\r\n", "\n").split("\n"):
        shown = line.split("\r")[-1].replace("\x1b[K", "")
        found += [] if HUSH.search(shown) else [shown]
    return found


def draw(lines: list[str], target: str, spacing: float = 1.35) -> None:
    """The lines as a picture."""
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch, "page.html")
        page.write_text(PAGE.format(spacing, "".join(map(coloured, lines))), "utf-8")
        quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
        where = [f"--user-data-dir={scratch}/profile", f"--screenshot={scratch}/shot.png", "--window-size=1100,1000"]
        look = ["--force-device-scale-factor=2", "--hide-scrollbars", "--default-background-color=00000000"]
        argv = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", *quiet, *look, *where, page.as_uri()]
        subprocess.run(argv, check=True, capture_output=True)
        shot = Image.open(f"{scratch}/shot.png")
        shot.crop(shot.getbbox()).quantize(64, dither=Image.Dither.NONE).save(ROOT / "assets" / target, optimize=True)


def coloured(line: str) -> str:
    """A line of the screen as HTML: the command, the clone, a code's rows, the story, what was typed."""
    plain = html.escape(re.sub(r"\x1b\[[0-9;]*m", "", line))
    if line.startswith("$"):
        return f"<u>$</u> <b>{plain[2:]}</b>\n"
    if "\x1b[" in line:
        return f"<s>{plain}</s>"
    if named := re.match("(小满|Mia)(.*)", plain):
        return f"<u>{named[1]}</u>{named[2]}\n"
    return f"<i>{plain}</i>\n" if re.search(r"·|scan|listening|logged in|link", plain) else f"<b>{plain}</b>\n"


def terminal(language: str, folder: Path) -> None:
    """A talk through the terminal channel, with the real waiting and pauses."""
    name = {"zh": "小满", "en": "Mia"}[language]
    (folder / "clone.yaml").write_text(f"name: {name}\nlanguage: {language}\nbot: {{two_answers: 0}}\n", "utf-8")
    with alone(SAYS=said(dict(TALKS[language]))) as url:
        screen = Screen(folder, "bot", "run", "terminal", f"--serve=--url={url}", CSB_ENGINE_KEY=ENGINE_KEY)
        screen.wait("the chat page is")
        for asked, answer in TALKS[language]:
            screen.type(asked + "\n")
            screen.wait(f"{name}: {answer.splitlines()[-1]}")
        time.sleep(1)
        screen.type("\x04")
        screen.end()
    draw(["$ csb bot run terminal", *rows(screen.raw)], f"bot_{language}.png")


def wechat(folder: Path) -> None:
    """A login, and a first message, against the double."""
    (folder / "clone.yaml").write_text("name: 小满\nbot: {two_answers: 0, wait: 1s, slowest: 1s}\n", "utf-8")
    with alone(SAYS=said({"在吗": "在呢在呢"})) as url, ilink_server(hold=1) as tencent:
        tencent.logins.append([{"status": "wait"}, {"status": "scaned"}, tencent.confirmed()])
        screen = Screen(folder, "wechat", f"--serve=--url={url}", CSB_ENGINE_KEY=ENGINE_KEY, CSB_ILINK_URL=tencent.url)
        until(lambda: ("b1@im.bot", "start") in tencent.notified, lambda: screen.text)
        tencent.push("在吗")
        screen.wait("1 heard · 1 answered")
        screen.interrupt()
        screen.end()
    lines = [line for line in rows(screen.raw) if line.strip()]
    draw(["$ csb wechat", *lines], "wechat.png")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        for number, work in enumerate((lambda f: terminal("zh", f), lambda f: terminal("en", f), wechat)):
            (place := Path(scratch, str(number))).mkdir()
            work(place)
