"""What WeClone reads: PyWxDump's CSV with `is_forward`, with English types, or saved again by Excel.

Format: shared facts, formats.md §4.3. A row of is_sender=0 may carry the account's own id: the flag wins (IMP-19).
"""

from pathlib import Path

from chatstylebot import importers
from chatstylebot.importers import pywxdump_csv
from chatstylebot.importers.pywxdump_csv import claims as claims

PLATFORM, CHINESE, SUFFIXES = "wechat", True, (".csv",)


def detect(head: importers.Head) -> bool:
    """Whether the header is PyWxDump's, and something in the file is not."""
    names = pywxdump_csv.header(head)
    ours = set(names) >= pywxdump_csv.NEEDED and "room_name" in names
    return ours and ("is_forward" in names or pywxdump_csv.english(head))


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one file. Raises UserError when the header lacks a column."""
    return pywxdump_csv.read(path, zone)
