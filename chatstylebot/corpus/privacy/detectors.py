r"""How private data looks: one rule a line, for Chinese and English text alike; all of them always run.

Never \b: Python counts 汉字 as \w (PRI-1). Bare runs of digits need a check digit or a word before them (2333333333 is
laughter). A rule with a group hides the group alone, so that the words around it stay.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from chatstylebot.corpus.privacy import addresses, checksums

NAMES = {
    "zh": {
        "url": "链接", "email": "邮箱", "id_card": "身份证", "phone": "电话", "bank_card": "银行卡", "passport": "护照",
        "plate": "车牌", "wechat": "微信号", "qq": "QQ号", "address": "地址", "code": "验证码",
        "password": "密码", "key": "密钥", "ssn": "社保号", "ip": "IP", "name": "姓名", "blocked": "屏蔽",
    },
    "en": {
        "url": "URL", "email": "EMAIL", "id_card": "ID", "phone": "PHONE", "bank_card": "CARD", "passport": "PASSPORT",
        "plate": "PLATE", "wechat": "WECHAT", "qq": "QQ", "address": "ADDRESS", "code": "CODE",
        "password": "PASSWORD", "key": "KEY", "ssn": "SSN", "ip": "IP", "name": "NAME", "blocked": "BLOCKED",
    },
}  # fmt: skip


class Rule(NamedTuple):
    """A type, how it looks, what must hold besides, and the signs (small letters) of which one must be in the text."""

    kind: str
    pattern: re.Pattern[str]
    holds: Callable[[str], bool]
    signs: tuple[str, ...]
    first: frozenset[str]  # the first characters of the signs, for a look that costs next to nothing


def _always(value: str) -> bool:
    return True


_SECRET = re.compile(
    r"(?i)[?&#;](?:[\w-]{0,30}(?:token|secret|signature|password|passwd)|\w{0,8}key|sign?|pwd|pass|auth|session|sid|ticket"
    r"|code|jwt)=[^&\s]{4}"
)
_LOGIN = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s:@]*:[^/\s@]+@")


def _telling(url: str) -> bool:
    """Whether a URL holds a secret: a user and password before the host, or a token behind it."""
    return bool(_SECRET.search(url) or _LOGIN.match(url))


def _mixed(value: str) -> bool:
    """Whether it looks drawn up rather than said: digits and letters, signs, capitals inside, or six digits."""
    digits = sum(character.isdigit() for character in value)
    if digits == len(value):
        return digits >= 6
    return digits > 0 or not value.isalpha() or value[1:] != value[1:].lower()


_SAID_OF_IT = """
not wrong right correct incorrect invalid expired required weak strong too very being been reset changed still
banned broken deleted hacked installed useless frozen updated
same secret long short case that this what which your my the an safe saved here there only also just always
never like something anything nothing everything gone lost missing working easy hard needed empty set hidden
stored sent good bad fine okay written stupid dumb ridiculous protected unknown different old new under inside
going
"""
_SAID = frozenset(_SAID_OF_IT.split())


def _told(value: str) -> bool:
    """Whether what follows "the password is" is one, and not what is said of it."""
    return _mixed(value) or value.lower() not in _SAID


_PRODUCTS = re.compile(r"(?i)(?:iphone|ipad|android|windows|mac|ios|version|ver|vip|pro|app|pay|for)[\d_-]|v\d")


def _account(value: str) -> bool:
    """Whether what follows a mere 微信 is an account: something but letters in it, and no product's name."""
    return not value.isalpha() and not _PRODUCTS.match(value)


def _rule(kind: str, signs: str, pattern: str, holds: Callable[[str], bool] = _always) -> Rule:
    several = tuple(signs.split())
    return Rule(kind, re.compile(pattern), holds, several, frozenset(sign[0] for sign in several))


