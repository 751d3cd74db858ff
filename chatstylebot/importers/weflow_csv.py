"""WeChat exported by WeFlow for WeClone: PyWxDump's CSV without `room_name`, times in UTC.

Format: shared facts, formats.md §4.4. Everything but media is called `text` in it; closed lists tell what is (IMP-13).
"""

from pathlib import Path

from chatstylebot import importers
from chatstylebot.importers import pywxdump_csv

PLATFORM, CHINESE, SUFFIXES = "wechat", True, (".csv",)


def detect(head: importers.Head) -> bool:
    """Whether the header is PyWxDump's without `room_name`."""
    names = pywxdump_csv.header(head)
    return set(names) >= pywxdump_csv.NEEDED and "room_name" not in names


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one file. Raises UserError when the header lacks a column."""
    return pywxdump_csv.read(path, zone)
