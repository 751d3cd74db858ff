"""How addresses look, in Chinese and in English.

A place alone (天河区) is no address: what is hidden names a house, a building with a room, or stands after 地址.
The classes are disjoint where they follow each other, so that no text makes the search slow.
"""

import re

# a character of a name: Chinese, none that ends a place, none that says something (我住…, 寄到…, 知道)
_ENDS = "省市区县镇乡旗州盟路街巷弄号栋幢"
_SAYS = "我你他她它们在到住寄送是的了吗呢吧啊这那没跟给往说把被让叫请问要就址知逛压"
NAME = rf"(?![{_ENDS}{_SAYS}])[\u4e00-\u9fff]"
REGION = rf"(?:{NAME}){{1,8}}(?:自治[区州县]|特别行政区|街道|[省市区县镇乡旗州盟])"
NUMBER = r"[0-9一二三四五六七八九十百零]{1,5}"
# a number that counts something is no room: 3年, 2个, 12点
# (but what follows may be what happens there: 502 周末来, 502 天天有人)
COUNTS = r"(?!\s?(?:[0-9年月日点个块元次分秒人岁时:：.%]|周(?![末一二三四五六日天])|天(?![天气])))"
UNIT = r"[0-9A-Za-z一二三四五六七八九十]{1,5}\s?(?:号楼|号院|[栋幢座楼层室房户号门期弄舍]|单元)"
ROOM = rf"(?<=[栋幢座元楼层期号舍]) ?-?[0-9]{{2,4}}{COUNTS}"
BUILT = r"(?:小区|花园|家园|广场|大厦|公寓|公馆|中心|宿舍|大学|校区|[苑城园湾庭府居村里寓])"
TAIL = rf"(?:[，, -]?(?:[A-Za-z]{{0,10}}(?:{NAME}){{1,10}})?{UNIT}){{0,6}}(?:{ROOM})?"
# 胶州路, 镇江东路: what ends a region stands in the names of streets as well
IN_STREET = rf"(?:{NAME}|[州镇市](?=[东南西北中一二三四五六江海]{{0,2}}[路街道巷]))"
STREET = rf"[市区县镇乡]?{IN_STREET}{{2,6}}(?:路|街|大道|(?<![街味频跑轨报通隧渠管车航人])道|巷|弄|胡同|里)"

