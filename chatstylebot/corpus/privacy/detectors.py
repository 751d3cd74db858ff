r"""How private data looks: one rule a line, for Chinese and English text alike; all of them always run.

Never \b: Python counts 汉字 as \w (PRI-1). Bare runs of digits need a check digit or a word before them (2333333333 is
laughter). A rule with a group hides the group alone, so that the words around it stay.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

from chatstylebot.corpus.privacy import addresses, checksums

NAMES = {
    "zh": {
        "url": "链接", "email": "邮箱", "id_card": "身份证", "phone": "电话", "bank_card": "银行卡", "passport": "护照",
        "plate": "车牌", "wechat": "微信号", "qq": "QQ号", "address": "地址", "code": "验证码",
        "password": "密码", "key": "密钥", "ssn": "社保号", "ip": "IP", "mac": "MAC", "name": "姓名", "blocked": "屏蔽",
        "account": "账号",
    },
    "en": {
        "url": "URL", "email": "EMAIL", "id_card": "ID", "phone": "PHONE", "bank_card": "CARD", "passport": "PASSPORT",
        "plate": "PLATE", "wechat": "WECHAT", "qq": "QQ", "address": "ADDRESS", "code": "CODE",
        "password": "PASSWORD", "key": "KEY", "ssn": "SSN", "ip": "IP", "mac": "MAC", "name": "NAME", "blocked": "BLOCKED",
        "account": "ACCOUNT",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """A type, how it looks, what must hold besides, and the signs (small letters) of which one must be in the text.

    `beside` is a word that must stand within so many characters of the value, before or behind it.
    """

    kind: str
    look: str
    holds: Callable[[str], bool]
    signs: tuple[str, ...]
    beside: str = ""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """How it looks; compiled where a text needs it (all of them take 0.1 s)."""
        return re.compile(self.look)

    @cached_property
    def _words(self) -> re.Pattern[str]:
        return re.compile(self.beside)

    def takes(self, text: str, start: int, stop: int) -> bool:
        """Whether what it has found between two places of the text is private."""
        if not self.holds(text[start:stop]):
            return False
        if not self.beside:
            return True
        before = self._words.search(text, max(start - WITHIN, 0), start)
        return bool(before or self._words.search(text, stop, stop + WITHIN))

    @cached_property
    def search(self) -> Callable[[str], re.Match[str] | None]:
        """The pattern's own."""
        return self.pattern.search


WITHIN = 60  # characters


def _always(value: str) -> bool:
    return True


