"""Each kind of private value with its neighbours: the word before or behind it, the separator, the script.

«» mark what must go. All values are invented.
"""

import random
import re
import time

import polars as pl
import pytest

from chatstylebot.corpus import privacy
from chatstylebot.corpus.privacy import detectors, suspects


def marked(text: str, kind: str) -> tuple[str, str]:
    """What is said, and what must come out of it."""
    name = detectors.NAMES["zh"][kind]
    return re.sub("[«»]", "", text), re.sub("«.*»", f"[{name}1]", text)


def found(text: str, kind: str) -> bool:
    """Whether what is marked goes, nothing else does, and the quick look lets the text through."""
    said, expected = marked(text, kind)
    return privacy.Finder("zh").replace(said) == expected and len(suspects.places(pl.Series([said]))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "我新号«13987654321»，旧的停了",
        "手机«（186）1234-5670»",
        "国外号码 «001-646-555-0188»",
        "英国的号«+44 7700 900123»",
        "日本手机：«090-1234-5678»",
        "号码 «１３８１２３４９８７６»",
        "手机号：«(187) 3344 5566»",
        "ring me on «0044 7911 123456»",
        "我tel «177.0099.8811»",
        "電話號碼是«0912-345-678»",
        "美国那边：«1-917-555-0143»",
        "«(+86) 188-0011-2233»",
        "fax: «0086-10-65551234»",
        "电话 «1３9 ２２３３ ４４５５»",
        "打我备用机：«195_6677_8899»",
        "澳洲 «+61 412 345 678»",
        "你记下，«壹伍玖零零壹壹二二三三»",
        "tel«0571-88776655»",
        "电联 «(150)2233-4455»",
        "给我发短信 «+86-135-2468-1357»",
        "宿舍座机：«8765-4321»",
        "他号码是 «(188) 9900-1122»",
        "whatsapp: «0044 7400 112233»",
        "phone:«+1(323)555-0111»",
        "手机(«(131)0022-3344»)",
        "«001-415-555-0166» 打不通",
        "手机尾号换了：«134·5566·7788»",
        "叁 «1七六二二三三四四五五»",
        "空调维修«021-6677 8899»",
        "德国手机«0049 171 2345678»",
    ],
)
def test_a_phone_number_is_found_however_it_is_grouped_and_from_wherever(text: str) -> None:
    assert found(text, "phone")


@pytest.mark.parametrize(
    "text",
    [
        "身份证«330102198807124516»",
        "身份证号码：«330102 19880712 4516»",
        "证件号«11010519491231002x»",
        "ID card «３２０５８３１９９５１１２２８８１０»",
        "«320583 19951122 8810»",
        "«3205-8319-9511-2288-10» 是我身份证",
        "身份证 «11010519491231002X» 复印件",
        "身份證字號 «A123456789»",
        "my id card number is «37020219770815331X»",
        "身份证：«33010219880712451-6»",
        "身份证号«330102-19880712-4516»",
        "身份证号: «3301 0219 8807 1245 16»",
        "我妈身份证«11010519491231002x»",
        "身份证«3301021988 07124516»",
        "身份证号为：«510107200101300026»",
        "身份证«37020219770815331X»发你",
        "身份证后六位是«104173»",
        "身份证尾号 «231X»",
        "香港证件 «A123456(3)»",
        "my HKID is «K739284(1)»",
    ],
)
def test_an_id_card_is_found_grouped_fullwidth_and_from_taiwan(text: str) -> None:
    assert found(text, "id_card")


@pytest.mark.parametrize(
    "text",
    [
        "卡号«6217001234567890122»",
        "工行 «6212 2624 0012 3456 6»",
        "visa «4111 1234 5678 9013» exp 09/27",
        "amex «3782 822463 10005»",
        "转到«GB82WEST12345698765432»",
        "卡 «6217 0012 3456 7890 122»",
        "招行卡号«6225 8812 3456 7895»",
        "«4367-4212-3456-7896» 建行",
        "卡号是«6228.4803.1234.5678.907»",
        "建行 «4367 4212 3456 7896»",
        "my card number is «4111-1111-1111-1111»",
        "card no. «4367 4212 3456 7896»",
        "GB IBAN «GB82 WEST 1234 5698 7654 32»",
        "交行 «6222-0210-0001-2345-673»",
        "IBAN: «NL91 ABNA 0417 1643 00»",
        "卡：«6217001234567890122»",
        "招商卡 «6225 8812 3456 7894»",
        "sort code «60-16-13»",
        "account «4827193650»",
        "acc: «31926819»",
    ],
)
def test_a_bank_card_and_an_account_are_found(text: str) -> None:
    assert found(text, "bank_card")


@pytest.mark.parametrize(
    "text",
    [
        "护照号«E12345678»",
        "passport no. «EA1234567»",
        "我的护照是«G87654321»",
        "passport number is «C01234567»",
        "港澳通行证«C23456789»",
        "护照编号«EC7654321»",
        "passport：«K1234567»",
        "护照 «G 23456789»",
        "台胞证号：«12345678»",
        "护照：«EH1234567»",
        "护照号码：«G55667788»",
        "passport no: «530123456»",
        "护照 «EB2345678»",
        "passport is «AB1234567»",
        "护照号是«E98765432»",
        "我的passport «G12348765»",
    ],
)
def test_a_passport_is_found_behind_its_word_and_by_its_form(text: str) -> None:
    assert found(text, "passport")


@pytest.mark.parametrize(
    "text",
    [
        "车牌«粤B·8K321»",
        "他开的是«沪A12345»",
        "新能源车牌 «浙AD12345»",
        "车牌号：«京 A·F0236»",
        "车牌«苏E·77Q1Z»",
        "license plate: «7KDF321»",
        "车牌 «川A·5T88G»",
        "车牌照 «鲁B 7K98Z»",
        "plate number «ABC-1234»",
        "车牌号«豫C·88X26»",
        "车牌：«浙C·7M66Q»",
        "车 «苏A 889KP» 堵门口了",
        "车牌是«湘A·3K6P8»",
        "plate is «LK19 XTP»",
        "reg: «LK19XTP»",
    ],
)
def test_a_plate_is_found_with_a_space_a_point_or_its_word(text: str) -> None:
    assert found(text, "plate")