GAP = r"[ .\u200b\u2060\u00a0-]?"
SPOKEN = "零〇一幺二两三四五六七八九"
DIGITS = str.maketrans(SPOKEN, "0011223456789")
PLATES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"
VALUE = r"[!-Z^-~]"  # printable ASCII but brackets and backslash: a placeholder is no value
# a value to its end, without the mark that ends the sentence
SECRET = rf"{VALUE}{{4,127}}(?<![.,;:?'\")])(?=[.,;:?'\")]{{0,4}}(?:[^!-Z^-~]|$))"
# what stands between a word and its value: 密码是, 密码：, 密码改成了
LINK = r"(?:就?[是为叫][:：]?|还是|[改换设](?:成|为|的)了?|[:：=])"
WAIT = r"(?!\s?[位次个天年月块元分人遍秒时种])"  # 密码6位, 密码100次
AREA = r"0(?:10|2\d|[3-9]\d\d)"
MOBILE = (
    rf"1[3-9]\d(?:{GAP}\d{{4}}{GAP}\d{{4}}|{GAP}\d{{3}}{GAP}\d{{5}}|{GAP}\d{{2}}{GAP}\d{{3}}{GAP}\d{{3}})"
    r"|1[3-9]\d{2} \d{4} \d{3}|1 [3-9](?: \d){9}|1-[3-9](?:-\d){9}"
)
DAY = r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
CARD = r"卡号|[行用蓄]卡号?|(?:银行|支付)?账[号户]|card (?:number|no\.?)"
PAPER = r"护照|通行证|回乡证|台胞证|passport"
PLATE = r"[A-Za-z][·. -]?(?:[A-Ka-k][A-HJ-NP-Za-hj-np-z0-9]\d{4}|\d{5}[A-Ka-k]|(?=[A-Za-z]{0,2}\d)(?=(?:[A-Za-z]?\d[A-Za-z]?){3})[A-HJ-NP-Za-hj-np-z0-9]{4}[A-HJ-NP-Za-hj-np-z0-9学警挂港澳])"
WECHAT = r"微信号码?|微信id|绿泡泡|[威薇v]信号?|(?<![a-z])vx|加(?:我|个|下)?v|wechat id|weixin"
QQ = r"(?<![A-Za-z])[Qq]{2}(?:群号?|号码?)?|扣扣号?|企鹅号?|[加扣我]的?[Qq]|[Qq]群号?|群号|(?<![A-Za-z])[Qq](?:号|(?=[:：]))"
CODE = r"(?:验证|校验|动态|激活|短信|登录)码"
PICK = r"(?:取件|取货|提货|取餐|自提|柜机|快递)码|取件号|货架号"
WORD = r"password|passwd|passcode|passphrase|pwd|pw|psw|mima"