# 体育西路101号维多利广场B座1201; a street and a number up to 31 may be a date, so two characters make its name
HOUSE = (
    rf"(?:{REGION}){{0,4}}{STREET}\s?(?:[一二三四五六七八九十0-9]{{1,2}}段\s?)?(?:{NUMBER}巷)?(?:{NUMBER}弄)?"
    rf"{NUMBER}(?:号|弄)(?!线)(?:院|楼)?{TAIL}(?:[0-9]{{1,2}}-[0-9]{{1,2}}-[0-9]{{1,4}}(?![0-9-]))?"
)
VILLAGE = rf"(?:{REGION}){{1,4}}(?:{NAME}){{1,6}}村\s?(?:{NUMBER}组)?\s?{NUMBER}号"
# 12栋304, 3号楼2单元501, 5幢2-1102, 软件园北区B3-C座1204, 塔1座2808室
TOWER = r"(?:塔[0-9]|[A-Za-z0-9]{0,3}-?[A-Za-z][0-9]?)[座塔]"
SIDE = r"[东西南北中一二三四五六七八九0-9A-Za-z]{0,2}[区苑期园]?"
BLOCK = r"(?:[0-9]{1,3}|[A-Za-z]?[0-9]{0,3}-?[A-Za-z][0-9]{0,2}|[一二三四五六七八九十]{1,3})(?:栋|幢|号楼)|" + TOWER
FLAT = (
    rf"(?:(?:{NAME}){{1,8}}(?:{BUILT}{SIDE}|[一二三四五六七八九]期))?"
    rf"(?<![0-9第A-Za-z-])(?:(?:{BLOCK})-?){{1,3}}\s?(?:[0-9一二三四五六A-Za-z]{{1,2}}单元)?"
    rf"\s?(?:[0-9]{{1,2}}[楼层Ff])?-?(?:[0-9]{{1,2}}-)?[0-9]{{3,5}}(?:室|房|号)?{COUNTS}"
)
# 翠苑小区12-3-501: a house, a staircase and a room behind the name of an estate
ROOM_OF = (
    rf"(?:{NAME}){{1,8}}(?:小区|花园|家园|公寓|公馆|新村|宿舍|[苑庭里湾府城])(?:[一二三四五六七八九东西南北][区期])? ?"
    rf"(?:[0-9]{{1,3}}-[0-9]{{1,2}}-[0-9]{{3,4}}|[0-9A-Z]{{1,3}}-[0-9]{{3,4}}|[0-9]{{1,2}}座[0-9]{{3,4}})(?:室|房|号)?{COUNTS}(?!-)"
)
# 渝北区龙湖西苑19栋7-2: a house, a floor and a door behind a region or an estate
FLOOR_IN = (
    rf"(?:(?:{REGION}){{1,3}}(?:{NAME}){{0,8}}|(?:{NAME}){{1,8}}(?:小区|花园|家园|公寓|新村|[苑庭里湾府城]))"
    rf"[0-9]{{1,3}}[栋幢座][0-9]{{1,2}}-[0-9]{{1,3}}{COUNTS}(?!-)"
)
# 沙田第一城23座18楼F室
LETTERED = r"(?<![0-9第])[0-9A-Za-z]{1,3}[座栋幢][0-9]{1,2}[楼层][0-9]{0,2}[A-Za-z]室?(?![A-Za-z0-9])"
# 北京市朝阳区望京SOHO塔1座2808室: a room anywhere behind a region
ROOMED = (
    rf"(?:{REGION}){{1,4}}[\u4e00-\u9fffA-Za-z0-9·-]{{1,30}}?"
    rf"(?:(?<=[座栋幢楼层])\s?-?[0-9]{{3,4}}(?:室|房|号)?{COUNTS}|(?<![0-9])[0-9]{{3,4}}[室房](?![间价租东客子]))"
)
# 銀鷗樓1203室: a house with a name, and a room
ROOM_IN = rf"(?:{NAME}){{2,10}}[楼阁轩]\s?(?:[0-9]{{1,2}}[楼层])?[0-9]{{3,4}}[室房](?![间价租东客子])"
DOOR = rf"(?<![0-9第])[0-9一二三四五六A-Za-z]{{1,2}}单元\s?[0-9]{{3,4}}(?:室|房|号)?(?![页章课词题分]){COUNTS}"
# after 地址 or 寄到: from the first region to the last number of the clause
GIVEN = (
    r"(?:地址|住址|我住|住在|家住|我家在|寄到|寄给|寄往|送到|发到|搬到|搬去)[是在为了:： ]{0,3}"
    rf"((?:{REGION}){{1,5}}[^\n，。；;!！?？]{{0,40}}(?:(?<![0-9])[0-9]{{1,5}}(?![0-9])(?:号楼|[栋幢座楼层室房户号门期])?{COUNTS}|路|街|大道))"
)
# 123 Main Street, Apt 4B; small letters only from 10 on, and not in the middle of a sentence (20 people on the street)
KIND = (
    r"(?:Street|Avenue|Road|Drive|Lane|Boulevard|Court|Terrace|Highway|Parkway|Gardens|Grove|Mews|Square|Close|Crescent"
    r"|St|Ave|Rd|Dr|Ln|Blvd|Ct|Hwy|Pkwy)"
)
APART = (
    r"(?:,? ?(?:[Aa]partment|[Aa]pt|[Uu]nit|[Ss]uite|[Ss]te|[Rr]oom|[Rr]m|[Ff]lat)\.? ?#?[0-9A-Za-z]{1,6}"
    r"|(?: \d{1,3})?,? #[0-9A-Za-z]{1,6}(?:-\d{1,5})?)?"  # Street 34 #08-217: Singapore's
)
POST = r",? [A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}(?![A-Za-z])"  # Britain's postcode
TOWN = rf"(?:, [A-Z][a-z]{{1,20}}(?: [A-Z][a-z]{{1,20}})?(?:{POST}|(?:,? [A-Z]{{2}})?(?: \d{{5}}(?:-\d{{4}})?)?))?"
ENGLISH = (
    r"(?:(?<![A-Za-z])(?:[Ff]lat|[Uu]nit|[Aa]pt\.?|[Aa]partment|[Ss]uite|[Rr]oom) #?[0-9A-Za-z]{1,5}, ?)?"
    r"(?<![\d.,])\d{1,5}[A-Za-z]?,? (?:[NSEW][EW]?\.? )?(?:(?:[A-Z][a-z]{1,15}|\d{1,3}(?:st|nd|rd|th)) ){1,3}"
    rf"{KIND}(?![A-Za-z])\.?(?: (?:[NSEW]|[NS][EW])(?![A-Za-z]))?{APART}{TOWN}"
)
SMALL = (
    r"(?<![\d.,])\d{2,5} (?:[a-z]{2,15} ){1,2}(?:street|avenue|road|lane|boulevard|blvd)(?=\s*(?:$|[.,!?;\n]))\.?"
    + APART
)
# behind "I live at" also in small letters, and shortened
ENGLISH_GIVEN = (
    r"(?i:(?<![a-z])(?:lives? (?:at|on)|address(?: is|:)|ship(?:ped)? (?:it |them )?to|deliver(?:ed)? (?:it )?to|"
    r"mail (?:it )?to|moved to|come to):? ?"
    r"(\d{1,5}[a-z]?,? (?:[a-z'.]{1,15} ){1,3}"
    r"(?:street|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|way|place|terrace|close|crescent"
    r"|gardens|grove|mews|square)(?![a-z])"
    r"\.?(?:,? ?(?:apartment|apt|unit|suite|flat)\.? ?#?[0-9a-z]{1,6}|,? #[0-9a-z]{1,6})?))"
)
# whatever follows "my address is" and begins with a number
ENGLISH_TOLD = (
    r"(?i:(?<![a-z])(?:my|our|his|her|their|new) address(?: is|'s|:| =) ?"
    r"((?:(?:blk|block|flat|unit|room|rm|apt|apartment|no)\.? ?)?#?\d{1,5}[a-z]?,? "
    r"(?!(?:min|hour|mile|km|block|year|day|digit|char|byte|bit)[a-z]* )[^\n!?;]{5,60}))"
)
BOX = r"(?i:(?<![a-z])p\.? ?o\.? box \d{1,6})"
# Hauptstraße 12a, 10115 Berlin and 12 rue de la Paix, 75002 Paris: a street's word and the number of a house
_DE, _FR = "[A-ZÄÖÜ][a-zäöüß]", "[A-ZÀ-Ý][A-Za-zÀ-ÿ'’-]{1,20}"
_WAY = "[Ww]eg|[Pp]latz|[Aa]llee|[Gg]asse|[Dd]amm|[Uu]fer"
GERMAN = (
    rf"(?<![A-Za-zÀ-ÿ-])(?:{_DE}{{2,20}}(?:[- ]{_DE}{{2,20}}){{0,2}}(?:-| (?=Str|All|Damm))"
    rf"(?:Straße|Strasse|Str\.|{_WAY})|{_DE}{{2,20}}(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|ufer))"
    r" ?[1-9]\d{0,2} ?[a-hA-H]?"
    rf"(?![0-9A-Za-zÀ-ÿ%])(?! ?(?:Minuten|Min|km|Meter|Uhr|Kinder))(?:, \d{{5}}(?: {_DE}{{2,20}})?)?"
)
_OF = r"(?:(?:de la|du|des|de|la|le|les) |(?:de )?[ld]['’] ?)?"
FRENCH = (
    r"(?<![\d.,])[1-9]\d{0,3}(?: ?(?:bis|ter|quater))?,? (?:(?:[Rr]ue|[Aa]venue|[Aa]v\.|[Bb]oulevard|[Bb]d\.?|place"
    rf"|[Ii]mpasse|[Aa]llée|[Qq]uai|[Cc]hemin|route|cours(?! de )|passage) {_OF}{_FR}"
    rf"|rue (?:de la |du |des |de l['’])[a-zà-ÿ-]{{3,20}})"
    rf"(?: (?:(?:de la|du|des|de) )?{_FR}){{0,2}}(?:,? \d{{5}}(?: {_FR})?)?"
)
# Flat 12C, 23/F, Tower 2: Hong Kong's
FLOOR = (
    r"(?i:(?<![a-z])(?:flat|room|unit|rm)\.? ?[0-9]{0,4}[a-z]?,? [0-9]{1,3}/?f(?![a-z])"
    r"(?:,? (?:tower|block|blk)\.? ?[0-9a-z]{1,3}(?![a-z]))?)"
)
APARTMENT = r"(?i:(?<![a-z])(?:apt|apartment)\.? (?:#|no\.? ?)?(\d{1,4}[a-z]?|[a-z]-?\d{1,4})(?![0-9a-z]))"