@pytest.mark.parametrize(
    "text",
    [
        "wx：«Mia_0417»",
        "加我微信 «lily-zhang88»",
        "vx «abc123456»",
        "微信号«wxid_8f3k2j9d0s1a22»",
        "微信ID是 «Leo-Wang77»",
        "我的wx是«dong1995xx»",
        "weixin：«hellokitty99»",
        "威信号:«flower_2233»",
        "微信就是«Kevin_Durant7»",
        "加下微信呗 «zz_top1999»",
        "本人微信：«Sky_Blue_77»",
        "Wechat Id - «tonyliu_hk»",
        "wx: «st_moon13»",
        "wx号是«dandan_1128»",
        "微信 - «alice_w0nder»",
        "加vx：«xiao_mi88»",
        "微信ID：«Echo_Zhao»",
        "wx:«ocean_eyes7»",
        "v信：«luna1997»",
        "wx ➡ «cocoa_1101»",
        "wechat号是«zhaoliu_2001»",
        "«tina_8866» is my WeChat",
        "wx号：«k_pop2024»",
        "加我wx，«coffee_cat1»",
        "+v «daxiong9213»",
        "➕薇 «ningmeng5566»",
        "加微 «gougou_0727»",
    ],
)
def test_a_wechat_id_is_found_whatever_it_is_called_and_on_either_side(text: str) -> None:
    assert found(text, "wechat")


@pytest.mark.parametrize(
    "text",
    [
        "my QQ is «66778899»",
        "QQ号：«2 345 678 901»",
        "q群 «765432198»",
        "his qq number is «1029384756»",
        "Qq号是«334455667»",
        "进群«712345678»",
        "qq «1357-924-680»",
        "加我Q«3344556677»",
        "add qq«554433221»",
        "«778899001» is my QQ number",
        "her QQ: «77665544»",
        "扣扣：«90909012»",
        "qq:«31415926»",
        "企鹅«1618033988»",
        "my QQ is «9988776»",
        "我的QQ号是 «173205080»",
        "my QQ is «365365365»",
        "q群：«614325879»",
    ],
)
def test_a_qq_number_is_found_in_both_languages_and_on_either_side(text: str) -> None:
    assert found(text, "qq")


@pytest.mark.parametrize(
    "text",
    [
        "use code «315922» to log in",
        "【淘宝】«7741»是你的验证码",
        "«882341» is your login code",
        "凭«5-1-2209»到菜鸟驿站取",
        "pickup code: «B-7741»",
        "您的校驗碼為«660218»",
        "log in with code «227-614»",
        "驿站取货码«12-4-5566»",
        "«7-2-4433»是取件码",
        "去驿站拿一下 «6-3-2051»",
        "丰巢：«12-4-8830»",
        "«604-118» is your Telegram code",
        "取餐号«B207»好了叫我",
        "code for login is «493027»",
        "短信验证码（«208866»）别给别人",
        "快递到了，取件码为 «A-3-0912»",
        "核销码 «9981 2233»",
        "登录验证码: «5520»",
        "动态码 «90 12 34»",
        "取货码是«6-1-3390»",
        "【京东】验证码：«193847»，请在10分钟内输入",
        "«039182» is your WhatsApp code",
        "凭取货码«80231»领",
        "验证码「«602214»」",
        "your OTP is «334 871»",
        "快递码«3-8-6621»",
        "验证码«50 71 92»",
        "«735520»（登录验证码）请勿泄露",
        "the security code on the back is «7291»",
        "刚收到的码 «6038» 你填",
    ],
)
def test_a_code_is_found_with_what_it_is_for_and_however_it_is_split(text: str) -> None:
    assert found(text, "code")


@pytest.mark.parametrize(
    "text",
    [
        "pwd是«Qw3rty!9»",
        "wifi密码«88886666xyz»",
        "pw: «s3cretPass»",
        "passwd=«Zx9#kk21»",
        "开机密码改成«lkjh0987»了",
        "password＝«Moon_light8»",
        "新密码 → «Plm0987okn»",
        "your one-time passcode is «730184»",
        "pwd=«Blue.Sky77»",
        "口令是“«Xy7788zz»”",
        "银行卡密码«135791»",
        "默认密码是«admin@123»",
        "passwd 是 «r00t!pass»",
        "「密码」：«Happy-2023»",
        "Pwd is «Zebra_44»",
        "psw是«kk90909»",
        "pass: «Gr33n-Tea»",
        "pwd = «Nr7#loop»",
        "password就是«Sakura_99»",
        "密码还是原来的«Tea_pot42»",
        "pwd是«Nimbus#2000»",
        "wifi密码是«qwerty99»",
        "服务器密码 «Rt6$kLm2»",
        "pwd是«Cactus!77»",
        "WiFi密码：«cheese&wine9»",
        "电脑密码为«winner2022»",
        "密码：«我爱你1314»",
    ],
)
def test_a_password_is_found_behind_every_link_and_before_its_word(text: str) -> None:
    assert found(text, "password")


@pytest.mark.parametrize(
    "text",
    [
        "secret_key = «9f8e7d6c5b4a39281706f5e4d3c2b1a0»",
        "api_key=«q8w7e6r5t4y3u2i1o0p9»",
        "client secret: «Zk3-9fLq2mX8vB1nT6»",
        "Bearer «af83kd92mf0s8d7f6g5h4j»",
        "密钥是«MIIEvQIBADANBgkqhkiG9w0»",
        "token是«d8f7a6s5d4f3g2h1j0»",
        'export SECRET_KEY="«xk29dk20sl20fj39dk»"',
        "私钥：«5Kb8kLf9zgWQnogidDA76MzPL6TsZZY36hWXMssSzNyd»",
        "secret: «7fj3k9dl2ms8qp4x»",
        "app secret=«b6d8e0f2a4c6e8d0»",
        "secret key: «Qk39sLw02mXn48vB»",
        "API Key: «8c1f0e9d7b6a5c4d3e2f»",
    ],
)
def test_a_key_is_found_behind_its_word(text: str) -> None:
    assert found(text, "key")


