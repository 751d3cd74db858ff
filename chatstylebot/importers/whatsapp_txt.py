"""WhatsApp's exported chat: _chat.txt of an iPhone, "WhatsApp Chat with X.txt" of Android, in every locale known.

Format: shared facts, formats.md §4.10. Names only: the file does not tell who is me. The order of day and month is found from
the whole file, the way whatsapp-chat-parser (MIT) does it: a field above 12 decides, else the order in which time goes forward.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from chatstylebot import importers
from chatstylebot.importers import text_file, times
from chatstylebot.importers.rows import Chat, Rows, doubted
from chatstylebot.importers.whatsapp_words import MARK, MARKS, RIGHT_TO_LEFT, Said, bare_line, notice, understood

PLATFORM, CHINESE, SUFFIXES = "whatsapp", False, (".txt",)
_BLANK = r"[ \u00a0\u2009\u202f]"
_HALF = rf"(?:[AaPp]\.?{_BLANK}?[Mm]\.?|上午|下午|凌晨|早上|中午|晚上|午前|午後|오전|오후)"
START = re.compile(
    rf"[\u200e\u200f\ufeff]*(\[)?(\d{{1,4}})[-/.]{_BLANK}?(\d{{1,2}})[-/.]{_BLANK}?(\d{{1,4}})\.?,?{_BLANK}"
    rf"(?:um |às |a las |klo |kl\. |à |alle ore |ob )?({_HALF})?{_BLANK}?(\d{{1,2}})[:.](\d\d)(?:[:.](\d\d))?{_BLANK}?({_HALF})?"
    rf"(?(1)\]|(?:{_BLANK}-|{_BLANK}–|:))(?:{_BLANK}|$)"
)
LONGEST = 100  # characters of a name
SURE = 3  # messages in which the same follows the first colon make it part of the name
MOST_NAMES = 2000  # of which it is looked whether they are part of a notice
AFTERNOON = ("p", "下午", "晚上", "午後", "오후")
_FILE = re.compile(
    r"(?:WhatsApp Chat (?:with|-) |WhatsApp[- ]Chat mit |Chat de WhatsApp con |Discussion WhatsApp avec |Conversa do WhatsApp com |"
    r"Chat WhatsApp con |Chat WhatsApp met |WhatsApp-chat met )(.+)|[与與](.+?)的\s?WhatsApp\s?(?:聊天|對話|对话|聊天记录|聊天記錄)?|WhatsApp 与 (.+) 的聊天|"
    r"(.+)とのWhatsAppチャット|(.+)님과 카카오?WhatsApp 대화"
)


def detect(head: importers.Head) -> bool:
    """Whether a third of the first 30 lines, and the first that counts, look like WhatsApp's."""
    hits = sum(1 for line in head.lines if START.match(line))
    return hits > 0 and hits * 3 >= len(head.lines) and any(START.match(line) for line in head.lines[:3])


