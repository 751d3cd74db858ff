r"""How private data looks: one rule a line, for Chinese and English text alike; all of them always run.

Never \b: Python counts 汉字 as \w (PRI-1). Bare runs of digits need a check digit or a word before them (2333333333 is
laughter). A rule with a group hides the group alone, so that the words around it stay.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from chatstylebot.corpus.privacy import addresses, checksums

NAMES = {
    "zh": {
        "url": "链接", "email": "邮箱", "id_card": "身份证", "phone": "电话", "bank_card": "银行卡", "passport": "护照",
        "plate": "车牌", "wechat": "微信号", "qq": "QQ号", "address": "地址", "code": "验证码",
        "password": "密码", "key": "密钥", "ssn": "社保号", "ip": "IP", "mac": "MAC", "name": "姓名", "blocked": "屏蔽",
    },
    "en": {
        "url": "URL", "email": "EMAIL", "id_card": "ID", "phone": "PHONE", "bank_card": "CARD", "passport": "PASSPORT",
        "plate": "PLATE", "wechat": "WECHAT", "qq": "QQ", "address": "ADDRESS", "code": "CODE",
        "password": "PASSWORD", "key": "KEY", "ssn": "SSN", "ip": "IP", "mac": "MAC", "name": "NAME", "blocked": "BLOCKED",
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
    r"|code|jwt)=[^&\s]{4}|//hooks\.slack\.com/|/webhooks?/|/hook/|/bot\d{6,12}:|/(?:reset|verify|activate|invite|magic)[\w-]{0,20}/[\w-]{12}"
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


def _lettered(value: str) -> bool:
    """Whether a letter is in it: six pairs of digits alone are a date and a time."""
    return any(character.isalpha() for character in value)


def _lettered_number(value: str) -> bool:
    """Whether letters and digits are in it."""
    return _lettered(value) and any(character.isdigit() for character in value)


def _digits_mixed(value: str) -> bool:
    """Whether it looks like a password where no colon says so: a digit in it, and no ratio, time or percentage."""
    return _mixed(value) and any(map(str.isdigit, value)) and not _PLAIN_NUMBER.match(value)


_PLAIN_NUMBER = re.compile(r"[\d.:/-]{0,5}\d?%?$|\d{1,4}[-/:.]\d{1,2}(?:[-/:.]\d{1,4})?$")


def _mixed_word(value: str) -> bool:
    """Whether what stands some words behind 密码 is one: letters and digits, and no product (密码忘了iPhone15)."""
    return len(value) >= 6 and _lettered_number(value) and not _PRODUCTS.match(value)


def _drawn(value: str) -> bool:
    """Whether it looks like a key: letters and digits in it, and no path."""
    return _lettered_number(value) and value.count("/") < 3 and "://" not in value


def _no_sentence(value: str) -> bool:
    """Whether "x at gmail.com" is an address and no sentence: then the name has more than letters, or the dot is said."""
    name, at, host = value.lower().partition(" at ")
    return not at or "dot" in host or not name.isalpha()


def _no_year(value: str) -> bool:
    """Whether four digits are a code and no year: use code 2024."""
    return not re.match(r"(?:19|20)\d\d$", value)


def _spoken(value: str) -> bool:
    """Whether a number in Chinese digits, or in both, is one to call."""
    return any(character in SPOKEN for character in value) and checksums.is_called(value.translate(DIGITS))


def _rule(kind: str, signs: str, pattern: str, holds: Callable[[str], bool] = _always) -> Rule:
    several = tuple(signs.split())
    return Rule(kind, re.compile(pattern), holds, several, frozenset(sign[0] for sign in several))


GAP = r"[ .·_/*\u200b\u2060\u00a0-]{0,3}"
SPOKEN = "零〇一幺二两三四五六七八九壹贰叁肆伍陆柒捌玖"
DIGITS = str.maketrans(SPOKEN, "0011223456789123456789")
PLATES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"
VALUE = r"[!-Z^-~]"  # printable ASCII but brackets and backslash: a placeholder is no value
# a value to its end, without the mark that ends the sentence
SECRET = rf"{VALUE}{{4,127}}(?<![.,;:?'\")])(?=[.,;:?'\")]{{0,4}}(?:[^!-Z^-~]|$))"
# what stands between a word and its value: 密码是, 密码：, 密码改成了
LINK = r"(?:就?[是为叫][:：]?|还是|[改换设变](?:成|为|的)了?[:：]?|-{1,2}>|[→➡➜⇒👉]\ufe0f?|[:：=])"
NO_LOCK = r"(?<!财富)(?<!流量)(?<!爆款)(?<!摩斯)(?<!莫斯)(?<!摩尔斯)(?<!芬奇)"  # 财富密码: a word for what makes rich
# what stands between the name of a number and the number: 微信号 → , vx❤, QQ（, "is: "
SEP = r"(?:就?[是为叫]|[呗吧哈呀啊嘛]| (?:is|was)(?= |:)|'s)?[\s:：=,，~❤♥💚♡\ufe0f→➡➜⇒👉>【「『“\"(（#-]{0,3}"
# the same with an adverb, a verb of more words or an English one; what follows must look like a secret
LOOSE = (
    r"(?:(?:一直|现在|目前|应该|好像|默认|统一|初始|都|也|还|仍|就|给你|发你|发给你|告诉你)?(?:[是为叫]|设置|重置|更新|修改|[改换设变])?(?:成|为|的|是|到)?了?"
    r"| ?(?:is|was|to)(?= ))[:：]? ?[\"'“‘「『【(（<《]?"
)
WAIT = r"(?!\s?[位次个天年月块元分人遍秒时种])"  # 密码6位, 密码100次
AREA = r"0(?:10|2\d|[3-9]\d\d)"
MOBILE = (
    rf"(?:[(（]1[3-9]\d[)）]|1[3-9]\d)(?:{GAP}\d{{4}}{GAP}\d{{4}}|{GAP}\d{{3}}{GAP}\d{{5}}|{GAP}\d{{2}}{GAP}\d{{3}}{GAP}\d{{3}})"
    r"|1[3-9]\d{2} \d{4} \d{3}|1[3-9]\d[(（]\d{4}[)）]\d{4}|1 [3-9](?: \d){9}|1-[3-9](?:-\d){9}"
)
DAY = r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
CARD = r"卡号|[行用蓄]卡号?|(?:银行|支付)?账[号户]|card (?:number|no\.?)"
PAPER = r"护照|通行证|回乡证|台胞证|passport"
PLATE = r"[A-Za-z][·. -]?(?:[A-Ka-k][A-HJ-NP-Za-hj-np-z0-9]\d{4}|\d{5}[A-Ka-k]|(?=[A-Za-z]{0,2}\d)(?=(?:[A-Za-z]?\d[A-Za-z]?){3})[A-HJ-NP-Za-hj-np-z0-9]{4}[A-HJ-NP-Za-hj-np-z0-9学警挂港澳])"
# plates as Britain, California and most states of the US give them out
ABROAD = r"[A-Z]{2}\d{2} ?[A-Z]{3}|\d[A-Z]{3}\d{3}|[A-Z]{3}[ -]?\d{3,4}|\d{3}[ -]?[A-Z]{3}"
WECHAT = r"(?:微 ?信|wechat|(?<![a-z])[wv]x) ?(?:账?号码?|id|account|name|username)|绿泡泡|[威薇徽v]信号?|[微薇威]x|(?<![a-z])vx|加(?:我|个|下)?v|weixin号?"
QQ = r"(?<![A-Za-z])[Qq] ?[Qq](?:群号?|账?号码?|邮箱| ?(?:number|no\.?|id|account|group)| ?#)?|球球号?|🐧号?|[加进]群|(?<![一-鿿])群(?=[:：])|扣扣号?|企鹅号?|[加扣我]的?[Qq]|[Qq]群号?|群号|(?<![A-Za-z])[Qq](?:号|(?=[:：]))"
CODE = r"(?:验证|校验|动态|激活|短信|登[录陆]|确认|授权|随机|核验|安全|绑定|配对|门禁|开门|兑换|认证|识别|一次性)码|(?:动态|一次性|短信)(?:口令|密码)"
DRAWN = r"\d{4,8}|\d{3,4}[ -]\d{3,4}|\d{2}(?:[ -]\d{2}){2,3}|\d(?: \d){3,7}"
PICK = r"(?:取件|取货|提货|取餐|自提|柜机|快递|取票|取茶|开柜|开箱|核销|寄存|入场)码|(?:取件|取货|取餐|取票|取茶|提货|货架)号|(?<![a-z])(?:pick[ -]?up|collection|locker|parcel) (?:code|number|pin)"
# an e-mail address as it is spelled for people: anna at gmail dot com, liu艾特126.com
AT = r"(?:@|[(（\[{]at[)）\]}]| at |艾特|#at#|#)"
DOT = r"(?:\.|。| ?dot |[(（\[{]dot[)）\]}]|点)"
MAIL = r"gmail|googlemail|qq|vip\.qq|163|126|139|189|yeah|outlook|hotmail|live|msn|yahoo|foxmail|icloud|me|sina|sohu|aliyun|proton(?:mail)?|naver|gmx"
ACCOUNT = r"[a-z][a-z0-9_-]{5,19}"
KEYS = r"sk-|[sr]k_(?:live|test)_|gh[pousr]_|github_pat_|glpat-|A[KS]IA|LTAI|AKID|AIza|hf_|npm_|pypi-|xox[abeprs]-|SG\.|ya29\.|whsec_"
KEY_WORD = (
    r"(?:api|secret|access|private|app|client|auth|refresh|bot|session|encryption|license)[ _-]?(?:key|token|secret)(?:[ _-]?id)?"
    r"|secret[ _-]access[ _-]key|token|bearer|secret(?=\s?[:=：])|ak/?sk|akid|密钥|秘钥|私钥|令牌"
)
WORD = r"password|passwd|passcode|passphrase|pwd|pw|psw|mima"

RULES: tuple[Rule, ...] = (
    _rule("url", "://", r"(?<![A-Za-z0-9+.-])[a-zA-Z][a-zA-Z0-9+.-]{1,15}://[^\s\u3000-\u303f\u4e00-\u9fff\uff00-\uffef<>\"'\[\]]+", _telling),
    _rule("email", "@", r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,5}\.[A-Za-z]{2,24}"),
    _rule("email", "@ # 艾特 at", rf"(?i)(?<![a-z0-9._%+-])([a-z0-9._%+-]{{1,64}} ?{AT} ?(?:{MAIL}) ?{DOT} ?(?:com|cn|net|org|me|edu)(?: ?{DOT} ?cn)?)(?![a-z0-9])", _no_sentence),
    _rule("email", "at dot", rf"(?i)(?<![a-z0-9._%+-])(?:[a-z0-9_-]{{1,20}} dot ){{0,2}}[a-z0-9._%+-]{{1,64}} ?{AT} ?[a-z0-9-]{{2,40}} ?(?: dot |[(（\[{{]dot[)）\]}}]|点) ?(?:com|cn|net|org|io|me|edu|co)(?![a-z0-9])"),
    _rule("id_card", "", r"(?<!\d)[1-9](?:[ ._-]?\d){16}[ ._-]?[\dXx](?![\dA-Za-z])", checksums.is_dated_id_card),
    _rule("id_card", "", rf"(?<![\dA-Za-z])[1-8]\d{{5}}{DAY}\d{{3}}(?![\dA-Za-z])", checksums.is_resident),
    _rule("id_card", "身份证", r"(?i)身份证(?:字?号码?)?[是为:：（( ]{0,3}([a-z]{1,2}\d{6,9}(?:[(（][\da][)）])?)(?![\da-z])"),
    _rule("id_card", "身份证", r"身份证(?:字?号码?)?[是为:：（( ]{0,3}(\d[\d -]{13,20}[\dXx])(?![\dA-Za-z])"),
    _rule("id_card", "身份证", rf"身份证号?码?的?(?:尾号|(?:最后|[后末尾])\s?[4-8四五六七八几]\s?位(?:数字?)?)(?:就?是|为)?[:： ]{{0,2}}(\d{{3,7}}[\dXx])(?![\dA-Za-z]){WAIT}"),
    _rule("id_card", "( （", r"(?<![A-Za-z0-9])[A-Z]{1,2}\d{6} ?[(（][\dA][)）]", checksums.is_hong_kong),
    _rule("id_card", "hk", r"(?i)(?<![a-z])hk ?id(?: card)?(?: number| no\.?)?(?:'s| is|是)?[:： ]{0,2}([a-z]{1,2}\d{6} ?(?:[(（][\da][)）]|[\da](?![a-z0-9])))"),
    _rule("phone", "", rf"(?<![\d+])(?<!\d\.)(?:[(（]\+?86[)）] ?|(?:\+|00)?86[ -]{{0,2}})?(?:{MOBILE})(?!\d)", checksums.is_called),
    _rule("bank_card", "", r"(?<!\d)[2-69]\d{3}(?:[ ._·-]?\d){9,15}(?!\d)", checksums.is_bank_card),
    _rule("bank_card", "卡 账 card", rf"(?i)(?:{CARD})(?:是| is)?[:： ]{{0,2}}(\d{{4}}(?:[ -]?\d){{11,15}})(?!\d)"),
    _rule("bank_card", "卡 card", r"(?i)(?:卡|card)[:： ]{0,2}(\d{4}(?:[ -]?\d){9,15})(?!\d)", checksums.is_luhn),
    _rule("bank_card", "acc a/c routing", r"(?i)(?<![a-z])(?:account|acct?|a/c|routing)(?: ?(?:number|no\.?|#))?(?:'s| is)?[:： #]{1,2}(\d(?:[ -]?\d){7,16})(?!\d)", checksums.is_account),
    _rule("bank_card", "sort", r"(?i)(?<![a-z])sort code(?:'s| is)?[:： ]{1,2}(\d{2}[ -]?\d{2}[ -]?\d{2})(?!\d)"),
    _rule("bank_card", "", r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Za-z0-9])", checksums.is_iban),
    # abroad, with 00 for +: the country, and groups of which the last has four digits; or a country that is often called
    _rule("phone", "00", r"(?<![\d.,:+-])00[ -]?[1-9]\d{0,2}[ ().-]{1,2}\(?(?:\d{1,4}[ ().-]{1,2}){0,4}\d{4,11}(?![\d-])", checksums.is_abroad),
    _rule("phone", "00", r"(?<![\d.,:+-])00(?:1[2-9]\d|4[49]|3[349]|81|82|85[23]|886|6[0156]|84|7[89])\d{7,11}(?![\d-])"),
    _rule("phone", "电话 手机号 座机 固话 联系方式 传真", r"(?:电话|手机号|座机|固话|联系方式|传真)(?:号?码)?[是为:：（(→ ]{0,3}([(（]?\+?\d{2,5}[)）]?[ -]?\d{3,5}(?:[ -]\d{2,5}){0,3})(?![\d-])(?!\s?[元块年月到])", checksums.is_dialled),
    _rule("phone", "+", r"(?<!\d)\+\d{1,3}(?:[ ().-]{0,2}\d){7,13}(?!\d)"),
    # North America, as it is written there; ten digits in a row would be anything. 400 and 800 are shops'
    _rule("phone", "", r"(?<![\d+])(?<!\d[-.])(?![48]00)(?:1[-. ])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[-. ])\d{3}[-. ]\d{4}(?![\d-])"),
    _rule("phone", "phone mobile cell call text number tel whatsapp sms ring fax", r"(?i)(?:phone|mobile|cell|call|text|number|tel|whatsapp|sms|ring|fax)(?: me| him| her| us)?(?: no\.?| number)?(?:'s| is| at| on)?[:： ]{1,2}(0\d{9,10}|[2-9]\d{9}|[(（]?0?\d{2,4}[)）]?[ -]\d{3,4}[ -]\d{3,4})(?![\d-])", checksums.is_dialled),
    _rule("phone", "0", rf"(?<![\d.+-])(?:[(（]{AREA}[)）][- ]?|{AREA}[- ]?)[2-8]\d{{2,3}}[ -]?\d{{4}}(?:(?:转|-)\d{{1,5}})?(?![\d.])"),
    _rule("phone", "0", r"(?<![\d.+-])0\d{2,4}(?:[ -]\d{3,4}){2}(?![\d-])"),
    # mobile numbers of Britain and Germany
    _rule("phone", "0", r"(?<![\d.+-])0(?:7\d{3}[ -]?\d{3}[ -]?\d{3}|1[5-7]\d[ /-]?\d{7,8})(?!\d)"),
    _rule("phone", "座机 固话 电话", r"(?:座机|固话|电话)(?:号码?)?[是为:： ]{0,3}([2-8]\d{2,3}[ -]?\d{4})(?!\d)"),
    _rule("phone", " ".join(SPOKEN), rf"(?<![0-9{SPOKEN}十百千万])[1一幺壹][ ,，、-]?[3-9三四五六七八九叁肆伍陆柒捌玖](?:[ ,，、-]?[0-9{SPOKEN}]){{9}}(?![0-9{SPOKEN}十百千万])", _spoken),
    _rule("ssn", "-", r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])", checksums.is_ssn),
    _rule("ssn", "ssn social", r"(?i)(?:(?<![a-z])ssn|social security(?: number| no\.?)?|(?:my|his|her|your) social(?='s|:| is| \d))(?:'s| is)?[:#= ]{0,3}(\d{3}[-. ]?\d{2}[-. ]?\d{4})(?!\d)"),
    _rule("ssn", "ssn social", r"(?i)(?<![\d-])(\d{3}[-. ]?\d{2}[-. ]?\d{4}) is (?:my|his|her|the) (?:ssn|social)"),
    # Britain's: behind its word, or in pairs with a letter that it may begin and end with
    _rule("ssn", "ni national", r"(?i)(?<![a-z])(?:ni (?:number|no\.?)|nino|national insurance(?: number| no\.?)?)(?:'s| is)?[:： ]{1,3}([a-z]{2} ?\d{2} ?\d{2} ?\d{2} ?[a-d])(?![a-z0-9])"),
    _rule("ssn", "", r"(?<![A-Za-z0-9])[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] \d{2} \d{2} \d{2} [A-D](?![A-Za-z0-9])"),
    _rule("ip", ".", r"(?<![\d.A-Za-z本])(?<!version )(?<!版本 )(?<!版本号)\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)", checksums.is_host),
    _rule("ip", "ip 服务器 server host 主机 网关 gateway ssh", r"(?i)(?:(?<![a-z])ip|服务器|主机|网关|(?<![a-z])(?:server|host|gateway|ssh(?: [a-z0-9_-]{1,20}@)?))(?:地址| address)?(?:是| is)?[:： ]{0,2}(\d{1,3}(?:\.\d{1,3}){3})(?!\.?\d)", checksums.is_ipv4),
    _rule("ip", ":", r"(?<![0-9A-Za-z:])(?:[23][0-9A-Fa-f]{3}|[Ff][CDEcde][0-9A-Fa-f]{2}):[0-9A-Fa-f:]{2,34}(?![0-9A-Za-z:])", checksums.is_ipv6),
    _rule("mac", ": ：", r"(?<![0-9A-Za-z:：])[0-9A-Fa-f]{2}(?:[:：][0-9A-Fa-f]{2}){5}(?:(?:[:：][0-9A-Fa-f]{2}){2})?(?![0-9A-Za-z:：])"),
    _rule("mac", "-", r"(?<![0-9A-Za-z-])[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}(?![0-9A-Za-z-])", _lettered),
    _rule("mac", ".", r"(?<![0-9A-Za-z.])[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2}(?![0-9A-Za-z.])", _lettered),
    _rule("mac", "mac 物理地址 网卡 蓝牙地址 bssid", r"(?i)(?:(?<![a-z])mac|物理地址|网卡|蓝牙地址|(?<![a-z])bssid)(?: ?地址| ?address| ?addr)?(?:是| is)?[为:：= ]{0,3}((?:[0-9a-f]{2}[:： -]?){5}[0-9a-f]{2})(?![0-9a-z])"),
    _rule("passport", "", r"(?<![A-Za-z0-9])(?:[EGDSP]\d{8}|E[A-HJ-NP-Z]\d{7})(?![A-Za-z0-9])", checksums.is_passport),
    _rule("passport", "护照 行证 乡证 胞证 passport", rf"(?i)(?:{PAPER})(?:编?号码?| number| no\.?)?(?:是|为|is| is)?[:：# ]{{0,2}}([a-z]{{0,2}}[ -]?\d{{6,10}})(?![A-Za-z0-9])"),
    _rule("plate", "", rf"[{PLATES}] ?{PLATE}(?![A-Za-z0-9])"),
    _rule("plate", "车牌 plate", r"(?i)(?:车牌(?:号码?)?[是为:： ]{0,3}|(?<![a-z])(?:licen[cs]e plates?|number plate|plate (?:number|no\.?))(?:'s| is)?[:：# ]{1,2})([a-z0-9]{1,4}[ ·-]?[a-z0-9]{2,5})(?![a-z0-9])", _lettered_number),
    _rule("plate", "plate reg", rf"(?i)(?<![a-z])(?:plates?(?:'s| is|:) ?|reg(?:istration)?(?:'s| is|:) ?(?=[a-z]{{2}}\d\d))(?-i:({ABROAD}))(?![A-Za-z0-9])"),
    _rule("wechat", "wxid_", r"wxid_[A-Za-z0-9_-]{6,40}"),
    _rule("wechat", "信 绿泡 威信 薇信 徽信 v信 vx wx 微x 薇x 威x 加 wechat weixin", rf"(?i)(?:{WECHAT})(?:加我|搜|找我|联系)?{SEP}({ACCOUNT})(?![a-z0-9_-])(?<!wechat)"),
    # Ctrl + V is none
    _rule("wechat", "+ ➕ 加", rf"(?i)(?:(?<![a-z0-9+])(?<![a-z0-9+] )[+➕]\ufe0f?|加我?) ?(?:v(?![a-z])|[薇微威徽]){SEP}({ACCOUNT})(?![a-z0-9_-])", _account),
    _rule("wechat", "微信 wechat vx wx", rf"(?i)(?:微信账?号码?|微信id|wechat(?: ?id|号)|(?<![a-z])[vw]x号?)(?=[\s:：=是为❤])(?!\s\d{{1,4}}(?!\d)){SEP}([1-9]\d{{5,10}})(?!\d)"),
    _rule("wechat", "信 wechat wx", rf"(?i)(?:微 ?信|wechat|(?<![a-z])wx)(?:加我|搜|找我|联系|都)?{SEP}({ACCOUNT})(?![a-z0-9_.-])", _account),
    _rule("wechat", "微信 wechat wx", rf"(?i)(?:(?:我的?|他的?|她的?)(?:微信|wx)(?:是|[:： ])|(?:my|his|her) wechat(?: is|:)|(?:wechat|(?<![a-z])wx)[:：]) ?({ACCOUNT})(?![a-z0-9_-])", lambda value: value.lower() not in _SAID),
    _rule("wechat", "v 薇 威 微", rf"(?i)(?<![a-z])[v薇威微](?:[:：❤♥]|❤️)\ufe0f? ?({ACCOUNT})(?![a-z0-9_.-])", _account),
    _rule("wechat", "微信 vx wx wechat", rf"(?i)(?<![a-z0-9_.-])({ACCOUNT}) ?(?:就?是|is )(?:我的?|他的?|她的?|my |his |her )?(?:微信|wechat|[vw]x)(?![a-z])", _account),
    _rule("qq", "q 扣扣 企鹅 群号 群: 群： 加群 进群 球球 🐧", rf"(?:{QQ}){SEP}([1-9]\d{{4,10}}|[1-9]\d{{0,3}}(?:[ -]\d{{3,4}}){{1,3}}(?:-\d\d)?)(?![\d-])"),
    _rule("qq", "qq 扣扣", r"(?i)(?<!\d)([1-9]\d{4,10}) ?(?:就?是|is )(?:我的?|他的?|她的?|my |his |her )?(?:qq|扣扣)(?![a-z])"),
    _rule("code", "码 口令", rf"(?:{CODE})(?:已发送|发我|发你|给你)?{SEP}([A-Za-z]-?\d{{4,8}}|{DRAWN})(?![\d-]){WAIT}"),
    _rule("code", "码 口令", rf"(?:{CODE})(?:给你)?{SEP}([A-Za-z0-9]{{4,8}}(?:-[A-Za-z0-9]{{4,8}}){{0,4}})(?![A-Za-z0-9])", _lettered_number),
    _rule("code", "码", r"(?:收到|发来|发给?[你我他她]|短信里?)的?码[是为:：\s]{0,3}(\d{4,8})(?![\d-])"),
    _rule("code", "取码 问码 请码", r"(?:提取|访问|邀请)码[是为:：\s]{0,3}([A-Za-z0-9]{4,8})(?![A-Za-z0-9])"),
    _rule("code", "cvv cvc 安全码", r"(?i)(?:(?<![a-z])cv[vc]2?(?:码)?|安全码)(?: is)?[是为:： ]{0,3}(\d{3,4})(?!\d)"),
    _rule("code", "code", r"(?i)(?<![a-z])(?<!error )(?<!status )(?<!zip )(?<!postal )(?<!area )(?<!promo )(?<!coupon )(?<!discount )code[:：] ?(\d{4,8})(?!\d)"),
    _rule("code", "码", rf"(?<!\d)(\d{{4,8}})\s?(?:[是为（(]|,|，)?\s?(?:[你您]的)?[\u4e00-\u9fff]{{0,6}}?(?:{CODE})"),
    _rule("code", "code", rf"(?i)(?<![a-z])(?:use|enter|type|input|using|with|here'?s|got)(?: in)?(?: the| this| that| my| your)?(?: [a-z-]{{2,15}})? code(?: is)?[:： ]{{1,2}}(?:G-)?({DRAWN})(?![\d-])(?! (?:for \d|for a|at check|to get|to save|lines))", _no_year),
    _rule("code", "code", r"(?i)(?<![a-z])(?<!error )(?<!status )(?<!zip )(?<!postal )(?<!area )(?<!promo )(?<!coupon )(?<!discount )(?<!exit )code(?: (?:for|to) [a-z ]{2,20})?(?: is|'s)?[:：是为 ]{1,2}(\d{6}|\d{3}[ -]\d{3})(?![\d-])(?! (?:lines|for \d|at check|to get|to save))"),
    _rule("code", "取件码 取货码 提货码 取餐码 自提码 取票码", r"(?<![\dA-Za-z-])([A-Za-z]?\d{1,4}(?:-\d{1,5}){1,3}|[A-Za-z]?-?\d{4,8})\s?(?:就?是|[,，])\s?(?:我的?|你的?|那个|这个|快递的?)?(?:取件|取货|提货|取餐|自提|取票)码"),
    _rule("code", "取 货 餐 提 机 递 开 核销 寄存 入场 pick collection locker parcel", rf"(?i)(?:{PICK}){SEP}([A-Za-z]{{0,2}}-?\d{{1,4}}(?:[ -]\d{{1,5}}){{1,3}}|[A-Za-z]{{0,3}}-?\d{{3,8}})(?![\d-])"),
    _rule("code", "凭", r"凭 ?([A-Za-z]?\d{1,4}(?:-\d{1,5}){1,3}|\d{4,8})(?![\d-])[^\n]{0,20}?取"),
    _rule("code", "code pin otp", rf"(?i)(?:(?:verification|security|login|log-in|one-time|auth(?:entication)?|access|door|gate|2fa|sms) (?:code|pin)(?: (?:on|of|to) [a-z ]{{2,20}}(?='s|:| is))?|(?<![a-z])(?:otp|pin|(?:the|my|your) code)(?: code| number|码)?)(?: for [a-z]{{2,15}})?(?:'s| is|:|：| =)?(?:[:： ]|是|=)(?:G-)?({DRAWN})(?![\d-])(?! lines)"),
    _rule("code", "code otp", rf"(?i)(?<![\d-])(?:G-)?({DRAWN}) is (?:your|the|my)(?: [a-z0-9-]{{1,20}}){{0,3}} (?:code|otp|pin)(?![a-z])"),
    _rule("password", "密码 口令", rf"{NO_LOCK}(?:密码|口令)[」』】”\")）]?\s?{LINK}\s{{0,2}}({SECRET}){WAIT}"),
    _rule("password", "密码 口令", rf"{NO_LOCK}(?:密码|口令)\s{{0,2}}({SECRET}){WAIT}", lambda value: value.isdigit() or _mixed(value)),
    _rule("password", "密码 口令 暗号", rf"{NO_LOCK}(?:密码|口令|暗号)[」』】”\")）]?{LOOSE}({SECRET}){WAIT}", _digits_mixed),
    _rule("password", "密码 口令", rf"{NO_LOCK}(?:密码|口令)[\u4e00-\u9fff]{{1,8}}[:：\s]?({SECRET})", _mixed_word),
    _rule("password", "密码 口令", rf"{NO_LOCK}(?:密码|口令)是?[:：]\s?([\u4e00-\u9fff]{{1,8}}\d{{3,8}})(?!\d){WAIT}"),
    _rule("password", "pass pwd pw psw mima", rf"(?i)(?<![a-z])(?:{WORD}|pass)\s?(?:现在|一直|默认|应该|统一|就|都|还)?{LINK}\s?[\"'“‘「]?({SECRET}){WAIT}", _digits_mixed),
    _rule("password", "密码 口令 passw pwd", rf"(?i)(?<![!-Z^-~])({SECRET}) ?(?:就?是|is )(?:我的?|他的?|她的?|家里的?|这个|那个|the |my |our |his |her )?(?:wi-?fi ?|开机|登录|新|门锁|new |login )?的?(?:密码|口令|password|passwd|pwd)", _digits_mixed),
    _rule("password", "密码 口令", rf"(?:密码|口令)[是为叫改设就还换成][\u4e00-\u9fff]{{1,6}}?[:：]?\s?(\d{{6,8}})(?!\d){WAIT}"),
    _rule("password", "pass pwd pw psw mima", rf"(?i)(?<![a-z])(?:{WORD}|pass)s?(?: (?:for|of|to) [a-z ]{{1,24}})?(?: is)?\s?[:=：]\s?({SECRET})"),
    _rule("password", "passw passc passp pwd pw", rf"(?i)(?<![a-z])(?:{WORD})s?(?:'s| is| was| to| -)\s+({SECRET})", _mixed),
    _rule("password", "passw passc passp pwd", rf"(?i)(?<![a-z])(?:{WORD})s?(?:'s| is| was)\s+([a-z]{{4,40}})(?=\s*(?:$|[.,!?;\n\u4e00-\u9fff]))", _told),
    _rule("password", "passw passc passp pwd", rf"(?i)(?<![a-z])(?:{WORD})\s+({SECRET})", lambda value: _mixed(value) and any(map(str.isdigit, value))),
    _rule("key", "sk- sk_ rk_ gh glpat- akia asia ltai akid aiza hf_ npm_ pypi- xox sg. ya29. whsec_", rf"(?<![A-Za-z0-9])(?:{KEYS})[A-Za-z0-9_.-]{{16,200}}(?<!\.)"),
    _rule("key", "key token secret bearer 密钥 秘钥 私钥 令牌 akid aksk", rf"(?i)(?<![a-z])(?:{KEY_WORD})(?: id)?(?: is|是|为)?\s?[:：=]?\s?[\"'“]?([a-z0-9_./+=:-]{{12,400}})(?![a-z0-9])", _drawn),
    _rule("key", "private key", r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[A-Za-z0-9+/=\s]{0,4000}(?:-----END [A-Z ]{0,20}PRIVATE KEY-----)?"),
    _rule("key", "eyj", r"(?<![A-Za-z0-9_-])eyJ[\w-]{8,2000}\.[\w-]{8,4000}\.[\w-]{8,2000}"),
    _rule("address", "路 街 大道 巷 弄 胡同 里", addresses.HOUSE, addresses.is_house),
    _rule("address", "村", addresses.VILLAGE),
    _rule("address", "栋 幢 号楼 座 塔", addresses.FLAT),
    _rule("address", "小区 花园 家园 公寓 公馆 苑 庭 宿舍 里 新村 湾 府 城", addresses.ROOM_OF),
    _rule("address", "座 栋 幢 楼 层 室", addresses.ROOMED),
    _rule("address", "单元", addresses.DOOR),
    _rule("address", "址 住 家 寄 送 发到", addresses.GIVEN),
    _rule("address", "st ave road rd dr lane ln blvd court ct terr hwy highway parkway pkwy garden grove mews square close crescent", addresses.ENGLISH, addresses.is_street),
    _rule("address", "street avenue road lane boulevard blvd", addresses.SMALL, addresses.is_street),
    _rule("address", "live address ship deliver mail moved come", addresses.ENGLISH_GIVEN),
    _rule("address", "box", addresses.BOX),
    _rule("address", "apt apartment", addresses.APARTMENT),
)  # fmt: skip
FIRSTS = frozenset[str]().union(*(rule.first for rule in RULES))


@lru_cache(maxsize=1000)
def worth(firsts: frozenset[str]) -> tuple[Rule, ...]:
    """The rules that may hold where of the first characters of signs only these stand in the text."""
    return tuple(rule for rule in RULES if not rule.signs or not rule.first.isdisjoint(firsts))