@pytest.mark.parametrize(
    "text",
    [
        "我家在«翠苑小区12栋3单元501»",
        "送到«幸福里5幢2-1102»",
        "I live at «742 Evergreen Terrace, Springfield»",
        "家住«龙泽苑东区8-3-602»",
        "公司在«创业大厦A座1105»",
        "住«金色家园三期16栋2单元1903»",
        "my address is «9 maple court»",
        "«350 Fifth Avenue, Suite 2100, New York, NY 10118»",
        "收货地址是«虎丘区狮山路35号金河大厦2201»",
        "寄«中关村软件园2号楼C座3F-308»",
        "we live at «27 rosewood lane»",
        "«1455 Market St Ste 600, San Francisco, CA 94103»",
        "住在«锦绣花园3-2-501»",
        "上门地址«浦东新区锦绣路1001弄27号302室»",
        "meet at «2100 N Lake Shore Dr»",
        "租在«丽景苑11-2-603»",
        "I'm at «88 Harbor View Rd, Apt 7C»",
        "送货到«和平里小区6号楼4单元202»",
        "she lives at «19 willow ave, unit 3»",
        "«500 Oak Avenue, Austin, TX 78701»",
        "住«天通苑北一区12号楼5单元301»",
        "my place is «66 Lincoln Blvd, Unit 9»",
        "I live at «27 Kingsway Gardens, Leeds LS8 2QT»",
        "we moved to «5 oak grove»",
    ],
)
def test_an_address_is_found_down_to_the_room(text: str) -> None:
    assert found(text, "address")


@pytest.mark.parametrize(
    "text",
    [
        "服务器«192.168.31.207»登上去",
        "ip是«８.１３６.２２.１７»",
        "v6: «2408:8207:78cc:5b10::1f3»",
        "ssh root@«47.98.120.33»",
        "網關 «10.0.8.1»",
        "fe80地址 «fe80::a65e:60ff:fec1:7b0d»",
        "ssh «192.0.2.44» -p 2222",
        "ip地址 «172.16.254.9»",
        "内网ip：«10.24.8.19»",
        "«2001:0db8:85a3:0000:0000:8a2e:0370:7334»",
        "服务器 ip «139.196.44.12»",
        "ping «172.20.1.88»",
        "跳板机 «203.0.113.77»",
        "公网ip是«114.55.66.77»",
        "主机«10.1.2.3»",
        "ip «101.34.56.78»",
    ],
)
def test_an_ip_address_is_found(text: str) -> None:
    assert found(text, "ip")


@pytest.mark.parametrize(
    "text",
    [
        "mac «3C:22:FB:9A:01:7E»",
        "MAC地址是«3c-22-fb-9a-01-7e»",
        "物理地址：«3C22FB9A017E»",
        "本机 mac 地址 «A4-5E-60-C1-7B-0D»",
        "«00:1B:44:11:3A:B7» 这个设备踢掉",
        "mac address: «9c:b6:d0:11:22:3f»",
        "wifi mac is «9CB6D011223F»",
        "物理地址 «ac1f.6b44.9e02»",
        "mac是«60:F8:1D:B4:5C:99»",
        "设备 «60-f8-1d-b4-5c-99» 连不上",
        "MAC Address = «60:F8:1D:B4:5C:99»",
        "mac «d8:bb:c1:0e:52:9a»",
        "手机WLAN MAC地址 «d8bb.c10e.529a»",
        "«E4-5F-01-AA-BB-CC» 加白名单",
        "MAC：«e45f01aabbcc»",
        "mac：«B0-BE-76-12-34-EF»",
    ],
)
def test_a_mac_address_is_found_in_every_notation(text: str) -> None:
    assert found(text, "mac")


@pytest.mark.parametrize(
    "text",
    [
        "SSN: «123-45-6789»",
        "my social security number is «078-05-1120»",
        "«078 05 1120» is my ssn",
        "ssn «219.09.9999»",
        "social security no. «457-55-5462»",
        "SSN是«321-54-9876»",
        "my SSN's «321-45-6780»",
        "ssn is «123 45 6789»",
        "SSN=«234-56-7891»",
        "my social is «532 48 7193»",
        "NI number: «AB 12 34 56 C»",
        "«JG 10 37 59 A» 是我的",
    ],
)
def test_an_ssn_is_found_on_either_side_of_its_word(text: str) -> None:
    assert found(text, "ssn")


@pytest.mark.parametrize(
    "text",
    [
        "邮箱«li.wei88@163.com»",
        "mail me: «anna_k at outlook dot com»",
        "邮箱是 «wang.fang#gmail.com» 把#换成@",
        "邮箱：«liu艾特126.com»",
        "mail是 «tommy.chen at gmail.com»",
        "«qiqi99#163.com»",
        "发我邮箱 «rose_22@hotmail.com»",
        "«kobe24 at 163 dot com»",
        "email «kate.w+shop@gmail.com»",
        "«p.zhang @ foxmail.com»",
        "邮箱 «sam2020 AT qq DOT com»",
        "«mike(at)gmail.com»",
        "email me: «rita dot ng at outlook dot com»",
        "邮箱：«zoe-li@live.cn»",
        "mail «tracy dot liu at gmail dot com»",
        "«nancy_x at yahoo dot com»",
    ],
)
def test_an_e_mail_address_is_found_spelled_for_people(text: str) -> None:
    assert found(text, "email")


