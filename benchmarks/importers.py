"""Messages a second and peak memory of the importers on generated exports, each in a process of its own.

    python benchmarks/importers.py --messages 200000
    python benchmarks/importers.py --formats telegram_json --messages 1800000    # about 1 GB

Exports are written in slices, so that making them needs no memory; texts are invented.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

START = datetime(2020, 1, 1, tzinfo=UTC)
WORDS = (
    "在吗",
    "刚下班 晚上吃什么",
    "hahaha ok",
    "see you at seven then, bring the blue bag",
    "嗯嗯",
    "你说的那家店关门了，换一家吧",
)


def talk(number: int) -> Iterator[tuple[int, datetime, bool, str]]:
    """Number, time, whose it is, and text of each message."""
    for n in range(number):
        yield n, START + timedelta(seconds=40 * n), n % 2 == 1, f"{WORDS[n % len(WORDS)]} {n}"


def telegram(number: int) -> Iterator[str]:
    """As Telegram Desktop writes it: one blank of indent, a member a line."""
    yield '{\n "name": "Ann",\n "type": "personal_chat",\n "id": 7,\n "messages": [\n'
    for n, at, mine, text in talk(number):
        who, name = ("user1", "Tom Day") if mine else ("user7", "Ann")
        words = json.dumps(text, ensure_ascii=False)
        yield (
            f'  {{\n   "id": {n},\n   "type": "message",\n   "date": "{at:%Y-%m-%dT%H:%M:%S}",\n   "date_unixtime": "{at:%s}",\n'
            f'   "from": "{name}",\n   "from_id": "{who}",\n   "reply_to_message_id": {max(n - 3, 0)},\n   "text": {words},\n'
            f'   "text_entities": [\n    {{\n     "type": "plain",\n     "text": {words}\n    }}\n   ]\n  }}'
            + (",\n" if n < number - 1 else "\n")
        )
    yield " ]\n}\n"


def listed(head: str, tail: str, row: Callable[[int, datetime, bool, str], object]) -> Callable[[int], Iterator[str]]:
    """A JSON document with a list of rows between head and tail."""

    def write(number: int) -> Iterator[str]:
        yield head
        for n, at, mine, text in talk(number):
            yield json.dumps(row(n, at, mine, text), ensure_ascii=False) + (",\n" if n < number - 1 else "\n")
        yield tail

    return write


def whatsapp(number: int) -> Iterator[str]:
    for _, at, mine, text in talk(number):
        yield f"{at:%d/%m/%Y}, {at:%H:%M} - {'Tom' if mine else 'Ann'}: {text}\n"


def pywxdump(number: int) -> Iterator[str]:
    yield "id,MsgSvrID,type_name,is_sender,talker,room_name,msg,src,CreateTime\n"
    for n, at, mine, text in talk(number):
        yield f"{n},{10**18 + n},文本,{int(mine)},{'wxid_me' if mine else 'wxid_a'},wxid_a,{text.replace(',', ' ')},,{at:%Y-%m-%d %H:%M:%S}\n"


MAKERS: dict[str, tuple[str, Callable[[int], Iterator[str]]]] = {
    "telegram_json": ("result.json", telegram),
    "discord_json": ("ann.json", listed('{"guild":{"id":"0"},"channel":{"id":"5","type":"DirectTextChat","name":"ann"},"messages":[\n', "]}\n",
        lambda n, at, mine, text: {"id": str(n), "type": "Default", "timestamp": at.isoformat(), "content": text, "attachments": [],
                                   "author": {"id": str(int(mine)), "name": "x", "nickname": "y", "isBot": False}})),
    "weflow_json": ("a.json", listed('{"weflow":{"version":"1"},"session":{"wxid":"wxid_a","type":"私聊"},"messages":[\n', "]}\n",
        lambda n, at, mine, text: {"localId": n, "createTime": int(at.timestamp()), "type": "文本消息", "localType": 1, "content": text,
                                   "isSend": int(mine), "senderUsername": "wxid_me" if mine else "wxid_a", "senderDisplayName": "x"})),
    "chatlog_json": ("a.json", listed("[\n", "]\n",
        lambda n, at, mine, text: {"seq": n, "time": at.isoformat(), "talker": "wxid_a", "talkerName": "A", "isChatRoom": False,
                                   "sender": "wxid_me" if mine else "wxid_a", "senderName": "", "isSelf": mine, "type": 1, "subType": 0, "content": text})),
    "qq_exporter_json": ("a.json", listed('{"metadata":{"name":"QQChatExporter"},"chatInfo":{"name":"A","type":"private","selfUin":"2"},"messages":[\n', "]}\n",
        lambda n, at, mine, text: {"id": str(n), "timestamp": int(at.timestamp()) * 1000, "sender": {"uid": "u", "uin": "2" if mine else "1", "name": "x"},
                                   "content": {"text": text, "elements": [{"type": "text", "data": {"text": text}}]}})),
    "messenger_json": ("facebook/message_1.json", listed('{"participants":[{"name":"A"},{"name":"B"}],"messages":[\n', "]}\n",
        lambda n, at, mine, text: {"sender_name": "A" if mine else "B", "timestamp_ms": int(at.timestamp()) * 1000,
                                   "content": text.encode().decode("latin-1"), "is_unsent": False})),
    "whatsapp_txt": ("WhatsApp Chat with Ann.txt", whatsapp),
    "pywxdump_csv": ("wxid_a_0_1.csv", pywxdump),
}  # fmt: skip


def slack(folder: Path, number: int) -> None:
    """A workspace of one channel, a file a day; the words stand in the blocks alone."""
    people = [{"id": f"U{n}", "name": name} for n, name in enumerate(("ann", "tom"))]
    channel = {"id": "C1", "name": "general", "members": ["U0", "U1"]}
    (folder / "general").mkdir()
    (folder / "users.json").write_text(json.dumps(people))
    (folder / "channels.json").write_text(json.dumps([channel]))
    days: dict[str, list[object]] = {}
    for n, at, mine, text in talk(number):
        part = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
        days.setdefault(f"{at:%Y-%m-%d}", []).append({
            "type": "message", "user": f"U{int(mine)}", "ts": f"{at.timestamp():.0f}.{n % 10**6:06}", "text": "",
            "blocks": [{"type": "rich_text", "block_id": "b", "elements": [part]}],
        })  # fmt: skip
    for day, rows in days.items():
        (folder / "general" / f"{day}.json").write_text(json.dumps(rows))


FOLDERS = {"slack_zip": slack}

READ = """
import resource, sys, time
from pathlib import Path
from chatstylebot import importers
start = time.perf_counter()
(found,) = importers.load([Path(sys.argv[1])], "UTC")
took = time.perf_counter() - start
assert found.form == sys.argv[2], found.form
print(found.export.messages.height, took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--formats", nargs="*", default=[*MAKERS, *FOLDERS])
    wanted = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{'format':<18}{'messages':>12}{'MB':>8}{'seconds':>9}{'messages/s':>13}{'peak MB':>9}")
    for key in wanted.formats:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            if key in FOLDERS:
                FOLDERS[key](path, wanted.messages)
            else:
                name, make = MAKERS[key]
                path /= name
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("w", encoding="utf-8") as file:
                    file.writelines(make(wanted.messages))
            size = sum(file.stat().st_size for file in (path, *path.rglob("*")) if file.is_file()) / 1e6
            time.sleep(0.1)
            done = subprocess.run([sys.executable, "-c", READ, path, key], capture_output=True, text=True, check=True)
            messages, took, peak = (float(word) for word in done.stdout.split())
            print(f"{key:<18}{messages:>12,.0f}{size:>8,.0f}{took:>9.2f}{messages / took:>13,.0f}{peak:>9,.0f}")


if __name__ == "__main__":
    main()
