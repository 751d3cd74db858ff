"""What must stand in a text before the slow look at it is worth it.

Rust's regular expressions: no look-around. No looser than it must be, for talk is full of 520, 2333, +1 and @somebody.
Between digits people put spaces, dashes, dots, and apps what nobody sees. Words that are common (微信, 电话) need a value
behind them; wide gaps before it would make the automaton too big (3 s a million).
"""

import re

import polars as pl

from chatstylebot import looks
from chatstylebot.corpus.privacy.detectors import PLATES, SPOKEN, TELLING

DASHES = "－–—‐‑‒−"
# the characters of the rules' words that are written otherwise in Taiwan and Hong Kong
TRADITIONAL = (
    "號區樓碼電話機證驗護車帳賬門單棟縣鄉鎮貨戶銀為動態發貳參陸裡莊園灣寫設認識綁兌櫃遞這個給來後數簽輸聯繫納稅會險飛報國兩錄還進換變條欄過現訴復紅書頁釘間忘錯獅舊証係廈備鎖沒試喺邨粵雲遼魯蘇贛晉陝閩貴寧瓊滬領豐鳥訊",
    "号区楼码电话机证验护车账账门单栋县乡镇货户银为动态发贰叁陆里庄园湾写设认识绑兑柜递这个给来后数签输联系纳税会险飞报国两录还进换变条栏过现诉复红书页钉间忘错狮旧证是厦备锁没试在村粤云辽鲁苏赣晋陕闽贵宁琼沪领丰鸟讯",
)
_MARKS = rf"{DASHES}\s:：=,，~❤♥💚♡\x{{fe0f}}→➡➜⇒👉>【「『“\"(（#\-"
_MINE = r"[ ，,]{0,2}(?:(?:[这這那][个個]?)?就?[是係]|is |that'?s |it'?s )(?:我的?|他的?|她的?|你的?|家里的?|这个|那个|快递的?|my |his |her |the |our )?"

# how else each sign of a word is written
_OTHERS: dict[str, str] = {}
for _other, _simple in zip(*TRADITIONAL, strict=True):
    _OTHERS[_simple] = _OTHERS.get(_simple, _simple) + _other
# what tells of a value somewhere beside it, in all spellings; and what such a value has in it
WORDS = "|".join("".join(rf"(?i:[{_OTHERS.get(sign, re.escape(sign))}])" for sign in word) for word in TELLING)
BESIDE = r"[0-9]{3}|[0-9]{2,4}[ \-][0-9]{2}|[0-9]-[0-9]|[A-Za-z0-9][_\-][A-Za-z0-9]|_|@[A-Za-z]|[A-Za-z][!-~]*[0-9]|[0-9][!-~]*[A-Za-z]"