@pytest.mark.parametrize(
    "text",
    [
        "qq音乐会员到期了",
        "密码学这门课好难",
        "手机13号到货",
        "add me on wechat",
        "QQ空间2008年的照片",
        "密码不对",
        "pwd 命令看当前目录",
        "验证码60秒后重发",
        "取件码发我一下",
        "mac 上怎么截图",
        "卡号错了",
        "手机（13 寸那个不是）",
        "vx是啥意思",
        "the code is 2000 lines",
        "动态口令是啥",
        "pass 60% 就行",
        "邮箱满了",
        "微信群 500 人满了",
        "code style",
        "取餐号 多少",
        "token 价格 0.002/1k",
        "电话会议 15:30",
        "vx 加满了",
        "here is the code I wrote",
        "默认密码就行",
        "WX 崩了",
        "QQ是腾讯的",
        "密码:忘了",
        "身份证 18 位",
        "use this code as a template",
        "password就是那个老的",
        "邮箱地址栏",
        "我微信叫啥来着",
        "OTP 是啥缩写",
        "密码改成指纹",
        "我的key丢了",
        "加我wx",
        "code is law",
        "passcode please",
        "token=钱",
        "Ctrl + V paste123",
        "加 vivoX100 降价",
        "my social life is dead",
        "身份证后 4 位都行",
        "account 20241111",
        "密码：重置了3000次",
        "the code on line 4827 is broken",
        "plate is 20 bucks",
        "Reg: AMD 7900",
    ],
)
def test_a_word_of_a_value_without_one_is_talk(text: str) -> None:
    assert privacy.Finder("zh").replace(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "12:30:45 开始抢",
        "才 3,999.00",
        "version 10.15.7 out now",
        "比分 102:98",
        "微信支付了88.88",
        "10.0.0 发布了",
        "5:30:00 配速",
        "5-1 放假到 5-5",
        "12月31日23:59:59",
        "002-003 集讲啥",
        "小区 8-10 点停水",
        "01:23:45 那里",
        "电话费 100 元",
        "微信收款 1234.56 元",
        "08-00 到 17-30",
        "分数线 1:3:5",
        "手机 1999 元起",
        "密码箱 299 元",
        "卡 6 折",
        "2:30-4:30 有课",
        "花园 3-2 输了",
        "尺码 180/96A",
        "8.8 折",
        "618 大促 300-50",
        "github 上 1.2k star",
        "2:30pm",
        "08-15 生日",
        "第 9 集 12:34 处",
        "电量 20%",
        "交行 62 折",
        "12-24 岁",
        "10/10 推荐",
        "Qwen2.5-7B-Instruct",
        "空调 1.5 匹",
        "code is 80% done",
        "4:3:2:1",
        "20:11:27",
        "2-1-1 阵容",
        "0.618",
        "py3.11",
        "ping 127.0.0.1",
        "netmask 255.255.255.0",
        "120 Square Feet",
        "MacBook Pro M2 8GB",
    ],
)
def test_times_dates_prices_scores_and_versions_are_talk(text: str) -> None:
    assert privacy.Finder("zh").replace(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "在南京路逛街",
        "走长安街堵死",
        "软件园北区食堂",
        "B座电梯坏了",
        "5栋那个猫",
        "3楼开会",
        "2号楼在修",
        "5路公交",
        "main street is closed",
        "go down the street",
        "100 people on the street",
        "T123 座位 12A",
        "A座还是B座",
        "我坐5座",
        "路 3 号线",
        "5 号楼电梯",
        "8单元测试",
        "7栋在装修",
        "家园 2024 年交房",
        "北苑路好堵",
        "路由器 AX3000",
        "花园 8 月开",
        "8 栋楼 3 个门",
        "软件园 2 期招商",
        "27 lane highway",
        "110-230-1400 卡路里",
        "体育西路站 B 口",
        "座机 3 部",
        "软件园南门见",
        "科技园有 300 家公司",
        "B座 12 楼",
        "路由器密码贴在背面",
        "软件园北区开了家火锅",
        "高新路 52 路公交",
        "软件园北区到南区 2 公里",
        "文化路 80 年代",
        "信息港 B 座大厅",
        "保利 7 栋楼",
        "1号楼 2 单元门坏了",
        "公寓 3000 一个月",
    ],
)
def test_streets_estates_and_floors_without_a_room_are_talk(text: str) -> None:
    assert privacy.Finder("zh").replace(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "颜色用 #FF5733",
        "git checkout 9f8e7d6c5b4a3928",
        "iPhone 15 Pro Max 256G",
        "人口 1400000000",
        "use code SAVE20 for 20% off",
        "code 500 on prod",
        "订单金额 20241111",
        "240Hz 4K",
        "https://github.com/a/b/commit/9f8e7d6c5b",
        "学习率 1e-5 batch 64",
        "1e10",
        "G1234 次高铁",
        "#000000 纯黑",
        "QQ 2024 新版",
        "token 用了 128000",
        "issue #12345",
        "QQ 9.0 出了",
        "9 to 5 job",
        "see you at 163 main hall",
        "deadbeef12345678",
        "B12 维生素",
        "passport photo 2x2",
        "G 2345",
        "A123 批次",
        "100mg 2 片",
        "A201 教室",
        "v2.0.1-beta3",
        "2024Q3 财报",
        "sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "code 440 error",
        "mac d8 版",
        "5km 25:30",
        "S13 总决赛 3:2",
        "London 20 度",
        "QQ 9.9.15",
        "win11 23H2",
        "5G 6G",
        "cu121 torch2.4.0",
        "第 2 季 E05",
        "北区 B5 出口",
    ],
)
def test_names_of_products_colours_and_hashes_are_talk(text: str) -> None:
    assert privacy.Finder("zh").replace(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "hk mobile «9731 4628»",
        "my sg number is «91234567», thanks",
        "Tel «0033 6 18 47 29 53»",
        "«0041 79 123 45 67» 找我",
        "澳門手機 «6612-3456»",
        "打我 «9731 4628»",
        "电话变了，现在是«9731 4628»",
        "門號 «0912 345 678»",
        "号码：«(02) 2345-6789»",
        "tel: «06.18.47.29.53»",
        "打我法国号 «06 18 47 29 53»",
        "whatsapp «０９１２３４５６７８»",
        "«+32 478/12.34.56» 白天打",
    ],
)
def test_a_number_of_hong_kong_or_in_pairs_is_found_behind_its_word(text: str) -> None:
    assert found(text, "phone")