_PASSING = """
a an the my your this that one way star down up on of to in at by from for with and or is was minute hour mile
minutes hours miles km block blocks day days year years more people times percent dollars bucks side
"""
_DATES = re.compile(r"[路街巷道]\s?(?:[1-9]|[12][0-9]|3[01])号$")
_WALKS = re.compile(r"^.{0,3}[上下过回去走出开进][路街]")


_SEATS = re.compile(
    r"(?:Sitz|Park|Spiel|Arbeits|Heim|Um|Steh|Lehr|Studien|Ausbildungs|Stell|Hin|Rück|Tabellen|Listen)(?:weg|platz)"
)


def is_house(value: str) -> bool:
    """Whether a street with a number is a place and no date: 上路3号, 出街12号."""
    return not (_DATES.search(value) and _WALKS.search(value))


def is_german(value: str) -> bool:
    """Whether a German word and a number name a house, and no seat or detour: Sitzplatz 12, Umweg 5."""
    return not _SEATS.match(value)


def is_street(value: str) -> bool:
    """Whether the words between number and street name one."""
    if re.match(r"(?i)(?:10 downing|221b baker|4 privet) ", value):
        return False  # everybody knows who lives there
    return not set(_PASSING.split()) & set(re.findall(r"(?<![a-z\d])[a-z]+", value.lower()))
