"""WeChat exported by WeFlow as JSON, also in its arkme form.

Format: shared facts, formats.md §4.4. The messages are EchoTrace's.
"""

from pathlib import Path

from chatstylebot import importers
from chatstylebot.importers import echotrace_json

PLATFORM, CHINESE, SUFFIXES = "wechat", True, (".json",)


def detect(head: importers.Head) -> bool:
    """Whether it has WeFlow's head."""
    return head.json.get("weflow") == "{" or "arkme-json" in (head.json.get("format"), head.json.get("weflow.format"))


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one chat. Raises UserError for a file that holds no messages."""
    return echotrace_json.read(path, zone)