@pytest.mark.parametrize(
    "text",
    [
        "social sec no «409628371»",
        "SS# «409-62-8371»",
        "soc. sec. no. is «409 62 8371»",
        "tax id: «12-3456789»",
        "UTR «12345 09876»",
        "N.I. number «ab123456c»",
        "nat ins no: «JG-10-37-59-A»",
        "社安号是«409628371»",
        "稅號：«409-62-8371»",
        "NI号«AB 12 34 56 C»",
    ],
)
def test_a_number_of_the_tax_office_is_found_behind_each_of_its_names(text: str) -> None:
    assert found(text, "ssn")


@pytest.mark.parametrize(
    "text",
    [
        "卡背面的三位 «827»",
        "簽名欄後三位數：«039»",
        "three digits on the back are «827»",
        "security code: «827»",
        "Use «518273» to verify your account",
        "enter «839201» to verify your number",
        "«839201» to confirm",
        "please type «4821» when prompted",
        "use «518-273» as your passcode",
        "log in with «839201»",
        "the code they sent is «518 273»",
        "码发你 «294817»",
        "碼是«294817»",
        "把码 «294817» 给我",
        "码收到了：«4821» 快填",
        "輸入 «294817» 完成驗證",
        "短信来了 «294817»",
        "六位数字是«294817»",
    ],
)
def test_a_code_is_found_by_what_is_done_with_it(text: str) -> None:
    assert found(text, "code")


@pytest.mark.parametrize(
    "text",
    [
        "vx同名 «liuliu8824k»",
        "微信同号 或者搜 «little-fish77»",
        "搜我 «mia_0417»",
        "加我小号：«mia_0417»",
        "V «Tom2020cat»",
        "微信改成了 «mia_0417»",
        "v我 «liuliu8824k»",
        "find me on wechat as «mia_0417»",
    ],
)
def test_a_wechat_id_is_found_where_one_is_told_to_search(text: str) -> None:
    assert found(text, "wechat")


@pytest.mark.parametrize(
    "text",
    [
        "Q我 «2738491056»",
        "扣我«2738491056»",
        "qq上找我 «66778899»",
        "QQ小号：«738491056»",
        "加个q «2738 491 056»",
        "扣扣私我 «2738491056»",
        "qq me at «66778899»",
    ],
)
def test_a_qq_number_is_found_behind_what_one_does_there(text: str) -> None:
    assert found(text, "qq")


@pytest.mark.parametrize(
    "text",
    [
        "口令 «芝麻开门8837»",
        "通关密语：«天王盖地虎123»",
        "暗号«芝麻开门8837»",
        "wifi密码 «春天花开88Aa»，谢谢",
        "密码是«芝麻8837开门»",
        "pwd=«家和万事兴2024»",
        "wifi pass is «Blue_Sky77»",
    ],
)
def test_a_phrase_with_digits_is_a_password(text: str) -> None:
    assert found(text, "password")


@pytest.mark.parametrize(
    "text",
    [
        "my telegram is «@ray_z88»",
        "tg：«momo77k»",
        "line id: «momo_77»",
        "LINE «momo_77»",
        "discord: «ray#4821»",
        "skype is «live:ray.z88»",
        "我的ins «ray.z88»",
        "抖音号«raymond88»",
        "ins关注我 «raymond88»",
        "add me on ig «Ray_Zhou»",
        "«ray_z88» on discord",
        "«raymond88»是我的tg",
        "steam id «76561198012345678»",
        "line id：«raymondzhou»",
    ],
)
def test_an_account_elsewhere_is_found_behind_its_word_and_before_it(text: str) -> None:
    assert found(text, "account")


@pytest.mark.parametrize(
    "text",
    [
        "我住 «Hauptstraße 12»",
        "«Schillerstr. 5a, 60313 Frankfurt»",
        "寄到«Karl-Marx-Allee 34»",
        "wohne in der «Berliner Straße 45»",
        "«Lindenweg 3»哈",
        "«12 rue de la Paix»",
        "send it to «45 avenue Victor Hugo, 75116 Paris»",
        "«3 bis boulevard Voltaire» ok?",
        "我家 «27, rue du bac»",
    ],
)
def test_a_german_and_a_french_street_with_a_house_is_an_address(text: str) -> None:
    assert found(text, "address")


@pytest.mark.parametrize(
    "text",
    [
        "Q我 2 分钟",
        "搜我名字就行",
        "码农 35 岁",
        "line up at 8",
        "telegram group 200 people",
        "use 2000 calories to verify",
        "use 2024 to verify",
        "need 350000 to complete the project",
        "尺码 180",
        "筹码 500000",
        "代码 600519",
        "码了3000字",
        "手机 1999 2999 两档",
        "电话 2018 2019 都打过",
        "order number 2345678901",
        "tracking number 97314628",
        "订单号码 97314628",
        "手机 2999 元",
        "06 07 08 09 10",
        "00 11 22 33 44",
        "卡背面写了什么",
        "背面三位同学",
        "微信搜 iPhone15",
        "v 1.2.3",
        "扣我 50000 工资",
        "qq 10000 天",
        "社保号查询",
        "把 200000 给我",
        "用 200000 验证假设",
        "密码 输错3次",
        "口令 红包666",
        "密码 最多32字符",
        "暗号 第3集",
        "bottom line is 5000",
        "command line: python3",
        "discord nitro99",
        "github issue1234",
        "飞机 boeing737",
        "b站 1080p60",
        "test_1 (line 5)",
        "Platz 3",
        "Sitzplatz 12",
        "Spring 2024",
        "Umweg 5 km",
        "5 place mats",
        "10 cours de yoga",
        "12 rue",
        "密码：重置了3000次",
        "verify with 200000 samples",
        "steam summer2024",
    ],
)
def test_the_words_before_a_number_are_talk_where_it_is_none(text: str) -> None:
    assert privacy.Finder("zh").replace(text) == text


