"""What must stand in a text before the slow look at it is worth it.

Rust's regular expressions: no look-around. No looser than it must be, for talk is full of 520, 2333, +1 and @somebody.
Between digits people put spaces, dashes, dots, and apps what nobody sees. Words that are common (微信, 电话) need a value
behind them; wide gaps before it would make the automaton too big (3 s a million).
"""

from chatstylebot.corpus.privacy.detectors import PLATES, SPOKEN

DASHES = "－–—‐‑‒−"
# the characters of the rules' words that are written otherwise in Taiwan and Hong Kong
TRADITIONAL = (
    "號區樓碼電話機證驗護車帳賬門單棟縣鄉鎮貨戶銀為動態發貳參陸裡莊園灣寫設認識綁兌櫃遞",
    "号区楼码电话机证验护车账账门单栋县乡镇货户银为动态发贰叁陆里庄园湾写设认识绑兑柜递",
)
_MARKS = rf"{DASHES}\s:：=,，~❤♥💚♡\x{{fe0f}}→➡➜⇒👉>【「『“\"(（#\-"
_MINE = r"(?:就?是|is )(?:我的?|他的?|她的?|你的?|家里的?|这个|那个|快递的?|my |his |her |the |our )?"

SUSPECT = "|".join(
    [
        r"(?:[0-9][ \-.·_/*\u200b\u2060\u00a0]{0,3}){11}",
        r"[０-９Ａ-Ｚａ-ｚ＠＋＿＃]",  # fullwidth ones are rare enough to look at all of them
        rf"[0-9A-Za-z][{DASHES}]{{1,2}}[0-9A-Za-z]",
        r"[(（][0-9]{3,4}[)）]|1[3-9][0-9][(（][0-9]{4}",
        r"[0-9]{3}[)\-. ]{1,2}[0-9]{2,3}[\-. ][0-9]{4}",
        r"[A-Za-z0-9._%+\-] ?[@] ?[A-Za-z0-9\-]",
        r"[+][0-9](?:[ ().\-]{0,2}[0-9]){7}|(?:^|[^0-9.,:])00[ \-]?[1-9][0-9]{0,2}[ ().\-]{1,2}[0-9]",
        r"0[0-9]{2,3}[)） \-]{0,2}[2-8][0-9]{2,3}[ \-]?[0-9]{3}|0[0-9]{2,4}[ \-][0-9]{3,4}[ \-][0-9]{3}",
        r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|[23fF][0-9A-Fa-f]{3}:[0-9A-Fa-f]*:",
        r"(?:[0-9A-Fa-f]{2}[:：\-]){5}|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}",
        r"(?i:(?:mac|bssid|物理地址|网卡|蓝牙地址)(?: ?地址| ?addr(?:ess)?)?(?:是| is)?[是为:：= ]{0,3}[0-9a-f]{2}[:： \-]?[0-9a-f]{2})",
        r"[EGDSP][A-Z]?[0-9]{7}|[A-Z][0-9]{6} ?[(（]|(?i:hk ?id)|[A-Z]{2} [0-9]{2} [0-9]{2} [0-9]{2} [A-D]",
        rf"[{PLATES}] ?[A-Za-z][·. \-]?[A-Za-z0-9]{{4}}|(?:车牌|車牌)(?:[号號][码碼]?)?[是为:： ]{{0,3}}[A-Za-z0-9]|(?i:plate|reg(?:istration)?(?:'s| is|:) ?[0-9a-z])",
        rf"[1一幺壹][ ,，、\-–—]?[3-9三四五六七八九叁肆伍陆柒捌玖](?:[ ,，、\-–—]?[0-9{SPOKEN}]){{9}}",
        r"[路街道巷弄同里村组裡莊]\s?[0-9一二三四五六七八九十百零]{1,5}[号號弄组段]|[0-9A-Za-z一二三四五六七八九十](?:栋|幢|棟|[号號][楼樓])|[单單]元\s?[0-9]",
        r"[0-9A-Za-z][座塔][\s\-–—]{0,2}[0-9]|[座栋幢棟楼樓层層][\s\-–—]{0,2}[0-9]{3}|[0-9]{3}[室房]|[区區园園寓馆村舍苑庭里裡湾灣府城期] ?[0-9A-Z]{1,3}-[0-9]",
        r"密[码碼]|口令|暗号|暗號|(?:[验驗][证證]|校[验驗]|[动動][态態]|激活|短信|登[录陆錄陸]|取件|取[货貨]|提[货貨]|取餐|自提|[柜櫃][机機]|快[递遞]|提取|访问|邀请|安全|确认|授权|随机|核[验驗]|[绑綁]定|配对|[门門]禁|[开開][门門]|[兑兌][换換]|[认認][证證]|[识識][别別]|一次性|取票|取茶|开柜|开箱|核销|寄存|入场)[码碼]|(?:取件|取[货貨]|取餐|取票|取茶|提[货貨]|[货貨]架)[号號]|(?:[里来到你我他她的裡來])[码碼][是为為:：\s]{0,3}[0-9]|凭 ?[0-9A-Za-z]",
        r"地址|住址|我住|住在|家住|我家在|寄到|寄给|寄往|送到|[发發]到|搬到|搬去|[护護]照|通行[证證]|回[乡鄉][证證]|台胞[证證]|身份[证證]",
        rf"(?:微 ?信|[威薇徽vV]信|绿泡泡|[vVwW微薇威][xX]|加[我个下]?[vV])(?:账|帳|賬)? ?[号號]?[码碼]?(?:加我|搜|找我|[联聯][系繫絡络])?[a-zA-Z'是为為就都叫呗吧哈呀啊嘛{_MARKS}]{{0,6}}[a-zA-Z0-9]|wxid|(?i:wechat|weixin)|(?:[+➕]\x{{fe0f}}?|加我?) ?[vV薇微威徽][就是为為叫{_MARKS}]{{0,4}}[a-zA-Z]|[vV薇威微](?:[:：❤♥])\x{{fe0f}}? ?[a-zA-Z]",
        rf"(?i:q ?q|扣扣|企鹅|球球|🐧|[加扣我]的?q|q[群号號:：]|群[号號:：]|[加进]群)(?:[群号號码碼账帳邮箱是为為就叫呗吧哈呀啊嘛'{_MARKS}]|is|was|'s|number|no\.?|id|account|group){{0,4}}[1-9]",
        r"(?:座机|座機|固话|固話|电话|電話|手机号|手機號|[联聯][系繫絡络](?:方式|电话|電話)|传真|卡|卡号|[账帳賬][号户號戶])[号號码碼是为為:：（(→\s]{0,5}[(（+]?[0-9]{2}",
        rf"[0-9A-Za-z_!#$%&*\-] ?(?i:{_MINE}(?:wi-?fi ?|开机|登录|新|门锁|new |login )?的?(?:微信|wechat|[vw]x|qq|扣扣|password|passwd|pwd))",
        r"(?i:passw|passc|passp|pass\s?(?:[:=：是为→➡➜⇒👉\-]|就|都|还|[现一默应统])|pwd|pw ?(?:[是为'「“]|is|[:=：\s]|[→➡➜⇒👉\-]|现|一|默|应|统|就|都|还)|ssn|social(?: sec|'s|:| is| [0-9])|(?:(?:^|[^a-z])ni (?:number|no)|nino|national ins)|://[^ ]*(?:[=@/]|bot)|cv[vc]2?码?[is是为:： ]{0,4}[0-9]|psw|mima)",
        r"(?i:sk-[a-z0-9_.\-]{9}|[sr]k_(?:live|test)_|gh[pousr]_|github_pat|glpat-|a[ks]ia|ltai|akid|aiza|hf_[a-z]|npm_|pypi-|xox[abeprs]-|sg\.[a-z0-9_\-]{9}|ya29\.|whsec_|token|secret|bearer|private key|(?:api|access|private|app|client|auth|refresh|bot|session|encryption|license)[ _\-]?key|ak/?sk|[密秘私][钥鑰]|令牌)|eyJ[a-zA-Z0-9]{8}|[A-Z]{2}[0-9]{2} ?[0-9A-Z]{4} ?[0-9A-Z]{4}",
        r"(?i:(?:code|pin|otp|phone|mobile|cell|call|text|number|tel|whatsapp|sms|ring|fax|card|acct?|a/c|account|routing|no\.)[a-z':#：是为码=\s]{0,26}(?:g-)?[(（]?[0-9][0-9 \-][ \-]?[0-9]|[0-9] is (?:your|the|my) )",
        r"(?i:(?:pick[ \-]?up|collection|locker|parcel) (?:code|number|pin))",
        r"(?i:(?:[@#]| at |[(（\[{]at[)）\]}]|艾特) ?[a-z0-9.\-]{2,40} {0,2}(?:\.|dot |[(（\[{]dot|点|。))",
        r"(?i:(?:on|at|to|is|address):? ?[0-9]{1,5}[a-z]?,? (?:[a-z'.]+ ){1,3}(?:street|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|way|place|terrace|close|crescent|gardens|grove|mews|square))",
        r"[0-9][A-Za-z]?,? (?:[A-Za-z0-9.]+ ){1,4}(?i:st|ave|road|rd|dr|lane|ln|blvd|boul|court|ct|terr|hwy|highway|park|pkwy|garden|grove|mews|square|close|cresc)|(?i:box [0-9]|apt\.? |apartment)",
    ]
)
