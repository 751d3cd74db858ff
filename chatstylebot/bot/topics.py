"""What is never answered: words and patterns, found however they are written."""

import re
import unicodedata
from collections.abc import Sequence

from chatstylebot import card_parts

CHINESE = re.compile(r"[\u3400-\u9fff]")
# money, codes, promises to meet; in both scripts, and both languages for everybody
NEVER = (
    "转账", "转钱", "打钱", "汇款", "红包", "还钱", "欠钱", "付款码", "收款码", "验证码", "密码", "银行卡",
    "卡号", "身份证",
    "轉帳", "轉賬", "匯款", "紅包", "還錢", "欠錢", "驗證碼", "密碼", "卡號", "身份證",
    r"/(?<![凭憑])借(?!口|你吉言|用)[^，。？！,.?!]{0,6}?([钱錢块塊]|(?!千[万萬])[一二两兩三四五六七八九十百千几幾\d]+[百千万萬元])/",
    "/(几点|幾點|哪里|哪裡|哪儿|在哪|什么时候|什麼時候)[^，。？！,.?!]{0,6}(?<![再看听聽遇不意罕])(?<!明天)(?<!回头)(?<!回頭)[见見](?![过過到效识識])/",
    "/(几点|幾點|哪里|哪裡|哪儿|在哪|什么时候|什麼時候)[^，。？！,.?!]{0,6}(碰头|集合)/",
    "/(?<![看听聽遇梦夢])[见見][個个]?面(?![试試条條馆館前板])/",
    "/(?<![大节節预預])[约約]([個个]|一下)?([时時][间間]|地点|地點|饭|飯)/",
    r"/\b(send|lend|wire|transfer|owe)\b[^.?!]{0,24}\b(money|cash|bucks)\b/", "venmo", "paypal", "iban",
    r"/\b(send|lend|wire|transfer|owe|pay)\b[^.?!]{0,24}[$€£]\s?\d/", r"/\bgift cards?\b/", "bank account",
    r"/\baccount numbers?\b/", r"/\bcredit cards?\b/", r"/\b(verification|security|login|one.time|otp) codes?\b/",
    r"/\bpass ?(word|code)s?\b/", r"/\b(your|card|bank|atm) pins?\b/", r"/\bpin (codes?|numbers?)\b/", "ssn",
    r"/\b(where|when|what time)\b(?! did)[^.?!]{0,24}\bmeet\b/", r"/(?<!nice to )(?<!good to )\bmeet (up|me|you)\b/",
)  # fmt: skip


def found(topics: Sequence[str], texts: Sequence[str]) -> str | None:
    """The first of these topics that the texts touch: however it is spread over bubbles, and whatever widths and
    invisible letters it is written with."""
    plain = _plain("\n".join(texts))
    spaced, packed = " ".join(plain.split()), "".join(plain.split())
    for each in topics:
        pattern = card_parts.topic(each)
        # Chinese is written without spaces, and so it is read
        shapes = (plain, packed) if CHINESE.search(each) else (plain, spaced)
        if any(pattern.search(shape) for shape in shapes):
            return each
    return None


def shown(topic: str) -> str:
    """A topic as the owner reads it; a pattern of ours is no reading."""
    return "money, codes or a meeting" if topic in NEVER and topic.startswith("/") else topic


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
