"""The words that a user wants hidden: a list of their own, and the names of their contacts."""

import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from chatstylebot.errors import UserError

# a repeat of something that repeats, (a+)+: such an expression can take years
_NESTED = re.compile(r"[+*}]\)(?:[+*]|\{\d*,)")
# what contacts are called and people say of anybody or anything
_COMMON = """
妈妈 爸爸 老妈 老爸 爸妈 老公 老婆 宝贝 宝宝 亲爱的 老师 老板 哥哥 姐姐 弟弟 妹妹 爷爷 奶奶 外公 外婆 叔叔
阿姨 舅舅 姑姑 朋友 同学 同事 室友 闺蜜 兄弟 姐妹 家人 家里 公司 学校 快递 外卖 房东 中介 司机 师傅 客服
医生 物业 今天 明天 昨天 开心 快乐 晴天 下雨 天空 阳光 星星 月亮 自己 我的 你好 没有 什么 群聊 文件 手机
电脑 工作 生活 时间 世界 未知
me you mum mom mama dad papa wife husband boss home work love babe baby honey friend brother sister will may
mark grace hope joy rose bill art frank guy dawn summer april june august rich sue christian chase grant pat
rob angel sunny happy user admin unknown group phone delivery taxi doctor teacher
"""
COMMON = frozenset(_COMMON.split())


def hideable(name: str) -> bool:
    """Whether a name can be hidden without hiding ordinary words: two characters (three Latin ones), and no 妈妈."""
    bare = name.strip()
    return len(bare) >= (3 if bare.isascii() else 2) and bare.lower() not in COMMON and not bare.isdigit()


def pattern_of(names: Sequence[str]) -> re.Pattern[str] | None:
    """What finds the names that can be hidden, the longest first, whatever their case; None without any."""
    wanted = sorted({name.strip() for name in names if hideable(name)}, key=lambda name: (name[0], -len(name), name))
    # one branch per first character: a thousand names are tried where one of them can begin
    branches = [
        f"{_left(first)}{re.escape(first)}(?:{'|'.join(re.escape(name[1:]) + _right(name) for name in same)})"
        for first, same in groupby(wanted, key=lambda name: name[0])
    ]
    return re.compile("|".join(branches), re.IGNORECASE) if wanted else None


def _left(first: str) -> str:
    return "(?<![A-Za-z0-9])" if first.isascii() and first.isalnum() else ""  # 汉字 have no borders


def _right(name: str) -> str:
    return "(?![A-Za-z0-9])" if name[-1].isascii() and name[-1].isalnum() else ""


def block_list(path: Path) -> list[re.Pattern[str]]:
    """The patterns of the user's own list: a word a line, `re:` before a regular expression, # before a comment.

    Words match whatever their case. Raises UserError that names every line which is no expression, matches nothing at
    all, or repeats a repeat: `(a+)+` can take years on one message. Others can be slow too; they are the user's own.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}", "give a text file (UTF-8) with a word a line") from None
    found, faults = [], []
    for number, line in enumerate(lines, 1):
        word = line.strip()
        if not word or word.startswith("#"):
            continue
        expression = word[3:].strip() if word.startswith("re:") else re.escape(word)
        try:
            pattern = re.compile(expression, re.IGNORECASE)
        except re.error as error:
            faults.append(f"line {number} is no regular expression ({error})")
            continue
        if word.startswith("re:") and _NESTED.search(expression):
            faults.append(f"line {number} repeats a repeat, which can take years")
        elif pattern.match(""):
            faults.append(f"line {number} matches everything")
        found.append(pattern)
    if faults:
        raise UserError(f"{path}: {'; '.join(faults)}", "correct these lines (a word, or re: and an expression)")
    return found