RULES: tuple[Rule, ...] = (
    _rule("url", "://", r"(?<![A-Za-z0-9+.-])[a-zA-Z][a-zA-Z0-9+.-]{1,15}://[^\s\u3000-\u303f\u4e00-\u9fff\uff00-\uffef<>\"'\[\]]+", _telling),
    _rule("email", "@", r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,5}\.[A-Za-z]{2,24}"),
    _rule("id_card", "", rf"(?<!\d)[1-9]\d{{5}}[ -]?{DAY}[ -]?\d{{3}}[\dXx](?![\dA-Za-z])", checksums.is_id_card),
    _rule("id_card", "", rf"(?<![\dA-Za-z])[1-8]\d{{5}}{DAY}\d{{3}}(?![\dA-Za-z])", checksums.is_resident),
    _rule("id_card", "身份证", r"身份证(?:号码?)?[是为:： ]{0,3}(\d[\d -]{13,20}[\dXx])(?![\dA-Za-z])"),
    _rule("phone", "", rf"(?<![\d+])(?<!\d\.)(?:[(（]\+?86[)）] ?|(?:\+|00)?86[ -]?)?(?:{MOBILE})(?!\d)", checksums.is_called),
    _rule("bank_card", "", r"(?<!\d)[2-69]\d{3}(?:[ -]?\d){9,15}(?!\d)", checksums.is_bank_card),
    _rule("bank_card", "卡 账 card", rf"(?i)(?:{CARD})(?:是| is)?[:： ]{{0,2}}(\d{{4}}(?:[ -]?\d){{11,15}})(?!\d)"),
    _rule("bank_card", "卡 card", r"(?i)(?:卡|card)[:： ]{0,2}(\d{4}(?:[ -]?\d){9,15})(?!\d)", checksums.is_luhn),
    _rule("bank_card", "", r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Za-z0-9])", checksums.is_iban),
    _rule("phone", "+", r"(?<!\d)\+\d{1,3}(?:[ ().-]{0,2}\d){7,13}(?!\d)"),
    # North America, as it is written there; ten digits in a row would be anything. 400 and 800 are shops'
    _rule("phone", "", r"(?<![\d+])(?<!\d[-.])(?![48]00)(?:1[-. ])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[-. ])\d{3}[-. ]\d{4}(?![\d-])"),
    _rule("phone", "phone mobile cell call text number tel whatsapp", r"(?i)(?:phone|mobile|cell|call|text|number|tel|whatsapp)(?: me)?(?: no\.?| number)?(?:'s| is| at| on)?[:： ]{1,2}([2-9]\d{9})(?!\d)"),
    _rule("phone", "0", rf"(?<![\d.+-])(?:[(（]{AREA}[)）][- ]?|{AREA}[- ]?)[2-8]\d{{6,7}}(?:(?:转|-)\d{{1,5}})?(?![\d.])"),
    _rule("phone", "0", r"(?<![\d.+-])0\d{2,4}(?:[ -]\d{3,4}){2}(?![\d-])"),
    # mobile numbers of Britain and Germany
    _rule("phone", "0", r"(?<![\d.+-])0(?:7\d{3}[ -]?\d{3}[ -]?\d{3}|1[5-7]\d[ /-]?\d{7,8})(?!\d)"),
    _rule("phone", "座机 固话 电话", r"(?:座机|固话|电话)(?:号码?)?[是为:： ]{0,3}([2-8]\d{2,3}[ -]?\d{4})(?!\d)"),
    _rule("phone", "一 幺", rf"(?<![{SPOKEN}十百千万])[一幺][ ,，、-]?[三四五六七八九](?:[ ,，、-]?[{SPOKEN}]){{9}}(?![{SPOKEN}十百千万])", lambda value: checksums.is_called(value.translate(DIGITS))),
    _rule("ssn", "-", r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])", checksums.is_ssn),
    _rule("ssn", "ssn social", r"(?i)(?:(?<![a-z])ssn|social security(?: number| no\.?)?)(?: is)?[:#= ]{0,3}(\d{3}[- ]?\d{2}[- ]?\d{4})(?!\d)"),
    _rule("ip", ".", r"(?<![\d.A-Za-z本])(?<!version )(?<!版本 )(?<!版本号)\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)", checksums.is_host),
    _rule("ip", "ip 服务器 server host", r"(?i)(?:(?<![a-z])ip|服务器|(?<![a-z])server|(?<![a-z])host)(?:地址| address)?(?:是| is)?[:： ]{0,2}(\d{1,3}(?:\.\d{1,3}){3})(?!\.?\d)", checksums.is_ipv4),
    _rule("ip", ":", r"(?<![0-9A-Za-z:])(?:[23][0-9A-Fa-f]{3}|[Ff][CDEcde][0-9A-Fa-f]{2}):[0-9A-Fa-f:]{2,34}(?![0-9A-Za-z:])", checksums.is_ipv6),
    _rule("passport", "", r"(?<![A-Za-z0-9])(?:[EGDSP]\d{8}|E[A-HJ-NP-Z]\d{7})(?![A-Za-z0-9])", checksums.is_passport),
    _rule("passport", "护照 行证 乡证 胞证 passport", rf"(?i)(?:{PAPER})(?:号码?| number| no\.?)?(?:是| is)?[:：# ]{{0,2}}([a-z]{{0,2}}\d{{6,10}})(?![A-Za-z0-9])"),
    _rule("plate", "", rf"[{PLATES}]{PLATE}(?![A-Za-z0-9])"),
    _rule("wechat", "wxid_", r"wxid_[A-Za-z0-9_-]{6,40}"),
    _rule("wechat", "微信 绿泡 威信 薇信 v信 vx 加 wechat weixin", rf"(?i)(?:{WECHAT})(?:就?是|为| is)?[:： ]{{0,2}}([a-z][a-z0-9_-]{{5,19}})(?![a-z0-9_-])(?<!wechat)"),
    _rule("wechat", "微信 wechat", r"(?i)(?:微信|wechat)[是:： ]{0,2}(?:is )?([a-z][a-z0-9_-]{5,19})(?![a-z0-9_.-])", _account),
    _rule("wechat", "微信 wechat", r"(?i)(?:(?:我的?)微信(?:是|[:： ])|my wechat(?: is|:)|wechat:) ?([a-z][a-z0-9_-]{5,19})(?![a-z0-9_-])", lambda value: value.lower() not in _SAID),
    _rule("wechat", "v 薇 威", r"(?i)(?<![a-z])[v薇威][:：❤]\ufe0f? ?([a-z][a-z0-9_-]{5,19})(?![a-z0-9_.-])", _account),
    _rule("qq", "q 扣扣 企鹅 群号", rf"(?:{QQ})[是:： ]{{0,2}}([1-9]\d{{4,10}})(?!\d)"),
    _rule("code", "码", rf"{CODE}(?:已发送|发我|发你|就?[是为])?[:：,，\s【「(（]{{0,3}}([A-Za-z]-?\d{{4,8}}|\d{{4,8}})(?!\d)"),
    _rule("code", "取码 问码 请码", r"(?:提取|访问|邀请)码[是为:：\s]{0,3}([A-Za-z0-9]{4,8})(?![A-Za-z0-9])"),
    _rule("code", "cvv cvc 安全码", r"(?i)(?:(?<![a-z])cv[vc]2?(?:码)?|安全码)(?: is)?[是为:： ]{0,3}(\d{3,4})(?!\d)"),
    _rule("code", "code", r"(?i)(?<![a-z])(?<!error )(?<!status )(?<!zip )(?<!postal )(?<!area )(?<!promo )(?<!coupon )(?<!discount )code[:：] ?(\d{4,8})(?!\d)"),
    _rule("code", "码", rf"(?<!\d)(\d{{4,8}})\s?(?:[是为（(]|,|，)?\s?(?:[你您]的)?[\u4e00-\u9fff]{{0,6}}?{CODE}"),
    _rule("code", "件 货 餐 提 机 递", rf"(?:{PICK})[是为:： ]{{0,3}}([A-Za-z]?\d{{1,4}}(?:-\d{{1,5}}){{1,3}}|[A-Za-z]?-?\d{{3,8}})(?![\d-])"),
    _rule("code", "凭", r"凭 ?([A-Za-z]?\d{1,4}(?:-\d{1,5}){1,3}|\d{4,8})(?![\d-])[^\n]{0,20}?取"),
    _rule("code", "code pin otp", r"(?i)(?:(?:verification|security|login|log-in|one-time|auth(?:entication)?|access|door|gate|2fa|sms) (?:code|pin)|(?<![a-z])(?:otp|pin|(?:the|my|your) code)(?: code| number|码)?)(?:'s| is|:| =)?(?:[: ]|是)(?:G-)?(\d{4,8})(?!\d)"),
    _rule("code", "code otp", r"(?i)(?<!\d)(\d{4,8}) is (?:your|the|my)(?: [a-z0-9-]{1,20}){0,3} (?:code|otp|pin)(?![a-z])"),
    _rule("password", "密码 密碼 口令", rf"(?:密码|密碼|口令)\s?{LINK}\s{{0,2}}({SECRET}){WAIT}"),
    _rule("password", "密码 密碼 口令", rf"(?:密码|密碼|口令)\s{{0,2}}({SECRET}){WAIT}", lambda value: value.isdigit() or _mixed(value)),
    _rule("password", "密码 密碼 口令", rf"(?:密码|密碼|口令)[是为叫改设就还换成][\u4e00-\u9fff]{{1,6}}?[:：]?\s?(\d{{6,8}})(?!\d){WAIT}"),
    _rule("password", "pass pwd pw psw mima", rf"(?i)(?<![a-z])(?:{WORD}|pass)s?(?: (?:for|of|to) [a-z ]{{1,24}})?(?: is)?\s?[:=：]\s?({SECRET})"),
    _rule("password", "passw passc passp pwd pw", rf"(?i)(?<![a-z])(?:{WORD})s?(?:'s| is| was| to| -)\s+({SECRET})", _mixed),
    _rule("password", "passw passc passp pwd", rf"(?i)(?<![a-z])(?:{WORD})s?(?:'s| is| was)\s+([a-z]{{4,40}})(?=\s*(?:$|[.,!?;\n\u4e00-\u9fff]))", _told),
    _rule("password", "passw passc passp pwd", rf"(?i)(?<![a-z])(?:{WORD})\s+({SECRET})", lambda value: _mixed(value) and any(map(str.isdigit, value))),
    _rule("key", "sk- ghp_ github_pat_ akia xox", r"(?<![A-Za-z0-9])(?:sk-|ghp_|github_pat_|AKIA|xox[abp]-)[A-Za-z0-9_-]{16,200}"),
    _rule("key", "eyj", r"(?<![A-Za-z0-9_-])eyJ[\w-]{8,2000}\.[\w-]{8,4000}\.[\w-]{8,2000}"),
    _rule("address", "路 街 大道 巷 弄 胡同 里", addresses.HOUSE, addresses.is_house),
    _rule("address", "村", addresses.VILLAGE),
    _rule("address", "栋 幢 号楼", addresses.FLAT),
    _rule("address", "单元", addresses.DOOR),
    _rule("address", "址 住 家 寄 送 发到", addresses.GIVEN),
    _rule("address", "st ave road rd dr lane ln blvd court ct terr hwy highway parkway pkwy", addresses.ENGLISH, addresses.is_street),
    _rule("address", "street avenue road lane boulevard blvd", addresses.SMALL, addresses.is_street),
    _rule("address", "box", addresses.BOX),
    _rule("address", "apt apartment", addresses.APARTMENT),
)  # fmt: skip

