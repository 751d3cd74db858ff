"""WeChat exported by chatlog as text: `name(id) MM-DD HH:MM:SS`, the message, a blank line; own messages are 我's.

Format: shared facts, formats.md §4.6. The year is missing: the last message is put into the newest year that the file's
own date allows, and the years before it are counted back where the dates step back. A remark says so.
"""

import re
from calendar import isleap
from datetime import datetime
from pathlib import Path

from chatstylebot import importers
from chatstylebot.importers import chatlog_csv, text_file, times, wechat
from chatstylebot.importers.memotrace_txt import blocks
from chatstylebot.importers.rows import Chat, Rows

PLATFORM, CHINESE, SUFFIXES = "wechat", True, (".txt",)
START = re.compile(r"(?:(我)|(.{1,80}?)\(([^()\n]+)\)) (?:(?:(\d{4})-)?(\d\d)-(\d\d) )?(\d\d):(\d\d):(\d\d)")
Clock = tuple[int | None, int | None, int | None, int, int, int]


def detect(head: importers.Head) -> bool:
    """Whether the first line is a name, an id and a time."""
    return bool(head.lines and START.fullmatch(head.lines[0]))


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one chat."""
    text, remarks = text_file.read(path)
    rows = Rows(path.name, "line")
    found = list(blocks(text, START))
    clocks: list[Clock] = [tuple(int(p) if p else None for p in match.groups()[3:]) for _, match, _ in found]  # type: ignore[misc]
    saved = datetime.fromtimestamp(path.stat().st_mtime)
    moments, remark = _dated(clocks, saved)
    others = {match[3]: match[2] for _, match, _ in found if match[3] and match[2] != "系统消息"}
    group = len(others) > 1
    key, name = (path.stem, path.stem) if group or not others else next(iter(others.items()))
    chat = Chat(key, name or key, group)
    for (number, match, below), at in zip(found, moments, strict=True):
        if at is None:
            rows.lose(number, "no such date")
            continue
        if "系统消息" in (match[2], match[3]):
            rows.add(
                number,
                chat,
                at,
                "系统消息",
                "系统消息",
                wechat.notice(below) or "system",
                below,
                local=True,
                from_me=False,
            )
            continue
        kind, typed, quoted = chatlog_csv.parted(below)
        mine = match[1] is not None
        sender, shown = ("me", "我") if mine else (match[3], match[2])
        rows.add(number, chat, at, sender, shown, kind, typed, local=True, from_me=mine, quoted=quoted)
    notes = remarks + ([f"{path.name}: {remark}"] if remark and found else [])
    return importers.Export(rows.table(zone), frozenset({"我"}), rows.damaged, notes)


def _dated(clocks: list[Clock], saved: datetime) -> tuple[list[int | None], str | None]:
    """Wall times of clock readings that lack their year or day, and what was assumed."""
    readings: list[tuple[int, ...]] = []
    year, before = saved.year, (saved.month, saved.day, saved.hour, saved.minute, saved.second)
    for given, month, day, *clock in reversed(clocks):
        if month is None or day is None:
            month, day = before[:2]
        reading = (month, day, *clock)
        year = (
            given if given is not None else year - (reading > before)
        )  # going back, a later date is of the year before
        before = reading  # type: ignore[assignment]
        readings.append((year, *reading))
    readings.reverse()
    assumed = [reading for reading, clock in zip(readings, clocks, strict=True) if clock[0] is None]
    # the 29th of February says that all years lie further back
    back = next((n for n in range(9) if all(isleap(r[0] - n) for r in assumed if r[1:3] == (2, 29))), 0)
    moments: list[int | None] = []
    for (year, *rest), (given, *_) in zip(readings, clocks, strict=True):
        try:
            moments.append(times.wall(year - back * (given is None), *rest))
        except ValueError:
            moments.append(None)
    last = assumed[-1][0] - back if assumed else 0
    remark = f"the years are not in it; the last message was put into {last}, before the file was saved"
    return moments, remark if assumed else None