SUSPECT = "|".join(
    [
        r"(?:[0-9][ \-.·_/*\u200b\u2060\u00a0]{0,3}){11}",
        r"[０-９Ａ-Ｚａ-ｚ＠＋＿＃]",  # fullwidth ones are rare enough to look at all of them
        rf"[0-9A-Za-z][{DASHES}]{{1,2}}[0-9A-Za-z]",
        # a word, and eight digits, nine, ten in pairs
        rf"(?i:(?:[a-zé.#個个我他她的在](?:[{DASHES}\s:：=,，#\-]{{1,3}}|'s )|打[这這给給]?[我他她的个個]{{1,2}}|[:：=話话机機码碼号號式啦呀啊哈喔哦得為係为是叫成了改换換变變「【(（→➡][{DASHES}\s:：=,，#\-]{{0,3}})(?:[2-9][0-9]{{3}}[ .\-]?[0-9]{{4}}|0[0-9](?:[ .\-]?[0-9][0-9]){{4}}|0[0-9]{{3}}[ \-]?[0-9]{{3}}|[0-9]{{3}}[\-. ]?[0-9]{{2}}[\-. ]?[0-9]{{4}}|[0-9]{{3}}[ \-][0-9]{{3}}[ \-][0-9]{{3}}|[0-9]{{2}}-[0-9]{{7}}|[0-9]{{5}} [0-9]{{5}}))",
        r"[a-zA-Z]{2}[ \-]?[0-9]{2}[ \-]?[0-9]{2}[ \-]?[0-9]{2}[ \-]?[a-dA-D]|社[安保][卡号號]|社[会會](?:安全|保[险障險])|[税稅][号號]|[识識][别別][号號]",
        r"背[面后後]|卡[片的]{0,2}[后後背]|[签簽]名[栏條欄条]|(?i:on the (?:back|front)|back of (?:the |my )?card|card verif|(?:cv[vcn]2?|cv2|csc|cid|security code)[a-z :：=#码碼是为為係\-]{0,8}[0-9]{3})",
        rf"(?i:(?:(?:^|[^a-z])q|扣|企[鹅鵝])(?:q)?[我上找加联聯系繫絡搜索聊天交流私群里裡小大新号號名同换換改成了为為係是的微信或者也可以直接一下{_MARKS}]{{0,12}}[1-9][0-9 \-]{{6}})|(?i:qq? me|on qq|my qq?)[a-zA-Z :：，,]{{1,5}}[1-9]",
        rf"(?i:微 ?信|wechat|[vw]x|[威薇徽v]信|[绿綠]泡泡|v[同小大]|薇搜|v我|加v|搜我|加我|我[的小大]{{1,2}}[v号號])[a-zA-Z' 就是里裡上同名小大新号號昵称稱或者也可以直接搜索加找聊联聯系繫絡私改换換成为為係了我一下的微信叫呗吧哈呀啊嘛{_MARKS}]{{0,14}}[a-zA-Z]|(?i:(?:^|[^a-z0-9+])v[ ：:]{{1,2}}[a-z])",
        r"[0-9] (?i:to (?:verif|confirm|log|sign|complet|reset|activ|authen|author|finish|unlock|valid|approv|link|regist|contin|access|prov|proc)|for (?:verif|your|log|two|2fa|what)|as (?:your|the|a) |when prompt|on the log)|(?i:(?:verify|confirm|in|authenticate) (?:with|using)[ :a-z\-]{1,9}[0-9]{3})|(?i:verification|confirmation|security) number",
        r"[码碼][发發给給你我他她来來到收出过過就现現在这這又报報告诉訴有了是为為係变變换換成\s:：，,]{0,9}[0-9]{2} ?[0-9]|(?:[填输輸](?:入|一下)?|回[复復]|[用把])(?:[这這][个個])? ?[0-9]{3}[ \-]?[0-9]{3}",
        r"密[语語]|好友代?[码碼]|(?i:friend code|(?:^|[^a-z])uid[ :：是]{0,3}[0-9])|[六6]位|短信(?:[来來到]了|收到|里?是)|(?:收到|[发發][来來]|[显顯]示)的?(?:是|[数數]字)|(?i:(?:^|[^a-z])pass(?:'s| is) )|(?i:telegram|skype|discord|instagram|snapchat|tiktok|kakao|viber|[电電][报報])",
        rf"(?i:(?:^|[^a-z])(?:tg|insta|line|ins|ig|snap|fb|facebook|twitter|steam|github|抖音|小[红紅][书書]|微博|快手|b站|推特|[飞飛][机機书書]|[钉釘][钉釘]|signal|messenger|threads|linkedin)(?:(?:账|帳|賬)?[号號户戶]| ?(?:id|handle|username|name|account))?(?:上?(?:加我|找我|[联聯][系繫絡]我?|搜索?我?|[关關]注我?)| me(?: at)?| as)?['s 是为為係就呗吧哈呀啊嘛i叫{_MARKS}]{{0,6}}[@a-z])",
        r"(?i:[a-z0-9_](?: ?(?:is )?(?:on|my|his|her) | ?就?是[我他她]的?| ?[(（])(?:tg|insta|line|ins|ig|snap|fb|facebook|twitter|steam|github|抖音|小[红紅][书書]|微博|快手|b站|推特|signal|messenger|threads|linkedin))",
        r"(?i:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse|damm|ufer) ?[0-9]|[0-9](?: ?(?:bis|ter|quater))?,? (?i:rue|avenue|av\.|boulevard|bd|place|impasse|allée|quai|chemin|route|cours|passage) ",
        r"[(（][0-9]{3,4}[)）]|1[3-9][0-9][(（][0-9]{4}",
        r"[0-9]{3}[)\-. ]{1,2}[0-9]{2,3}[\-. ][0-9]{4}",
        r"[A-Za-z0-9._%+\-] ?[@] ?[A-Za-z0-9\-]",
        r"[+][0-9](?:[ ()./\-]{0,2}[0-9]){7}|(?:^|[^0-9.,:])00[ .\-]?[2-9][0-9]{1,2}[ .\-]?[(0-9]|[(（]0[0-9]{1,3}[)）]|(?:^|[^0-9.,:])00[ \-]?[1-9][0-9]{0,2}[ ().\-]{1,2}[0-9]",
        r"0[0-9]{2,3}[)） \-]{0,2}[2-8][0-9]{2,3}[ \-]?[0-9]{3}|0[0-9]{2,4}[ \-][0-9]{3,4}[ \-][0-9]{3}",
        r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|[23fF][0-9A-Fa-f]{3}:[0-9A-Fa-f]*:",
        r"(?:[0-9A-Fa-f]{2}[:：\-]){5}|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}",
        r"(?i:(?:mac|bssid|物理地址|网卡|蓝牙地址)(?: ?地址| ?addr(?:ess)?)?(?:是| is)?[是为:：= ]{0,3}[0-9a-f]{2}[:： \-]?[0-9a-f]{2})",
        r"[A-Za-z0-9_\-]{20}|(?i:address(?: is|'s|:| =) ?(?:[a-z]{2,9}\.? ?)?#?[0-9])",
        r"(?i:(?:telegram|tg|skype|discord|instagram|insta|snapchat|tiktok|kakao|viber|line|ins|ig|snap|fb|facebook|twitter|steam|github|抖音|小[红紅][书書]|微博|快手|b站|推特|signal|messenger|threads|linkedin|[飞飛][机機书書]|[钉釘][钉釘]|电报|電報|kakaotalk) ?[:：=【「『(（<]{1,2} ?@?[a-z])",
        r"[Gg]-[0-9]{6}|(?i:address(?: is|'s|:| =) ?[0-9])|[EGDSP][A-Z]?[0-9]{7}|[A-Z][0-9]{6} ?[(（]|(?i:hk ?id)|[A-Z]{2} [0-9]{2} [0-9]{2} [0-9]{2} [A-D]",
        rf"[{PLATES}粵雲遼魯蘇贛晉陝閩貴寧瓊滬領] ?[A-Za-z][·. \-]?[A-Za-z0-9]{{4}}|(?:车牌|車牌)(?:[号號][码碼]?)?[是为:： ]{{0,3}}[A-Za-z0-9]|(?i:plate|reg(?:istration)?(?:'s| is|:) ?[0-9a-z])",
        rf"[1一幺壹][ ,，、\-–—]?[3-9三四五六七八九叁肆伍陆柒捌玖](?:[ ,，、\-–—]?[0-9{SPOKEN}]){{9}}",
        r"[路街道巷弄同里村组裡莊]\s?[0-9一二三四五六七八九十百零]{1,5}[号號弄组段]|[0-9A-Za-z一二三四五六七八九十](?:栋|幢|棟|[号號][楼樓])|[单單]元\s?[0-9]",
        r"[0-9A-Za-z][座塔][\s\-–—]{0,2}[0-9]|[座栋幢棟楼樓层層][\s\-–—]{0,2}[0-9]{3}|[0-9]{3}[室房]|[区區园園寓馆村舍苑庭里裡湾灣府城期] ?[0-9A-Z]{1,3}-[0-9]",
        r"密[码碼]|口令|暗号|暗號|(?:[验驗][证證証]|校[验驗]|[动動][态態]|激活|短信|登[录陆錄陸]|取件|取[货貨]|提[货貨]|取餐|自提|[柜櫃][机機]|快[递遞]|提取|访问|邀请|安全|确认|授权|随机|核[验驗]|[绑綁]定|配对|[门門]禁|[开開][门門]|[兑兌][换換]|[认認][证證証]|[识識][别別]|一次性|取票|取茶|开柜|开箱|恢[复復]|[备備][用份]|找回|解[锁鎖]|核销|寄存|入场)[码碼]|(?:取件|取[货貨]|取餐|取票|取茶|提[货貨]|[货貨]架)[号號]|(?:[里来到你我他她的裡來])[码碼][是为為係:：\s]{0,3}[0-9]|凭 ?[0-9A-Za-z]|(?:菜[鸟鳥]|[驿驛]站|快[递遞]|[丰豐]巢|[柜櫃])[^0-9\n]{0,6}[0-9]{1,3}-[0-9]{1,3}-[0-9]{3}",
        r"地址|住址|我住|住在|家住|我家在|寄到|寄给|寄往|送到|[发發]到|搬到|搬去|[护護]照|通行[证證証]|回[乡鄉][证證証]|台胞[证證証]|身[份分][证證証]",
        rf"(?:微 ?信|[威薇徽vV]信|绿泡泡|[vVwW微薇威][xX]|加[我个下]?[vV])(?:账|帳|賬)? ?[号號]?[码碼]?(?:加我|搜|找我|[联聯][系繫絡络])?[a-zA-Z'是为為係就都叫呗吧哈呀啊嘛{_MARKS}]{{0,6}}[a-zA-Z0-9]|wxid|(?i:wechat|weixin)|(?:[+➕]\x{{fe0f}}?|加我?) ?[vV薇微威徽][就是为為係叫{_MARKS}]{{0,4}}[a-zA-Z]|[vV薇威微][:：❤♥♡💚\x{{fe0f}}]{{1,4}} ?[a-zA-Z]",
        rf"(?i:q ?q|扣扣|企鹅|球球|🐧|[加扣我]的?q|q[群号號:：]|群[号號:：]|[加进]群)(?:[群号號码碼账帳邮箱是为為係就叫呗吧哈呀啊嘛'{_MARKS}]|is|was|'s|number|no\.?|id|account|group){{0,4}}[1-9]",
        r"(?:座机|座機|固话|固話|电话|電話|手机号|手機號|[联聯][系繫絡络](?:方式|电话|電話)|传真|卡|卡号|[账帳賬][号户號戶])[号號码碼是为為係:：（(→\s]{0,5}[(（+]?[0-9]{2}",
        rf"[0-9A-Za-z_!#$%&*\-] ?(?i:{_MINE}(?:wi-?fi ?|开机|登录|新|门锁|new |login )?的?(?:微信|wechat|[vw]x|qq|扣扣|password|passwd|pwd))",
        r"(?i:passw|pasw|p/w|pword|passc|passp|pass\s?(?:[:=：是为→➡➜⇒👉\-]|就|都|还|[现一默应统])|pwd|pw ?(?:[是为'「“]|is|[:=：\s]|[→➡➜⇒👉\-]|现|一|默|应|统|就|都|还)|ssn|social(?: sec|'s|:| is| [0-9])|(?:(?:^|[^a-z])ni (?:number|no)|nino|national ins)|://[^ ]*(?:[=@/]|bot)|cv[vc]2?码?[is是为:： ]{0,4}[0-9]|psw|mima)",
        r"(?i:sk-[a-z0-9_.\-]{9}|[sr]k_(?:live|test)_|gh[pousr]_|github_pat|glpat-|a[ks]ia|ltai|akid|aiza|hf_[a-z]|npm_|pypi-|xox[abeprs]-|sg\.[a-z0-9_\-]{9}|ya29\.|whsec_|token|secret|bearer|private key|(?:api|access|private|app|client|auth|refresh|bot|session|encryption|license)[ _\-]?key|ak/?sk|[密秘私][钥鑰]|令牌)|eyJ[a-zA-Z0-9]{8}|[A-Z]{2}[0-9]{2} ?[0-9A-Z]{4} ?[0-9A-Z]{4}",
        r"(?i:(?:code|pin|otp|phone|mobile|cell|call|text|number|tel|whatsapp|sms|ring|fax|card|acct?|a/c|account|routing|no\.)[a-z':#*?？：是为係码=,\s\-]{0,26}(?:g-)?[(（]?[0-9][0-9 \-][ \-]?[0-9]|[0-9],? (?:is|was|that'?s|it'?s) (?:your|ur|the|my) )",
        r"[0-9A-Za-z_\-][ ,，]{1,2}(?i:(?:[这這][个個]?[是係]?|[是係])?(?:[我他她]的?|my |his |her )(?:微信|wechat|[vw]x|qq|扣扣))|(?:不[对對是]|[错錯]了|哦不|[打写寫][错錯])[，,。 ]{0,2}(?:[应應][该該])?就?[是係]?[:： ]{0,2}[a-zA-Z][a-zA-Z0-9_\-]{5}",
        r"[0-9][ ,，]{1,2}[一-龥]{0,8}[ ,，]{0,2}(?:取件|取[货貨]|提[货貨]|取餐|自提)[码碼]|(?:菜[鸟鳥]|[驿驛]站|[丰豐]巢|[柜櫃])的?[是係:： ]?[0-9]{6}",
        r"(?i:(?:信|wechat|[vw]x|qq|扣|[证證証照钥鑰令]|cv[vc]2?|otp|code|pin|pw|token|key|secret|telegram|tg|snap|snapchat|insta|ins|ig|line|discord|skype)[号號]?[ ，,]?(?:[?？]{1,2}|呢|嘛|我?(?:[发發给給]|告[诉訴])[给給]?你了?|我?[改换換变變]了|[试試]{2}|是吧|不是那[个個]|[没沒][变變]|拿去)[?？ ，,。:：]{0,3}(?:[现現]在|[应應][该該]|[还還]|[给給发發]你|it'?s |mine'?s |mine is |here'?s )?就?[是係]?[:： ]{0,2}[a-z0-9#*@])",
        r"(?i:(?:otp|pin|code)(?: [a-z]{2,8}){0,2},? (?:it|that)'?s [0-9])|[0-9][A-Z]{3}[0-9]{3}|(?i:car|uber|lyft|taxi|cab|van)[a-z' ]{1,40} [A-Z]{2}[0-9]{2} ?[A-Z]{3}",
        r"(?i:(?:recovery|backup|activation|licen[cs]e|invite|redeem|gift|unlock) (?:code|key))",
        r"(?i:(?:pick[ \-]?up|collection|locker|parcel) (?:code|number|pin))",
        # a word, and within a clause of it a value that can hardly be anything else
        r"[码碼][^0-9\n。！!；;【】\[\]]{0,14}(?:[0-9]{3} ?-?[0-9]{3}|[0-9]{1,3}-[0-9]{1,4}-[0-9])",
        r"(?i:(?:微 ?信|wechat|[vw]x|[威薇徽v]信)[号號]?[^!-~\n。；;]{1,12}[ ，,]?(?:[是係叫搜]|[:： ])[:： ]?[a-z])",
        r"(?i:(?:q ?q|扣扣)[号號]?[^0-9\n。！!；;【】\[\]a-z]{0,12}[是係:： ][1-9][0-9]{7}|(?:^|[^a-z])v ?[号號信])",
        r"(?i:(?:code|otp|pin)[^0-9\n.!?。！；;]{1,32}[:： ](?:g-)?[0-9]{3}[ \-]?[0-9]{3})",
        r"(?i:(?:[@#]| at |[(（\[{]at[)）\]}]|艾特) ?[a-z0-9.\-]{2,40} {0,2}(?:\.|dot |[(（\[{]dot|点|。))",
        r"(?i:(?:on|at|to|is|address):? ?[0-9]{1,5}[a-z]?,? (?:[a-z'.]+ ){1,3}(?:street|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|way|place|terrace|close|crescent|gardens|grove|mews|square))",
        r"[0-9][A-Za-z]?,? (?:[A-Za-z0-9.]+ ){1,4}(?i:st|ave|road|rd|dr|lane|ln|blvd|boul|court|ct|terr|hwy|highway|park|pkwy|garden|grove|mews|square|close|cresc)|(?i:box [0-9]|apt\.? |apartment)",
    ]
)


def places(texts: pl.Series) -> pl.Series:
    """The places of the texts that are worth the slow look."""
    found = looks.places(texts, f"{SUSPECT}|{WORDS}")
    some = texts.gather(found)
    return found.filter(looks.holding(some, BESIDE) | looks.holding(some, SUSPECT))
