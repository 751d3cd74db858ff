r"""How private data looks: one rule a line, for Chinese and English text alike; all of them always run.

Never \b: Python counts 汉字 as \w (PRI-1). Bare runs of digits need a check digit or a word before them (2333333333 is
laughter). A rule with a group hides the group alone, so that the words around it stay.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from chatstylebot.corpus import checksums

NAMES = {
    "zh": {
        "url": "链接", "email": "邮箱", "id_card": "身份证", "phone": "电话", "bank_card": "银行卡", "passport": "护照",
        "plate": "车牌", "wechat": "微信号", "qq": "QQ号", "address": "地址", "code": "验证码", "password": "密码",
        "ssn": "社保号", "ip": "IP", "name": "姓名", "blocked": "屏蔽",
    },
    "en": {
        "url": "URL", "email": "EMAIL", "id_card": "ID", "phone": "PHONE", "bank_card": "CARD", "passport": "PASSPORT",
        "plate": "PLATE", "wechat": "WECHAT", "qq": "QQ", "address": "ADDRESS", "code": "CODE", "password": "PASSWORD",
        "ssn": "SSN", "ip": "IP", "name": "NAME", "blocked": "BLOCKED",
    },
}  # fmt: skip


class Rule(NamedTuple):
    """A type, the signs of which one must stand in the text, how it looks, and what must hold besides."""

    kind: str
    signs: tuple[str, ...]
    pattern: re.Pattern[str]
    holds: Callable[[str], bool]


def _always(value: str) -> bool:
    return True


def _has_digit(value: str) -> bool:
    return any(character.isdigit() for character in value)


def _odd(value: str) -> bool:
    """Whether it looks drawn up rather than said: a digit, a sign, or capitals among small letters."""
    return not value.isalpha() or (value != value.lower() and value[1:] != value[1:].lower())


_SECRET = re.compile(
    r"(?i)[?&#](?:\w*token|key|api_?key|sig|signature|secret|pass(?:word|wd)?|pwd|auth|session|sid|ticket|code)=[^&\s]{4}"
)


def _telling(url: str) -> bool:
    """Whether a URL holds a secret: a user and password before the host, or a token behind it."""
    return bool(_SECRET.search(url)) or bool(re.match(r"https?://[^/\s:@]+:[^/\s@]+@", url))


_PLACES = re.compile(r"自治区|小区|大厦|广场|公寓|花园|单元|[省市区县镇乡村路街道巷弄号栋幢座室苑]")


def _placed(value: str) -> bool:
    """Whether it is an address: two marks of a place, or one and a number."""
    marks = len(_PLACES.findall(value))
    return marks >= 2 or (marks == 1 and _has_digit(value))


_PASSING = frozenset(
    [
        "a",
        "an",
        "the",
        "my",
        "your",
        "this",
        "that",
        "down",
        "up",
        "on",
        "of",
        "to",
        "in",
        "at",
        "by",
        "from",
        "for",
        "with",
        "and",
        "or",
        "is",
        "was",
        "minutes",
        "minute",
        "hours",
        "miles",
        "mile",
        "km",
        "blocks",
        "block",
        "days",
        "years",
        "more",
        "people",
        "times",
        "percent",
        "dollars",
        "bucks",
    ]
)


def _streets(value: str) -> bool:
    return not _PASSING & set(re.sub(r"[^a-z ]", " ", value.lower()).split())


def _rule(kind: str, signs: str, pattern: str, holds: Callable[[str], bool] = _always) -> Rule:
    return Rule(kind, tuple(signs.split()), re.compile(pattern), holds)


_GAP = r"[ .\u200b\u2060\u00a0-]?"
_VALUE = r"[!-Z^-~]"  # printable ASCII but brackets and backslash: a placeholder is no value
RULES: tuple[Rule, ...] = (
    _rule("url", "://", r"https?://[^\s\u3000-\u9fff\uff00-\uffef<>\"']+", _telling),
    _rule(
        "email", "@", r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,5}\.[A-Za-z]{2,}"
    ),
    _rule("id_card", "", r"(?<!\d)[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])\d{5}[\dXx](?![\dA-Za-z])", checksums.is_id_card),
    _rule("phone", "", rf"(?<![\d+])(?:\+?86[ -]?)?1[3-9]\d(?:{_GAP}\d{{4}}){{2}}(?!\d)"),
    _rule("bank_card", "", r"(?<!\d)[3-69]\d{3}(?:[ -]?\d){9,15}(?!\d)", checksums.is_bank_card),
    _rule("phone", "+", r"(?<!\d)\+\d{1,3}(?:[ ()-]{0,2}\d){7,13}(?!\d)"),
    # North America, as it is written there; ten digits in a row would be anything
    _rule("phone", "( - . ) ", r"(?<!\d)(?![48]00)(?:\([2-9]\d\d\) ?|[2-9]\d\d[-. ])\d{3}[-. ]\d{4}(?!\d)"),
    _rule("ssn", "-", r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])", checksums.is_ssn),
    _rule("ssn", "ssn SSN ocial", r"(?i)(?:(?<![a-z])ssn|social security(?: number| no\.?)?)\s*(?:is|:|#|=)?\s*(\d{3}[- ]?\d{2}[- ]?\d{4})(?!\d)"),
    # landlines: an area code of China (010, 02x, 03xx…09xx) and seven or eight digits
    _rule("phone", "0", r"(?<![\d.])(?:[(（]0(?:10|2\d|[3-9]\d\d)[)）][- ]?|0(?:10|2\d|[3-9]\d\d)[- ]?)[2-8]\d{6,7}(?![\d.])"),
    _rule("phone", "座机 固话 电话 分机", r"(?:座机|固话|电话)(?:号码?)?[是：: ]{0,2}([2-8]\d{2,3}-?\d{4})(?!\d)"),
    _rule("phone", "一 幺", r"(?<![零〇一幺二两三四五六七八九十])[一幺][三四五六七八九](?:[ -]?[零〇一幺二两三四五六七八九]){9}(?![零〇一幺二两三四五六七八九十])"),
    _rule("ip", ".", r"(?<![\d.A-Za-z本])(?<!version )(?<!版本 )\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", checksums.is_ipv4),
    _rule("passport", "", r"(?<![A-Za-z0-9])(?:[EGDSPH]\d{8}|E[A-HJ-NP-Z]\d{7})(?![A-Za-z0-9])"),
    _rule("passport", "护照 assport", r"(?i)(?:护照|passport)(?:号码?| number| no\.?)?\s*(?:是|is|[:：#])?\s*([A-Za-z]{1,2}\d{7,8})(?![A-Za-z0-9])"),
    _rule(
        "plate", "",
        r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-Z][·. ]?(?=[A-Z]{0,2}\d)[A-HJ-NP-Z0-9]{4}[A-HJ-NP-Z0-9挂学警港澳][A-HJ-NP-Z0-9]?(?![A-Za-z0-9])",
    ),
    _rule("wechat", "wxid_", r"wxid_[A-Za-z0-9_]{6,}"),
    _rule("wechat", "微信号 微信: 微信： 微信是 vx: vx： VX: VX： 威信 薇信 v信 V信 echat", r"(?i)(?:微信号|微信(?=[:：是])|(?<![a-z])vx(?=[:：])|[威薇v]信号?|wechat(?: id)?(?=:| is| id))\s*(?:是|is|ID|[:：])*\s*([a-z][a-z0-9_-]{5,19})(?![a-z0-9_-])"),
    _rule("wechat", "微信 vx VX Vx weixin", r"(?i)(?:微信|(?<![a-z])vx|weixin)\s*([a-z][a-z0-9_-]{5,19})(?![a-z0-9_-])", lambda v: not v.isalpha()),
    _rule("qq", "Q q 扣扣 企鹅 群号", r"(?:(?<![A-Za-z])[Qq]{2}(?:号码?|群)?|扣扣号?|企鹅号|加[Qq]|[Qq]群|群号)\s*(?:是|号|[:：])?\s*([1-9]\d{4,10})(?!\d)"),
    _rule("code", "码", r"(?:验证码|校验码|动态码|激活码|邀请码)[^\d\nA-Za-z]{0,6}(\d{4,8})(?!\d)"),
    _rule("code", "码", r"(?<!\d)(\d{4,8})\s*(?:是|为)?(?:你|您)?的?[^\d\n]{0,6}(?:验证码|校验码|动态码)"),
    _rule("code", "件码 货码 餐码 提码 递码", r"(?:取件码|提货码|取货码|取餐码|自提码|快递码|取件号)[^\dA-Za-z\n]{0,4}([A-Za-z]?\d{1,4}(?:-\d{1,5}){1,3}|[A-Za-z]?\d{3,8})(?![\d-])"),
    _rule("code", "code Code PIN pin otp OTP", r"(?i)(?:(?:verification|security|login|one-time|auth(?:entication)?|access|door|gate|2fa) (?:code|pin)|(?<![a-z])(?:otp|pin)(?: code| number)?)\s*(?:is|:|=)?\s*(\d{4,8})(?!\d)"),
    _rule("password", "密码 密碼 口令", rf"(?:密码|密碼|口令)(?:就|还)?(?:是|为|叫|：|:|=)?\s*((?!\d{{1,3}}(?:[^!-~]|$)){_VALUE}{{4,40}})"),
    _rule("password", "ass PASS pwd pw PW", rf"(?i)(?<![a-z])(?:password|passwd|passcode|pwd|pw)\s*(?:is)?\s*[:=]\s*({_VALUE}{{4,40}})"),
    _rule("password", "ass PASS", rf"(?i)(?<![a-z])(?:password|passwd|passcode)s? (?:is|was|to) ({_VALUE}{{4,40}})", lambda v: _odd(v.rstrip(".,!?;:"))),
    _rule("address", "址 住 寄 送", r"(?:地址|住址|我住|家住|住在|寄到|送到|寄给)(?:是|在|[:：])?\s?([^\n，。；;!！?？\[]{4,60})", _placed),
    _rule("address", "路 街 道 巷 弄 村", r"(?:[\u4e00-\u9fff]{2,8}(?:省|自治区))?(?:[\u4e00-\u9fff]{2,7}?市)?(?:[\u4e00-\u9fff]{1,6}?[区县镇])?[\u4e00-\u9fff]{1,7}(?:路|大街|街|大道|道|巷|弄|胡同)\s?[0-9一二三四五六七八九十百]{1,5}(?:号|弄)[\u4e00-\u9fffA-Za-z]{0,12}(?:[0-9A-Za-z]{1,5}(?:号楼|栋|幢|座|单元|层|楼|室|号)?){0,4}"),
    _rule("address", "栋 幢 号楼 单元", r"(?<![0-9])[0-9]{1,3}(?:栋|幢|号楼)\s?(?:[0-9一二三四]{1,2}单元)?\s?[0-9]{3,4}(?:室|房)?(?![0-9])"),
    _rule(
        "address", "reet venue oad riv ane oulevard St Ave Rd Dr Ln Blvd",
        r"(?<![\d.])\d{1,5} (?:[A-Za-z][a-z]{1,15} ){1,3}(?:[Ss]treet|[Aa]venue|[Rr]oad|[Dd]rive|[Ll]ane|[Bb]oulevard|St|Ave|Rd|Dr|Ln|Blvd)(?![a-z])\.?(?:,? (?:[Aa]pt|[Uu]nit|[Ss]uite)\.? ?#?\w{1,6}|,? #\w{1,6})?(?:, [A-Z][a-z]+(?: [A-Z][a-z]+)?)?(?:,? [A-Z]{2} \d{5})?",
        _streets,
    ),
)  # fmt: skip

# What must stand in a text before the slow look at it is worth it. Digits: 11 of them, 3-3-4, 3-2-4, four groups with dots,
# an at-sign between two words, a plus before 8 digits, a landline, a plate, a passport, a building with a room; no looser, for
# talk is full of 520, 2333, +1 and @somebody. Between digits people put spaces, dashes, dots, and apps what nobody sees.
SUSPECT = "|".join(
    [
        r"(?:[0-9０-９][ \-－.．\u200b\u2060\u00a0]?){11}",
        r"[0-9]{3}[)\-. ]{1,2}[0-9]{2,3}[\-. ][0-9]{4}",
        r"[A-Za-z0-9０-９._%+\-．＋－][@＠][A-Za-z0-9０-９\-－]",
        r"[+＋][0-9０-９](?:[ ()\-－]{0,2}[0-9０-９]){7}",
        r"0[0-9]{2,3}[)） \-－]{1,2}[2-8][0-9]{6}",
        r"0[0-9]{9}",
        r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",
        r"[A-Z][A-Z0-9][0-9]{6}",
        r"\p{Han}[A-Z][·. ]?[A-Z0-9]{5}",
        r"[一幺二三四五六七八九零〇两 \-]{11}",
        r"[0-9](?:栋|幢|号楼)",
        r"[路街道巷弄同] ?[0-9一二三四五六七八九十]{1,5}[号弄]",
        r"(?:密[码碼]|口令|[证验件货餐提递动活请态]码|微信|[威薇vV]信|wxid_|扣扣|[企群][鹅号]|[QqXx]{1,2}号|[加Qq][Qq群]|护照|电话|座机|固话)\P{Han}{0,4}[0-9A-Za-z]",
        r"(?:密[码碼]|口令|微信号?|QQ|qq|[证验件货态]码|电话|座机|护照)[是为叫就还号码群]{1,3}[:： ]{0,2}[!-~]",
        r"[0-9]{4}\p{Han}{0,6}码",
        r"(?:址|住|寄|送)[到在是给:： ]?.{0,30}(?:[省市区县镇乡村路街道巷弄号栋幢座室苑厦园]|广场)",
        r"(?i:passw|passcode|pwd|[^a-z]pw[ :=]|^pw[ :=]|ssn|social security|passport|vx|weixin|wechat|https?://[^ ]*[=@])",
        r"(?i:(?:code|pin|otp)[a-z ]{0,10}[:= ]{1,3}[0-9]{4})",
        r"[0-9] [A-Za-z][a-z]+ (?:[A-Za-z][a-z]+ ){0,2}(?i:street|avenue|road|drive|lane|boulevard|st|ave|rd|dr|ln|blvd)",
    ]
)
