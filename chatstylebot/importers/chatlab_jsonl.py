"""ChatLab's open standard format as JSON Lines: a header, members, messages; lines that begin with # are comments.

Format: shared facts, formats.md §4.8.
"""

from pathlib import Path
from typing import Any

from chatstylebot import importers
from chatstylebot.importers import chatlab_json, json_file

PLATFORM, CHINESE, SUFFIXES = "wechat", True, (".jsonl", ".ndjson", ".json")


def detect(head: importers.Head) -> bool:
    """Whether the first line that is no comment says what type it is."""
    lines = [line for line in head.lines if not line.startswith("#")]
    return bool(lines) and json_file.outline(lines[0]).get("_type") in ("header", "member", "message")


def read(path: Path, zone: str) -> importers.Export:
    """The messages of one chat."""
    meta: dict[str, Any] = {}
    members: list[dict[str, Any]] = []
    damaged: list[str] = []
    # what stands before the messages; a member may follow later, and then only its names are missing
    for place, row in json_file.line_objects(path, path.name, [], b"#"):
        if row.get("_type") == "message" or place > 100_000:
            break
        if row.get("_type") == "header":
            meta = {
                **_dict(row.get("meta")),
                **{k: v for k, v in row.items() if k in ("name", "ownerId", "platform", "type", "groupId")},
            }
        elif row.get("_type") == "member":
            members.append(row)
    messages = (
        (place, row)
        for place, row in json_file.line_objects(path, path.name, damaged, b"#")
        if row.get("_type", "message") == "message"
    )
    return chatlab_json.build(path, meta, members, damaged, messages, "line")


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