@pytest.mark.parametrize(
    "pieces",
    [
        ("ghp_", "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"), ("glpat-", "XyZ12abCD34efGH56ijK"), ("hf_", "QwErTyUiOpAsDfGhJkLz"),
        ("AIza", "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"), ("sk-", "ant-api03-Ab1Cd2Ef3Gh4Ij5Kl6"), ("LTAI", "5tQwErTy12UiOpAs"),
        ("sk_live_", "4eC39HqLyjWDarjtT1zdp7dc"), ("ya29.", "a0AfB_byC1d2E3f4G5h6I7j8"),
    ],
    ids=lambda pieces: pieces[0],
)  # fmt: skip
def test_a_key_is_known_by_how_it_begins(pieces: tuple[str, str]) -> None:  # in two pieces: scanners look for such keys
    assert found(f"用这个 «{''.join(pieces)}» 吧", "key")


@pytest.mark.parametrize(
    "text",
    [
        "https://hooks.example.com/hook/9f8e7d6c", "https://user:Pa55w0rd@git.example.com/repo",
        "https://a.example.com/reset?token=f3a9c8b7d6e5&x=1", "http://x.example.com/cb?code=a8s7d6f5g4",
        "redis://:pA55@10.0.3.9:6379", "https://a.example.com/verify/9f8e7d6c5b4a39281706",
    ],
)  # fmt: skip
def test_a_url_with_a_secret_goes_as_a_whole(text: str) -> None:
    assert found(f"看 «{text}» 吧", "url")


def test_a_private_key_goes_with_all_its_lines() -> None:
    key = "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIEpAIBAAKCAQEA7x9\nQmFzZTY0\n-----END RSA PRIVATE KEY-----"
    assert privacy.Finder("zh").replace(f"拿去 {key} 好") == "拿去 [密钥1] 好"


SEPARATORS = [*" -:：=，,·(（【「→❤–\n", "是", "为", "就是", " is ", "'s ", ": ", " - "]
WORDS = [
    "微信号",
    "wx",
    "wechat号",
    "QQ",
    "扣扣号",
    "验证码",
    "取件码",
    "密码",
    "pwd",
    "電話",
    "身份證",
    "卡号",
    "MAC地址",
    "车牌",
    "code",
    "邮箱",
]
VALUES = [
    "mia_0417",
    "66778899",
    "315922",
    "8-2-3017",
    "Qw3rty!9",
    "(139)87654321",
    "020-8765 4321",
    "3c:22:fb:9a:01:7e",
    "li at qq dot com",
]


def test_the_quick_look_passes_over_nothing_that_a_word_a_separator_and_a_value_make() -> None:
    dice = random.Random(7)
    texts = [f"{word}{separator}{value}" for word in WORDS for separator in SEPARATORS for value in VALUES]
    texts += [dice.choice("我a，") + text + dice.choice("哦a，") for text in texts]
    seen = set(suspects.places(pl.Series(texts)))
    assert not [text for n, text in enumerate(texts) if n not in seen and privacy.Finder("zh").replace(text) != text]


