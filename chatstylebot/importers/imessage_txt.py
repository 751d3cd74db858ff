"""iMessage exported by imessage-exporter as text: a time, a sender, the message, a blank line; own messages are "Me"'s.

Format: shared facts, formats.md §4.13. Replies are indented by four blanks and stand twice, once below what they answer.
"""

import re
from pathlib import Path

from chatstylebot import importers
from chatstylebot.importers import text_file, times
from chatstylebot.importers.rows import Chat, Rows

PLATFORM, CHINESE, SUFFIXES = "imessage", False, (".txt",)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
START = re.compile(
    rf"( *)({'|'.join(MONTHS)}) +(\d{{1,2}}), (\d{{4}}) +(\d{{1,2}}):(\d\d):(\d\d) (AM|PM)(?: \(Read by .*\))?( .+)?"
)
FILE = re.compile(r"(?:/|~/|[A-Z]:\\|attachments/|\.{1,2}/)\S.*\.(\w{2,5})")
ENDINGS = {
    "image": ("jpg", "jpeg", "png", "gif", "heic", "webp", "tiff"), "video": ("mov", "mp4", "m4v"),
    "voice": ("caf", "amr", "m4a", "mp3"), "contact": ("vcf",),
}  # fmt: skip
GONE = ("This message was deleted from the conversation!", "This message responded to an earlier message.")


def detect(head: importers.Head) -> bool:
    """Whether the first line is a time as imessage-exporter writes it."""
    return bool(head.lines and START.fullmatch(head.lines[0]))


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one conversation."""
    text, remarks = text_file.read(path)
    blocks = _blocks(text.split("\n"))
    senders = {below[0] for _, match, below in blocks if below and not match[9]}
    chat = Chat(path.stem, path.stem, len(senders - {"Me"}) > 1)
    rows = Rows(path.name, "line")
    plain: set[tuple[int, str, str]] = set()
    indented: set[tuple[int, str, str]] = set()
    for number, match, below in blocks:
        hour = int(match[5]) % 12 + 12 * (match[8] == "PM")
        try:
            at = times.wall(
                int(match[4]), MONTHS.index(match[2]) + 1, int(match[3]), hour, int(match[6]), int(match[7])
            )
        except ValueError as error:
            rows.lose(number, error)
            continue
        if match[9] or not below:  # an announcement on one line
            rows.add(
                number, chat, at, "system", "system", "system", (match[9] or "").strip(), local=True, from_me=False
            )
            continue
        sender, *lines = below
        said = _said(lines)
        key = (at, sender, said)
        if key in indented if not match[1] else key in plain:
            continue  # a reply stands twice: on its own place, and below what it answers
        (indented if match[1] else plain).add(key)
        _add(rows, number, chat, at, sender, said)
    return importers.Export(rows.table(zone), frozenset({"Me"} & senders), rows.damaged, remarks)


def _blocks(lines: list[str]) -> list[tuple[int, re.Match[str], list[str]]]:
    """Each message: its line number, the line of its time, and the lines below without their indent."""
    found: list[tuple[int, re.Match[str], list[str]]] = []
    free = True
    for number, line in enumerate(lines, 1):
        begins = START.fullmatch(line) if free or line.startswith("    ") else None
        if begins:
            found.append((number, begins, []))
        elif found:
            found[-1][2].append(line.removeprefix(found[-1][1][1]))
        free = not line.strip()
    for _, _, below in found:
        while below and not below[-1].strip():
            below.pop()
    return found


def _said(lines: list[str]) -> str:
    """The message without the reactions and the notes below it."""
    for number, line in enumerate(lines):
        if line.strip() in ("Tapbacks:", "Tapback:", "Stickers:") or line.strip() in GONE:
            lines = lines[:number]
            break
    return "\n".join(lines).strip("\n")


def _add(rows: Rows, number: int, chat: Chat, at: int, sender: str, said: str) -> None:
    mine = sender == "Me"
    lines = said.split("\n")
    files = [found for line in lines if (found := FILE.fullmatch(line.strip()))]
    typed = "\n".join(line for line in lines if not FILE.fullmatch(line.strip())).strip()
    kind = "text"
    if files:
        ending = files[0][1].lower()
        kind = next((kind for kind, endings in ENDINGS.items() if ending in endings), "file")
    elif not typed:
        kind = "other"
    rows.add(number, chat, at, "me" if mine else sender, sender, kind, typed or None, local=True, from_me=mine)