# What must stand in a text before the slow look at it is worth it (Rust: no look-around). No looser, for talk is full of
# 520, 2333, +1 and @somebody. Between digits people put spaces, dashes, dots, and apps what nobody sees. Words that are
# common (微信, 电话) need a value behind them; wide gaps before it would make the automaton too big (3 s a million).
SUSPECT = "|".join(
    [
        r"(?:[0-9][ \-.\u200b\u2060\u00a0]?){11}",
        r"[０-９＠＋－]",  # fullwidth ones are rare enough to look at all of them
        r"[0-9]{3}[)\-. ]{1,2}[0-9]{2,3}[\-. ][0-9]{4}",
        r"[A-Za-z0-9._%+\-][@][A-Za-z0-9\-]",
        r"[+][0-9](?:[ ().\-]{0,2}[0-9]){7}",
        r"0[0-9]{2,3}[)） \-]{0,2}[2-8][0-9]{6}|0[0-9]{2,4}[ \-][0-9]{3,4}[ \-][0-9]{3}",
        r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|[23fF][0-9A-Fa-f]{3}:[0-9A-Fa-f]*:",
        r"[EGDSP][A-Z]?[0-9]{7}",
        rf"[{PLATES}][A-Za-z][·. \-]?[A-Za-z0-9]{{4}}",
        rf"[一幺][ ,，、\-]?[三四五六七八九](?:[ ,，、\-]?[{SPOKEN}]){{9}}",
        r"[路街道巷弄同里村组]\s?[0-9一二三四五六七八九十百零]{1,5}[号弄组段]|[0-9](?:栋|幢|号楼)|单元\s?[0-9]",
        r"密[码碼]|口令|(?:验证|校验|动态|激活|短信|登录|取件|取货|提货|取餐|自提|柜机|快递|提取|访问|邀请|安全)码|取件号|货架号|凭 ?[0-9A-Za-z]",
        r"地址|住址|我住|住在|家住|我家在|寄到|寄给|寄往|送到|发到|护照|通行证|回乡证|台胞证|身份证",
        r"(?:微信号?|[威薇vV]信号?|绿泡泡|[vV][xX]|加[我个下]?[vV])[a-zA-Z是为就:： ]{0,3}[a-zA-Z]|wxid|(?i:wechat|weixin)|[vV薇威][:：❤]\x{fe0f}? ?[a-zA-Z]",
        r"(?:[qQ][qQ]|扣扣|企鹅|[加扣我]的?[qQ]|[qQ][群号:：]|群号)[群号码是:： ]{0,4}[1-9]|(?:座机|固话|电话|卡|卡号|账[号户])[号码是为:： ]{0,5}[2-9]",
        r"(?i:passw|passc|passp|pass ?[:=：]|pwd|pw ?(?:is|[:=：\s])|ssn|social sec|://[^ ]*[=@]|sk-[a-z0-9]{9}|ghp_|github_pat|akia|xox[abp]-|psw ?[:=：]|mima ?[:=：]|cv[vc]2?码?[is是为:： ]{0,4}[0-9])|eyJ[a-zA-Z0-9]{8}|[A-Z]{2}[0-9]{2} ?[0-9A-Z]{4} ?[0-9A-Z]{4}",
        r"(?i:(?:code|pin|otp|phone|mobile|cell|call|text|number|tel|whatsapp|card|no\.)[a-z':：是码= ]{0,9}(?:g-)?[0-9]{4}|[0-9]{4} is (?:your|the|my) )",
        r"[0-9][A-Za-z]?,? (?:[A-Za-z0-9.]+ ){1,4}(?i:st|ave|road|rd|dr|lane|ln|blvd|boul|court|ct|terr|hwy|highway|park|pkwy)|(?i:box [0-9]|apt\.? |apartment)",
    ]
)