_SECRET = re.compile(
    r"(?i)[?&#;](?:[\w-]{0,30}(?:token|secret|signature|password|passwd)|\w{0,8}key|sign?|pwd|pass|auth|session|sid|ticket"
    r"|code|jwt)=[^&\s]{4}|(?:reset|verify|activate|invite|magic|confirm)[^\s]{0,60}[?&#]\w{1,12}=[\w.%-]{8}|//hooks\.slack\.com/|/webhooks?/|/hook/|/bot\d{6,12}:|/(?:reset|verify|activate|invite|magic)[\w-]{0,20}/[\w-]{12}"
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


_PRODUCTS = re.compile(
    r"(?i)(?:iphone|ipad|android|windows|win|mac|macbook|macos|ios|version|ver|vip|pro|app|pay|for|python|java|gpt|claude"
    r"|llama|qwen|covid|mp|chatgpt|reels|shop|ads|deck|nitro|web|bot|server|summer|winter|issue|error|vlog|ootd|boeing|airbus)[\d_-]|v\d"
)


def _account(value: str) -> bool:
    """Whether what follows a mere 微信 is an account: something but letters in it, and no product's name."""
    return not value.isalpha() and not _PRODUCTS.match(value)


def _lettered(value: str) -> bool:
    """Whether a letter is in it: six pairs of digits alone are a date and a time."""
    return any(character.isalpha() for character in value)


def _lettered_number(value: str) -> bool:
    """Whether letters and digits are in it."""
    return _lettered(value) and any(character.isdigit() for character in value)


def _shuffled(value: str) -> bool:
    """Whether letters and digits are mixed as nobody would name a product (RTX4090, SAVE20): a letter behind a digit."""
    return re.search(r"\d[A-Za-z]", value) is not None and _three_digits(value)


def _three_digits(value: str) -> bool:
    """Whether at least three digits are in it: no word in capitals."""
    return sum(map(str.isdigit, value)) > 2


def _digits_mixed(value: str) -> bool:
    """Whether it looks like a password where no colon says so: a digit in it, and no ratio, time or percentage."""
    return _mixed(value) and any(map(str.isdigit, value)) and not _PLAIN_NUMBER.match(value)


_PLAIN_NUMBER = re.compile(r"[\d.:/-]{0,5}\d?%?$|\d{1,4}[-/:.]\d{1,2}(?:[-/:.]\d{1,4})?$")


def _mixed_word(value: str) -> bool:
    """Whether what stands some words behind 密码 is one: letters and digits, and no product (密码忘了iPhone15)."""
    return len(value) >= 6 and _lettered_number(value) and not _PRODUCTS.match(value)


def _secret_word(value: str) -> bool:
    """The same, or six digits."""
    return (value.isdigit() and len(value) >= 6) or _mixed_word(value)


def _secret_or_sign(value: str) -> bool:
    """The same, or digits and a sign, as on a lock: 3829#."""
    return _secret_word(value) or (_digits_mixed(value) and value[-1] in "#*" and len(value) > 4)


def _drawn(value: str) -> bool:
    """Whether it looks like a key: letters and digits in it, and no path."""
    return _lettered_number(value) and value.count("/") < 3 and "://" not in value


def _of_a_machine(value: str) -> bool:
    """Whether three capitals, three small letters and three digits are in it, and they change often."""
    kinds = ["A" if sign.isupper() else "a" if sign.islower() else "1" if sign.isdigit() else "" for sign in value]
    changes = sum(one != other for one, other in pairwise(filter(None, kinds)))
    return min(map(kinds.count, "Aa1")) > 2 and changes * 3 > len(value)


def _no_sentence(value: str) -> bool:
    """Whether "x at gmail.com" is an address and no sentence: then the name has more than letters, or the dot is said."""
    name, at, host = value.lower().partition(" at ")
    return not at or "dot" in host or not name.isalpha()


def _handle(value: str) -> bool:
    """Whether what follows telegram or 抖音号 is an account: an at-sign, or digits and letters, and no product's name."""
    letters, digits = sum(map(str.isalpha, value)), sum(map(str.isdigit, value))
    drawn = "_" in value or digits > 1 or (digits > 0 and "." in value)
    return letters > 2 and (value[0] == "@" or drawn) and not _PRODUCTS.match(value)


def _underlined(value: str) -> bool:
    """Whether it is an account where its word is a common one: an at-sign before it, or an underscore and a digit."""
    return _handle(value) and (value[0] == "@" or ("_" in value and any(map(str.isdigit, value))))


def _joined(value: str) -> bool:
    """Whether it is an account wherever it stands near an app's name: an at-sign, or digits and an underscore or dot."""
    name = value[0] == "@" or (re.search(r"[_.]", value) and any(map(str.isdigit, value)))
    return bool(name) and _handle(value) and not re.search(r"\.[a-z]{2,4}$", value)


def _called(value: str) -> bool:
    """Whether a name behind "line id:" is one."""
    return value.lower() not in _SAID and not _PRODUCTS.match(value)


def _no_sum(value: str) -> bool:
    """Whether digits are drawn: no year, and no sum, which is round."""
    return _no_year(value) and not value.endswith("00")


def _no_year(value: str) -> bool:
    """Whether four digits are a code and no year: use code 2024."""
    return not re.match(r"(?:19|20)\d\d$", value)


def _spoken(value: str) -> bool:
    """Whether a number in Chinese digits, or in both, is one to call."""
    return any(character in SPOKEN for character in value) and checksums.is_called(value.translate(DIGITS))


def _strange(value: str) -> bool:
    """Whether it is drawn up as a password is: letters, digits and a sign, or a long mix; no model's or file's name."""
    signed = re.search(r"[^A-Za-z0-9.'_/-]", value) is not None
    if value.isupper() or not _lettered_number(value) or "/" in value or _PRODUCTS.match(value):
        return False
    drawn = sum(map(str.isdigit, value)) > 1 or value[1:] != value[1:].lower()
    return signed or (len(value) >= 8 and drawn)


def _distinct(value: str) -> bool:
    """Whether it is an account wherever it stands: an underscore, a dash with digits behind it, or four digits."""
    named = _PRODUCTS.match(value) or re.search(r"\.[a-z]{2,4}$", value)  # report_v2.docx
    return _lettered(value) and not named and re.search(r"_|-\d|\d{4}", value) is not None


class Words(NamedTuple):
    """Words that tell what a value is wherever it stands near them, and the signs of which one is in each of them."""

    signs: str
    look: str


def _rule(kind: str, signs: str, pattern: str, holds: Callable[[str], bool] = _always) -> Rule:
    return Rule(kind, pattern, holds, tuple(signs.split()))


def _beside(kind: str, words: Words, pattern: str, holds: Callable[[str], bool] = _always, signs: str = "") -> Rule:
    """A rule for values near such words; `signs` are fewer, where it is only for some of these."""
    return Rule(kind, pattern, holds, tuple((signs or words.signs).split()), words.look)


GAP = r"[ .·_/*\u200b\u2060\u00a0-]{0,3}"
SPOKEN = "零〇一幺二两三四五六七八九壹贰叁肆伍陆柒捌玖"
DIGITS = str.maketrans(SPOKEN, "0011223456789123456789")
PLATES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"
VALUE = r"[!-Z^-~]"  # printable ASCII but brackets and backslash: a placeholder is no value
# a value to its end, without the mark that ends the sentence
SECRET = rf"{VALUE}{{4,127}}(?<![.,;:?'\")])(?=[.,;:?'\")]{{0,4}}(?:[^!-Z^-~]|$))"
# what stands between a word and its value: 密码是, 密码：, 密码改成了
# 密码好像是, 安全码我记得是: how sure one is
HEDGE = r"(?:好像|应该|大概|可能|貌似|我?记得|现在|目前|一直|还)?"
LINK = rf"(?:{HEDGE}就?[是为叫][:：]?|[改换设变](?:成|为|的)了?[:：]?|-{{1,2}}>|[→➡➜⇒👉]\ufe0f?|[:：=])"
NO_LOCK = r"(?<!财富)(?<!流量)(?<!爆款)(?<!摩斯)(?<!莫斯)(?<!摩尔斯)(?<!芬奇)"  # 财富密码: a word for what makes rich
# what stands between the name of a number and the number: 微信号 → , vx❤, QQ（, "is: "
SEP = rf"(?:{HEDGE}就?[是为叫]|[呗吧哈呀啊嘛啦喔哦]| (?:is|was)(?= |:)|'s)?[\s:：=,，~❤♥💚♡\ufe0f→➡➜⇒👉>【「『“\"(（#-]{{0,3}}"
# the same with an adverb, a verb of more words or an English one; what follows must look like a secret
LOOSE = (
    r"(?:(?:一直|现在|目前|应该|好像|大概|可能|貌似|我?记得|默认|统一|初始|都|也|还|仍|就|给你|发你|发给你|告诉你)?(?:[是为叫]|设置|重置|更新|修改|[改换设变])?(?:成|为|的|是|到)?了?"
    r"| ?(?:is|was|to)(?= ))[:：]? ?[\"'“‘「『【(（<《]?"
)
WAIT = r"(?!\s?[位次个天年月块元分人遍秒时种只])"  # 密码6位, 密码100次
# what is said while one looks for the code: 验证码 我看看 哦 1234
LOOK = r"[ ，,。.…~我你看等一下哦嗯啊呃来了噢诶欸好的发给这个收到短信说刚查找让是]{1,14}"
# wrong, and put right: 不对 是, 打错了 应该是
RIGHT = r"(?:不对|不是|哦不|错了|打错了?|写错了?)[，,。 ]{0,2}(?:应该)?就?是?[:： ]{0,2}"
# a question that the same person answers: "ur otp? it's"
ASKED = r"(?:[?？]{1,2}(?: (?:it'?s|mine'?s|mine is|here(?:'?s)?|got it|yeah|yes|ok))?)?"
# what is said when one hands it over: 密码发你了 还是, QQ? 给你, "my snap? its"; what follows must look drawn up
HANDED = (
    r"[ ，,]?(?:[?？]{1,2}|呢|嘛|我?(?:发|给|告诉)(?:给)?你了?|我?[改换变]了|试试|是吧|不是那个|没变|拿去)[?？ ，,。:：]{0,3}"
    r"(?:现在|应该|还|给你|发你|it'?s |mine'?s |mine is |here'?s )?就?是?[:： ]{0,2}"
)
# the same in fewer words, for numbers: 电话改成了, "no. is:", "at "
ZH_LINK = r"(?:[改换变](?:成|为)?了?[，, ]{0,2}|[呀啊啦哈喔哦])?(?:现在|好像|应该|我?记得)?(?:就?[是为叫])?[\s:：=,，→➡(（「【-]{0,3}"
EN_LINK = r"(?: ?(?:number|num|no|nr|id|#)\.?)?(?:号码?)?(?:(?:就?是|为)[\s:：]{0,2}|(?:'s|(?: is| was| are| at| on| under)(?: like| probably| prob| i think)?(?=[ :：=]))?[\s:：=#-]{1,3})"
AREA = r"0(?:10|2\d|[3-9]\d\d)"
MOBILE = (
    rf"(?:[(（]1[3-9]\d[)）]|1[3-9]\d)(?:{GAP}\d{{4}}{GAP}\d{{4}}|{GAP}\d{{3}}{GAP}\d{{5}}|{GAP}\d{{2}}{GAP}\d{{3}}{GAP}\d{{3}})"
    r"|1[3-9]\d{2} \d{4} \d{3}|1[3-9]\d[(（]\d{4}[)）]\d{4}|1 [3-9](?: \d){9}|1-[3-9](?:-\d){9}"
)
# eight digits of Hong Kong, Macau and Singapore, ten of Taiwan and in pairs of France
LOCAL = r"[2-9]\d{3}[ .-]?\d{4}|0\d(?:[ .-]?\d\d){4}|0\d{3}[ -]?\d{3}[ -]?\d{3}|[(（]0\d{1,2}[)）] ?\d{3,4}[ -]?\d{4}"
PLACE_OF = r"香港|澳门|新加坡|台湾|国外|海外|本地|[法英德美韩泰]国"
CALL = (
    r"(?<![a-z])(?:(?:hk|hong ?kong|macau|macao|sg|singapore|taiwan|tw)(?: (?:phone|mobile|cell|line|mob))?|mobile|phone|handphone"
    r"|cell(?:phone)?|t[eé]l|t[eé]l[eé]phone|portable|mob|ph|hp|whatsapp|contact|(?:call|text|ring|reach|phone|sms|whatsapp) (?:me|him|her|us)"
    r"|fax|(?:my|his|her|our|their)(?: new)?(?= n))\.?"
)
TAX = (
    r"(?<![a-z])(?:ssn|s\.s\.n\.?|ss(?= ?#| n[ou])|soc(?:ial)?\.? (?:sec(?:urity)?\.?|insurance)|(?:my|his|her|your) social"
    r"|social(?= n[ou])|tax(?:payer)?(?: identification)?(?= (?:id|n[ou]))|i?tin|ein|utr|(?:sin|tfn)(?= n[ou]|[:：#])|tax reference"
    r"|unique taxpayer reference|steuer-? ?(?:id|nummer))"
)
TAXED = r"\d{3}[-. ]?\d{2}[-. ]?\d{4}|\d{2}-\d{7}|\d{3}[ -]\d{3}[ -]\d{3}|\d{10}|\d{5} \d{5}"
DAY = r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
CARD = r"卡号|[行用蓄]卡号?|(?:银行|支付)?账[号户]|card (?:number|no\.?)"
PAPER = r"护照|通行证|回乡证|台胞证|passport"
PLATE = r"[A-Za-z][·. -]?(?:[A-Ka-k][A-HJ-NP-Za-hj-np-z0-9]\d{4}|\d{5}[A-Ka-k]|(?=[A-Za-z]{0,3}\d)[A-HJ-NP-Za-hj-np-z0-9]{4}[学警挂港澳]|(?=[A-Za-z]{0,2}\d)(?=(?:[A-Za-z]?\d[A-Za-z]?){3})[A-HJ-NP-Za-hj-np-z0-9]{4}[A-HJ-NP-Za-hj-np-z0-9学警挂港澳])"
# plates as Britain, California and most states of the US give them out
ABROAD = r"[A-Z]{2}\d{2} ?[A-Z]{3}|\d[A-Z]{3}\d{3}|[A-Z]{3}[ -]?\d{3,4}|\d{3}[ -]?[A-Z]{3}"
WECHAT = r"(?:微 ?信|wechat|(?<![a-z])[wv]x) ?(?:账?号码?|id|account|name|username)|绿泡泡|[威薇徽v]信号?|[微薇威]x|(?<![a-z])vx|加(?:我|个|下)?v|weixin号?"
QQ = r"(?<![A-Za-z])[Qq] ?[Qq](?:群号?|账?号码?|邮箱| ?(?:number|no\.?|id|account|group)| ?#)?|球球号?|🐧号?|[加进]群|(?<![一-鿿])群(?=[:：])|扣扣号?|企鹅号?|[加扣我]的?[Qq]|[Qq]群号?|群号|(?<![A-Za-z])[Qq](?:号|(?=[:：]))"
# 微信同号 或者搜, QQ上找我: what is said between the name of a number and the number
SEARCH = r"(?:里|上)?(?:同[名号]|[小大新]号|昵称|名|号)?[，, ]{0,2}(?:或者?|也可以?|直接)?(?:搜索?|[加找聊]|联系|私聊?|[改换](?:成|为)?了?)?(?:我|一下)?(?:的?微信)?号?"
CODE = r"(?:验证|校验|动态|激活|短信|登[录陆]|确认|授权|随机|核验|安全|绑定|配对|门禁|开门|兑换|认证|识别|一次性|恢复|备用|备份|找回|解锁)码|(?:动态|一次性|短信)(?:口令|密码)"
DRAWN = r"\d{4,8}|\d{3,4}[ -]\d{3,4}|\d{2}(?:[ -]\d{2}){2,3}|\d(?: \d){3,7}"
# what a code is for: "to verify your number", "as your passcode"
GOAL = (
    r"to (?:verify|confirm|log ?in|sign ?in|complete|reset|activate|authenticate|finish|unlock|validate|authori[sz]e|approve|link"
    r"|register|continue|access|prove|proceed)(?![a-z])"
)
END_OF = r"for (?:verification|your login|login|two-factor|2fa|whatsapp)|as (?:your|the|a)(?: [a-z-]{2,15}){0,2} (?:code|otp|pin|passcode)|when (?:prompted|asked|it asks)|on the login"
# 码发你, 这个码是, 来码了: not 尺码, 号码, 代码
SENT = (
    r"(?:(?<![\u4e00-\u9fff])|(?<=[把的这那个收发填输给来新你我他信次到]))码 ?(?:发给?[你我他她]|给[你我]|来|到|收到|出来|发?过来|报给你|告诉你|在这|有"
    r"|现在|又|就)?了?(?:是|为|[变换]成)?"
)
# a phrase with digits, and none of the words that tell what became of the password
HAN = r"(?:(?![了过忘输错第位不没红包重置用改期章页集次遍版是间生的年])[\u4e00-\u9fff])"
TALE = r"(?:(?![了发你给我字记吗呢吧啊哈哦好谢别试呀嘛])[\u4e00-\u9fff])"
PHRASE = (
    rf"{HAN}{{2,8}}[A-Za-z]{{0,10}}\d{{2,8}}[A-Za-z]{{0,10}}(?:{TALE}{{2,4}}(?![\u4e00-\u9fffA-Za-z0-9]))?(?![A-Za-z0-9])"
    rf"|\d{{3,5}}{HAN}{{2,6}}(?![\u4e00-\u9fffA-Za-z0-9])"
)
# where else people have accounts; the second are words of talk
APP = r"telegram|tg|skype|discord|instagram|insta|snapchat|tiktok|kakao(?:talk)?|viber|电报"
SITE = r"line|ins|ig|snap|fb|facebook|twitter|steam|github|抖音|小红书|微博|快手|b站|推特|飞机|钉钉|飞书|signal|messenger|threads|linkedin"
APPS = "telegram tg skype discord insta snapchat tiktok kakao viber 报"
SITES = "line ins ig snap fb facebook twitter steam github 抖音 红书 博 快手 b站 推特 飞 钉 signal messenger threads linkedin"
NAMED = r"(?:账?号|账户| ?(?:id|handle|username|name|account))"
REACH = r"(?:上)?(?:加我|找我|联系我?|搜索?我?|关注我?| me(?: at)?| as)?"
HANDLE = r"@?(?:live:)?[a-z][a-z0-9_.-]{1,30}[a-z0-9_](?:#\d{4})?"
PICK = r"(?:取件|取货|提货|取餐|自提|柜机|快递|取票|取茶|开柜|开箱|核销|寄存|入场)码|(?:取件|取货|取餐|取票|取茶|提货|货架)号|(?<![a-z])(?:pick[ -]?up|collection|locker|parcel) (?:code|number|pin)"
# an e-mail address as it is spelled for people: anna at gmail dot com, liu艾特126.com
AT = r"(?:@|[(（\[{]at[)）\]}]| at |艾特|#at#|#)"
DOT = r"(?:\.|。| ?dot |[(（\[{]dot[)）\]}]|点)"
MAIL = r"gmail|googlemail|qq|vip\.qq|163|126|139|189|yeah|outlook|hotmail|live|msn|yahoo|foxmail|icloud|me|sina|sohu|aliyun|proton(?:mail)?|naver|gmx"
ACCOUNT = r"[a-z][a-z0-9_-]{5,19}"
KEYS = r"sk-|[sr]k_(?:live|test)_|gh[pousr]_|github_pat_|glpat-|A[KS]IA|LTAI|AKID|AIza|hf_|npm_|pypi-|xox[abeprs]-|SG\.|ya29\.|whsec_"
KEY_WORD = (
    r"(?:api|secret|access|private|app|client|auth|refresh|bot|session|encryption|license)[ _-]?(?:key|token|secret)(?:[ _-]?id)?"
    r"|secret[ _-]access[ _-]key|token|bearer|secret(?=\s?[:=：是])|ak/?sk|akid|密钥|秘钥|私钥|令牌"
)
WORD = r"pass?w(?:or|r|ro|ar)d|passwort|pass?wd|p/w|pword|passcode|passphrase|pwd|pw|psw|mima"

# whatever people say between the word and the value, in one clause: only a value that can hardly be anything else
NEAR = r"[^\d\n。！!；;【】\[\]]{0,14}?"
NEAR_EN = r"(?: [a-z']{1,12}){0,5}?"
DRAWN_UP = r"\d{6}|\d{3}[ -]\d{3}"
NOTHING_ELSE = r"(?![\d.:/-])(?!\s?(?:[位次个天年月日号点块元分人遍秒时种只多万毛层楼室路股米斤克度集章页卷条张本期级%％]|[kKwW]m?(?![a-z])|ml|mb|gb))"
OF_CODES = Words(
    "码 短信 收到 快输 过期 认证 两步验证 验证 六位 6位 登 code otp 2fa texted verif factor authenticator sign log",
    r"(?<![代号尺条编页乱邮源])码|短信|收到|快输|过期|双重认证|两步验证|验证[吗妈]|[六6]位|登(?:录|上|陆)|(?i:(?<![a-z])(?:(?<!zip )(?<!postal )(?<!area )(?<!error )"
    r"(?<!status )(?<!promo )(?<!coupon )(?<!discount )(?<!exit )(?<!stock )(?<!source )(?<!country )codes?|otp|2fa|pin|texted"
    r"|verif(?:y|ication)|two-factor|authenticator|(?:sign|log)[ -]?in)(?![a-z]))",
)
OF_PARCELS = Words(
    "取件 取货 提货 递 站 菜鸟 丰巢 柜 包裹 parcel locker pick",
    r"取件|取货|提货|快递|驿站|菜鸟|丰巢|柜|包裹|(?i:(?<![a-z])(?:parcel|locker|pick(?:ed)? ?up))",
)
OF_LOCKS = Words(
    "锁 门 开机 险 李箱 keypad lock garage door passcode combo safe",
    r"箱锁|门锁|门禁|单元门|大门|房门|开门|解锁|锁屏|开机|保险[箱柜]|行李箱|(?i:(?<![a-z])(?:keypad|lock ?box|padlock|garage|door|unlock|passcode"
    r"|lock ?screen|combo|combination|safe)(?![a-z]))",
)
OF_LOGINS = Words(
    "密码 密马 口令 无线 路由 开机 登 锁屏 账号 pas pwd pw psw mima p/w wi login log-in netflix spotify disney hulu icloud apple amazon account",
    rf"密[码马]|口令|无线|路由|开机|登[录陆]|锁屏|账号|(?i:(?<![a-z])(?:pass|{WORD}|wi-?fi|log-?in|netflix|spotify|disney"
    r"|hulu|icloud|apple ?id|amazon|account)(?![a-z]))",
)
OF_WECHAT = Words(
    "信 微讯 绿泡泡 加v 我v 他v 她v 小号 大号 chat wechta wecaht wehcat vx wx",
    r"微 ?[信讯](?!群)|绿泡泡|[加我他她]v(?![a-z])|小号|大号|(?i:(?<![a-z])(?:we ?chat|wechta|wecaht|wehcat|[vw]x|v信)(?![a-z]))",
)
OF_APPS = Words(
    "红书 抖音 博 快手 b站 推特 报 telegram tg skype discord insta snap tiktok kakao viber ins ig fb face twitter steam psn ps4 ps5 xbox switch tag riot valorant epic username handle threads signal line",
    rf"小红书|抖音|微博|快手|b站|推特|电报|(?i:(?<![a-z])(?:{APP}|ins|ig|snap|fb|facebook|twitter|steam|psn|ps[45]|xbox|switch|gamertag"
    r"|riot|valorant|epic|username|handle|tag|threads|signal|line id)(?![a-z]))",
)
OF_CALLS = Words(
    "电话 手机 打 搵我 找我 系 络 call text ring whats phone mobile cell reach",
    r"电话|手机|打[俾给]|打我|搵我|找我|联[系络]|(?i:(?<![a-z])(?:call|text|ring|whatsapp|phone|mobile|cell|reach)(?: me| him| her| us)?(?![a-z]))",
)
OF_KEYS = Words("key token secret 密钥 秘钥 私钥 令牌", rf"(?i:{KEY_WORD})")
OF_ACCOUNTS = Words("账号 账户 account acct", r"账[号户]|(?i:(?<![a-z])acc(?:oun)?t(?![a-z]))")
OF_PICKUPS = Words("取件 取货 提货 驿站 菜鸟 丰巢 柜", r"取件|取货|提货|驿站|菜鸟|丰巢|柜")
OF_KEYPADS = Words(
    "锁 门 柜 开机 险 李箱 keypad lock gate garage door passcode combo safe",
    rf"[门锁柜]|(?i:gate|lock)|{OF_LOCKS.look}",
)
OF_QQ = Words(
    "qq 扣扣 企鹅 我q 他q 她q 的q 加q", r"扣扣|企鹅|(?<=[我他她的加])[Qq](?![a-zA-Z])|(?i:(?<![a-z])qq(?![a-z]))"
)
OF_PLATES = Words("plate 车牌", r"车牌|(?i:(?<![a-z])plates?(?![a-z]))")
OF_RIDES = Words("uber lyft taxi cab plate", r"(?i:(?<![a-z])(?:uber|lyft|taxi|cab|plate)(?![a-z]))")
OF_PASSPORTS = Words("护照 passport", r"护照|(?i:passport)")
SIX = r"\d{6}|\d{3}[ -]\d{3}|\d{4} \d{2}|\d{2} \d{2} \d{2}"
ALONE = r"(?<![\d.,:/$¥€£+#@A-Za-z_-])(?<![$¥€£#] )(?<!\d )"
ENDED = r"(?![\d.,:/-]?\d)(?![A-Za-z_%％@点])(?!\s?[位次个天年月号块元分人遍秒时种只多万毛层楼路股米斤克度集章页卷条张本期级字行件单斤步])(?! (?!(?:is|was|this|yes|its|as|us|plus|has|does)(?![a-z]))[a-z]+s(?![a-z]))(?! ?(?:[kKwW]m?|ml|mb|gb|usd|rmb|yuan|bucks|people|kcal|cal)(?![a-z]))"

RULES: tuple[Rule, ...] = (
    _rule("url", "://", r"(?<![A-Za-z0-9+.-])[a-zA-Z][a-zA-Z0-9+.-]{1,15}://[^\s\u3000-\u303f\u4e00-\u9fff\uff00-\uffef<>\"'\[\]]+", _telling),
    _rule("email", "@", r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,5}\.[A-Za-z]{2,24}"),
    _rule("email", "@ # 艾特 at", rf"(?i)(?<![a-z0-9._%+-])([a-z0-9._%+-]{{1,64}} ?{AT} ?(?:{MAIL}) ?{DOT} ?(?:com|cn|net|org|me|edu)(?: ?{DOT} ?cn)?)(?![a-z0-9])", _no_sentence),
    _rule("email", "at dot", rf"(?i)(?<![a-z0-9._%+-])(?:[a-z0-9_-]{{1,20}} dot ){{0,2}}[a-z0-9._%+-]{{1,64}} ?{AT} ?[a-z0-9-]{{2,40}} ?(?: dot |[(（\[{{]dot[)）\]}}]|点) ?(?:com|cn|net|org|io|me|edu|co)(?![a-z0-9])"),
    _rule("id_card", "", r"(?<!\d)[1-9](?:[ ._-]?\d){16}[ ._-]?[\dXx](?![\dA-Za-z])", checksums.is_dated_id_card),
    _rule("id_card", "", rf"(?<![\dA-Za-z])[1-8]\d{{5}}{DAY}\d{{3}}(?![\dA-Za-z])", checksums.is_resident),
    _rule("id_card", "身份证 身分证", r"(?i)身[份分]证(?:字?号码?)?[是为:：（( ]{0,3}([a-z]{1,2}\d{6,9}(?:[(（][\da][)）])?)(?![\da-z])"),
    _rule("id_card", "身份证 身分证", r"身[份分]证(?:字?号码?)?[是为:：（( ]{0,3}(\d[\d -]{13,20}[\dXx])(?![\dA-Za-z])"),
    _rule("id_card", "身份证 身分证", rf"身[份分]证号?码?的?(?:尾号|(?:最后|[后末尾])\s?[4-8四五六七八几]\s?位(?:数字?)?)(?:就?是|为)?[:： ]{{0,2}}(\d{{3,7}}[\dXx])(?![\dA-Za-z]){WAIT}"),
    _rule("id_card", "身份证 身分证", rf"(?i)身[份分]证(?:字?号码?)?{HANDED}([a-z]{{1,2}}\d{{6,9}}(?:[(（][\da][)）])?)(?![\da-z])"),
    _rule("id_card", "( （", r"(?<![A-Za-z0-9])[A-Z]{1,2}\d{6} ?[(（][\dA][)）]", checksums.is_hong_kong),
    _rule("id_card", "hk", r"(?i)(?<![a-z])hk ?id(?: card)?(?: number| no\.?)?(?:'s| is|是)?[:： ]{0,2}([a-z]{1,2}\d{6} ?(?:[(（][\da][)）]|[\da](?![a-z0-9])))"),
    _rule("phone", "", rf"(?<![\d+])(?<!\d\.)(?:[(（]\+?86[)）] ?|(?:\+|00)?86[ -]{{0,2}})?(?:{MOBILE})(?!\d)", checksums.is_called),
    _rule("bank_card", "", r"(?<!\d)[2-69]\d{3}(?:[ ._·-]?\d){9,15}(?!\d)", checksums.is_bank_card),
    _rule("bank_card", "卡 账 card", rf"(?i)(?:{CARD})(?:是| is)?[:： ]{{0,2}}(\d{{4}}(?:[ -]?\d){{11,15}})(?!\d)"),
    _rule("bank_card", "卡 card", r"(?i)(?:卡|card)[:： ]{0,2}(\d{4}(?:[ -]?\d){9,15})(?!\d)", checksums.is_luhn),
    # in groups of four it is one, whatever its check digit
    _rule("bank_card", "卡 card", r"(?i)(?:卡|card)[:： ]{0,2}(\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{4}(?:[ -]\d{1,3})?)(?![\d-])"),
    _rule("bank_card", "acc a/c routing", r"(?i)(?<![a-z])(?:account|acct?|a/c|routing)(?: ?(?:number|no\.?|#))?(?:'s| is)?[:： #]{1,2}(\d(?:[ -]?\d){7,16})(?!\d)", checksums.is_account),
    _rule("bank_card", "sort", r"(?i)(?<![a-z])sort code(?:'s| is)?[:： ]{1,2}(\d{2}[ -]?\d{2}[ -]?\d{2})(?!\d)"),
    _rule("bank_card", "", r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Za-z0-9])", checksums.is_iban),
    # abroad, with 00 for +: the country, and groups of which the last has four digits; or a country that is often called
    _rule("phone", "00", r"(?<![\d.,:+-])00[ -]?[1-9]\d{0,2}[ ().-]{1,2}\(?(?:\d{1,4}[ ().-]{1,2}){0,4}\d{4,11}(?![\d-])", checksums.is_abroad),
    _rule("phone", "00", r"(?<![\d.,:+-])00(?:1[2-9]\d|4[49]|3[349]|81|82|85[23]|886|6[0156]|84|7[89])\d{7,11}(?![\d-])"),
    _rule("phone", "电话 手机号 座机 固话 联系方式 传真", r"(?:电话|手机号|座机|固话|联系方式|传真)(?:号?码)?[是为:：（(→ ]{0,3}([(（]?\+?\d{2,5}[)）]?[ -]?\d{3,5}(?:[ -]\d{2,5}){0,3})(?![\d-])(?!\s?[元块年月到])", checksums.is_dialled),
    _rule("phone", "+", r"(?<!\d)\+\d{1,3}(?:[ ()./-]{0,2}\d){7,13}(?!\d)"),
    # 0033 6 18 47 29 53: in pairs
    _rule("phone", "00", r"(?<![\d.,:+-])(?<!\d )00[ .-]?[2-9]\d{1,2}[ .-]?(?:\(0\)[ .-]?)?\d{1,3}(?:[ ./-]?\d{2,4}){2,5}(?![\d-])", lambda value: 12 <= len(checksums.digits_of(value)) <= 17),
    _rule("phone", "hk hong mac sg sing tw taiwan mob ph cell tel tél portable hp contact call text ring reach sms wha fax my his her our their", rf"(?i){CALL}{EN_LINK}({LOCAL})(?![\d-])(?! ?[a-z]*(?:bytes|downloads|users|people))", checksums.is_local),
    _rule("phone", "电话 手机 号码 联系方式 座机 固话 传真 whatsapp 打这 打我 打他 打她 打给 门号 的号 新号 旧号 老号 港号 坡号 湾号 外号 地号 国号", rf"(?:电话|打(?:这个|给?[我他她]的?)|门号|(?i:whatsapp)|手机(?:号码?)?|座机|固话|联系方式|传真|(?<![Qq扣单信证卡牌票间保])号码|(?:{PLACE_OF}|[我他她]的|[新旧老])号){ZH_LINK}({LOCAL})(?![\d-])(?!\s?[元块年月到天两档万人个])", checksums.is_local),
    # North America, as it is written there; ten digits in a row would be anything. 400 and 800 are shops'
    _rule("phone", "", r"(?<![\d+])(?<!\d[-.])(?![48]00)(?:1[-. ])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[-. ])\d{3}[-. ]\d{4}(?![\d-])"),
    _rule("phone", "phone mobile cell call text number tel whatsapp sms ring fax", r"(?i)(?<!order )(?<!tracking )(?<!serial )(?<!ticket )(?<!model )(?:phone|mobile|cell|call|text|number|tel|whatsapp|sms|ring|fax)(?: me| him| her| us)?(?: no\.?| number)?(?:'s| is| at| on)?[:： ]{1,2}(0\d{9,10}|[2-9]\d{9}|[(（]?0?\d{2,4}[)）]?[ -]\d{3,4}[ -]\d{3,4})(?![\d-])", checksums.is_dialled),
    _rule("phone", "0", rf"(?<![\d.+-])(?:[(（]{AREA}[)）][- ]?|{AREA}[- ]?)[2-8]\d{{2,3}}[ -]?\d{{4}}(?:(?:转|-)\d{{1,5}})?(?![\d.])"),
    _rule("phone", "0", r"(?<![\d.+-])0\d{2,4}(?:[ -]\d{3,4}){2}(?![\d-])"),
    # mobile numbers of Britain and Germany
    _rule("phone", "0", r"(?<![\d.+-])0(?:7\d{3}[ -]?\d{3}[ -]?\d{3}|1[5-7]\d[ /-]?\d{7,8})(?!\d)"),
    _rule("phone", "座机 固话 电话", r"(?:座机|固话|电话)(?:号码?)?[是为:： ]{0,3}([2-8]\d{2,3}[ -]?\d{4})(?!\d)", checksums.is_local),
    _rule("phone", " ".join(SPOKEN), rf"(?<![0-9{SPOKEN}十百千万])[1一幺壹][ ,，、-]?[3-9三四五六七八九叁肆伍陆柒捌玖](?:[ ,，、-]?[0-9{SPOKEN}]){{9}}(?![0-9{SPOKEN}十百千万])", _spoken),
    _beside("phone", OF_CALLS, r"(?<![\d.,:/$¥€£+#A-Za-z-])([2-9]\d{3}[ -]\d{4}|0\d{3}[ -]\d{3}[ -]\d{3}|[2-9]\d\d[ .-]\d{3}[ .-]\d{4})(?![\d.-])", checksums.is_dialled),
    _rule("ssn", "-", r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])", checksums.is_ssn),
    _rule("ssn", "ssn soc s.s. ss tax tin ein utr sin tfn steuer", rf"(?i){TAX}(?: id)?(?:{EN_LINK}|号?码?{ZH_LINK})({TAXED})(?![\d-])"),
    _rule("ssn", "社 税 纳税", rf"(?:社会?(?:安全|保险|保障)号|社安号|社保卡?号|税号|纳税人识别号)码?(?:{ZH_LINK}| is )([A-Za-z]?\d{{9}}|{TAXED})(?![\d-])"),
    _rule("ssn", "ssn social", r"(?i)(?<![\d-])(\d{3}[-. ]?\d{2}[-. ]?\d{4}) is (?:my|his|her|the) (?:ssn|social)"),
    # Britain's: behind its word, or in pairs with a letter that it may begin and end with
    _rule("ssn", "ni n.i nat 保险 社保", rf"(?i)(?:(?<![a-z])(?:ni|n\.i\.?|nino|nat(?:ional)?\.? ins(?:urance)?\.?)|(?:国民保险|社保)号)(?:{EN_LINK}|号?码?{ZH_LINK})([a-z]{{2}}[ -]?\d{{2}}[ -]?\d{{2}}[ -]?\d{{2}}[ -]?[a-d])(?![a-z0-9])"),
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
    _rule("passport", "护照 passport", rf"(?i)(?:护照|(?<![a-z])passport)(?:编?号码?| number| no\.?)?{ASKED}(?:是|为|'s| is)?[:：# ]{{0,2}}((?-i:[A-Z]{{1,2}}[A-Z0-9]{{7,8}})|[a-z]{{0,2}}\d{{7,9}})(?![A-Za-z0-9])", _three_digits),
    _rule("plate", "", rf"[{PLATES}] ?{PLATE}(?![A-Za-z0-9])"),
    _rule("plate", "车牌 plate", r"(?i)(?:车牌(?:号码?)?[是为:： ]{0,3}|(?<![a-z])(?:licen[cs]e plates?|number plate|plate (?:number|no\.?))(?:'s| is)?[:：# ]{1,2})([a-z0-9]{1,4}[ ·-]?[a-z0-9]{2,5})(?![a-z0-9])", _lettered_number),
    _rule("plate", "plate reg", rf"(?i)(?<![a-z])(?:plates?(?:'s| is|:|,)? ?|reg(?:istration)?(?:'s| is|:) ?(?=[a-z]{{2}}\d\d))(?-i:({ABROAD}))(?![A-Za-z0-9])"),
    _rule("plate", "car uber lyft taxi cab van", r"(?i)(?<![a-z])(?:car|uber|lyft|taxi|cab|van)(?:'s| is)?(?: [a-z]{1,10}){0,5} (?-i:(\d[A-Z]{3}\d{3}|[A-Z]{2}\d{2} ?[A-Z]{3}))(?![A-Za-z0-9])"),
    _rule("wechat", "wxid_", r"wxid_[A-Za-z0-9_-]{6,40}"),
    _rule("wechat", "信 绿泡 威信 薇信 徽信 v信 vx wx 微x 薇x 威x 加 wechat weixin", rf"(?i)(?:{WECHAT})(?:加我|搜|找我|联系)?{SEP}({ACCOUNT})(?![a-z0-9_-])(?<!wechat)"),
    _rule("wechat", "信 绿泡 vx wx wechat v同 v小 v大 v我 加v 薇", rf"(?i)(?:微 ?信|wechat|(?<![a-z])[vw]x|[威薇徽v]信|绿泡泡|(?<![a-z])v(?=[同小大我])|加v(?=[聊找搜])|薇(?=搜)){SEARCH}(?:是|就是)?{SEP}({ACCOUNT})(?![a-z0-9_-])", _account),
    _rule("wechat", "搜我 加我 加微 个微 我小 我大 我的", rf"(?:搜我|加我(?:[小大新]号|的)?|加(?:这个)?微信|我[的小大]{{1,2}}[vV号]){SEP}((?![Qq]{{1,2}}\d)(?i:{ACCOUNT}))(?![A-Za-z0-9_-])", _account),
    _rule("wechat", "wechat", rf"(?i)(?<![a-z])wechat (?:me(?: at)?|as|same|handle|username|name|on)(?: is)?{SEP}({ACCOUNT})(?![a-z0-9_-])", _account),
    _rule("wechat", "v", rf"(?i)(?<![a-z0-9+-])(?<![+-] )v[ ：:]{{1,2}}({ACCOUNT})(?!\.?[a-z0-9_-])", _account),
    # Ctrl + V is none
    _rule("wechat", "+ ➕ 加", rf"(?i)(?:(?<![a-z0-9+])(?<![a-z0-9+] )[+➕]\ufe0f?|加我?) ?(?:v(?![a-z])|[薇微威徽]){SEP}({ACCOUNT})(?![a-z0-9_-])", _account),
    _rule("wechat", "微信 wechat vx wx", rf"(?i)(?:微信账?号码?|微信id|wechat(?: ?id|号)|(?<![a-z])[vw]x号?)(?=[\s:：=是为❤])(?!\s\d{{1,4}}(?!\d)){SEP}([1-9]\d{{5,10}})(?!\d)"),
    _rule("wechat", "信 wechat wx", rf"(?i)(?:微 ?信|wechat|(?<![a-z])wx)(?:加我|搜|找我|联系|都)?{SEP}({ACCOUNT})(?![a-z0-9_.-])", _account),
    _rule("wechat", "微信 wechat wx", rf"(?i)(?:(?:我的?|他的?|她的?)(?:微信|wx)(?:是|[:： ])|(?:my|his|her) wechat(?: is|:)|(?:wechat|(?<![a-z])wx)[:：]) ?({ACCOUNT})(?![a-z0-9_-])", lambda value: value.lower() not in _SAID),
    _rule("wechat", "v 薇 威 微", rf"(?i)(?<![a-z])[v薇威微][:：❤♥♡💚\ufe0f]{{1,4}} ?({ACCOUNT})(?![a-z0-9_.-])", _account),
    _rule("wechat", "微信 vx wx wechat", rf"(?i)(?<![a-z0-9_.-])({ACCOUNT}) ?(?:就?是|is )(?:我的?|他的?|她的?|my |his |her )?(?:微信|wechat|[vw]x)(?![a-z])", _account),
    _rule("wechat", "微信 vx wx wechat", rf"(?i)(?<![a-z0-9_.-])({ACCOUNT})[ ,，]{{1,2}}(?:这?是?|这个?是)(?:我的?|他的?|她的?|my |his |her )(?:微信|wechat|[vw]x)号?(?=$|[\s,，。!！~～你])", _handle),
    _rule("wechat", "微信 vx wx wechat", rf"(?i)(?:微信|wechat|(?<![a-z])[vw]x)号?{HANDED}({ACCOUNT})(?![a-z0-9_-])", _handle),
    _rule("wechat", "不对 不是 哦不 错了 打错 写错", rf"(?i)(?:微信|wechat|(?<![a-z])[vw]x)[\u4e00-\u9fff]{{0,10}}[，,。 ]{{0,2}}{RIGHT}({ACCOUNT})(?![a-z0-9_-])", _account),
    _rule("qq", "q 扣扣 企鹅 群号 群: 群： 加群 进群 球球 🐧", rf"(?:{QQ}){SEP}([1-9]\d{{4,10}}|[1-9]\d{{0,3}}(?:[ -]\d{{3,4}}){{1,3}}(?:-\d\d)?)(?![\d-]){WAIT}"),
    _rule("qq", "q 扣 企鹅", rf"(?i)(?:(?<![a-z])(?:qq|q)|扣扣?|企鹅)(?:交流|聊天)?群?聊?{SEARCH}{ZH_LINK}([1-9]\d{{6,10}}|[1-9]\d{{0,3}}(?:[ -]\d{{3,4}}){{2,3}})(?![\d-]){WAIT}", lambda value: checksums.is_account(value) and not value.endswith("0000")),
    _rule("qq", "me on my", r"(?i)(?<![a-z])(?:qq? me(?: at)?|on qq(?: at)?|my qq?)(?: is)?[:：，, ]{1,2}([1-9]\d{6,10}|[1-9]\d{0,3}(?: \d{3,4}){2,3})(?![\d-])", checksums.is_account),
    _rule("qq", "qq 扣扣", r"(?i)(?<!\d)([1-9]\d{4,10}) ?(?:就?是|is )(?:我的?|他的?|她的?|my |his |her )?(?:qq|扣扣)(?![a-z])"),
    _rule("qq", "qq 扣扣", rf"(?i)(?:qq|扣扣)号?{HANDED}([1-9]\d{{6,10}})(?!\d){WAIT}", checksums.is_account),
    _rule("qq", "qq 扣扣", r"(?i)(?<!\d)([1-9]\d{6,10})[ ,，]{1,2}(?:这?是)?(?:我的?|他的?|她的?|my |his |her )(?:qq|扣扣)号?(?=$|[\s,，。!！~～你])", checksums.is_account),
    _rule("code", "码 口令", rf"(?:{CODE})(?:已发送|发我|发你|给你|收到了?[没吗]?|是不是|应该是|好像是|[来到]了|变成了?)?[ ，,]?{SEP}([A-Za-z]-?\d{{4,8}}|{DRAWN})(?![\d-]){WAIT}"),
    _rule("code", "码 口令", rf"(?:{CODE})(?:给你)?{SEP}([A-Za-z0-9]{{4,8}}(?:-[A-Za-z0-9]{{4,8}}){{0,4}})(?![A-Za-z0-9])", _lettered_number),
    _rule("code", "码 口令", rf"(?:{CODE}){LOOK}(\d{{6}}|\d{{4}}|\d{{3}}[ -]\d{{3}})(?![\d-]){WAIT}(?!\s?[块多万毛])", _no_sum),
    _rule("code", "取件码 取货码 提货码 取餐码 自提码", r"(?<![\dA-Za-z-])(\d{1,3}-\d{1,3}-\d{3,5}|\d{6,8})[ ,，]{1,2}[\u4e00-\u9fff]{0,8}[ ,，]{0,2}(?:取件|取货|提货|取餐|自提)码(?!\s?[:：是]?\s?[A-Za-z\d])"),
    _rule("code", "码 otp code pin cvv cvc", rf"(?i)(?:{CODE}|{PICK}|安全码|(?<![a-z])(?:cv[vc]2?|otp|pin|(?:the|my|your|ur|login) code)){HANDED}([#*]?(?:{DRAWN}|\d{{1,3}}-\d{{1,3}}-\d{{3,5}}|\d{{3}})[#*]?)(?![\d-]){WAIT}(?!\s?[块多万毛]| [a-z]+s(?![a-z]))", _no_year),
    _rule("code", "code otp pin", rf"(?i)(?<![a-z])(?:otp|pin|(?:the|my|your|ur|login) code)(?: [a-z]{{2,8}}){{0,2}},? (?:it|that)'?s ({DRAWN})(?![\d-])(?! [a-z]+s(?![a-z]))", _no_year),
    _rule("code", "菜鸟 驿站 丰巢 柜", r"(?:菜鸟|驿站|丰巢|柜)的?(?:是|[:： ])?(\d{6}|\d{8})(?!\d)[^\d\n]{0,6}[取拿]"),
    _rule("code", "码", r"(?:收到|发来|发给?[你我他她]|短信里?)的?码[是为:：\s]{0,3}(\d{4,8})(?![\d-])"),
    _rule("code", "取码 问码 请码", r"(?:提取|访问|邀请)码[是为:：\s]{0,3}([A-Za-z0-9]{4,8})(?![A-Za-z0-9])"),
    _rule("code", "cvv cvc 安全码", r"(?i)(?:(?<![a-z])cv[vc]2?(?:码)?|安全码)(?: is)?(?:好像|应该|大概|可能|貌似|我?记得)?[是为:： ]{0,3}(\d{3,4})(?!\d)"),
    _rule("code", "code", r"(?i)(?<![a-z])(?<!error )(?<!status )(?<!zip )(?<!postal )(?<!area )(?<!promo )(?<!coupon )(?<!discount )code[:：] ?(\d{4,8})(?!\d)"),
    _rule("code", "码", rf"(?<!\d)(\d{{4,8}})\s?(?:[是为（(]|,|，)?\s?(?:[你您]的)?[\u4e00-\u9fff]{{0,6}}?(?:{CODE})"),
    _rule("code", "code", rf"(?i)(?<![a-z])(?:use|enter|type|input|using|with|here'?s|got)(?: in)?(?: the| this| that| my| your)?(?: [a-z-]{{2,15}})? code(?: is)?[:： ]{{1,2}}(?:G-)?({DRAWN})(?![\d-])(?! (?:for \d|for a|at check|to get|to save|lines))", _no_year),
    _rule("code", "code", r"(?i)(?<![a-z])(?<!error )(?<!status )(?<!zip )(?<!postal )(?<!area )(?<!promo )(?<!coupon )(?<!discount )(?<!exit )code(?: (?:for|to) [a-z ]{2,20})?(?: is|'s)?[:：是为 ]{1,2}(\d{6}|\d{3}[ -]\d{3})(?![\d-])(?! (?:lines|for \d|at check|to get|to save))"),
    _rule("code", "取件码 取货码 提货码 取餐码 自提码 取票码", r"(?<![\dA-Za-z-])([A-Za-z]?\d{1,4}(?:-\d{1,5}){1,3}|[A-Za-z]?-?\d{4,8})\s?(?:就?是|[,，])\s?(?:我的?|你的?|那个|这个|快递的?)?(?:取件|取货|提货|取餐|自提|取票)码"),
    _rule("code", "取 货 餐 提 机 递 开 核销 寄存 入场 pick collection locker parcel", rf"(?i)(?:{PICK}){SEP}([A-Za-z]{{0,2}}-?\d{{1,4}}(?:[ -]\d{{1,5}}){{1,3}}|[A-Za-z]{{0,3}}-?\d{{3,8}})(?![\d-])"),
    _rule("code", "背 后面 签名 安全码", rf"(?:(?:背[面后]|卡[片的]{{0,2}}[背后]面?|签名[栏条](?:后面?)?)(?:的|那|上)?(?:最?[后末])?的?[三3四4] ?[位个](?:数字?|数码)?|卡的?背面?的?(?:数字|号码)|安全码[三四3四]位){ZH_LINK}(\d{{3,4}})(?!\d){WAIT}", _no_year),
    _rule("code", "back front cv csc cid card security", rf"(?i)(?:(?:three|3|four|4|last)[ -](?:three |3 |four |4 )?(?:digits?|numbers?)?(?: (?:code|number|digits))? ?on the (?:back|front)(?: of (?:my|the|your|his|her) (?:credit |debit )?card)?|(?<![a-z])(?:cv[vcn]2?|cv2|(?:csc|cid)(?= is|[:：=]))(?: code|码)?|card (?:security code|verification (?:value|code))|(?<![a-z])security code(?: on the back)?|code on the back(?: of (?:my|the|your) card)?|back of (?:the |my )?card(?: digits| numbers?)?){EN_LINK}(\d{{3,4}})(?!\d)", _no_year),
    _rule("code", "use enter type input submit key provide reply send put plug", rf"(?i)(?<![a-z])(?:use|enter|type|input|submit|key|provide|reply with|send back|put|plug)(?: in| back)?(?: the code| code| this)?:? (?:G-)?(\d{{4,8}}|\d{{3,4}}[ -]\d{{3,4}}) (?:{GOAL}|{END_OF})", _no_sum),
    _rule("code", "to", rf"(?i)(?<![\d$¥€£.,])(?<![^gG]-)(?<!need )(?<!takes )(?<!costs )(\d{{6}}|\d{{3}}[ -]\d{{3}}) {GOAL}", _no_sum),
    _rule("code", "with using", r"(?i)(?<![a-z])(?:verify|confirm|log ?in|sign ?in|authenticate) (?:with|using)(?: code)?:? (?:G-)?(\d{6}|\d{3}[ -]\d{3})(?![\d-])(?! [a-z]+s(?![a-z]))", _no_sum),
    _rule("code", "code number", r"(?i)(?<![a-z])(?:(?:verification|confirmation|security) number|(?<!error )(?<!status )(?<!zip )(?<!postal )(?<!area )(?<!promo )(?<!coupon )(?<!discount )(?<!exit )code(?: (?:they|i|you|he|she|we|it|again|just|that|below|from|on)(?: [a-z']{1,12}){0,3}?)?)(?: is| was|'s)?[:：=, -]{1,3}(?:G-)?(\d{6}|\d{3}[ -]\d{3})(?![\d-])(?! (?:lines|for \d|at check|to get|to save|times))", _no_sum),
    _rule("code", "码", rf"{SENT}[\s:：，,]{{0,3}}(\d{{4,8}}|\d{{3}}[ -]\d{{3}}|\d\d(?:[ -]\d\d){{2}})(?![\d-]){WAIT}(?!\s?[字万件张款])"),
    _rule("code", "位 短信 收到 发来 显示", rf"(?:[六6]位(?:数字?|码)|短信(?:来了|到了|收到了?|里?是)|(?:收到|发来|显示)的?(?:是|数字)){ZH_LINK}(\d{{6}}|\d{{3}}[ -]\d{{3}})(?![\d-]){WAIT}", _no_sum),
    _rule("code", "填 输 回复 用 把", r"(?:[填输](?:入|一下)?|回复|[用把])(?:这个)? ?(\d{6}|\d{3}[ -]\d{3}) ?(?:来|去|就能|完成|进行|确认|发给我){0,2}(?:一下)?(?:身份)?(?:验证|填[进上]去|填入|输[进入]|登[录陆]|注册|激活)", _no_sum),
    _rule("code", "菜鸟 驿站 递 丰巢 柜", r"(?:菜鸟|驿站|快递|丰巢|柜)[^\d\n-]{0,6}(\d{1,3}-\d{1,3}-\d{3,5})(?![\d-])"),
    _rule("code", "凭", r"凭 ?([A-Za-z]?\d{1,4}(?:-\d{1,5}){1,3}|\d{4,8})(?![\d-])[^\n]{0,20}?取"),
    _rule("code", "code pin otp", rf"(?i)(?:(?:verification|security|login|log-in|one-time|auth(?:entication)?|access|door|gate|garage|alarm|entry|building|lock|safe|keypad|buzzer|2fa|sms) (?:code|pin)(?: (?:on|of|to) [a-z ]{{2,20}}(?='s|:| is))?|(?<![a-z])(?:otp|pin|(?:the|my|your|ur) code)(?: code| number|码)?)(?: for [a-z]{{2,15}})?{ASKED}(?:'s| is|:|：| =)?(?:[:： ]|是|=)(?:G-)?([#*]?(?:{DRAWN})[#*]?)(?![\d-])(?! lines)"),
    _rule("code", "code otp", rf"(?i)(?<![\d-])(?:G-)?({DRAWN}),? (?:is|was|that'?s|it'?s) (?:your|ur|the|my)(?: [a-z0-9-]{{1,20}}){{0,3}} (?:code|otp|pin)(?![a-z])"),
    _rule("code", "recovery backup activation license invite redeem gift unlock", r"(?i)(?<![a-z])(?:recovery|backup|activation|licen[cs]e|invite|redeem|gift|unlock) (?:code|key)s?(?:'s| is| are)?[:： ]{1,2}([a-z0-9]{4,8}(?:-[a-z0-9]{4,8}){1,5})(?![a-z0-9-])", _lettered_number),
    _rule("code", "码 口令", rf"(?:{CODE}|{PICK}|有个码|(?<![号代尺编条砝筹页乱])码发){NEAR}(?<![\d.:/-])({DRAWN_UP}){NOTHING_ELSE}", _no_sum),
    _rule("code", "码", rf"(?:{PICK}|(?:兔喜|菜鸟|驿站|丰巢)[^\d\n。]{{0,8}}码){NEAR}(?<![\dA-Za-z.:/-])([A-Za-z]{{0,2}}\d{{1,3}}-\d{{1,4}}-\d{{2,5}}){NOTHING_ELSE}"),
    _rule("code", "code pin otp", rf"(?i)(?<![a-z])(?:(?:pick[ -]?up|collection|locker|door|gate|login|verification|security|access) code|otp|pin(?: number| code))[^\d\n.!?。！；;]{{0,32}}?[:： ](?:G-)?({DRAWN_UP}){NOTHING_ELSE}(?! (?:lines|times|people|users))", _no_sum),
    _rule("password", "密码 口令", rf"{NO_LOCK}(?:密码|口令(?!红包)){NEAR}(?<![\d.:/-])({DRAWN_UP}|\d{{8}}){NOTHING_ELSE}", _no_sum),
    _rule("password", "密码 口令", rf"{NO_LOCK}(?:密码|口令)[^!-~\n。；;]{{0,14}}?(?<![!-Z^-~])({SECRET}){WAIT}(?!\s?[块多万毛])", _mixed_word),
    _rule("password", "密码 口令", rf"{NO_LOCK}(?:密码|口令)[^!-~\n。；;]{{1,14}}[ ，,就是]((?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z\d_]{{8,24}})(?![!-~])(?!\s?[块多万毛])", lambda value: not _PRODUCTS.match(value)),
    _rule("password", "pass pasw pwd pw p/w", rf"(?i)(?<![a-z])(?:{WORD}){NEAR_EN}(?: is|'s|:|是|,)[:： ]{{0,2}}({DRAWN_UP}|(?=[a-z]*\d)(?=\d*[a-z])[a-z\d]{{6,20}}){NOTHING_ELSE}", _no_sum),
    _rule("wechat", "信 vx wx wechat", rf"(?i)(?:微 ?信|wechat|(?<![a-z])[vw]x|[威薇徽v]信)号?(?!群)[^!-~\n。；;群]{{0,12}}?[ ,，]?(?:就?是|叫|搜|[:： ])[:： ]?({ACCOUNT})(?![a-z0-9_.-])", _handle),
    _rule("wechat", "v", rf"(?i)(?<![a-z])v ?[号信]{SEP}({ACCOUNT})(?![a-z0-9_.-])", _handle),
    _rule("qq", "qq 扣扣", rf"(?i)(?:(?<![a-z])qq|扣扣)号?(?!音乐|飞车|空间|群)[^\d\n。！!；;【】\[\]a-z]{{0,12}}?[是:： ]([1-9]\d{{7,9}}){NOTHING_ELSE}", checksums.is_account),
    _rule("id_card", "身份证 身分证", r"身[份分]证[^\d\n]{0,14}?([1-9]\d{16}[\dXx])(?![\dA-Za-z])"),
    _rule("passport", "护照 passport", r"(?i)(?:护照|(?<![a-z])passport)(?: ?(?:编?号码?|number|num|no\.?|#))?(?: is|'s|[是为:： ])[:：# ]{0,2}([a-z]{1,2}\d{7,8}|\d{9})(?![a-z0-9])"),
    _rule("password", "密码 口令", rf"{NO_LOCK}(?:密码|口令)[」』】”\")）]?\s?{LINK}\s{{0,2}}({SECRET}){WAIT}"),
    _rule("password", "密码 口令", rf"{NO_LOCK}(?:密码|口令)\s{{0,2}}({SECRET}){WAIT}", lambda value: value.isdigit() or _mixed(value)),
    _rule("password", "密码 口令 暗号", rf"{NO_LOCK}(?:密码|口令|暗号)[」』】”\")）]?{LOOSE}({SECRET}){WAIT}", _digits_mixed),
    _rule("password", "密码 口令", rf"{NO_LOCK}(?:密码|口令)[\u4e00-\u9fff]{{1,8}}[:：\s]?({SECRET})", _mixed_word),
    _rule("password", "密码 口令", rf"{NO_LOCK}(?:密码|口令)[\u4e00-\u9fff]{{0,10}}(?:[ ，,。][\u4e00-\u9fff]{{1,6}}){{0,2}}[ ，,。][\u4e00-\u9fff]{{0,5}}[是成为叫][:： ]{{0,2}}({SECRET}){WAIT}", _secret_word),
    _rule("password", "密码 口令", rf"{NO_LOCK}(?:密码|口令){LOOK}({SECRET}){WAIT}(?!\s?[块多万毛])", _secret_word),
    _rule("password", "密码 口令 pass pasw pwd pw p/w", rf"(?i){NO_LOCK}(?:密码|口令|(?<![a-z])(?:{WORD})s?(?: (?:for|of|to) [a-z ]{{1,24}})?){HANDED}({SECRET}){WAIT}(?!\s?[块多万毛])", _secret_or_sign),
    _rule("password", "密码", rf"(?i)(?<![!-Z^-~])({SECRET})[ ，,]{{1,2}}(?:家里的?|我的?)?(?:wi-?fi|路由器?|开机|门锁|电脑|手机|锁屏|登录|账号)的?密码(?=$|[\s，,。!！~])", _mixed_word),
    _rule("password", "口令 暗号", rf"(?:口令|暗号)(?:就?是|[:： ])[:： ]?({HAN}{{2,6}}\d{{1,4}}(?![块点个元次天年月号分秒人位张条包日岁折楼层]){HAN}{{1,4}})(?![\u4e00-\u9fffA-Za-z0-9])"),
    _rule("password", "密码 口令", rf"{NO_LOCK}(?:密码|口令)是?[:：]\s?([\u4e00-\u9fff]{{1,8}}\d{{3,8}})(?!\d){WAIT}"),
    _rule("password", "密码 口令 暗号 密语 passw pwd", rf"(?i)(?:{NO_LOCK}(?:密码|口令|暗号|密语)|(?<![a-z])(?:password|pwd))(?:(?:就?[是为]|改成了?|换成了?)[:：]?|[:：= 「“])[ 「“]?({PHRASE}){WAIT}(?!字)"),
    _rule("password", "口令 暗号", rf"(?:口令|暗号)({HAN}{{4,8}}\d{{3,8}})(?!\d){WAIT}(?!字)"),
    _rule("password", "pass pasw pwd pw psw mima p/w", rf"(?i)(?<![a-z])(?:{WORD}|pass)\s?(?:现在|一直|默认|应该|统一|就|都|还)?{LINK}\s?[\"'“‘「]?({SECRET}){WAIT}", _digits_mixed),
    _rule("password", "密码 口令 passw pwd", rf"(?i)(?<![!-Z^-~])({SECRET})[ ，,]{{0,2}}(?:[这那]?个?就?是|is |that'?s |it'?s )(?:我的?|他的?|她的?|家里的?|这个|那个|the |my |our |his |her )?(?:wi-?fi ?|开机|登录|新|门锁|new |login )?的?(?:密码|口令|password|passwd|pwd)", _digits_mixed),
    _rule("password", "密码 口令", rf"(?:密码|口令)[是为叫改设就还换成][\u4e00-\u9fff]{{1,6}}?[:：]?\s?(\d{{6,8}})(?!\d){WAIT}"),
    _rule("password", "pass pasw pwd pw psw mima p/w", rf"(?i)(?<![a-z])(?:{WORD}|pass)s?(?: (?:for|of|to) [a-z ]{{1,24}})?(?: is)?\s?[:=：]\s?({SECRET})"),
    _rule("password", "pass pasw pwd pw p/w", rf"(?i)(?<![a-z])(?:{WORD})s?(?:'s| is| was| to| -)\s+({SECRET})", _mixed),
    _rule("password", "pass", rf"(?i)(?<![a-z])pass(?:'s| is)\s+({SECRET})", lambda value: _lettered_number(value) and _digits_mixed(value) and len(value) > 5),
    _rule("password", "pass pasw pwd pw p/w", rf"(?i)(?<![a-z])(?:{WORD})s?(?:'s| is| was)\s+([a-z]{{4,40}})(?=\s*(?:$|[.,!?;\n\u4e00-\u9fff]))", _told),
    _rule("password", "pass pasw pwd pw p/w", rf"(?i)(?<![a-z])(?:{WORD})\s+({SECRET})", lambda value: _mixed(value) and any(map(str.isdigit, value))),
    _rule("account", f"{APPS} {SITES}", rf"(?i)(?<![a-z])(?:(?:{APP}){NAMED}?{REACH}{SEP}|(?:{SITE}){NAMED}{SEP}|(?<!command )(?:{SITE})(?:{REACH}(?:是| is(?![a-z])|[:： ]{{0,2}}[:：=])|加我|找我|联系我?|搜我|关注我| me(?: at)?)[:： ]{{0,2}}|(?:(?<=my )|(?<=his )|(?<=her )|(?<= me on )|(?<=[我他她的]))(?:{SITE}){REACH}{SEP})({HANDLE})(?![a-z0-9_@])", _handle),
    _rule("account", f"{APPS} {SITES}", rf"(?i)(?<![a-z])(?:{APP}|{SITE})(?:{NAMED})?{HANDED}({HANDLE})(?![a-z0-9_@])", _handle),
    _rule("account", f"{APPS} {SITES}", rf"(?i)(?<![a-z])(?:{APP}|{SITE}){NAMED}(?:是|[:：]| is) ?({HANDLE})(?![a-z0-9_@])", _called),
    _rule("account", SITES, rf"(?i)(?<![a-z])(?:(?-i:LINE)|ins|ig|snap|fb|twitter|抖音|小红书|微博|快手|b站|推特|飞机){REACH}{SEP}({HANDLE})(?![a-z0-9_@])", _underlined),
    _rule("account", "on", rf"(?i)(?<![a-z0-9_.@-])({HANDLE}) on (?:{APP}|{SITE})(?![a-z]| ?\d)", _underlined),
    _rule("account", "is 是我 是他 是她 ( （", rf"(?i)(?<![a-z0-9_.@-])({HANDLE}) ?(?:is (?:my|his|her) |就?是(?:我|他|她)的?|[(（])(?:{APP}|{SITE})(?![a-z]| ?\d)", _handle),
    _rule("account", "好友 friend steam uid", r"(?i)(?:好友代?码|(?<![a-z])(?:friend code|steam ?id|uid))(?:是| is)?[:： ]{0,3}((?:sw-)?\d{4}-\d{4}-\d{4}|\d{8,17})(?![\d-])", checksums.is_account),
    _rule("key", "sk- sk_ rk_ gh glpat- akia asia ltai akid aiza hf_ npm_ pypi- xox sg. ya29. whsec_", rf"(?<![A-Za-z0-9])(?:{KEYS})[A-Za-z0-9_.-]{{16,200}}(?<!\.)"),
    _rule("key", "key token secret bearer 密钥 秘钥 私钥 令牌 akid aksk", rf"(?i)(?<![a-z])(?:{KEY_WORD})(?: id)?(?: is| ?[是为])?\s?[:：=]?\s?[\"'“]?([a-z0-9_./+=:-]{{12,400}})(?![a-z0-9])", _drawn),
    _rule("key", "key token secret 密钥 秘钥 私钥 令牌", rf"(?i)(?<![a-z])(?:{KEY_WORD}|secret|key){HANDED}([a-z0-9_./+=:-]{{12,400}})(?![a-z0-9])", _drawn),
    # whatever is so long and so mixed was drawn by a machine
    _rule("key", "", r"(?<![A-Za-z0-9_-])([A-Za-z0-9_-]{20,400})(?![A-Za-z0-9_-])", _of_a_machine),
    _beside("key", OF_KEYS, r"(?<![A-Za-z0-9_./+=-])([A-Za-z0-9_-]{24,400})(?![A-Za-z0-9_./+=-])", _drawn),
    _beside("bank_card", OF_ACCOUNTS, r"(?<![\d-])(\d{2,4}(?:[ -]\d{1,7}){2,4})(?![\d-])", lambda value: 10 <= len(checksums.digits_of(value)) <= 16),
    _rule("key", "private key", r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[A-Za-z0-9+/=\s]{0,4000}(?:-----END [A-Z ]{0,20}PRIVATE KEY-----)?"),
    _rule("key", "eyj", r"(?<![A-Za-z0-9_-])eyJ[\w-]{8,2000}\.[\w-]{8,4000}\.[\w-]{8,2000}"),
    _rule("code", "g-", r"(?<![A-Za-z0-9])[Gg]-(\d{6})(?!\d)"),
    _beside("code", OF_CODES, rf"{ALONE}({SIX}){ENDED}", _no_sum),
    _beside("code", OF_CODES, r"(?<![!-~])([A-Z0-9]{6,8})(?=[ ,.，。!?]|$)", _shuffled, signs="码 短信 认证 登 code otp"),
    _beside("code", OF_CODES, rf"(?i)(?:(?<![a-z])(?:it'?s|yeah,?|here:?|was|is) |[是说系][ :：]?)(\d{{4,8}}){ENDED}", _no_sum, signs="码 短信 code otp pin"),
    _beside("code", OF_PARCELS, r"(?<![\dA-Za-z.:/-])(\d{1,3}-\d{1,2}-\d{3,5}|[A-Z]\d{0,2}-\d{3,5})(?![\d:/-])"),
    _beside("code", OF_PICKUPS, rf"{ALONE}((?!(?:19|20)\d{{6}})\d{{6,8}}){ENDED}", _no_sum),
    _beside("password", OF_KEYPADS, rf"{ALONE}((?=\d*[#*])[#*\d]{{5,10}})(?![\d%])"),
    _beside("password", OF_LOCKS, rf"{ALONE}(\d{{6}}|\d{{4}}|\d{{1,2}}-\d{{1,2}}-\d{{1,2}}){ENDED}", _no_sum),
    _beside("password", OF_LOCKS, r"(?:[三四34]位数?字?|(?i:three|four|3|4)[ -]digits?)(?:密码)?[ :：,，是]{0,3}(\d{3,4})(?!\d)", signs="锁 险 李箱 lock safe combo"),
    _beside("password", OF_LOGINS, rf"(?<![!-~])({SECRET})(?![!-~])", _strange),
    _beside("wechat", OF_WECHAT, r"(?i)(?<![a-z0-9_.@/-])([a-z][a-z0-9_.-]{4,18}[a-z0-9_-])(?![a-z0-9_/@-]|\.[a-z])", _distinct),
    _beside("qq", OF_QQ, rf"{ALONE}([1-9]\d{{7,10}}){ENDED}", checksums.is_account),
    _beside("account", OF_APPS, rf"(?i)(?<![a-z0-9_.@/-])(@[a-z][a-z0-9_.]{{3,29}}|{HANDLE})(?![a-z0-9_@/-]|\.[a-z])", _joined),
    _rule("account", f"{APPS} {SITES}", rf"(?i)(?<![a-z])(?:{APP}|{SITE})[ ]?[:：=【「『(（<]{{1,2}} ?({HANDLE})(?![a-z0-9_@])", lambda value: _lettered_number(value) and not _PRODUCTS.match(value)),
    _rule("account", "红书 抖音 博 快手 b站", r"(?:小红书|抖音|微博|快手|b站)(?:账?号|id|uid)(?:是|[:： ]){0,2}(\d{7,12})(?!\d)"),
    _beside("plate", OF_PLATES, r"(?<![A-Za-z0-9])([A-Z0-9]{5,8})(?![A-Za-z0-9])", _shuffled),
    _beside("plate", OF_PLATES, r"(?<![A-Za-z0-9])([A-Z]{2}\d{2} ?[A-Z]{3}|[A-Z]{2} ?\d{3,4})(?![A-Za-z0-9])"),
    _beside("plate", OF_RIDES, r"(?<![A-Za-z0-9])([A-Z]{3} ?\d{3,4})(?![A-Za-z0-9])"),
    _beside("passport", OF_PASSPORTS, r"(?<![A-Za-z0-9-])([A-Z]{1,2}\d{6,8}[A-Z]?|\d{9})(?![A-Za-z0-9])"),
    _rule("address", "路 街 道 巷 弄 胡同 里", addresses.HOUSE, addresses.is_house),
    _rule("address", "村", addresses.VILLAGE),
    _rule("address", "栋 幢 号楼 座 塔", addresses.FLAT),
    _rule("address", "小区 花园 家园 公寓 公馆 苑 庭 宿舍 里 新村 湾 府 城", addresses.ROOM_OF),
    _rule("address", "座 栋 幢 楼 层 室", addresses.ROOMED),
    _rule("address", "栋 幢 座", addresses.FLOOR_IN),
    _rule("address", "座 栋 幢", addresses.LETTERED),
    _rule("address", "flat room unit rm", addresses.FLOOR),
    _rule("address", "室 房", addresses.ROOM_IN),
    _rule("address", "单元", addresses.DOOR),
    _rule("address", "址 住 家 寄 送 发到", addresses.GIVEN),
    _rule("address", "st ave road rd dr lane ln blvd court ct terr hwy highway parkway pkwy garden grove mews square close crescent", addresses.ENGLISH, addresses.is_street),
    _rule("address", "street avenue road lane boulevard blvd", addresses.SMALL, addresses.is_street),
    _rule("address", "live address ship deliver mail moved come", addresses.ENGLISH_GIVEN),
    _rule("address", "address", addresses.ENGLISH_TOLD),
    _rule("address", "box", addresses.BOX),
    _rule("address", "stra str. weg platz allee gasse damm ufer", addresses.GERMAN, addresses.is_german),
    _rule("address", "rue av boule bd place impasse all quai chemin route cours passage", addresses.FRENCH),
    _rule("address", "apt apartment", addresses.APARTMENT),
)  # fmt: skip
# one of these is in every text for which a rule with words beside its value holds
TELLING = sorted({sign for rule in RULES if rule.beside for sign in rule.signs})
_SIGNS = {sign for rule in RULES for sign in rule.signs}
# by their first characters, for a look that costs next to nothing
_BY_FIRST = {first: tuple(sign for sign in _SIGNS if sign[0] == first) for first in {sign[0] for sign in _SIGNS}}
_FIRSTS = frozenset(_BY_FIRST)


def worth(small: str) -> tuple[Rule, ...]:
    """The rules that may hold for a text in small letters: those without signs, and those of which one is in it."""
    return _signed(
        frozenset([sign for first in _FIRSTS.intersection(small) for sign in _BY_FIRST[first] if sign in small])
    )


@lru_cache(maxsize=10_000)
def _signed(signs: frozenset[str]) -> tuple[Rule, ...]:
    return tuple(rule for rule in RULES if not rule.signs or not signs.isdisjoint(rule.signs))
