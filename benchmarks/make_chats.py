"""Write a MemoTrace v1 CSV of any size: bursts, sessions, many contacts, some media, some secrets. Seeded."""

import argparse
import csv
import datetime
import random
from pathlib import Path

HEADER = "localId,TalkerId,Type,SubType,IsSender,CreateTime,Status,StrContent,StrTime,Remark,NickName,Sender"
WORDS = (
    "今天 明天 吃饭 哈哈哈 好的 不要 在吗 看看 电影 工作 加班 周末 回家 真的 "
    "可以 怎么 说 了 吧 呢 啊 我 你 他 ok lol 520 2333 11点半"
)
SECRETS = ("我的电话13812345678你记一下", "邮箱是abc@qq.com哈", "卡号6222021000012345673转我", "打 138 1234 5678")
CHINA = datetime.timezone(datetime.timedelta(hours=8))


def write(path: Path, messages: int, contacts: int, seed: int = 1, odd: bool = False) -> None:
    """`messages` rows over `contacts` chats, ordered by time as the exporter writes them; lines end in CRLF.

    `odd`: a text in a thousand holds a NUL byte, and another a quote that is not doubled.
    """
    dice = random.Random(seed)
    words = WORDS.split()
    texts = ["".join(dice.choices(words, k=dice.randint(1, 14))) for _ in range(50_000)]
    clocks = [1_600_000_000 + dice.randint(0, 86_400) for _ in range(contacts)]
    sides = [0] * contacts
    rows = []
    for _ in range(messages):
        chat = dice.randrange(contacts)
        roll = dice.random()
        if roll < 0.05:
            clocks[chat] += dice.randint(4 * 3600, 3 * 86_400)
        else:
            clocks[chat] += dice.randint(2, 120)
        if dice.random() < 0.55:
            sides[chat] ^= 1
        roll = dice.random()
        if roll < 0.90:
            kind, sub, text = 1, 0, dice.choice(texts)
        elif roll < 0.91:
            kind, sub, text = 1, 0, dice.choice(SECRETS)
        elif roll < 0.97:
            kind, sub, text = dice.choice((3, 34, 43, 47)), 0, '<?xml version="1.0"?><msg><img aeskey="x" /></msg>'
        elif roll < 0.99:
            kind, sub, text = 49, 57, ""
        else:
            kind, sub, text = 10000, 0, "以上是打招呼的内容"
        rows.append((clocks[chat], chat, kind, sub, sides[chat], text))
    rows.sort(key=lambda row: row[0])
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow(HEADER.split(","))
        for number, (time, chat, kind, sub, mine, text) in enumerate(rows, 1):
            local = datetime.datetime.fromtimestamp(time, CHINA).strftime("%Y-%m-%d %H:%M:%S")
            sender = "我" if mine else f"昵称{chat}"
            cells = (number, chat + 1, kind, sub, mine, time, 2, text, local, f"好友{chat}", f"昵称{chat}", sender)
            roll = dice.random() if odd and kind == 1 else 1
            if roll < 0.002:
                sign = "\0" if roll < 0.001 else '"'
                file.write(",".join(map(str, (*cells[:7], text[:2] + sign + text[2:], *cells[8:]))) + "\r\n")
            else:
                out.writerow(cells)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--contacts", type=int, default=200)
    parser.add_argument("--odd", action="store_true", help="with NUL bytes and stray quotes")
    options = parser.parse_args()
    write(options.path, options.messages, options.contacts, odd=options.odd)