@pytest.mark.parametrize(
    "piece",
    [
        "密码是", "微信", "qq's ", "3c:", "3c-", "0a0b.", "00-1 ", "(139)", "1一", "code is ", "a dot ", "a at ", "token: a1",
        "中小区1-", "B3-C座", "1栋", "市区a", "-----BEGIN PRIVATE KEY-----", "live at 1 a ", "wx是a", "1 2 ", "A1-",
        "验证码 我", "密码? ", "密码呢 是a1", "密码改了 现在是", "a1_b2c3 我", "flat 4, ", "car is a ", "passport? ", "recovery code a1b2-",
        "口令芝", "密码 芝a1", "telegram a1", "a1 is my ", "0033 6 18 ", "1 rue Ab ", "Aa-", "微信同号，或者", "use 1234 as your ab ",
    ],
)  # fmt: skip
def test_a_long_text_of_one_kind_takes_time_in_proportion(piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    start = time.process_time()
    privacy.Finder("zh").replace(text + "!")
    assert time.process_time() - start < 30


def test_a_name_or_a_listed_word_in_fullwidth_letters_is_still_found() -> None:
    finder = privacy.Finder("zh", ["ＡＢＣ小王"], [re.compile("甲—乙")])
    assert finder.replace("ＡＢＣ小王说甲—乙") == "[姓名1]说[屏蔽1]"


def test_a_private_value_in_traditional_characters_is_cut_from_the_text_as_it_stands() -> None:
    assert privacy.Finder("zh").replace("電話號碼：0912-345-678，請發給誰") == "電話號碼：[电话1]，請發給誰"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        # 係 and 喺 of Hong Kong, 証 and 分 for 證 and 份
        ("code", "驗證碼收到了 係«603927»"),
        ("password", "銀行卡密碼係 «583920» 唔好話畀人知"),
        ("phone", "我電話係«6384 2917» 有事搵我"),
        ("id_card", "身份証號碼係«A473829(1)»"),
        ("id_card", "台灣身分證字號 «F128473905» 你先填"),
        ("passport", "我護照係 «K04738291» 下年先過期"),
        ("plate", "車牌係 «粵Z·4K7T港» 銀色嗰部"),
        ("address", "地址係 «旺角彌敦道618號好望角大廈14樓B室» 上嚟啦"),
        ("address", "住喺«沙田沙角邨銀鷗樓1203室»"),
        # how sure one is, a particle, what one says while looking for it
        ("phone", "打呢個座機啦«2731 8864»"),
        ("code", "安全码好像是 «482»"),
        ("password", "保险柜密码记得是 «28-04-71» 转两圈"),
        ("code", "校验码 我看看 哦 «2749»"),
        ("code", "验证码 等下啊 来了 «382 917»"),
        ("password", "密码 我看看啊 «mimi8837»"),
        ("password", "家里wifi密码改了 现在是 «mimi8837wang»"),
        ("password", "电脑密码是我名字拼音加 不 就是 «zhangli7462»"),
        # handed over: a question and its answer, 发你了, 给你
        ("code", "ur otp? «384710»"),
        ("code", "otp came its «382917»"),
        ("code", "取件码发你了 «3-2-8841»"),
        ("code", "cvv? «839»"),
        ("password", "门禁密码呢 是«3829#»"),
        ("password", "wifi password? its «catnap88»"),
        ("password", "the pw for hulu? «Koala_92»"),
        ("passport", "need ur passport? it's «C7T4829XK»"),
        ("qq", "QQ? 给你 «738291045»"),
        ("wechat", "vx发你了 «doudou7193»"),
        ("wechat", "微信 我改了 现在是 «fafa_2931»"),
        ("id_card", "身份证是吧 «X129384(5)»"),
        ("account", "my snap? its «kk.dylan_93»"),
        ("key", "密钥给你 «9f3kd8s7a6h2l1p0q8w7»"),
        # put right
        ("wechat", "我的微信就是手机号 不对是 «yunduo5263»"),
        # the value first
        ("wechat", "«chenxi_4417» 我wx 你搜一下"),
        ("qq", "«738291045» 我扣扣号"),
        ("password", "«chaoji7788mi» 这是wifi的密码 你连吧"),
        ("password", "«guagua8820x» 路由器密码"),
        ("code", "丰巢的«58392047» 取一下呗 取件码"),
        ("code", "«8-1-2938» 取件码 拜托"),
        ("code", "they texted me G-«582914» thats the login code"),
        # other words and signs
        ("wechat", "我V❤️:«momo-7726k» 来聊"),
        ("code", "the gate code is «#4419» then push hard"),
        ("code", "alarm code «83920» dont forget to rearm"),
        ("code", "恢复码 «7KD3-92JF-X8M2» 存好"),
        ("code", "my recovery key: «8K3D92-LQ73MX-P2W8»"),
        ("password", "passwrd is «blueHorse93» i think"),
        ("password", "p/w «Koala_92»"),
        ("password", "进群口令 «蓝鲸7书房» 别外传"),
        ("plate", "look for a grey prius plate «7XKD482»"),
        ("plate", "car is a white kia «6VHD839»"),
        ("address", "we moved to «Flat 4, 83 Chester Road» come see"),
    ],
)
def test_a_value_behind_what_people_say_while_they_hand_it_over_is_found(kind: str, text: str) -> None:
    assert found(text, kind)


@pytest.mark.parametrize(
    "text",
    [
        "我哋關係好好",
        "win10 我微信登不上",
        "验证码等了好久 3000块的券都过期了",
        "密码忘了 我用的是iphone15pro",
        "密码 等一下 8点给你",
        "密码什么来着 好像是生日",
        "口令 今天3点前发完",
        "微信打错了 应该是wechat pay",
        "丰巢的又超时了 收我5毛 取不出来",
        "味道3号最好吃",
        "跑道12号那个",
        "passport? mine expires 2027",
        "PASSPORT CONTROL is so slow",
        "plate of ABC noodles",
        "code? 2 more lines",
        "flat 4 tyres and 2 days late",
        "alarm at 0730 dont forget",
        "recovery key is lost",
        "QQ? 给你打电话吧",
        "validation took 2019 lines",
    ],
)
def test_what_is_only_said_of_a_value_stays(text: str) -> None:
    assert privacy.Finder("zh").replace(text) == text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("验证码我这边刚弹出来 哈哈 «551 908»", "code"), ("有个码发到我邮箱了 «339012»", "code"),
        ("驿站说的码 «B2-14-3307»", "code"), ("the otp that she just forwarded: «771 204»", "code"),
        ("密码嘛我弟设的 «662910»", "password"), ("wifi 密码贴冰箱上了 就 «kitten77lake»", "password"),
        ("pw for grandma's router is «rose1956bud»", "password"), ("微信没法改 就是«momo_cat77»", "wechat"),
        ("我 v 号 «dora77_sh»", "wechat"), ("QQ好久不上了 以前是 «558812903»", "qq"),
        ("身份证照片糊了 直接打给你 «440304198805126627»", "id_card"), ("passport num is «K7654321»", "passport"),
    ],
)  # fmt: skip
def test_whatever_stands_between_a_word_and_what_can_hardly_be_anything_else(text: str, kind: str) -> None:
    assert found(text, kind)