class Message(NamedTuple):
    """One message as it stands in the file; `sender` is None for a notice that stands under no name."""

    line: int
    begin: re.Match[str]
    sender: str | None
    said: Said


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one chat."""
    text, remarks = text_file.read(path)
    name = chat_name(path)
    messages, doubts = settled(_groups_own(_read(_messages(text)), name), MARK in text)
    order, sure = day_order([tuple(map(int, message.begin.group(2, 3, 4))) for message in messages])
    places = [order.index(part) + 2 for part in "ymd"]
    wrote = {message.sender for message in messages if message.said.kind != "system"}
    group = len(wrote) > 2 or any(message.said.group for message in messages if message.said.kind == "system")
    chat = Chat(name, name, group)
    rows = Rows(path.name, "line")
    for line, match, sender, (kind, typed, *_) in messages:
        try:
            at = _time(match, places)
        except ValueError as error:
            rows.lose(line, error)
            continue
        if kind == "system" or sender is None:
            rows.add(line, chat, at, "WhatsApp", "WhatsApp", "system", typed, local=True, from_me=False)
        else:
            rows.add(line, chat, at, sender, sender, kind, typed, local=True)
    if messages and not sure:
        remarks.append(f"{path.name}: nothing in it says whether day or month comes first; it was read as {order}")
    remarks += doubted(path.name, "line", doubts)
    return importers.Export(rows.table(zone), damaged=rows.damaged, notes=remarks)


def settled(messages: Sequence[Message], marks: bool) -> tuple[list[Message], list[int]]:
    """The messages with every doubt decided, and the lines of those that are kept although they may be notices.

    On an iPhone the mark is the app's, unless everybody's words begin with it, or they are written from right to left.
    Android has notices under no name at all: what reads like one there was typed, or is a quotation. `marks`: whether
    the file has any (old ones of iPhones have none).
    """
    if not any(message.said.doubt for message in messages):
        return list(messages), []
    phone = sum(message.begin[1] is not None for message in messages) * 2 > len(messages)
    theirs = {message.said.text for message in messages if message.said.doubt == "marked"}
    plain = sum(message.said.kind == "text" and not message.said.doubt for message in messages)
    proof = phone and plain > 0 and plain * 4 >= len(theirs)
    wrote = {m.sender for m in messages if m.said.kind != "system" and not m.said.doubt}
    done, doubts = list(messages), []
    for place, message in enumerate(messages):
        said, sender = message.said, message.sender
        if not said.doubt or said.text is None:
            continue
        about = sender is not None and said.text.startswith(sender)
        right_to_left = RIGHT_TO_LEFT.search(said.text) is not None
        if said.doubt == "marked":
            ours, typed = proof and not right_to_left, plain == 0 or (right_to_left and not phone)
        else:
            nobody = sender not in wrote or (phone and not marks)
            ours, typed = (said.marked and proof) or (about and nobody), False
        if ours:
            done[place] = message._replace(said=message.said._replace(kind="system", doubt=""))
        elif not typed:  # where all begins with the mark it says nothing
            doubts.append(message.line)
    return done, doubts


def _groups_own(messages: list[Message], chat: str) -> list[Message]:
    """The messages, with what stands under the name of the chat made notices where nothing but notices does."""
    under = [place for place, message in enumerate(messages) if message.sender == chat]
    if not all(messages[n].said.kind == "system" or notice(messages[n].said.text or "") for n in under):
        return messages  # a person's name
    for n in under:
        text = messages[n].said.text or ""
        messages[n] = messages[n]._replace(said=Said("system", text or None, group=notice(text) == "group"))
    return messages


def chat_name(path: Path) -> str:
    """The chat, from the name of the file or, for _chat.txt, of the folder or archive it is in."""
    stem = path.parent.name if path.stem == "_chat" and path.parent.name else path.stem
    found = _FILE.fullmatch(re.sub(r"\s*\(\d+\)$", "", stem))
    return next((part for part in found.groups() if part), stem) if found else stem


def _messages(text: str) -> Iterator[tuple[int, re.Match[str], str]]:
    """Each message: its line number, what its first line begins with, and the rest with the lines that belong to it."""
    first, begin, lines = 0, None, []
    for number, line in enumerate(text.split("\n"), 1):
        found = START.match(line)
        if found:
            if begin:
                yield first, begin, "\n".join(lines)
            first, begin, lines = number, found, [line[found.end() :]]
        elif begin:
            lines.append(line)
    if begin:
        yield first, begin, "\n".join(lines)


def day_order(dates: Sequence[tuple[int, ...]]) -> tuple[str, bool]:
    """In which order day, month and year stand ("dmy", "mdy", "ymd", "ydm"), and whether the file leaves no doubt."""
    year_first = any(date[0] > 31 for date in dates)
    pairs = [(date[1], date[2]) if year_first else (date[0], date[1]) for date in dates]
    day_first, month_first = ("ydm", "ymd") if year_first else ("dmy", "mdy")
    for first, second in pairs:
        if first > 12:
            return day_first, True
        if second > 12:
            return month_first, True
    years = [date[0] if year_first else date[2] for date in dates]
    steps = {}
    for order, (month, day) in ((day_first, (1, 0)), (month_first, (0, 1))):
        keys = [(year, pair[month], pair[day]) for year, pair in zip(years, pairs, strict=True)]
        steps[order] = sum(1 for before, after in pairwise(keys) if after < before)
    if steps[day_first] != steps[month_first]:
        return min(steps, key=lambda order: steps[order]), True
    # the first field changes more often than the second: it is the day
    changes = [sum(1 for a, b in pairwise(pairs) if a[n] != b[n]) for n in (0, 1)]
    if changes[0] != changes[1]:
        return (day_first if changes[0] > changes[1] else month_first), False
    return (month_first if year_first else day_first), len({tuple(date) for date in dates}) == 0 or year_first


def _time(match: re.Match[str], places: Sequence[int]) -> int:
    year, month, day, hour, minute, second = map(int, (*match.group(*places, 6, 7), match[8] or 0))
    year += 2000 if year < 100 else 0
    half = (match[5] or match[9] or "").lower()
    if half:
        late = half.startswith(AFTERNOON) or (half == "中午" and hour < 11)
        hour = hour % 12 + 12 * late if hour <= 12 else hour
    return times.wall(year, month, day, hour, minute, second)


def _read(found: Iterable[tuple[int, re.Match[str], str]]) -> list[Message]:
    """Who wrote each message and what it is by the lists."""
    names: dict[str, bool] = {}  # what stands before a colon → whether it is the name of somebody
    done = []
    found = list(found)
    longer = _longer_names(below.partition("\n")[0] for _, _, below in found)
    for number, match, below in found:
        sender, words = _sender(match, below, longer)
        if sender is not None and not names.get(sender):
            line = below.partition("\n")[0]
            # a notice whose colon stands within quotes, or in a name: Ann changed the subject to "pizza: when"
            names[sender] = not (_open(sender) or (len(names) < MOST_NAMES and bare_line(line)))
            if not names[sender]:
                sender = None
        if sender is None:
            text = below.strip(MARKS + " \n")
            done.append(Message(number, match, None, Said("system", text or None, group=notice(text) == "group")))
        else:
            done.append(Message(number, match, sender, understood(words.strip(), sender, _android(match))))
    return done


def _android(begin: re.Match[str]) -> bool:
    # iPhones of 2016 wrote `7/1/16, 4:56:55 PM: Name: words`
    return begin[1] is None and not begin[0].endswith((": ", ":"))


def _longer_names(lines: Iterable[str]) -> dict[str, str]:
    """Names that hold a colon, by what stands before it: what always follows that, or what the app's mark follows."""
    seen: dict[str, set[str | None]] = {}
    counts: Counter[str] = Counter()
    marked: dict[str, str] = {}
    for line in lines:
        name, colon, rest = line.partition(": ")
        if not colon:
            continue
        second, again, _ = rest.partition(": ")
        seen.setdefault(name, set()).add(second if again else None)
        counts[name] += 1
        before, mark, _ = line.partition(f": {MARK}")
        if mark and ": " in before and not before.startswith(name + f": {MARK}"):
            marked[name] = before
    always = {name: f"{name}: {next(iter(second))}" for name, second in seen.items() if len(second) == 1}
    return {
        name: full
        for name, full in (
            {n: f for n, f in always.items() if None not in seen[n] and counts[n] >= SURE} | marked
        ).items()
        if len(full) <= LONGEST
    }


def _sender(match: re.Match[str], below: str, longer: Mapping[str, str]) -> tuple[str | None, str]:
    """Who wrote a message and what; nobody for a notice."""
    name, colon, words = below.partition(": ")
    full = longer.get(name)
    if full and below.startswith(f"{full}: "):
        name, words = full, below[len(full) + 2 :]
    if not colon or "\n" in name:
        line, _, rest = below.partition("\n")
        name, colon, words = line.lstrip(MARKS).partition(":")
        if not colon or len(name) > 40 or words[:2] == "//" or (not match[1] and " " in name.strip() and not words):
            return None, below
        words += "\n" + rest if rest else ""
    if len(name) > LONGEST:
        return None, below
    return name.strip(MARKS + "~ \u00a0\u202f") or name, words


def _open(name: str) -> bool:
    """Whether a quotation begins in it that does not end."""
    closed = sum(map(name.count, "”»")) if "„" not in name else name.count("“")
    return name.count('"') % 2 == 1 or sum(map(name.count, "„«" if "„" in name else "“«")) > closed