@pytest.mark.parametrize(
    "text",
    [
        "验证码等了600000毫秒", "密码试了123次", "密码忘了 我用的是iphone15pro", "微信群名 study2024", "口令红包发了200000块",
        "QQ空间里存了12345678张图", "取件码一共有3个", "pin the notes of 2019 and 2020", "the otp arrived 3 times",
        "验证码 60 秒后重发", "密码强度 100000 以上", "身份证要带原件",
    ],
)  # fmt: skip
def test_numbers_near_such_a_word_that_count_something_stay(text: str) -> None:
    assert privacy.Finder("zh").replace(text) == text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("银行发来短信了 «704118» 你看是不是这个", "code"), ("ok so the code showed up.. «316 904» be quick", "code"),
        ("«550273» 这个填进去就能登上医保了", "code"), ("icloud双重认证弹出来 «048 117» 点一下同意", "code"),
        ("hulu wants a code again?? yeah its «7719»", "code"), ("pin for the new card is «5093»", "code"),
        ("google says G-«730915» no idea what for", "code"), ("包裹在菜鸟 «12-4-5071» 帮我拿一下", "code"),
        ("老家的门锁还是原来那个 «582016#» 按完等两秒", "password"), ("keypad by the side door, punch «6138*» then push", "password"),
        ("保险柜密马是老爸设的 «27-08-43» 先往左", "password"), ("解锁就是 «830617» 我闺女生日", "password"),
        ("disney one changed, now its «Taro&Milk2019!»", "password"), ("电脑开机的 «zxcvb7412» 键盘斜着按", "password"),
        ("pass for the guest laptop is in the drawer but here: «stormy-Bergen4»", "password"),
        ("«linmm-3306» 这是我v 备注一下", "wechat"), ("no whatsapp, but she has wechat, try «yueyue_pan07»", "wechat"),
        ("add my qq haha nobody uses it now «2916384057»", "qq"), ("telegram is better for me, i'm «@nora_lindqvist»", "account"),
        ("switch tag is «SleepyHeron_77» come play", "account"), ("小红书账号是«6180473925»", "account"),
        ("passport no for the hotel is «K07361924» mine only", "passport"), ("my uber is here, white camry «TLC 4417»", "plate"),
        ("奶奶家和平区南京南街«61号3-1-2»呀", "address"), ("刚搬 现在住«翠竹二区9幢2单元604» 周末来坐坐", "address"),
        ("我住在金桂花园«7座1502»", "address"), ("my address is «27 Pender Tower 3 Flat 9B»", "address"),
        ("我的微訊id = «winnie_chow28»", "wechat"), ("passport no. → «K0417263B»", "passport"), ("license plate = «6RKD318» CA", "plate"),
        ("收款賬號係«016-742-3-518260»", "bank_card"), ("企鹅号还在不 我的是 «518290437»", "qq"), ("got the login code, «7H4M9T», be quick", "code"),
        ("进门按«4172#» 门会自己开", "password"), ("gate code «7*3391» then push", "password"), ("行李箱锁 三位数 «628» 拨过去", "password"),
        ("我屋头在«江北区观音苑12栋9-3» 莫走错", "address"), ("«徐汇区杭州路118弄7号403» 侬晓得伐", "address"),
        ("«Flat 7B, 19/F, Tower 3», Palm Court please", "address"), ("地图的api key 用这个 «5d0e8a71c94f42b3861bb27fe09ac3d4» 就行", "key"),
        ("reset link: «https://app.example.org/reset?t=eyJ1aWQiOjk3Mn0.kQ7mB4»", "url"),
        ("my address is «Blk 318 #06-211» Bedok North Road", "address"), ("come to «Flat 2, 61b Merton Rd» sry no lift", "address"),
        ("reg plate = «BK21 ZNO»", "plate"), ("HK car plate is «RX 4517»", "plate"), ("snapchat【«mil3yray»】", "account"),
        ("嗰個冇用 而家用«9217 4406»搵我", "phone"), ("my wechta is «ray-zhou-1993» add me", "wechat"), ("«518290436»我Q 备注班级", "qq"),
        ("code它说是 «6027» 你试下", "code"), ("取件码是…等我看看…«C4-1093» 对", "code"), ("丰巢那个你输«60917352»就开了", "code"),
        ("pasword: i think its «Wombat!2281» or so", "password"), ("passport no? hold on... «604218853» got it", "passport"),
        ("dont leak it pls, «zq-Lm47KvRz2RkW9YbNaH31fPdX» thats the api one", "key"),
        ("链接:https://pan.example.com/s/«1q7RvBz9KmTsW2xUcNd4GaE»", "key"),
        ("刚收到，«291463»，快输要过期了", "code"), ("我屋企喺黃埔新城«12座9樓C室»", "address"),
        ("deliver to «Room 1408, 14/F», Wing Lok House", "address"), ("ins关注我嘛 «momo.bakes31» 刚开", "account"),
        ("Address: «Flat 6C, 31 Redland Road», Bristol BS6 7QA", "address"),
        ("Address: «61 Jurong West Street 52 #11-304»", "address"),
    ],
)  # fmt: skip
def test_what_tells_of_a_value_may_stand_anywhere_near_it(text: str, kind: str) -> None:
    said, value = text.replace("«", "").replace("»", ""), text[text.index("«") + 1 : text.index("»")]
    shown = privacy.Finder("zh").replace(said)
    assert value not in shown
    assert detectors.NAMES["zh"][kind] in shown
    assert len(suspects.places(pl.Series([said]))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "门锁坏了3次 修了2000块", "we unlocked 4096 points in the garage level", "短信说这个月流量还剩100000兆", "the code has 204800 lines",
        "股票代码我记得是600519", "zip code 100084 right", "微信更新到8.0.49了", "wechat me the file report_v2.docx", "登录奖励给了 888800 金币",
        "wifi router is an AX3000 or so", "netflix has The100 again", "QQ音乐听了 12345678 次", "my address is 10 minutes from here",
        "10 Downing Street was on the news", "收到 200400 块压岁钱", "snap the notes.v2.md file",  "code review moved to 1500", "snap: 3 of them", "line: 2 stops", "打了2333 2333个哈哈",
        "facebook:marketplace is full", "柜子 20240105 到货", "internationalization-and-localization-2", "ThisIsALongWordWithCaps", "221B Baker Street tour was fun", "the code for RTX4090 drivers", "plates of NACHOS2", "开机花了 1024 秒", "the safe opened in 2019", "密码忘了 我用的是iphone15pro", "安装包 snap 里有 code-v2", "锁屏换成 2024 年的那张",
    ],
)  # fmt: skip
def test_numbers_and_names_beside_such_words_stay(text: str) -> None:
    assert privacy.Finder("zh").replace(text) == text
